//! The table that the benchmarks print: figure, baseline of the same run, their ratio, goal, met or missed.

use std::fmt;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds, printed as µs, ms or s.
    Seconds,
    /// So many a second.
    PerSecond,
    /// Bytes, printed as B, kB or MB.
    Bytes,
    /// A plain number.
    Count,
    /// Frames of the screen.
    Frames,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// The figure may be this much of the baseline at most.
    RatioAtMost(f64),
    /// The figure has to be this much of the baseline at least.
    RatioAtLeast(f64),
    /// The figure itself may be this much at most.
    AtMost(f64),
    /// For information.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// How much it is.
    pub(crate) figure: f64,
    /// Of what.
    pub(crate) unit: Unit,
    /// What it is held against: how much, and what that is.
    pub(crate) baseline: Option<(f64, &'static str)>,
    /// What is to be reached.
    pub(crate) goal: Goal,
}

impl Row {
    /// A figure without anything to hold it against.
    pub(crate) fn plain(name: impl Into<String>, figure: f64, unit: Unit) -> Self {
        Self {
            name: name.into(),
            figure,
            unit,
            baseline: None,
            goal: Goal::None,
        }
    }

    /// Holds the figure against another of the same run.
    pub(crate) fn against(mut self, baseline: f64, what: &'static str) -> Self {
        self.baseline = Some((baseline, what));
        self
    }

    /// Sets what is to be reached.
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.map(|(baseline, _)| self.figure / baseline)
    }

    fn met(&self) -> Option<bool> {
        match self.goal {
            Goal::RatioAtMost(most) => Some(self.ratio()? <= most),
            Goal::RatioAtLeast(least) => Some(self.ratio()? >= least),
            Goal::AtMost(most) => Some(self.figure <= most),
            Goal::None => None,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let baseline = self.baseline.map_or_else(
            || "-".to_owned(),
            |(value, what)| format!("{} {what}", written(value, self.unit)),
        );
        let ratio = self.ratio().map_or_else(
            || "-".to_owned(),
            |ratio| {
                // Two digits that count.
                let decimals = if ratio < 0.1 { 4 } else { 2 };
                format!("{ratio:.decimals$}")
            },
        );
        let goal = match self.goal {
            Goal::RatioAtMost(most) => format!("<= {most}"),
            Goal::RatioAtLeast(least) => format!(">= {least}"),
            Goal::AtMost(most) => format!("<= {}", written(most, self.unit)),
            Goal::None => "-".to_owned(),
        };
        let met = match self.met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let figure = written(self.figure, self.unit);
        line(f, [&self.name, &figure, &baseline, &ratio, &goal, met])
    }
}

fn line(f: &mut fmt::Formatter<'_>, cells: [&str; 6]) -> fmt::Result {
    let [name, figure, baseline, ratio, goal, met] = cells;
    write!(
        f,
        "{name:<58} {figure:>11}  {baseline:<38} {ratio:>6}  {goal:<10} {met}"
    )
}

/// The head of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head;

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, ["what", "figure", "baseline", "ratio", "goal", ""])
    }
}

fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1e-3 => format!("{:.2} µs", value * 1e6),
        Unit::Seconds if value < 1.0 => format!("{:.2} ms", value * 1e3),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Bytes if value.abs() < 10_000.0 => format!("{value:.0} B"),
        Unit::Bytes if value.abs() < 1e6 => format!("{:.1} kB", value / 1e3),
        Unit::Bytes => format!("{:.1} MB", value / 1e6),
        Unit::Count if value < 1.0 => format!("{value:.4}"),
        Unit::Count => format!("{value:.0}"),
        Unit::Frames => format!("{value:.2} frames"),
    }
}
