//! Parses and formats the timestamps in cache files.
//!
//! Parses every form that known tools write, and writes one form.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Parses a timestamp. Returns `None` if it has none of these forms:
///
/// * RFC 3339, with `Z` or an offset, whose colon may be missing. A fraction may begin with `.` or
///   `,`. `T` may be `t` or a space, and `Z` may be `z`.
/// * The old form of the AWS CLI, which ends in `UTC`.
/// * A time without a zone, which is taken as UTC.
///
/// A time outside the range of [`Timestamp`] becomes the nearest end of that range, since some
/// tools write `9999-12-31T23:59:59Z` for "never". A fraction is truncated to nine digits. The leap
/// second `:60` becomes `:59`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (date_time, rest) = date_time(text.as_bytes())?;
    let (nanosecond, rest) = fraction(rest)?;
    let offset = offset(rest)?;
    let date_time = date_time.with().subsec_nanosecond(nanosecond).build().ok()?;
    Some(offset.to_timestamp(date_time).unwrap_or(if date_time.year() > 0 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    }))
}

/// Formats a timestamp as `YYYY-MM-DDTHH:MM:SSZ`, rounded down to whole seconds. A time before the
/// year 0, which has no such form, is written as the first second of that year.
pub(crate) fn format(timestamp: Timestamp) -> String {
    let whole = timestamp.as_second() - i64::from(timestamp.subsec_nanosecond() < 0);
    let utc = Timestamp::from_second(whole).map_or(DateTime::MIN, |t| Offset::UTC.to_datetime(t));
    let utc = if utc.year() < 0 { DateTime::constant(0, 1, 1, 0, 0, 0, 0) } else { utc };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

/// Parses `YYYY-MM-DD`, then `T`, `t` or a space, then `HH:MM:SS`. Returns it and the rest of the
/// text.
fn date_time(text: &[u8]) -> Option<(DateTime, &[u8])> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let ([b'T' | b't' | b' '], rest) = rest.split_first_chunk::<1>()? else { return None };
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let small = |number: i16| i8::try_from(number).ok();
    let second = if second == 60 { 59 } else { second };
    let date_time = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    Some((date_time.ok()?, rest))
}

/// Parses a fraction of a second in nanoseconds, 0 if there is none. Returns it and the rest of the
/// text.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let Some(([b'.' | b','], digits)) = text.split_first_chunk::<1>() else {
        return Some((0, text));
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let nine = digits.iter().chain([b'0'; 9].iter()).take(9);
    Some((nine.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')), rest))
}

/// Parses the zone, which must end the text.
fn offset(text: &[u8]) -> Option<Offset> {
    let (sign, rest) = match text {
        [] | [b'Z' | b'z'] => return Some(Offset::UTC),
        _ if text.eq_ignore_ascii_case(b"UTC") => return Some(Offset::UTC),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
    if hours > 23 || minutes > 59 || !rest.is_empty() {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

/// Parses exactly `digits` ASCII digits. Returns the number and the rest of the text.
fn number(text: &[u8], digits: usize) -> Option<(i16, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let number = digits.iter().try_fold(0_i16, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0'))
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_known_form_of_a_timestamp_is_read() {
        for (text, read) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
            ("2026-01-02 03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2020-06-17T10:02:08UTC", "2020-06-17T10:02:08Z"),
            ("2020-06-17T10:02:08", "2020-06-17T10:02:08Z"),
            ("2026-01-02T03:04:05+10:00", "2026-01-01T17:04:05Z"),
            ("2026-01-02T03:04:05-0130", "2026-01-02T04:34:05Z"),
            ("2026-01-02T03:04:05+0000", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.5Z"),
            ("2026-01-02T03:04:05,000001+01:00", "2026-01-02T02:04:05.000001Z"),
            ("2026-01-02T03:04:05.1234567899Z", "2026-01-02T03:04:05.123456789Z"),
            ("2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123456Z"),
            ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|t| t.to_string()).as_deref(), Some(read), "{text}");
        }
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::MAX), "never expires");
    }

    #[test]
    fn other_text_is_not_a_timestamp() {
        for text in [
            "",
            "2026",
            "2026-01-02",
            "2026-01-02T03:04Z",
            "20260102T030405Z",
            "1767322800",
            "2026-13-02T03:04:05Z",
            "2026-02-29T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:61Z",
            "2026-01-02T03:60:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+10:60",
            "2026-01-02T03:04:05+1",
            "2026-01-02T03:04:05Z ",
            " 2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05ZZ",
            "2026-01-02T03:04:05EST",
            "+026-01-02T03:04:05Z",
            "2026-01-02T03:04:05\u{662}Z",
            "2026-01-02T03:04:05.5UTCZ",
            "2026/01/02T03:04:05Z",
            "2026-01-02_03:04:05Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn timestamps_are_rounded_down_to_seconds() {
        for (time, text) in [
            ("2026-01-02T03:04:05.999999999Z", "2026-01-02T03:04:05Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(format(time.parse().unwrap()), text);
        }
        assert_eq!(format(Timestamp::MAX), "9999-12-30T22:00:00Z");
        assert_eq!(format(Timestamp::MIN), "0000-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn almost_right_text_does_not_panic(
            text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{0,12})?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
        ) {
            let _ = parse(&text).map(format);
        }

        #[test]
        fn what_is_written_is_read(second in -62_167_219_200_i64..253_402_207_200) {
            let time = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(parse(&format(time)), Some(time));
        }
    }
}
