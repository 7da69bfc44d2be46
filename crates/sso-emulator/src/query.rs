//! The percent-decoded names and values of a query.

use percent_encoding::percent_decode_str;

#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Does not decode a plus sign, because AWS's clients send a space as `%20`.
    pub(crate) fn parse(query: &str) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// Returns the first value with this name, if it is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = Query::parse("role_name=a%2Fb%20c+d&account_id=12&empty=&&flag&twice=%2541");
        assert_eq!(query.get("role_name"), Some("a/b c+d"));
        assert_eq!(query.get("account_id"), Some("12"));
        assert_eq!(query.get("twice"), Some("%41"));
        for absent in ["empty", "flag", "none"] {
            assert_eq!(query.get(absent), None);
        }
    }
}
