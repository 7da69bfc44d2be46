//! `NO_PROXY`: the hosts that are reached without the proxy.
//!
//! hyper-util matches names, addresses and CIDR blocks. This module adds ports, brackets around
//! IPv6 addresses, the prefix `*.`, and `*` for IP addresses.

use std::net::Ipv6Addr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The hosts for which no proxy is used.
#[derive(Debug, Default)]
pub(super) struct NoProxy {
    /// hyper-util's matchers, each for one port, or for all ports if `None`.
    lists: Vec<(Option<u16>, Matcher)>,
    /// The port of each `*`; `None` means all ports.
    everywhere: Vec<Option<u16>>,
}

impl NoProxy {
    /// Parses a comma-separated list. An entry is `example.com`, which includes its subdomains,
    /// `.example.com` or `*.example.com` with the same meaning, `10.0.0.1`, `10.0.0.0/8`, `::1`,
    /// `[::1]`, or `*`. All except CIDR blocks and IPv6 addresses without brackets can be followed by
    /// `:port`.
    pub(super) fn new(list: &str) -> Self {
        let mut lists: Vec<(Option<u16>, String)> = Vec::new();
        let mut everywhere = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (host, port) = split(entry);
            if host == "*" {
                everywhere.push(port);
                continue;
            }
            match lists.iter_mut().find(|(known, _)| *known == port) {
                Some((_, hosts)) => {
                    hosts.push(',');
                    hosts.push_str(host);
                }
                None => lists.push((port, host.to_owned())),
            }
        }
        // A matcher only excludes hosts if it has a proxy, so it gets a dummy one.
        let matcher =
            |hosts: String| Matcher::builder().all("http://proxy.invalid").no(hosts).build();
        let lists = lists.into_iter().map(|(port, hosts)| (port, matcher(hosts))).collect();
        Self { lists, everywhere }
    }

    /// Returns `true` if no proxy is used for `uri`.
    pub(super) fn contains(&self, uri: &Uri) -> bool {
        let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let destination = uri.port_u16().unwrap_or(default);
        let is_port = |port: &Option<u16>| port.is_none_or(|port| port == destination);
        self.everywhere.iter().any(is_port)
            || self
                .lists
                .iter()
                .filter(|(port, _)| is_port(port))
                .any(|(_, matcher)| matcher.intercept(uri).is_none())
    }
}

fn split(entry: &str) -> (&str, Option<u16>) {
    let whole_address = entry.parse::<Ipv6Addr>().is_ok() || entry.contains('/');
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !whole_address => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // hyper-util does not accept "*.example.com", but ".example.com" has the same meaning.
    let host = if host.starts_with("*.") { host.trim_start_matches('*') } else { host };
    (host, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_match_names_addresses_blocks_and_ports() {
        for (list, url, direct) in [
            ("", "https://a.example", false),
            (" , ", "https://a.example", false),
            ("*", "https://a.example", true),
            ("*", "https://10.0.0.1", true),
            ("*:80", "https://10.0.0.1", false),
            ("example.com", "https://example.com", true),
            ("example.com", "https://a.example.com", true),
            ("example.com", "https://EXAMPLE.com", true),
            ("example.com", "https://notexample.com", false),
            (".example.com", "https://a.example.com", true),
            ("*.example.com", "https://a.example.com", true),
            ("x, example.com ,y", "https://a.example.com", true),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("127.0.0.1", "http://127.0.0.1:80", true),
            ("::1", "http://[::1]:80", true),
            ("[::1]", "http://[::1]:80", true),
            ("2001:db8::/32", "https://[2001:db8::9]", true),
            ("example.com:443", "https://example.com", true),
            ("example.com:8443", "https://example.com", false),
            ("example.com:8443", "https://a.example.com:8443", true),
            ("example.com:80", "http://example.com", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("[::1]:8080", "http://[::1]:8081", false),
            ("127.0.0.1:1,127.0.0.1:2", "http://127.0.0.1:2", true),
            ("example.com:99999", "https://example.com", false),
        ] {
            assert_eq!(NoProxy::new(list).contains(&Uri::from_static(url)), direct, "{list} {url}");
        }
    }
}
