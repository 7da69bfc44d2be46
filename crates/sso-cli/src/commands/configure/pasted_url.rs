//! Start URLs that users paste from the address bar of the browser.

/// A start URL, and the region if the host contains it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PastedUrl {
    pub(super) url: String,
    pub(super) region: Option<String>,
}

/// Parses a start URL. Adds a missing scheme, removes the fragment and the query, and accepts a directory
/// ID alone.
pub(super) fn read(text: &str) -> Result<PastedUrl, &'static str> {
    let text = text.trim();
    let (text, _) = text.split_once(['#', '?']).unwrap_or((text, ""));
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return Err("a start URL must begin with https://"),
        None => text,
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_matches('/');
    let mut host = host.to_ascii_lowercase();
    if is_directory_id(&host) {
        host.push_str(".awsapps.com");
    }
    let is_label = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if !host.contains('.') || !host.chars().all(is_label) {
        return Err(
            "this is not a start URL; copy the URL of the AWS access portal from the address bar",
        );
    }
    if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a start URL cannot contain blanks");
    }
    // These portals have only one page, so the host alone is enough.
    let path = if path.is_empty() && host.ends_with(".awsapps.com") { "start" } else { path };
    let slash = if path.is_empty() { "" } else { "/" };
    let region = host.strip_suffix(".app.aws").and_then(|host| host.split_once(".portal."));
    let region = region.map(|(_, region)| region.to_owned());
    Ok(PastedUrl { url: format!("https://{host}{slash}{path}"), region })
}

/// Returns whether the text is `d-` and ten hexadecimal digits.
fn is_directory_id(host: &str) -> bool {
    let digits = host.strip_prefix("d-");
    digits.is_some_and(|it| it.len() == 10 && it.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_urls_are_completed() {
        for (text, url) in [
            ("https://my-sso-portal.awsapps.com/start", "https://my-sso-portal.awsapps.com/start"),
            (" https://corp.awsapps.com/start/#/ ", "https://corp.awsapps.com/start"),
            ("corp.awsapps.com/start#/saml/default/x", "https://corp.awsapps.com/start"),
            ("HTTPS://Corp.awsapps.com", "https://corp.awsapps.com/start"),
            ("d-92671207e4", "https://d-92671207e4.awsapps.com/start"),
            (
                "https://start.home.awsapps.cn/directory/corp#/",
                "https://start.home.awsapps.cn/directory/corp",
            ),
            ("https://sso.example.com/", "https://sso.example.com"),
        ] {
            assert_eq!(read(text), Ok(PastedUrl { url: url.to_owned(), region: None }));
        }
        let dual_stack = read("ssoins-1.portal.eu-west-1.app.aws").unwrap();
        assert_eq!(dual_stack.region.as_deref(), Some("eu-west-1"));
        for text in ["", "corp", "http://corp.awsapps.com/start", "ftp://x.y", "a b.c", "x.y/a b"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
