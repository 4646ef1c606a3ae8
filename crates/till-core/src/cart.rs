//! The cart: what the cashier has rung up and the customer has not yet been asked to pay.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Fen, MoneyError, Price, Product, ProductId};

/// Most pieces in one line.
pub const PIECES_MAX: u32 = 9_999;
/// Most kinds of goods in one cart.
const LINES_MAX: usize = 500;
/// Most that one sale can come to: ten million yuan, far over what WeChat lets one customer pay.
pub const TOTAL_MAX: Fen = Fen::new(1_000_000_000);

/// Names a line while the cart lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineNo(pub u32);

/// Goods of one kind at one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which line.
    pub line: LineNo,
    /// Which product.
    pub product: ProductId,
    /// Its name when it was rung up.
    pub name: String,
    /// Its price when it was rung up.
    pub price: Fen,
    /// How many; never 0.
    pub pieces: u32,
}

/// What was rung up, in order. Its total is always within [`TOTAL_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cart {
    lines: Vec<Line>,
    next_line: u32,
}

/// An act that the cart refuses; it stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CartError {
    /// The product has no price of its own and none was given.
    #[error("this product needs a price")]
    PriceMissing,
    /// A price is 0.01 yuan or more.
    #[error("the price is out of range")]
    PriceOutOfRange,
    /// More pieces than a line can hold.
    #[error("the quantity is out of range")]
    QuantityOutOfRange,
    /// More than one order can be.
    #[error("the total is out of range")]
    TotalOutOfRange,
    /// The cart has no such line.
    #[error("no such line")]
    NoSuchLine,
    /// There is nothing to pay.
    #[error("the cart is empty")]
    Empty,
}

impl From<MoneyError> for CartError {
    fn from(_: MoneyError) -> Self {
        Self::TotalOutOfRange
    }
}

impl Line {
    /// Price times pieces.
    pub fn sum(&self) -> Result<Fen, MoneyError> {
        self.price.times(self.pieces)
    }
}

impl Cart {
    /// The lines, in the order they were rung up.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Nothing was rung up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Pieces of all lines.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.lines
            .iter()
            .fold(0, |pieces, line| pieces.saturating_add(line.pieces))
    }

    /// Pieces of one product, over all its lines.
    #[must_use]
    pub fn pieces_of(&self, product: ProductId) -> u32 {
        self.lines
            .iter()
            .filter(|line| line.product == product)
            .fold(0, |pieces, line| pieces.saturating_add(line.pieces))
    }

    /// What the customer owes.
    pub fn total(&self) -> Result<Fen, CartError> {
        let sums = self.lines.iter().map(Line::sum).collect::<Result<Vec<_>, _>>()?;
        let total = Fen::sum(sums)?;
        if total > TOTAL_MAX {
            Err(CartError::TotalOutOfRange)
        } else {
            Ok(total)
        }
    }

    /// Rings up one piece. The same product at the same price goes into its line.
    pub fn add(&mut self, product: &Product, entered: Option<Fen>) -> Result<(), CartError> {
        let price = match (product.price, entered) {
            (Price::Fixed(price), _) => price,
            (Price::Open, Some(price)) => price,
            (Price::Open, None) => return Err(CartError::PriceMissing),
        };
        if price < Fen::new(1) || price > TOTAL_MAX {
            return Err(CartError::PriceOutOfRange);
        }
        self.change(|cart| {
            let same = cart
                .lines
                .iter_mut()
                .find(|line| line.product == product.id && line.price == price);
            if let Some(line) = same {
                line.pieces += 1;
                return Ok(());
            }
            if cart.lines.len() >= LINES_MAX {
                return Err(CartError::QuantityOutOfRange);
            }
            cart.next_line += 1;
            cart.lines.push(Line {
                line: LineNo(cart.next_line),
                product: product.id,
                name: product.name.clone(),
                price,
                pieces: 1,
            });
            Ok(())
        })
    }

    /// Sets the pieces of a line; 0 takes it out.
    pub fn set_pieces(&mut self, line: LineNo, pieces: u32) -> Result<(), CartError> {
        self.change(|cart| {
            let found = cart
                .lines
                .iter_mut()
                .find(|it| it.line == line)
                .ok_or(CartError::NoSuchLine)?;
            found.pieces = pieces;
            cart.lines.retain(|line| line.pieces > 0);
            Ok(())
        })
    }

    /// Applies a change, or leaves everything as it was when the result is out of bounds.
    fn change(&mut self, change: impl FnOnce(&mut Self) -> Result<(), CartError>) -> Result<(), CartError> {
        let mut changed = self.clone();
        change(&mut changed)?;
        if changed.lines.iter().any(|line| line.pieces > PIECES_MAX) {
            return Err(CartError::QuantityOutOfRange);
        }
        changed.total()?;
        *self = changed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: i64, price: Price) -> Product {
        Product {
            id: ProductId(id),
            name: format!("product {id}"),
            barcode: None,
            price,
            category: "饮料".to_owned(),
            available: None,
        }
    }

    #[test]
    fn the_total_is_exact_and_the_same_goods_share_a_line() {
        let mut cart = Cart::default();
        for _ in 0..3 {
            cart.add(&product(1, Price::Fixed(Fen::new(1999))), None).unwrap();
        }
        cart.add(&product(2, Price::Fixed(Fen::new(29))), None).unwrap();
        assert_eq!(
            cart.total(),
            Ok(Fen::new(6026)),
            "3 × 19.99 + 0.29 = 60.26, to the fen"
        );
        assert_eq!(cart.lines().len(), 2, "one line a product and price");
        assert_eq!(cart.pieces(), 4, "four pieces were rung up");
    }

    #[test]
    fn an_open_price_is_asked_for_and_kept_apart() {
        let mut cart = Cart::default();
        let open = product(1, Price::Open);
        assert_eq!(
            cart.add(&open, None),
            Err(CartError::PriceMissing),
            "nobody guesses a price"
        );
        assert_eq!(
            cart.add(&open, Some(Fen::ZERO)),
            Err(CartError::PriceOutOfRange),
            "WeChat takes 0.01 or more"
        );
        cart.add(&open, Some(Fen::new(500))).unwrap();
        cart.add(&open, Some(Fen::new(700))).unwrap();
        assert_eq!(cart.lines().len(), 2, "two prices are two lines");
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let mut cart = Cart::default();
        cart.add(&product(1, Price::Fixed(Fen::new(900_000))), None)
            .unwrap();
        let line = cart.lines()[0].line;
        let before = cart.clone();
        assert_eq!(
            cart.set_pieces(line, PIECES_MAX + 1),
            Err(CartError::QuantityOutOfRange),
            "too many pieces"
        );
        assert_eq!(
            cart.set_pieces(line, 5_000),
            Err(CartError::TotalOutOfRange),
            "too much money"
        );
        assert_eq!(
            cart.set_pieces(LineNo(99), 1),
            Err(CartError::NoSuchLine),
            "no such line"
        );
        assert_eq!(cart, before, "after three refusals the cart is as it was");
        cart.set_pieces(line, 0).unwrap();
        assert!(cart.is_empty(), "0 pieces takes the line out");
    }
}
