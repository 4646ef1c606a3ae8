//! Writing a report to a file, whole or not at all, away from the till's own thread.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;
use till_core::{MoneyError, TillId};
use till_paper::{Fonts, PaperError, pdf};
use till_store::{Pages, Reader};

use super::paper::{Copy, document};
use super::sheets::{Book, Progress, SheetError};
use crate::config::{Locale, Shop};
use crate::day_end::ReportPicture;
use crate::provider::ProviderColumn;

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Sheets with real numbers.
    Xlsx,
    /// Every entry, one a line.
    Csv,
    /// For a printer of whole sheets.
    PdfA4,
    /// As a receipt printer would print it.
    Pdf80,
}

/// Everything that is needed to write a report to a file; a large day takes seconds.
#[derive(Debug)]
pub struct ExportJob {
    pub(crate) picture: ReportPicture,
    pub(crate) provider: Option<ProviderColumn>,
    pub(crate) reader: Reader,
    pub(crate) pages: Pages,
    pub(crate) shop: Shop,
    pub(crate) locale: Locale,
    pub(crate) training: bool,
    pub(crate) copy: Copy,
    pub(crate) now: Timestamp,
    /// The folder of the shop's choice.
    pub(crate) folder: Option<PathBuf>,
}

/// A file that is there, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Where.
    pub path: PathBuf,
}

/// Why there is no file. Nothing is left of it.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The folder of choice is not there: a stick that was pulled out, a server that is off.
    #[error("the folder {} is not there", .0.display())]
    NoFolder(PathBuf),
    /// The folder or the file can't be written.
    #[error("{}: {error}", path.display())]
    NotWritten {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// This machine has no font with Chinese characters.
    #[error(transparent)]
    Paper(#[from] PaperError),
    /// What is in the ledger can't be put into a file.
    #[error("the report can't be written: {0}")]
    Report(String),
}

impl ExportFormat {
    /// Whether it is to be had as paper: then it is an original or a copy.
    #[must_use]
    pub fn is_paper(self) -> bool {
        match self {
            Self::PdfA4 | Self::Pdf80 => true,
            Self::Xlsx | Self::Csv => false,
        }
    }

    /// How its name ends.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::PdfA4 => "a4.pdf",
            Self::Pdf80 => "80mm.pdf",
        }
    }
}

impl ExportJob {
    /// Puts WeChat's column in.
    #[must_use]
    pub fn with(self, provider: Option<ProviderColumn>) -> Self {
        Self { provider, ..self }
    }

    /// Writes the file into the folder of choice; where none is chosen into this one, which is made if it is not there. A file
    /// of the same name is replaced whole.
    pub fn run(
        &self,
        own_folder: &Path,
        format: ExportFormat,
        progress: impl FnMut(Progress),
    ) -> Result<Exported, ExportError> {
        let folder = self.folder.as_deref().unwrap_or(own_folder);
        let path = folder.join(self.file_name(format));
        let not_written = |error| ExportError::NotWritten {
            path: path.clone(),
            error,
        };
        match &self.folder {
            // Made where a stick used to be, it would be on the disk, and nobody would look for it there.
            Some(chosen) if !chosen.is_dir() => return Err(ExportError::NoFolder(chosen.clone())),
            Some(_) => {}
            None => fs::create_dir_all(own_folder).map_err(not_written)?,
        }
        let mut file = tempfile::Builder::new()
            .prefix(&unfinished(&self.picture.report.head.till))
            .tempfile_in(folder)
            .map_err(not_written)?;
        self.fill(file.as_file_mut(), format, progress)
            .map_err(|error| match error {
                Fault::Io(error) => not_written(error),
                Fault::Other(error) => error,
            })?;
        file.as_file().sync_all().map_err(not_written)?;
        file.persist(&path).map_err(|error| not_written(error.error))?;
        Ok(Exported { path })
    }

    /// An original or a copy of it is in somebody's hands once it is there.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.copy.counts()
    }

    /// The document, for a printer.
    pub fn document(&self) -> Result<till_paper::Document, ExportError> {
        let provider = self.provider.as_ref();
        document(
            &self.picture,
            provider,
            &self.shop,
            self.locale,
            self.training,
            self.copy,
            self.now,
        )
        .map_err(|error: MoneyError| ExportError::Report(error.to_string()))
    }

    fn fill(
        &self,
        file: &mut File,
        format: ExportFormat,
        progress: impl FnMut(Progress),
    ) -> Result<(), Fault> {
        let book = Book {
            picture: &self.picture,
            provider: self.provider.as_ref(),
            read: self.reader.read(),
            pages: self.pages,
            zone: self.shop.calendar.zone(),
            locale: self.locale,
        };
        match format {
            ExportFormat::Xlsx => book.xlsx(&mut *file, progress)?,
            ExportFormat::Csv => {
                let mut buffered = BufWriter::new(&mut *file);
                book.csv(&mut buffered, progress)?;
                buffered.flush()?;
            }
            ExportFormat::PdfA4 => file.write_all(&pdf::a4(&self.document()?, &Fonts::find()?)?)?,
            ExportFormat::Pdf80 => file.write_all(&pdf::roll_80(&self.document()?, &Fonts::find()?)?)?,
        }
        Ok(())
    }

    fn file_name(&self, format: ExportFormat) -> String {
        let head = &self.picture.report.head;
        let which = match head.number {
            Some(number) => format!("Z{:04}-{}", number.0, head.day),
            None => {
                let at = self.now.to_zoned(self.shop.calendar.zone().clone());
                format!("X-{}", at.strftime("%Y-%m-%d-%H%M%S"))
            }
        };
        format!("{}-{which}.{}", head.till, format.ending())
    }
}

/// How the name of a file begins that this till is writing.
fn unfinished(till: &str) -> String {
    format!(".{till}-unfinished-")
}

/// Takes away what an export of this till has left that was killed. Nothing may be exporting.
pub fn remove_unfinished(folder: &Path, till: &TillId) {
    let begins = unfinished(till.as_str());
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return tracing::warn!(%error, "the folder for reports can't be looked at"),
    };
    for file in files.map_while(Result::ok) {
        let ours = file
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(&begins));
        if ours && let Err(error) = fs::remove_file(file.path()) {
            tracing::warn!(%error, path = %file.path().display(), "half a report stays");
        }
    }
}

/// The disk's fault, or another's.
enum Fault {
    Io(io::Error),
    Other(ExportError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        Self::Other(error)
    }
}

impl From<PaperError> for Fault {
    fn from(error: PaperError) -> Self {
        Self::Other(error.into())
    }
}

impl From<SheetError> for Fault {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::Io(error) => Self::Io(error),
            SheetError::Xlsx(rust_xlsxwriter::XlsxError::IoError(error)) => Self::Io(error),
            other @ (SheetError::Xlsx(_)
            | SheetError::Csv(_)
            | SheetError::Ledger(_)
            | SheetError::Money(_)) => Self::Other(ExportError::Report(other.to_string())),
        }
    }
}
