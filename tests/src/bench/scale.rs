//! How much is measured: enough for figures, or just enough to see that every part works.

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// For figures.
    Whole,
    /// To see that it works; what comes out says little.
    Quick,
}

impl Scale {
    /// The first for figures, the second to see that it works.
    pub(crate) fn of<T>(self, whole: T, quick: T) -> T {
        match self {
            Self::Whole => whole,
            Self::Quick => quick,
        }
    }
}
