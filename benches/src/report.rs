//! What was measured, as rows of a table that a person reads and a program can read.

use crate::json;
use std::fmt::Write as _;

/// A measured amount and its unit.
#[derive(Clone, Debug)]
pub(crate) struct Quantity {
    /// The amount.
    pub(crate) amount: f64,
    /// Its unit, as it stands after the number.
    pub(crate) unit: &'static str,
}

impl Quantity {
    /// The amount with three significant digits.
    fn text(&self) -> String {
        format!("{} {}", digits(self.amount), self.unit).trim_end().to_owned()
    }
}

/// The ratio of what was measured to what it was measured against, over all rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// The median of the rounds.
    pub(crate) median: f64,
    /// The lower end of the interval that holds the true median at 95 % confidence.
    pub(crate) low: f64,
    /// The upper end of it.
    pub(crate) high: f64,
    /// How many pairs were measured.
    pub(crate) rounds: usize,
}

/// What is promised.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The amount is at most this, in the row's own unit.
    AtMost(f64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// How much it was; `None` where it could not be measured, and the note says why.
    pub(crate) value: Option<Quantity>,
    /// What it is compared with, and how much that was in the same run.
    pub(crate) against: Option<(String, Quantity)>,
    /// The ratio of the two.
    pub(crate) ratio: Option<Ratio>,
    /// What is promised, where something is.
    pub(crate) goal: Option<Goal>,
    /// Anything a reader must know.
    pub(crate) note: String,
}

impl Row {
    /// A row with a value alone.
    pub(crate) fn new(what: impl Into<String>, amount: f64, unit: &'static str) -> Self {
        let value = Some(Quantity { amount, unit });
        Self { what: what.into(), value, against: None, ratio: None, goal: None, note: String::new() }
    }

    /// A row that says why there is no measurement.
    pub(crate) fn absent(what: impl Into<String>, why: impl Into<String>) -> Self {
        let (what, note) = (what.into(), why.into());
        Self { what, value: None, against: None, ratio: None, goal: None, note }
    }

    /// Compares the value with `amount` of `what`, measured once each.
    #[must_use]
    pub(crate) fn against(mut self, what: impl Into<String>, amount: f64, unit: &'static str) -> Self {
        let value = self.value.as_ref().map_or(f64::NAN, |value| value.amount);
        let once = value / amount;
        self.against = Some((what.into(), Quantity { amount, unit }));
        self.ratio = Some(Ratio { median: once, low: once, high: once, rounds: 1 });
        self
    }

    /// Sets the ratio of several rounds.
    #[must_use]
    pub(crate) fn ratio(mut self, ratio: Ratio) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// Sets the promise.
    #[must_use]
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Adds a remark.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether the promise holds; `None` where there is none, or nothing was measured.
    #[must_use]
    pub(crate) fn holds(&self) -> Option<bool> {
        let ratio = self.ratio.map(|ratio| ratio.median);
        match self.goal? {
            Goal::RatioAtLeast(least) => Some(ratio? >= least),
            Goal::AtMost(most) => Some(self.value.as_ref()?.amount <= most),
        }
    }

    fn cells(&self) -> [String; 6] {
        let value = self.value.as_ref().map_or_else(|| "not measured".to_owned(), Quantity::text);
        let against = self.against.as_ref();
        let against = against.map_or_else(String::new, |(what, amount)| format!("{what}: {}", amount.text()));
        let ratio = self.ratio.map_or_else(String::new, |ratio| ratio_text(&ratio));
        let goal = match self.goal {
            Some(Goal::RatioAtLeast(least)) => format!(">= {least}"),
            Some(Goal::AtMost(most)) => {
                format!("<= {most} {}", self.value.as_ref().map_or("", |value| value.unit))
            }
            None => String::new(),
        };
        let holds = self.holds().map_or("", |holds| if holds { "yes" } else { "NO" });
        let goal = if holds.is_empty() { goal } else { format!("{goal}: {holds}") };
        [self.what.clone(), value, against, ratio, goal, self.note.clone()]
    }

    fn json(&self) -> String {
        let number = |number: Option<f64>| number.map_or_else(|| "null".to_owned(), json::number);
        let unit = self.value.as_ref().map(|value| value.unit);
        let against = self.against.as_ref();
        json::object(&[
            ("what", json::string(&self.what)),
            ("value", number(self.value.as_ref().map(|value| value.amount))),
            ("unit", unit.map_or_else(|| "null".to_owned(), json::string)),
            ("against", against.map_or_else(|| "null".to_owned(), |(what, _)| json::string(what))),
            ("againstValue", number(against.map(|(_, amount)| amount.amount))),
            ("ratio", number(self.ratio.map(|ratio| ratio.median))),
            ("ratioLow", number(self.ratio.map(|ratio| ratio.low))),
            ("ratioHigh", number(self.ratio.map(|ratio| ratio.high))),
            ("rounds", number(self.ratio.map(|ratio| count(ratio.rounds)))),
            ("holds", self.holds().map_or("null", |holds| if holds { "true" } else { "false" }).to_owned()),
            ("note", json::string(&self.note)),
        ])
    }
}

/// The rows of one benchmark.
#[derive(Debug)]
pub(crate) struct Section {
    /// What they are about.
    pub(crate) title: &'static str,
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

const HEAD: [&str; 6] = ["measure", "value", "against", "ratio", "goal", "note"];

/// The sections as Markdown tables, aligned so that a terminal shows them well.
#[must_use]
pub(crate) fn table(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(section.rows.iter().map(Row::cells));
        let mut widths = HEAD.map(str::len);
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let _ = writeln!(text, "\n### {}\n", section.title);
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
            if number == 0 {
                let _ = writeln!(text, "|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
            }
        }
    }
    text
}

/// Everything as one JSON document.
#[must_use]
pub(crate) fn document(machine: &[(&str, String)], sections: &[Section]) -> String {
    let machine: Vec<_> = machine.iter().map(|(key, value)| (*key, json::string(value))).collect();
    let sections = sections.iter().map(|section| {
        let rows: Vec<_> = section.rows.iter().map(Row::json).collect();
        json::object(&[("title", json::string(section.title)), ("rows", format!("[{}]", rows.join(",")))])
    });
    let sections: Vec<_> = sections.collect();
    json::object(&[("machine", json::object(&machine)), ("sections", format!("[{}]", sections.join(",")))])
}

fn ratio_text(ratio: &Ratio) -> String {
    if ratio.rounds == 1 {
        return digits(ratio.median);
    }
    format!("{:.3} ({:.3}-{:.3}, n={})", ratio.median, ratio.low, ratio.high, ratio.rounds)
}

/// Three significant digits, and never an exponent.
fn digits(amount: f64) -> String {
    let places = match amount.abs() {
        0.0..0.01 => 4,
        0.01..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{amount:.places$}")
}

/// A count as a number to calculate with. Counts here stay far below 2^52.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}
