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
    /// None: it was not measured in this run.
    pub(crate) met: Option<bool>,
}

impl Mark {
    /// Of what was measured, the text and whether it meets the mark.
    fn new(
        what: impl Into<String>,
        wanted: impl Into<String>,
        found: Option<(String, bool)>,
    ) -> Self {
        let met = found.as_ref().map(|(_, met)| *met);
        let found = found.map_or("–".to_owned(), |(found, _)| found);
        Self { what: what.into(), wanted: wanted.into(), found, met }
    }
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

/// All marks, those too that nothing was measured of: a peer may not be here.
pub(crate) fn judge(rows: &[&Row], crowds: &Crowds) -> Vec<Mark> {
    let row = |measure: &str| rows.iter().find(|row| row.measure.starts_with(measure));
    let mut marks = Vec::new();
    for (measure, subject, most) in RATIOS {
        let row = row(measure);
        let wanted = if most < 1.0 {
            format!("at most 1/{:.0} of {subject}", 1.0 / most)
        } else {
            format!("at most {most} × {subject}")
        };
        let ratio = row.and_then(|row| Some(row.median(OURS)? / row.median(subject)?));
        let found = ratio.map(|ratio| {
            let shown = if ratio < 0.5 {
                format!("1/{}", three_digits(1.0 / ratio))
            } else {
                format!("{ratio:.2} ×")
            };
            (shown, ratio <= most)
        });
        marks.push(Mark::new(row.map_or(measure, |row| &row.measure), wanted, found));
    }
    let figure = |measure: &str| row(measure).and_then(|row| row.median(OURS));
    let ratio = |of: &str, to: &str| Some(figure(of)? / figure(to)?);
    let two_threads = ratio("warm retrieval, 2", "warm retrieval, 1");
    marks.push(Mark::new(
        "warm retrieval, 2 threads",
        "per call at most 1.5 × one thread's",
        two_threads.map(|ratio| (format!("{ratio:.2} ×"), ratio <= 1.5)),
    ));
    let ten_times = ratio("config of 10000 profiles", "config of 1000 profiles");
    marks.push(Mark::new(
        "config: ten times the profiles",
        "linear: at most 12 × the time",
        ten_times.map(|ratio| (format!("{ratio:.1} ×"), ratio <= 12.0)),
    ));
    let mebibytes = figure("release program").map(|bytes| bytes / 1_048_576.0);
    marks.push(Mark::new(
        "stripped release program",
        "under 4 MiB",
        mebibytes.map(|size| (format!("{size:.2} MiB"), size < 4.0)),
    ));
    marks.extend([WITH_CACHE, WITHOUT_CACHE].into_iter().filter_map(|it| crowd(crowds, it)));
    marks
}

/// Of the largest crowd: one refresh, and a time that the start of so many processes explains.
fn crowd(crowds: &Crowds, subject: &str) -> Option<Mark> {
    let size = *SIZES.last()?;
    let (one, all) = (crowds.of(subject, 1)?, crowds.of(subject, size)?);
    let limit = 4.0 * one.seconds + crowds.to_start(size);
    let ms = |seconds: f64| three_digits(seconds * 1e3);
    let wanted = format!(
        "1 `CreateToken`, none fails; within 4 × one ({} ms) and what starting them takes \
         ({} ms): {} ms",
        ms(one.seconds),
        ms(crowds.to_start(size)),
        ms(limit)
    );
    let found = format!(
        "{} `CreateToken`, {} failed, {} ms",
        all.create_token,
        all.failed,
        ms(all.seconds)
    );
    let met = all.create_token == 1 && all.failed == 0 && all.seconds <= limit;
    let what = format!("{size} processes, expired rotating token: {subject}");
    Some(Mark::new(what, wanted, Some((found, met))))
}

pub(crate) fn table(marks: &[Mark]) -> String {
    let mut text = String::from("| measure | mark | measured | |\n|---|---|---|---|\n");
    for mark in marks {
        let met = match mark.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        text.push_str(&format!("| {} | {} | {} | {met} |\n", mark.what, mark.wanted, mark.found));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Unit;

    fn row(measure: &str, ours: f64, floor: f64) -> Row {
        let mut row = Row::new(measure, Unit::Seconds);
        row.put(OURS, &[ours]);
        row.put(FLOOR, &[floor]);
        row
    }

    fn no_crowds() -> Crowds {
        Crowds { crowds: Vec::new(), starting: Vec::new() }
    }

    #[test]
    fn a_mark_is_met_up_to_its_limit() {
        let rows = [row("token valid, HTTP", 3.0, 2.0), row("role cache hit", 1.3, 1.0)];
        let marks = judge(&rows.each_ref(), &no_crowds());
        let of = |what: &str, whose: &str| {
            let mut marks = marks.iter().filter(|it| it.what == what);
            marks.find(|it| it.wanted.ends_with(whose)).map(|it| (it.found.as_str(), it.met))
        };
        assert_eq!(of("token valid, HTTP", FLOOR), Some(("1.50 ×", Some(true))));
        assert_eq!(of("role cache hit", FLOOR), Some(("1.30 ×", Some(false))));
        assert_eq!(of("token valid, HTTP", "Go SDK v2"), Some(("–", None)), "it is not here");
    }

    #[test]
    fn what_was_not_measured_is_in_the_table_all_the_same() {
        let table = table(&judge(&[], &no_crowds()));
        assert_eq!(table.matches("| not measured |").count(), RATIOS.len() + 3, "{table}");
    }
}
