//! The roll of a thermal printer as a ruler: dots, twelve to a column.

use super::Paper;
use crate::layout::{Pause, Ruler, Style, visible};

/// A column's width in dots: an ASCII character of the printer's font A.
pub(super) const COLUMN: u32 = 12;
/// A line's height in dots: 24 of the characters, 6 of space.
pub(super) const LINE: u32 = 30;
/// A line of characters of double height.
const HIGH_LINE: u32 = 54;

pub(super) struct Roll(pub(super) Paper);

/// Whether the style's characters are twice as wide, and twice as high.
pub(super) const fn doubled(style: Style) -> (bool, bool) {
    match style {
        Style::Title | Style::Mark => (true, true),
        Style::Large => (false, true),
        Style::Heading | Style::Body | Style::Strong | Style::Note | Style::Code | Style::Head => {
            (false, false)
        }
    }
}

/// Whether the style is printed bold.
pub(super) const fn bold(style: Style) -> bool {
    match style {
        Style::Title | Style::Heading | Style::Strong | Style::Large | Style::Mark | Style::Head => true,
        Style::Body | Style::Note | Style::Code => false,
    }
}

/// How many columns a character takes at single width.
pub(super) const fn columns(c: char) -> u32 {
    if c.is_ascii() { 1 } else { 2 }
}

impl Ruler for Roll {
    fn width(&self) -> u32 {
        self.0.dots()
    }

    fn char(&self, c: char, style: Style) -> u32 {
        let wide = if doubled(style).0 { 2 } else { 1 };
        columns(c) * COLUMN * wide
    }

    fn leading(&self, style: Style) -> u32 {
        if doubled(style).1 { HIGH_LINE } else { LINE }
    }

    fn gutter(&self) -> u32 {
        COLUMN
    }

    fn readable(&self) -> u32 {
        10 * COLUMN
    }

    fn pause(&self, pause: Pause) -> u32 {
        match pause {
            Pause::Small => 8,
            Pause::Line => LINE,
            Pause::Part => 20,
        }
    }

    fn rule(&self) -> u32 {
        LINE
    }

    fn shown(&self, c: char) -> Option<char> {
        // What Chinese printers lack, though their font has its twin.
        match visible(c)? {
            '¥' => Some('￥'),
            '−' | '‑' => Some('-'),
            '•' => Some('·'),
            c => Some(c),
        }
    }
}
