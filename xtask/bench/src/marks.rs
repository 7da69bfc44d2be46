//! The marks, and whether the figures meet them.

use crate::table::{AWS_CONFIG, FLOOR, GO, OURS, Table, three_digits};

/// At most so many times the figure of another subject, in the row of this name.
const RATIOS: &[(&str, &str, f64)] = &[
    ("role cache hit", FLOOR, 2.0),
    ("token valid, HTTP", FLOOR, 2.0),
    ("token valid, HTTP", GO, 0.2),
    ("token valid, HTTP", AWS_CONFIG, 0.2),
    ("token valid, TLS", FLOOR, 1.3),
    ("token expired, HTTP", GO, 1.0),
    ("token expired, HTTP", AWS_CONFIG, 1.0),
    ("peak memory, TLS", FLOOR, 2.0),
    ("retrieval from memory, 1 thread", FLOOR, 1.5),
    ("retrieval from the portal", GO, 1.0),
    ("10,000 profiles", AWS_CONFIG, 1.0 / 3.0),
];
/// At most so many times the figure of ssocreds in another row.
const GROWTH: &[(&str, &str, f64)] = &[
    ("retrieval from memory, 2 threads", "retrieval from memory, 1 thread", 1.5),
    ("10,000 profiles", "1,000 profiles", 12.0),
];
const LARGEST_PROGRAM: f64 = 4.0;

pub(crate) fn table(tables: &[Table], size_of_program: f64) -> String {
    let figure = |row: &str, subject: &str| {
        tables.iter().flat_map(|table| &table.rows).find(|it| it.name == row)?.figure(subject)
    };
    let mut text = String::from("| measure | target | measured | |\n|---|---|---|---|\n");
    let mut put = |what: &str, mark: String, found: Option<f64>, most: f64| {
        let (found, verdict) = match found {
            Some(found) if found <= most => (three_digits(found), "met"),
            Some(found) => (three_digits(found), "**not met**"),
            None => ("–".to_owned(), "not measured"),
        };
        text.push_str(&format!("| {what} | {mark} | {found} | {verdict} |\n"));
    };
    for &(row, subject, most) in RATIOS {
        let ratio = figure(row, OURS).zip(figure(row, subject)).map(|(ours, other)| ours / other);
        put(row, format!("at most {} × {subject}", three_digits(most)), ratio, most);
    }
    for &(row, other, most) in GROWTH {
        let ratio = figure(row, OURS).zip(figure(other, OURS)).map(|(more, less)| more / less);
        put(row, format!("at most {most} × {other}"), ratio, most);
    }
    let mark = format!("under {LARGEST_PROGRAM} MiB");
    put("released program", mark, Some(size_of_program), LARGEST_PROGRAM);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Row, Unit};

    #[test]
    fn a_mark_is_met_up_to_its_ratio() {
        let mut row = Row::new("role cache hit", Unit::Seconds);
        row.put(OURS, &[4.0], "");
        row.put(FLOOR, &[2.0], "");
        let mut slow = Row::new("token valid, TLS", Unit::Seconds);
        slow.put(OURS, &[1.4], "");
        slow.put(FLOOR, &[1.0], "");
        let text = table(&[Table { title: "", rows: vec![row, slow] }], 3.9);
        assert!(text.contains("| role cache hit | at most 2.00 × floor | 2.00 | met |"), "{text}");
        assert!(text.contains("| token valid, TLS | at most 1.30 × floor | 1.40 | **not met** |"));
        assert!(text.contains("| – | not measured |") && text.contains("| 3.90 | met |"));
    }
}
