//! Formats times for people and for programs.

use jiff::{SignedDuration, Timestamp};

/// Formats a time in UTC, rounded down to whole seconds: `2026-01-01T00:00:00Z`.
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Formats a time and its distance from `now`: `2026-01-01T00:00:00Z (in 3 h 12 min)`.
pub(crate) fn with_distance(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    let distance = distance(left.abs());
    let at = whole_seconds(at);
    if left.is_positive() {
        format!("{at} (in {distance})")
    } else {
        format!("{at} ({distance} ago)")
    }
}

fn distance(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    let (days, hours) = (minutes / (24 * 60), minutes / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", duration.as_secs()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_rounded_down() {
        let now: Timestamp = "2026-01-01T00:00:00.9Z".parse().unwrap();
        for (at, shown) in [
            ("2026-01-01T00:00:31Z", "2026-01-01T00:00:31Z (in 30 s)"),
            ("2026-01-01T00:59:59.99Z", "2026-01-01T00:59:59Z (in 59 min)"),
            ("2026-01-01T03:12:01Z", "2026-01-01T03:12:01Z (in 3 h 12 min)"),
            ("2026-03-01T05:00:01Z", "2026-03-01T05:00:01Z (in 59 d 5 h)"),
            ("2025-12-31T23:59:00Z", "2025-12-31T23:59:00Z (1 min ago)"),
            ("2026-01-01T00:00:00.9Z", "2026-01-01T00:00:00Z (0 s ago)"),
        ] {
            assert_eq!(with_distance(at.parse().unwrap(), now), shown);
        }
        let before_1970 = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(whole_seconds(before_1970), "1969-12-31T23:59:59Z");
    }
}
