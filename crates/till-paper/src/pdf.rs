//! A document as PDF: A4 pages, or one page of a roll as long as it needs to be.
use crate::{Document, Fonts, PaperError};
/// A4.
///
/// # Errors
/// [`PaperError::Pdf`]
pub fn a4(_document: &Document, _fonts: &Fonts) -> Result<Vec<u8>, PaperError> {
    todo!()
}
/// 80 mm.
///
/// # Errors
/// [`PaperError::Pdf`]
pub fn roll_80(_document: &Document, _fonts: &Fonts) -> Result<Vec<u8>, PaperError> {
    todo!()
}
