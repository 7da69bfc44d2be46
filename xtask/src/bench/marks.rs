//! The marks that ssocreds is held to, and whether the figures meet them.
//!
//! Not responsible for measuring.

use super::crowd::{Crowds, SIZES, WITH_CACHE, WITHOUT_CACHE};
use super::figures::{FLOOR, OURS, Row, three_digits};

/// One mark and what was measured of it.
pub(crate) struct Mark {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) found: String,
    pub(crate) met: bool,
}

/// At most so many times someone's figure, in the row whose measure begins like this.
const RATIOS: [(&str, &str, f64); 15] = [
    ("token valid, HTTP", FLOOR, 1.5),
    ("token valid, HTTP", "Go SDK v2", 1.0 / 3.0),
    ("token valid, HTTP", "aws-config", 1.0 / 5.0),
    ("role cache hit", FLOOR, 1.2),
    ("token valid, TLS", FLOOR, 1.5),
    ("warm retrieval, 1 thread", FLOOR, 1.3),
    ("config of 10000 profiles", "botocore", 1.0 / 20.0),
    ("config of 10000 profiles", "aws-config", 1.0 / 3.0),
    ("peak memory, token valid, HTTP", FLOOR, 2.0),
    ("peak memory, token valid, TLS", FLOOR, 2.0),
    ("crates of the library", "aws-config", 0.5),
    ("clean release build", "aws-config", 0.5),
    ("token expired", "Go SDK v2", 1.0),
    ("token expired", "aws-config", 1.0),
    ("retrieval from the portal", "Go SDK v2", 1.0),
];

/// All marks that there are figures for.
pub(crate) fn judge(rows: &[&Row], crowds: &Crowds) -> Vec<Mark> {
    let row = |measure: &str| rows.iter().find(|row| row.measure.starts_with(measure));
    let mut marks = Vec::new();
    for (measure, subject, most) in RATIOS {
        let Some(row) = row(measure) else { continue };
        let (Some(ours), Some(theirs)) = (row.median(OURS), row.median(subject)) else { continue };
        let ratio = ours / theirs;
        let wanted = if most < 1.0 {
            format!("at most 1/{:.0} of {subject}", 1.0 / most)
        } else {
            format!("at most {most} × {subject}")
        };
        let found = if ratio < 0.5 {
            format!("1/{}", three_digits(1.0 / ratio))
        } else {
            format!("{ratio:.2} ×")
        };
        marks.push(Mark { what: row.measure.clone(), wanted, found, met: ratio <= most });
    }
    let figure = |measure: &str| row(measure).and_then(|row| row.median(OURS));
    if let (Some(one), Some(two)) = (figure("warm retrieval, 1"), figure("warm retrieval, 2")) {
        marks.push(Mark {
            what: "warm retrieval, 2 threads".to_owned(),
            wanted: "per call at most 1.5 × one thread's".to_owned(),
            found: format!("{:.2} ×", two / one),
            met: two <= 1.5 * one,
        });
    }
    if let (Some(less), Some(more)) =
        (figure("config of 1000 profiles"), figure("config of 10000 profiles"))
    {
        marks.push(Mark {
            what: "config: ten times the profiles".to_owned(),
            wanted: "linear: at most 12 × the time".to_owned(),
            found: format!("{:.1} ×", more / less),
            met: more <= 12.0 * less,
        });
    }
    if let Some(bytes) = figure("release program") {
        let mebibytes = bytes / 1_048_576.0;
        marks.push(Mark {
            what: "stripped release program".to_owned(),
            wanted: "under 4 MiB".to_owned(),
            found: format!("{mebibytes:.2} MiB"),
            met: mebibytes < 4.0,
        });
    }
    marks.extend([WITH_CACHE, WITHOUT_CACHE].into_iter().filter_map(|it| crowd(crowds, it)));
    marks
}

/// Of the largest crowd: one refresh, and a time that the start of so many processes explains.
fn crowd(crowds: &Crowds, subject: &str) -> Option<Mark> {
    let size = *SIZES.last()?;
    let (one, all) = (crowds.of(subject, 1)?, crowds.of(subject, size)?);
    let limit = 4.0 * one.seconds + crowds.to_start(size);
    let ms = |seconds: f64| three_digits(seconds * 1e3);
    Some(Mark {
        what: format!("{size} processes, expired rotating token: {subject}"),
        wanted: format!(
            "1 `CreateToken`, none fails; within 4 × one ({} ms) and what starting them takes \
             ({} ms): {} ms",
            ms(one.seconds),
            ms(crowds.to_start(size)),
            ms(limit)
        ),
        found: format!(
            "{} `CreateToken`, {} failed, {} ms",
            all.create_token,
            all.failed,
            ms(all.seconds)
        ),
        met: all.create_token == 1 && all.failed == 0 && all.seconds <= limit,
    })
}

pub(crate) fn table(marks: &[Mark]) -> String {
    let mut text = String::from("| measure | mark | measured | |\n|---|---|---|---|\n");
    for mark in marks {
        let met = if mark.met { "met" } else { "**not met**" };
        text.push_str(&format!("| {} | {} | {} | {met} |\n", mark.what, mark.wanted, mark.found));
    }
    text
}
