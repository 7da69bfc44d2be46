//! What was measured: samples to a median, least and most; subjects to a row; rows to a table.
//!
//! Not responsible for measuring, nor for the marks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Who is measured, in the order of the columns.
pub(crate) const SUBJECTS: &[&str] =
    &[OURS, FLOOR, "floor in C", "Go SDK v2", "aws-config", "JS fromSSO", "botocore", "AWS CLI v2"];
pub(crate) const OURS: &str = "ssocreds";
pub(crate) const FLOOR: &str = "floor";

/// The median of some samples, and how far they spread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) samples: usize,
}

impl Figure {
    /// None without samples.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let lower = if sorted.len().is_multiple_of(2) { *sorted.get(middle - 1)? } else { upper };
        Some(Self {
            median: f64::midpoint(lower, upper),
            least: *sorted.first()?,
            most: *sorted.last()?,
            samples: sorted.len(),
        })
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Kibibytes,
    Bytes,
    Count,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        let (value, unit) = match self {
            Self::Seconds if value < 1e-6 => (value * 1e9, " ns"),
            Self::Seconds if value < 1e-3 => (value * 1e6, " µs"),
            Self::Seconds if value < 1.0 => (value * 1e3, " ms"),
            Self::Seconds => (value, " s"),
            Self::Kibibytes => (value / 1024.0, " MiB"),
            Self::Bytes => (value / 1_048_576.0, " MiB"),
            Self::Count => return format!("{value:.0}"),
        };
        format!("{}{unit}", three_digits(value))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Kibibytes => "KiB",
            Self::Bytes => "bytes",
            Self::Count => "",
        }
    }
}

/// One thing that was measured, of everyone who does it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) measure: String,
    pub(crate) unit: Unit,
    pub(crate) figures: BTreeMap<&'static str, Figure>,
}

impl Row {
    pub(crate) fn new(measure: impl Into<String>, unit: Unit) -> Self {
        Self { measure: measure.into(), unit, figures: BTreeMap::new() }
    }

    pub(crate) fn put(&mut self, subject: &'static str, samples: &[f64]) {
        if let Some(figure) = Figure::of(samples) {
            self.figures.insert(subject, figure);
        }
    }

    pub(crate) fn median(&self, subject: &str) -> Option<f64> {
        self.figures.get(subject).map(|figure| figure.median)
    }

    fn cell(&self, subject: &str) -> String {
        let Some(figure) = self.figures.get(subject) else { return "–".to_owned() };
        let mut cell = self.unit.show(figure.median);
        if figure.samples > 1 {
            let (least, most) = (self.unit.show(figure.least), self.unit.show(figure.most));
            cell = format!("**{cell}** ({least} to {most})");
        }
        match self.median(OURS) {
            Some(ours) if subject != OURS && ours > 0.0 => {
                format!("{cell}, {} ×", three_digits(figure.median / ours))
            }
            _ => cell,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let figure = |it: &Figure| json!({"median": it.median, "min": it.least, "max": it.most, "samples": it.samples});
        let figures: serde_json::Map<_, _> =
            self.figures.iter().map(|(name, it)| ((*name).to_owned(), figure(it))).collect();
        json!({"measure": self.measure, "unit": self.unit.name(), "figures": figures})
    }
}

impl Row {
    /// A row of an earlier run, from its JSON.
    pub(crate) fn earlier(measure: &str, unit: Unit, data: &Value) -> Option<Self> {
        let mut rows = data.get("measures")?.as_array()?.iter();
        let row = rows.find(|row| row.get("measure").is_some_and(|it| it == measure))?;
        let figures = row.get("figures")?;
        let mut earlier = Self::new(measure, unit);
        for subject in SUBJECTS {
            let number = |key: &str| figures.get(subject)?.get(key)?.as_f64();
            if let (Some(median), Some(least), Some(most)) =
                (number("median"), number("min"), number("max"))
            {
                earlier.figures.insert(subject, Figure { median, least, most, samples: 1 });
            }
        }
        Some(earlier)
    }
}

/// Rows as a table in Markdown, with the columns that someone has a figure in.
pub(crate) fn table(rows: &[&Row]) -> String {
    let there = |subject: &&&str| rows.iter().any(|row| row.figures.contains_key(**subject));
    let columns: Vec<_> = SUBJECTS.iter().filter(there).copied().collect();
    let mut text = format!("| measure | {} |\n|---|", columns.join(" | "));
    text.push_str(&"---|".repeat(columns.len()));
    for row in rows {
        let cells: Vec<_> = columns.iter().map(|subject| row.cell(subject)).collect();
        text.push_str(&format!("\n| {} | {} |", row.measure, cells.join(" | ")));
    }
    text.push('\n');
    text
}

/// Three significant digits; whole from a hundred on.
pub(crate) fn three_digits(value: f64) -> String {
    match value.abs() {
        it if it >= 99.95 => format!("{value:.0}"),
        it if it >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle_of_the_samples() {
        let figure = |samples: &[f64]| Figure::of(samples).unwrap();
        assert_eq!(figure(&[3.0, 1.0, 2.0]).median.to_string(), "2");
        assert_eq!(figure(&[4.0, 1.0, 2.0, 3.0]).median.to_string(), "2.5");
        assert!(Figure::of(&[]).is_none());
    }

    #[test]
    fn a_row_shows_each_peer_as_a_multiple_of_ours() {
        let mut row = Row::new("start", Unit::Seconds);
        row.put(OURS, &[0.002, 0.001, 0.003]);
        row.put(FLOOR, &[0.001]);
        assert_eq!(
            table(&[&row]),
            "| measure | ssocreds | floor |\n|---|---|---|\n\
             | start | **2.00 ms** (1.00 ms to 3.00 ms) | 1.00 ms, 0.50 × |\n"
        );
    }
}
