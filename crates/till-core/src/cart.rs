//! The cart: what the cashier has rung up and the customer has not yet been asked to pay.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    DiscountLimit, Fen, Lowered, MoneyError, Price, PriceWish, Product, ProductId, Reduction, Repriced,
    Voided,
};

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
    /// What is asked for a piece.
    pub price: Fen,
    /// How many; never 0.
    pub pieces: u32,
    /// Less is asked than it costs; `None`: its list price. A cart laid aside by an earlier version has none.
    #[serde(default)]
    pub reduction: Option<Reduction>,
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
    /// There is nothing in it.
    #[error("the cart is empty")]
    Empty,
    /// So much was taken off that nothing is left to pay.
    #[error("the total is 0")]
    NothingToPay,
    /// A price is lowered here, never raised.
    #[error("more than the list price")]
    AboveListPrice,
    /// Past the limit of the house: a manager has to approve it.
    #[error("past the limit of the house")]
    OverLimit,
    /// What a manager has approved holds for the pieces that were there.
    #[error("approved for fewer pieces")]
    ApprovedForFewer,
}

impl From<MoneyError> for CartError {
    fn from(_: MoneyError) -> Self {
        Self::TotalOutOfRange
    }
}

impl Line {
    /// What is asked for a piece, times pieces.
    pub fn sum(&self) -> Result<Fen, MoneyError> {
        self.price.times(self.pieces)
    }

    /// What a piece costs, whatever is asked for it.
    #[must_use]
    pub fn list_price(&self) -> Fen {
        self.reduction.as_ref().map_or(self.price, |it| it.list)
    }

    /// How much less is asked than the list price, for all pieces.
    pub fn off(&self) -> Result<Fen, MoneyError> {
        self.list_price().minus(self.price)?.times(self.pieces)
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

    /// What the customer has to pay: WeChat takes no order, and the drawer no cash, of nothing.
    pub fn to_pay(&self) -> Result<Fen, CartError> {
        if self.is_empty() {
            return Err(CartError::Empty);
        }
        match self.total()? {
            Fen::ZERO => Err(CartError::NothingToPay),
            total => Ok(total),
        }
    }

    /// Rings up one piece. The same product at the same list price goes into its line; one whose price was lowered is left
    /// alone.
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
                .find(|line| line.product == product.id && line.price == price && line.reduction.is_none());
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
                reduction: None,
            });
            Ok(())
        })
    }

    /// Asks something else for a line than its list price, or that again. Past the limit of the house only with the name of
    /// whoever approved it.
    pub fn reprice(
        &mut self,
        line: LineNo,
        wish: PriceWish,
        limit: DiscountLimit,
        approved_by: Option<&str>,
    ) -> Result<Repriced, CartError> {
        let at = self.lines.iter().position(|it| it.line == line);
        let at = at.ok_or(CartError::NoSuchLine)?;
        let old = self.lines[at].clone();
        let list = old.list_price();
        let asked = ask(list, old.pieces, wish)?;
        let over_limit = asked.iter().any(|(price, _)| !limit.allows(list, *price));
        if over_limit && approved_by.is_none() {
            return Err(CartError::OverLimit);
        }
        let how = match wish {
            PriceWish::List => None,
            PriceWish::Each(price) => (price < list).then_some(Lowered::NewPrice),
            PriceWish::Off(_) => Some(Lowered::AmountOff),
        };
        let before = old.sum()?;
        self.change(|cart| {
            if cart.lines.len() + asked.len() > LINES_MAX + 1 {
                return Err(CartError::QuantityOutOfRange);
            }
            let mut number = Some(line);
            let mut lines = Vec::with_capacity(asked.len());
            for (price, pieces) in &asked {
                let line = number.take().unwrap_or_else(|| {
                    cart.next_line += 1;
                    LineNo(cart.next_line)
                });
                let reduction = how.filter(|_| *price < list).map(|how| Reduction {
                    list,
                    how,
                    approved_by: approved_by
                        .filter(|_| !limit.allows(list, *price))
                        .map(ToOwned::to_owned),
                });
                lines.push(Line {
                    line,
                    price: *price,
                    pieces: *pieces,
                    reduction,
                    ..old.clone()
                });
            }
            cart.lines.splice(at..=at, lines);
            Ok(())
        })?;
        let after = Fen::sum(
            asked
                .iter()
                .map(|(price, pieces)| price.times(*pieces))
                .collect::<Result<Vec<_>, _>>()?,
        )?;
        Ok(Repriced {
            name: old.name,
            pieces: old.pieces,
            list,
            before,
            after,
            how,
            over_limit,
        })
    }

    /// Takes everything out, and says what that was.
    pub fn clear(&mut self) -> Result<Vec<Voided>, CartError> {
        let gone = self.lines.iter().map(|line| Voided::of(line, 0));
        let gone = gone
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()?;
        *self = Self::default();
        Ok(gone)
    }

    /// Sets the pieces of a line; 0 takes it out. Says what was taken out by it, if anything was.
    pub fn set_pieces(&mut self, line: LineNo, pieces: u32) -> Result<Option<Voided>, CartError> {
        let found = self.lines.iter().find(|it| it.line == line);
        let gone = Voided::of(found.ok_or(CartError::NoSuchLine)?, pieces)?;
        self.change(|cart| {
            let found = cart
                .lines
                .iter_mut()
                .find(|it| it.line == line)
                .ok_or(CartError::NoSuchLine)?;
            let approved = found
                .reduction
                .as_ref()
                .is_some_and(|it| it.approved_by.is_some());
            if approved && pieces > found.pieces {
                return Err(CartError::ApprovedForFewer);
            }
            found.pieces = pieces;
            cart.lines.retain(|line| line.pieces > 0);
            Ok(())
        })?;
        Ok(gone)
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

/// What is asked for each piece: prices, and for how many pieces.
fn ask(list: Fen, pieces: u32, wish: PriceWish) -> Result<Vec<(Fen, u32)>, CartError> {
    match wish {
        PriceWish::List => Ok(vec![(list, pieces)]),
        PriceWish::Each(price) if price < Fen::ZERO => Err(CartError::PriceOutOfRange),
        PriceWish::Each(price) if price > list => Err(CartError::AboveListPrice),
        PriceWish::Each(price) => Ok(vec![(price, pieces)]),
        PriceWish::Off(off) => {
            let whole = list.times(pieces)?;
            if off <= Fen::ZERO || off > whole {
                return Err(CartError::PriceOutOfRange);
            }
            let (each, over) = whole.minus(off)?.shared_by(pieces);
            let mut asked = vec![(each, pieces - over)];
            if over > 0 {
                asked.push((each.plus(Fen::new(1))?, over));
            }
            Ok(asked)
        }
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
