//! A document in the language of thermal printers.
use crate::{Document, Fonts};
/// The width of a roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// 58 mm: 32 columns, 384 dots.
    Mm58,
    /// 80 mm: 48 columns, 576 dots.
    Mm80,
}
/// Who draws the characters.
#[derive(Debug, Clone, Copy)]
pub enum Glyphs<'f> {
    /// The printer. With fonts, a line with a character that printers lack is sent as a picture; without, □ stands for it.
    Gb18030(Option<&'f Fonts>),
    /// The till: every line is sent as a picture, for printers without Chinese.
    Raster(&'f Fonts),
}
/// The bytes, from initialising to the cut.
pub fn bytes(_document: &Document, _paper: Paper, _glyphs: Glyphs<'_>) -> Vec<u8> {
    todo!()
}
/// What the paper will say, line by line as the printer's own font would have it: a preview.
pub fn lines(_document: &Document, _paper: Paper) -> Vec<String> {
    todo!()
}
/// Opens the cash drawer; nothing is printed.
pub const fn drawer_kick() -> [u8; 5] {
    [0x1b, b'p', 0, 25, 250]
}
