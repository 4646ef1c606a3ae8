//! Numbers of Zs: 1, 2, 3 … of one till without a gap, but for those that lie in a ledger set aside.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of a Z of this till: 1, 2, 3 …, never begun anew and never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZNumber(pub u32);

/// Zs that were issued in a ledger whose place a copy has taken, and that the copy knows nothing of: their numbers are used
/// up. The journal has a row for them, and so has the Z after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZsAside {
    /// The first of them.
    pub first: ZNumber,
    /// The last of them: the next Z has the number after it.
    pub last: ZNumber,
}

/// Why a number can't be the last that was ever issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotTheLast {
    /// This one was issued, and is later.
    #[error("Z {} was issued", .0.0)]
    Issued(ZNumber),
    /// No till closes so many days that no ledger and no copy knows of: a slip of the hand, which would stay for ever.
    #[error("more than {} numbers that nobody knows of", ZNumber::UNKNOWN_MAX)]
    TooFar,
}

impl ZNumber {
    /// So many Zs may be on paper alone: more than a Z a day for 27 years.
    pub const UNKNOWN_MAX: u32 = 9_999;

    /// The number after the last that was issued; `None`: there are no more.
    #[must_use]
    pub fn after(issued: Option<Self>) -> Option<Self> {
        issued.map_or(0, |last| last.0).checked_add(1).map(Self)
    }

    /// Whether this number follows on the one before, those that lie aside left out: each of them goes on where the one
    /// before it ends, and none lies aside twice.
    #[must_use]
    pub fn follows(self, before: Option<Self>, aside: &[ZsAside]) -> bool {
        let mut issued = before;
        for it in aside {
            if ZsAside::between(issued, Some(it.last)) != Some(*it) {
                return false;
            }
            issued = Some(it.last);
        }
        Self::after(issued) == Some(self)
    }

    /// The last that was ever issued, as a person has it on paper; 0 is none. Never less than what was found.
    pub fn last_on_paper(paper: u32, found: Option<Self>) -> Result<Option<Self>, NotTheLast> {
        let paper = Some(Self(paper)).filter(|number| number.0 > 0);
        match found {
            Some(found) if paper < Some(found) => return Err(NotTheLast::Issued(found)),
            Some(_) | None => {}
        }
        let known = found.map_or(0, |found| found.0);
        let unknown = paper.map_or(0, |paper| paper.0).saturating_sub(known);
        if unknown > Self::UNKNOWN_MAX {
            return Err(NotTheLast::TooFar);
        }
        Ok(paper)
    }
}

impl ZsAside {
    /// The journal's word for them.
    pub const WORD: &'static str = "zs_aside";

    /// Those after the last that a copy knows of, to the last that was ever issued; `None`: the copy knows of all.
    #[must_use]
    pub fn between(known: Option<ZNumber>, issued: Option<ZNumber>) -> Option<Self> {
        let (first, last) = (ZNumber::after(known)?, issued?);
        (first <= last).then_some(Self { first, last })
    }

    /// One of them.
    #[must_use]
    pub fn has(self, number: ZNumber) -> bool {
        self.first <= number && number <= self.last
    }

    /// What the journal says of them. It begins with the last number, by which the next one is found.
    #[must_use]
    pub fn told(self, sealed_with: Option<ZNumber>) -> String {
        let (first, last) = (self.first.0, self.last.0);
        let next = ZNumber::after(Some(self.last)).map_or_else(String::new, |next| next.0.to_string());
        let seal = sealed_with.map_or_else(|| "no Z".to_owned(), |before| format!("Z {}", before.0));
        format!(
            "{last}: Zs {first} to {last} were issued in the ledger set aside; the next number is {next}, sealed with {seal}"
        )
    }

    /// Reads what the journal says of them.
    #[must_use]
    pub fn parse(told: &str) -> Option<Self> {
        let (last, rest) = told.split_once(": Zs ")?;
        let (first, rest) = rest.split_once(" to ")?;
        let (again, _) = rest.split_once(' ')?;
        let number = |text: &str| text.parse().ok().map(ZNumber);
        let it = Self {
            first: number(first)?,
            last: number(last)?,
        };
        (again == last && it.first.0 > 0 && it.first <= it.last).then_some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn z(number: u32) -> Option<ZNumber> {
        Some(ZNumber(number))
    }

    fn aside(first: u32, last: u32) -> ZsAside {
        ZsAside {
            first: ZNumber(first),
            last: ZNumber(last),
        }
    }

    #[test]
    fn what_a_copy_does_not_know_of_lies_aside() {
        let between = ZsAside::between;
        assert_eq!(between(z(5), z(8)), Some(aside(6, 8)), "those after the copy");
        assert_eq!(
            between(None, z(1)),
            Some(aside(1, 1)),
            "a copy from before the first Z"
        );
        assert_eq!(between(z(8), z(8)), None, "the copy has the last one");
        assert_eq!(between(z(9), z(8)), None, "the copy is newer than the ledger");
        assert_eq!(between(z(5), None), None, "nothing more was ever issued");
        assert_eq!(
            between(z(u32::MAX), z(u32::MAX)),
            None,
            "there is no number after the last"
        );
    }

    #[test]
    fn the_number_on_paper_may_be_more_than_what_was_found_and_never_less() {
        let said = ZNumber::last_on_paper;
        assert_eq!(said(8, z(8)), Ok(z(8)), "what was found");
        assert_eq!(said(11, z(8)), Ok(z(11)), "paper that no ledger knows of");
        assert_eq!(
            said(7, z(8)),
            Err(NotTheLast::Issued(ZNumber(8))),
            "Z 8 is in somebody's hands: it would be issued twice"
        );
        assert_eq!(
            said(0, z(1)),
            Err(NotTheLast::Issued(ZNumber(1))),
            "none is less than one"
        );
        assert_eq!(said(0, None), Ok(None), "a till that has never closed a day");
        assert_eq!(said(10_007, z(8)), Ok(z(10_007)), "9,999 that nobody knows of");
        assert_eq!(
            said(10_008, z(8)),
            Err(NotTheLast::TooFar),
            "one more is a slip of the hand"
        );
        assert_eq!(
            said(u32::MAX, None),
            Err(NotTheLast::TooFar),
            "and would end the numbers"
        );
    }

    #[test]
    fn a_number_follows_over_exactly_those_that_are_told_to_lie_aside() {
        let follows = |before, aside: &[ZsAside], number| ZNumber(number).follows(before, aside);
        assert!(follows(z(5), &[], 6), "without a gap");
        assert!(follows(None, &[], 1), "the first");
        assert!(follows(z(5), &[aside(6, 8)], 9), "over one gap");
        assert!(follows(z(5), &[aside(6, 8), aside(9, 9)], 10), "restored twice");
        assert!(!follows(z(5), &[], 7), "a gap that nobody told of");
        assert!(
            !follows(z(5), &[aside(6, 8)], 10),
            "more is missing than was told"
        );
        assert!(
            !follows(z(5), &[aside(6, 8)], 8),
            "that one lies aside: it was issued before"
        );
        assert!(
            !follows(z(5), &[aside(5, 8)], 9),
            "Z 5 is here, and can't lie aside as well"
        );
        assert!(
            !follows(z(5), &[aside(6, 8), aside(8, 9)], 10),
            "Z 8 lies aside once"
        );
        assert!(
            !follows(z(5), &[aside(6, 8), aside(10, 11)], 12),
            "nobody told of Z 9"
        );
    }

    #[test]
    fn what_the_journal_says_is_read_again() {
        for it in [aside(6, 8), aside(1, 1), aside(9_999, 123_456)] {
            assert_eq!(ZsAside::parse(&it.told(z(5))), Some(it), "{it:?}");
            assert_eq!(
                ZsAside::parse(&it.told(None)),
                Some(it),
                "{it:?}, sealed with none"
            );
        }
        assert_eq!(
            aside(6, 8).told(z(5)),
            "8: Zs 6 to 8 were issued in the ledger set aside; the next number is 9, sealed with Z 5",
            "for a person, too"
        );
        for wrong in [
            "",
            "8",
            "8: Zs 6 to 9 were",
            "5: Zs 6 to 5 were",
            "8: Zs 0 to 8 were",
            "x: Zs 6 to x were",
        ] {
            assert_eq!(ZsAside::parse(wrong), None, "{wrong:?} says nothing");
        }
    }
}
