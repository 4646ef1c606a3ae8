//! The journal's chain: each row's digest covers the row and the digest before it, so that whoever changes a row has to
//! change every digest after it, and the last one is a seal on all.
//!
//! The chain shows what was changed, taken out of the middle or put in between. Rows taken off the end leave a chain that
//! holds; they show by what is written down elsewhere: a [`Link`] in a closed day, and the orders that the rows were about.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// A row and its digest: a seal on everything up to this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the row; 0 before the first.
    pub row: i64,
    /// Its digest.
    pub digest: Digest,
}

/// What came of computing a stretch of the chain again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// How many rows were there.
    pub rows: u64,
    /// The last of them as it stands, or where the stretch began when there was none.
    pub end: Link,
    /// What does not hold, in the order of the rows; at most [`BREAKS_MAX`].
    pub breaks: Vec<Break>,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The row, or its digest, is not what was written.
    Altered {
        /// Number of the row.
        row: i64,
    },
    /// These rows are gone.
    Missing {
        /// The first of them.
        first: i64,
        /// The last of them.
        last: i64,
    },
}

/// More breaks than these are not listed: the journal is then worth nothing as a whole.
pub const BREAKS_MAX: usize = 100;

/// A row's content, byte for byte as it stands in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowText<'a> {
    pub(crate) row: i64,
    pub(crate) at: i64,
    pub(crate) what: &'a [u8],
    pub(crate) sale: Option<i64>,
    pub(crate) out_trade_no: Option<&'a [u8]>,
    pub(crate) detail: &'a [u8],
}

/// Goes along the chain, row by row.
#[derive(Debug)]
pub(crate) struct Walk {
    stretch: Stretch,
}

impl Link {
    /// Before the first row.
    pub const START: Self = Self {
        row: 0,
        digest: Digest([0; 32]),
    };
}

impl Stretch {
    /// Every row is what was written, and none is missing.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.breaks.is_empty()
    }
}

impl RowText<'_> {
    /// SHA-256 over the digest before and the row in an encoding that no two rows share: numbers as eight bytes, big end
    /// first; a text after its length; what may be absent after a byte that says whether it is there.
    pub(crate) fn digest(&self, before: Digest) -> Digest {
        fn text(sha: &mut Sha256, bytes: &[u8]) {
            // A slice is never longer than `isize::MAX`.
            sha.update((bytes.len() as u64).to_be_bytes());
            sha.update(bytes);
        }
        let mut sha = Sha256::new();
        sha.update(before.0);
        sha.update(self.row.to_be_bytes());
        sha.update(self.at.to_be_bytes());
        text(&mut sha, self.what);
        match self.sale {
            Some(sale) => {
                sha.update([1]);
                sha.update(sale.to_be_bytes());
            }
            None => sha.update([0]),
        }
        match self.out_trade_no {
            Some(number) => {
                sha.update([1]);
                text(&mut sha, number);
            }
            None => sha.update([0]),
        }
        text(&mut sha, self.detail);
        Digest(sha.finalize().into())
    }
}

impl Walk {
    pub(crate) fn from(start: Link) -> Self {
        Self {
            stretch: Stretch {
                rows: 0,
                end: start,
                breaks: Vec::new(),
            },
        }
    }

    /// The next row that is there, and its digest as it stands (`None`: what stands there is no digest).
    ///
    /// A row is held against the digest that stands before it, whether that one is right or not: so one changed row is one
    /// break, not a break in every row after it.
    pub(crate) fn step(&mut self, row: &RowText<'_>, digest: Option<Digest>) {
        let before = self.stretch.end;
        let expected = before.row.saturating_add(1);
        if row.row != expected {
            self.note(Break::Missing {
                first: expected,
                last: row.row.saturating_sub(1),
            });
        } else if digest != Some(row.digest(before.digest)) {
            self.note(Break::Altered { row: row.row });
        }
        self.stretch.rows += 1;
        self.stretch.end = Link {
            row: row.row,
            digest: digest.unwrap_or(before.digest),
        };
    }

    /// There are no more rows; `to` is the last that should be there, if that is known.
    pub(crate) fn end(mut self, to: Option<i64>) -> Stretch {
        let last = self.stretch.end.row;
        if let Some(to) = to.filter(|to| *to > last) {
            self.note(Break::Missing {
                first: last.saturating_add(1),
                last: to,
            });
        }
        self.stretch
    }

    fn note(&mut self, what: Break) {
        if self.stretch.breaks.len() < BREAKS_MAX {
            self.stretch.breaks.push(what);
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
