//! What is sold.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Fen;

/// Number of a product in this till's catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub i64);

/// One kind of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Number in the catalogue.
    pub id: ProductId,
    /// Name as the receipt and the customer display show it.
    pub name: String,
    /// What the scanner reads.
    pub barcode: Option<Barcode>,
    /// What it costs.
    pub price: Price,
    /// Where it is found on the screen.
    pub category: String,
    /// Pieces that can be sold now; `None` where stock is not counted.
    pub available: Option<i64>,
}

/// What a product costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// So much a piece.
    Fixed(Fen),
    /// The cashier enters it.
    Open,
}

/// What a scanner reads: 4 to 32 printable ASCII characters without blanks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Barcode(String);

/// A text that is no barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a barcode has 4 to 32 printable ASCII characters and no blanks")]
pub struct BarcodeError;

impl Barcode {
    /// Reads a barcode.
    pub fn parse(text: &str) -> Result<Self, BarcodeError> {
        let good = (4..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(BarcodeError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
