//! Why a document can't be put on paper at all; what goes wrong on the way to a printer is [`crate::printer::PrintError`].

/// Why there is no paper. Nothing of the document has left the till.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaperError {
    /// No font with Chinese characters is installed.
    #[error("no font with Chinese characters was found on this machine; {looked_at} fonts were looked at")]
    NoChineseFont {
        /// How many faces the machine has.
        looked_at: usize,
    },
    /// The PDF could not be written; a font that can't be cut down to the glyphs in use is the likely cause.
    #[error("the PDF could not be written: {0}")]
    Pdf(String),
}
