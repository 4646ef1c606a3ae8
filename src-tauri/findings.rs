//! The self-check for a terminal and for other programs: one finding for each check that holds, and one for each thing that
//! does not.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use till_core::self_check::{Part, SelfCheck, Wrong};

/// What came of the self-check.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// Everything holds.
    pub holds: bool,
    /// The file that was looked at.
    pub ledger: String,
    /// In the order in which it was looked at.
    pub findings: Vec<Finding>,
}

/// One thing that holds or does not.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Which check, in one word.
    pub code: &'static str,
    /// What it is about: of a check that holds, everything.
    pub subject: String,
    /// Whether it holds.
    pub holds: bool,
    /// Of a check that holds: how many things were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<u64>,
    /// Of what does not hold: what should be there, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Of what does not hold: what is there, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl Findings {
    /// Checks the ledger in this file.
    pub fn of(ledger: &Path) -> anyhow::Result<Self> {
        let check = till_app::self_check(ledger)?;
        Ok(Self::new(ledger, &check))
    }

    fn new(ledger: &Path, check: &SelfCheck) -> Self {
        Self {
            holds: check.holds(),
            ledger: ledger.display().to_string(),
            findings: check.parts.iter().flat_map(of_part).collect(),
        }
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Strings, numbers and booleans only: there is nothing in it that JSON has not.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn of_part(part: &Part) -> Vec<Finding> {
    let code = part.check.word();
    if part.holds() {
        return vec![Finding {
            code,
            subject: "all".to_owned(),
            holds: true,
            looked_at: Some(part.looked_at),
            expected: None,
            found: None,
        }];
    }
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let wrong = |wrong: &Wrong| Finding {
        code,
        subject: wrong.about.to_string(),
        holds: false,
        looked_at: None,
        expected: said(&wrong.expected),
        found: said(&wrong.found),
    };
    let more = (part.more > 0).then(|| Finding {
        code,
        subject: format!("{} more", part.more),
        holds: false,
        looked_at: None,
        expected: None,
        found: None,
    });
    part.wrong.iter().map(wrong).chain(more).collect()
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.ledger)?;
        for finding in &self.findings {
            let mark = if finding.holds { "holds" } else { "DOES NOT HOLD" };
            write!(f, "{mark:13}  {:9} {}", finding.code, finding.subject)?;
            if let Some(count) = finding.looked_at {
                write!(f, ": {count} looked at")?;
            }
            match (&finding.expected, &finding.found) {
                (None, None) => {}
                (None, Some(found)) => write!(f, ": {found}")?,
                (Some(expected), None) => write!(f, ": {expected} is missing")?,
                (Some(expected), Some(found)) => write!(f, ": {expected} expected, {found} found")?,
            }
            writeln!(f)?;
        }
        let verdict = if self.holds {
            "Everything holds."
        } else {
            "Something does not hold."
        };
        writeln!(f, "{verdict}")
    }
}
