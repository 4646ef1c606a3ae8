//! A report as a document for paper and as sheets of a file, in the till's language.

mod export;
mod paper;
mod print;
mod sheets;
mod words;

pub use export::{ExportError, ExportFormat, ExportJob, Exported, remove_unfinished};
pub use paper::{Copy, document};
pub use print::{PrintJob, Printed};
pub use sheets::Progress;
