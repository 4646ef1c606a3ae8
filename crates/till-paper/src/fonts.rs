//! The fonts a document is drawn with: found on the machine, one family with Chinese characters, plain and bold.
use crate::PaperError;
/// Fonts.
#[derive(Debug, Clone)]
pub struct Fonts {}
impl Fonts {
    /// Looks for them. Reads some 40 MB from disk: do it once, away from the windows' thread, and keep the result.
    ///
    /// # Errors
    /// [`PaperError::NoChineseFont`] when no face on the machine can draw Chinese.
    pub fn find() -> Result<Self, PaperError> {
        todo!()
    }
}
