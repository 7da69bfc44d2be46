//! Samples, the figure of several samples, and tables of figures.

/// The columns, in order.
pub(crate) const SUBJECTS: [&str; 5] = [OURS, FLOOR, GO, AWS_CONFIG, AWS_CLI];
pub(crate) const OURS: &str = "ssocreds";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const GO: &str = "Go SDK v2";
pub(crate) const AWS_CONFIG: &str = "aws-config";
pub(crate) const AWS_CLI: &str = "AWS CLI v2";

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Kibibytes,
}

/// One thing that several programs do.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    unit: Unit,
    /// Subject, lower quartile, and a remark.
    cells: Vec<(&'static str, f64, String)>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, cells: Vec::new() }
    }

    /// Adds the lower quartile of the samples; without samples there is no figure.
    pub(crate) fn put(&mut self, subject: &'static str, samples: &[f64], remark: &str) {
        if let Some(figure) = lower_quartile(samples) {
            self.cells.push((subject, figure, remark.to_owned()));
        }
    }

    pub(crate) fn figure(&self, subject: &str) -> Option<f64> {
        self.cells.iter().find(|(name, ..)| *name == subject).map(|(_, figure, _)| *figure)
    }

    fn cell(&self, subject: &str) -> String {
        let found = self.cells.iter().find(|(name, ..)| *name == subject);
        let Some((_, figure, remark)) = found else { return "–".to_owned() };
        let mut cell = show(self.unit, *figure);
        if subject != OURS
            && let Some(ours) = self.figure(OURS)
        {
            cell = format!("{cell}, {} ×", three_digits(figure / ours));
        }
        cell + remark
    }
}

impl Table {
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("| | {} |\n|---|", SUBJECTS.join(" | "));
        text.push_str(&"---|".repeat(SUBJECTS.len()));
        for row in &self.rows {
            let cells = SUBJECTS.map(|subject| row.cell(subject));
            text.push_str(&format!("\n| {} | {} |", row.name, cells.join(" | ")));
        }
        text + "\n"
    }
}

/// A quarter of the samples are at most this. Other work on the machine only makes samples slower.
fn lower_quartile(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 4).copied()
}

fn show(unit: Unit, value: f64) -> String {
    let (value, unit) = match unit {
        Unit::Kibibytes => (value / 1024.0, "MiB"),
        Unit::Seconds if value < 1e-6 => (value * 1e9, "ns"),
        Unit::Seconds if value < 1e-3 => (value * 1e6, "µs"),
        Unit::Seconds if value < 1.0 => (value * 1e3, "ms"),
        Unit::Seconds => (value, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

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
    fn a_row_shows_the_lower_quartile_and_ratios_to_ours() {
        let mut row = Row::new("start", Unit::Seconds);
        row.put(OURS, &[0.004, 0.002, 0.003, 0.009, 0.001], "");
        row.put(FLOOR, &[0.001], " (1 file)");
        row.put(GO, &[], "");
        let table = Table { title: "", rows: vec![row] };
        assert!(
            table
                .markdown()
                .ends_with("\n| start | 2.00 ms | 1.00 ms, 0.50 × (1 file) | – | – | – |\n"),
            "{}",
            table.markdown()
        );
    }
}
