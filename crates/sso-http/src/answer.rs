//! Reads the JSON of a successful answer. Required fields must be valid; invalid optional fields
//! are ignored.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde::{Deserialize, de};
use serde_json::error::Category;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::json_text;
use crate::operation::DecodeError;

/// The longest accepted lifetime, in seconds: ten years. A longer one is reduced to this value. An
/// error would lose the new token of a `CreateToken`.
const MAX_LIFETIME: i64 = 10 * 366 * 86_400;

/// Reads a JSON object.
///
/// The error does not contain the message of `serde_json`, which quotes the invalid value.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let body = json_text::without_bom(body);
    match body.trim_ascii_start().first() {
        None => return Err(malformed("it is empty")),
        Some(b'{') => (),
        // Serde would accept an array, and read it as the fields of a struct in their order.
        Some(_) if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
            return Err(malformed("it is not a JSON object"));
        }
        Some(_) => return Err(DecodeError::NotJson),
    }
    serde_json::from_slice(body).map_err(|error| {
        let what = match error.classify() {
            Category::Data => "a field has the wrong type",
            _ => "its JSON is incomplete or invalid",
        };
        malformed(format!("{what} (at line {}, column {})", error.line(), error.column()))
    })
}

pub(crate) fn malformed(what: impl Into<String>) -> DecodeError {
    DecodeError::Malformed(what.into())
}

/// A string of an answer, which may be a secret. It is cleared on drop, in particular if the rest
/// of the answer is invalid.
#[derive(Default)]
pub(crate) struct Text(Zeroizing<String>);

/// An optional string of an answer. A value of another type counts as missing.
#[derive(Default)]
pub(crate) struct OptionalText(Option<Text>);

/// An integer, which may also be written as `1700000000000.0` or `1.7e12`.
#[derive(Clone, Copy)]
pub(crate) struct Integer(i64);

impl Text {
    /// Returns the string. Fails if it is missing, empty, or contains a control character, which
    /// could not be written into a header, an environment variable or a file.
    pub(crate) fn required(text: Option<Self>, field: &str) -> Result<String, DecodeError> {
        let Some(text) = Self::optional(text) else {
            return Err(malformed(format!("{field} is missing or empty")));
        };
        if text.chars().any(char::is_control) {
            drop(Zeroizing::new(text));
            return Err(malformed(format!("{field} holds a control character")));
        }
        Ok(text)
    }

    /// Returns the string, if there is one and it is not empty.
    pub(crate) fn optional(text: Option<Self>) -> Option<String> {
        text.map(|mut text| std::mem::take(&mut *text.0)).filter(|text| !text.is_empty())
    }
}

impl OptionalText {
    /// Returns the string, if there is one and it is not empty.
    pub(crate) fn get(self) -> Option<String> {
        Text::optional(self.0)
    }
}

impl Integer {
    /// Converts a lifetime in seconds, such as `expiresIn`.
    pub(crate) fn lifetime(seconds: Option<Self>, field: &str) -> Result<Duration, DecodeError> {
        match seconds.map(|seconds| seconds.0) {
            None => Err(malformed(format!("{field} is missing"))),
            Some(..=0) => Err(malformed(format!("{field} is not greater than zero"))),
            Some(seconds) => Ok(Duration::from_secs(seconds.min(MAX_LIFETIME).unsigned_abs())),
        }
    }

    /// Converts milliseconds since 1970. Fails for a time before March 1973, which is probably in
    /// seconds by mistake.
    pub(crate) fn epoch_milliseconds(
        milliseconds: Option<Self>,
        field: &str,
    ) -> Result<Timestamp, DecodeError> {
        const EARLIEST: i64 = 100_000_000_000;
        let Some(Self(milliseconds)) = milliseconds else {
            return Err(malformed(format!("{field} is missing")));
        };
        if milliseconds < EARLIEST {
            return Err(malformed(format!("{field} is not a time in epoch milliseconds")));
        }
        Timestamp::from_millisecond(milliseconds)
            .map_err(|_| malformed(format!("{field} is after the year 9999")))
    }

    /// Converts seconds since 1970. Returns `None` for zero, which means "never" in OAuth (RFC 7591
    /// section 3.2.1), and for values out of range.
    pub(crate) fn epoch_seconds(seconds: Option<Self>) -> Option<Timestamp> {
        let seconds = seconds?.0;
        if seconds <= 0 { None } else { Timestamp::from_second(seconds).ok() }
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&'de RawValue>::deserialize(deserializer)?;
        sso_types::json_string(value.get())
            .map(Self)
            .ok_or_else(|| de::Error::custom("not a string"))
    }
}

impl<'de> Deserialize<'de> for OptionalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(sso_types::json_string(value.get()).map(Text)))
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not a visitor: its error would copy a value of another type into memory that is not
        // cleared.
        let value = <&'de RawValue>::deserialize(deserializer)?;
        number(value.get()).map(Self).ok_or_else(|| de::Error::custom("not a number"))
    }
}

/// Converts a JSON number to an integer. Truncates a fraction, and saturates at the limits of
/// `i64`.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn number(json: &str) -> Option<i64> {
    if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    json.parse().ok().or_else(|| json.parse::<f64>().ok().map(|number| number as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Answer {
        text: Option<Text>,
        number: Option<Integer>,
    }

    fn error(body: &str) -> DecodeError {
        object::<Answer>(body.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_body_that_is_not_a_json_object_is_an_error() {
        let empty = malformed("it is empty");
        assert_eq!(error(""), empty);
        assert_eq!(error(" \n"), empty);
        assert_eq!(error("<html>"), DecodeError::NotJson);
        assert_eq!(error("Login required"), DecodeError::NotJson);
        assert_eq!(
            error(r#"{"text":"MARK"#),
            malformed("its JSON is incomplete or invalid (at line 1, column 13)")
        );
        for body in ["[\"MARK\",1]", "\"MARK\"", "null"] {
            assert_eq!(error(body), malformed("it is not a JSON object"));
        }
        for body in [r#"{"text":["MARK"]}"#, r#"{"number":"MARK"}"#] {
            let DecodeError::Malformed(what) = error(body) else { panic!("{body}") };
            assert!(what.starts_with("a field has") && !what.contains("MARK"), "{what}");
        }
    }

    #[test]
    fn required_text_is_unescaped_and_must_be_printable_and_not_empty() {
        let text = |body: &str| {
            Text::required(object::<Answer>(body.as_bytes()).unwrap().text, "text").ok()
        };
        assert_eq!(text(r#"{"text":"a\u0041","other":[{}]}"#).as_deref(), Some("aA"));
        assert_eq!(text("\u{feff}{\"text\":\"a\"}").as_deref(), Some("a"));
        for body in ["{}", r#"{"text":null}"#, r#"{"text":""}"#, r#"{"text":"a\nb"}"#] {
            assert_eq!(text(body), None, "{body}");
        }
    }

    #[test]
    fn invalid_times_are_rejected_and_long_lifetimes_are_limited() {
        let number = |body: &str| {
            object::<Answer>(format!(r#"{{"number":{body}}}"#).as_bytes()).unwrap().number
        };
        let time = |body: &str| {
            Integer::epoch_milliseconds(number(body), "n").ok().map(|time| time.to_string())
        };
        assert_eq!(time("1700000000999").as_deref(), Some("2023-11-14T22:13:20.999Z"));
        assert_eq!(time("1.7e12").as_deref(), Some("2023-11-14T22:13:20Z"));
        for absurd in ["null", "0", "-1", "1700000000", "253402300800000", "1e300", "-1e300"] {
            assert_eq!(time(absurd), None, "{absurd}");
        }
        let lifetime = |body: &str| {
            Integer::lifetime(number(body), "n").ok().map(|lifetime| lifetime.as_secs())
        };
        assert_eq!(lifetime("28800"), Some(28_800));
        for absurd in ["null", "0", "-5", "-1e300"] {
            assert_eq!(lifetime(absurd), None, "{absurd}");
        }
        for long in ["316224001", "1e18", "18446744073709551615", "1e300"] {
            assert_eq!(lifetime(long), Some(MAX_LIFETIME.unsigned_abs()), "{long}");
        }
        assert!(Integer::epoch_seconds(number("1700000000")).is_some());
        assert!(Integer::epoch_seconds(number("0")).is_none());
    }
}
