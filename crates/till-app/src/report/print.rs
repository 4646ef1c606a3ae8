//! Printing a report on the receipt printer, away from the till's own thread.

use till_paper::escpos::{self, Glyphs};
use till_paper::printer::{self, PrintError, Timeouts};
use till_paper::{Fonts, PaperError};

use super::export::{ExportError, ExportJob};
use crate::config::Printer;
use crate::provider::ProviderColumn;

/// Everything that is needed to print a report; a printer may take a minute.
#[derive(Debug)]
pub struct PrintJob {
    pub(crate) export: ExportJob,
    pub(crate) printer: Printer,
}

/// What is known after printing.
#[derive(Debug)]
pub enum Printed {
    /// The printer has all of it.
    Yes,
    /// Nothing was printed; it may be tried again.
    No(String),
    /// Part or all of it may be on paper: somebody looks before it is tried again.
    Unknown(String),
}

impl PrintJob {
    /// Puts WeChat's column in.
    #[must_use]
    pub fn with(self, provider: Option<ProviderColumn>) -> Self {
        Self {
            export: self.export.with(provider),
            ..self
        }
    }

    /// An original or a copy is in somebody's hands once it is printed.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.export.counts()
    }

    /// Prints, once.
    pub fn run(&self) -> Printed {
        let bytes = match self.bytes() {
            Ok(bytes) => bytes,
            Err(error) => return Printed::No(error.to_string()),
        };
        match printer::send(&self.printer.target, &bytes, Timeouts::default()) {
            Ok(()) => Printed::Yes,
            Err(error @ PrintError::NotSent(_)) => Printed::No(error.to_string()),
            Err(error @ PrintError::Unknown(_)) => Printed::Unknown(error.to_string()),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, ExportError> {
        let document = self.export.document()?;
        let paper = self.printer.paper;
        if self.printer.raster {
            return Ok(escpos::bytes(&document, paper, Glyphs::Raster(&Fonts::find()?)));
        }
        // A printer with Chinese of its own needs the till's font for rare characters alone.
        let fonts: Result<Fonts, PaperError> = Fonts::find();
        Ok(escpos::bytes(
            &document,
            paper,
            Glyphs::Gb18030(fonts.as_ref().ok()),
        ))
    }
}
