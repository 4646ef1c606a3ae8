//! The two sheets: their sizes, margins and letters. Lengths are thousandths of a point (1/72 inch), so that adding them up
//! is exact and equal on every machine.

use crate::Fonts;
use crate::layout::{Pause, Ruler, Style};

/// A sheet and the fonts it is measured with.
pub(super) struct Sheet<'f> {
    fonts: &'f Fonts,
    width: u32,
    /// `None` for a roll.
    height: Option<u32>,
    pub(super) side: u32,
    pub(super) top: u32,
    bottom: u32,
    /// Whether pages have a number and a repeated title.
    pub(super) numbered: bool,
    /// The body's letter size; everything else hangs on it.
    body: u32,
}

/// A letter's look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Letter size in thousandths of a point.
    pub(super) size: u32,
    pub(super) bold: bool,
    pub(super) colour: (u8, u8, u8),
}

pub(super) const INK: (u8, u8, u8) = (0x17, 0x1a, 0x1f);
pub(super) const GREY: (u8, u8, u8) = (0x5b, 0x64, 0x70);
pub(super) const FAINT: (u8, u8, u8) = (0xdd, 0xe1, 0xe6);
pub(super) const RED: (u8, u8, u8) = (0xb9, 0x1c, 0x1c);

/// Acrobat takes no page longer than 14,400 points.
const LONGEST: u32 = 14_000_000;

impl<'f> Sheet<'f> {
    /// 210 × 297 mm.
    pub(super) const fn a4(fonts: &'f Fonts) -> Self {
        Self {
            fonts,
            width: 595_276,
            height: Some(841_890),
            side: 56_693,
            top: 62_000,
            bottom: 62_000,
            numbered: true,
            body: 9_500,
        }
    }

    /// 80 mm wide, of which a printer's head reaches 72.
    pub(super) const fn roll_80(fonts: &'f Fonts) -> Self {
        Self {
            fonts,
            width: 226_772,
            height: None,
            side: 11_339,
            top: 14_000,
            bottom: 20_000,
            numbered: false,
            body: 8_500,
        }
    }

    /// How high the lines of one page may be together.
    pub(super) fn page_room(&self) -> u32 {
        self.height.unwrap_or(LONGEST) - self.top - self.bottom
    }

    /// A page's width and height in points, when its lines are that high together.
    pub(super) fn page_size(&self, used: u32) -> (f32, f32) {
        let height = self.height.unwrap_or(used + self.top + self.bottom);
        (points(self.width), points(height))
    }

    pub(super) const fn look(&self, style: Style) -> Look {
        let (percent, bold, colour) = match style {
            Style::Title => (190, true, INK),
            Style::Heading => (125, true, INK),
            Style::Body => (100, false, INK),
            Style::Strong => (100, true, INK),
            Style::Large => (150, true, INK),
            Style::Note => (84, false, GREY),
            Style::Mark => (210, true, RED),
            Style::Code => (84, false, GREY),
            Style::Head => (84, true, GREY),
        };
        Look {
            size: self.body * percent / 100,
            bold,
            colour,
        }
    }
}

impl Ruler for Sheet<'_> {
    fn width(&self) -> u32 {
        self.width - 2 * self.side
    }

    fn char(&self, c: char, style: Style) -> u32 {
        let look = self.look(style);
        let face = if look.bold {
            &self.fonts.bold
        } else {
            &self.fonts.plain
        };
        // An advance is a few thousand units at most; up, so that a line measured is never narrower than a line drawn.
        (face.advance(c) * look.size as f32).ceil() as u32
    }

    fn leading(&self, style: Style) -> u32 {
        let size = self.look(style).size;
        match style {
            Style::Mark => size * 180 / 100,
            Style::Title | Style::Large => size * 145 / 100,
            Style::Heading | Style::Body | Style::Strong | Style::Head => size * 165 / 100,
            Style::Note | Style::Code => size * 155 / 100,
        }
    }

    fn gutter(&self) -> u32 {
        self.body * 120 / 100
    }

    fn readable(&self) -> u32 {
        self.body * 7
    }

    fn pause(&self, pause: Pause) -> u32 {
        match pause {
            Pause::Small => self.body * 40 / 100,
            Pause::Line => self.body * 110 / 100,
            Pause::Part => self.body * 130 / 100,
        }
    }

    fn rule(&self) -> u32 {
        self.body * 60 / 100
    }

    fn shown(&self, c: char) -> Option<char> {
        crate::layout::visible(c)
    }
}

/// Thousandths of a point as points.
pub(super) fn points(thousandths: u32) -> f32 {
    thousandths as f32 / 1000.0
}
