//! Puts a document on paper: PDF and ESC/POS, and the way to the printer. Knows nothing of shops.
//!
//! A [`Document`] is blocks in the order of reading. [`pdf`] and [`escpos`] lay it out by the same rules, each in its own
//! units, and [`printer`] hands bytes over and says truly what became of them.

#![deny(missing_docs)]

mod document;
mod error;
pub mod escpos;
mod fonts;
mod layout;
pub mod pdf;
pub mod printer;
mod table;

pub use document::{Bar, Document, Weight};
pub use error::PaperError;
pub use fonts::Fonts;
pub use table::{Column, Table};
