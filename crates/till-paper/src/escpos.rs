//! A document in the language of thermal printers, ESC/POS: as text in the printer's own Chinese font, or as pictures.
//!
//! Both ways are the same layout, line by line. What a printer takes as text is GB18030 in its two-byte part (GBK), where
//! every character but ASCII is two columns wide; so ¥ is sent as ￥, which is in that part, and ¥ is not.

mod raster;
mod roll;
mod text;

use crate::layout::{Line, Piece, lay_out};
use crate::{Document, Fonts};
use raster::Bitmap;
use roll::Roll;

/// The width of a roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// 58 mm: 32 columns, 384 dots.
    Mm58,
    /// 80 mm: 48 columns, 576 dots.
    Mm80,
}

impl Paper {
    /// How many ASCII characters stand on a line; a Chinese one takes two places.
    pub const fn columns(self) -> u32 {
        match self {
            Self::Mm58 => 32,
            Self::Mm80 => 48,
        }
    }

    /// How many dots the head prints side by side.
    pub const fn dots(self) -> u32 {
        self.columns() * roll::COLUMN
    }
}

/// Who draws the characters.
#[derive(Debug, Clone, Copy)]
pub enum Glyphs<'f> {
    /// The printer. With fonts, a line with a character that printers lack (an emoji, a rare name) is sent as a picture;
    /// without, and where the fonts lack it as well, □ stands for that character.
    Gb18030(Option<&'f Fonts>),
    /// The till: every line is sent as a picture, for printers without Chinese.
    Raster(&'f Fonts),
}

/// Opens the drawer on the printer's first connector: 50 ms of current, and half a second before the next.
pub const OPEN_DRAWER: [u8; 5] = [0x1b, b'p', 0, 25, 250];

/// Rows sent in one picture at most: printers of little memory take no more.
const PICTURE_ROWS: u32 = 240;

/// Everything from initialising the printer to cutting the paper, to be handed over whole.
pub fn bytes(document: &Document, paper: Paper, glyphs: Glyphs<'_>) -> Vec<u8> {
    let mut out = Out {
        bytes: Vec::new(),
        picture: None,
    };
    // Initialise; take double bytes as Chinese.
    out.bytes.extend([0x1b, b'@', 0x1c, b'&']);
    let lines = lay_out(document, &Roll(paper))
        .into_iter()
        .flat_map(|strip| strip.lines);
    for line in lines {
        if line.pieces.is_empty() {
            out.feed(line.height);
        } else if let Some(fonts) = drawn_from(&line, glyphs) {
            out.picture(raster::line(&line, paper, fonts));
        } else {
            out.text(&text::line(&line, paper));
        }
    }
    out.feed(2 * roll::LINE);
    out.flush();
    // Feed to the knife and cut, leaving a corner that holds.
    out.bytes.extend([0x1d, b'V', 66, 0]);
    out.bytes
}

/// The fonts to draw a line with, or `None` for a line the printer writes itself.
fn drawn_from<'f>(line: &Line, glyphs: Glyphs<'f>) -> Option<Option<&'f Fonts>> {
    let lacking =
        |piece: &Piece| matches!(piece, Piece::Text(text) if !text.text.chars().all(text::printable));
    match glyphs {
        Glyphs::Raster(fonts) => Some(Some(fonts)),
        Glyphs::Gb18030(Some(fonts)) if line.pieces.iter().any(lacking) => Some(Some(fonts)),
        Glyphs::Gb18030(_) => None,
    }
}

/// The bytes so far, and the picture that still grows: one command for many lines prints without stopping between them.
struct Out {
    bytes: Vec<u8>,
    picture: Option<Bitmap>,
}

impl Out {
    fn text(&mut self, line: &[u8]) {
        self.flush();
        self.bytes.extend(line);
    }

    fn picture(&mut self, lines: Bitmap) {
        match &mut self.picture {
            Some(grown) if grown.rows() + lines.rows() <= PICTURE_ROWS => grown.append(&lines),
            _ => {
                self.flush();
                self.picture = Some(lines);
            }
        }
    }

    fn feed(&mut self, dots: u32) {
        self.flush();
        // A pause is a line or two.
        self.bytes
            .extend([0x1b, b'J', u8::try_from(dots).unwrap_or(u8::MAX)]);
    }

    fn flush(&mut self) {
        if let Some(picture) = self.picture.take() {
            self.bytes.extend(picture.command());
        }
    }
}
