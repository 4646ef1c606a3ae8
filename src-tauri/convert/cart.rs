//! Carts: from the till's picture to what crosses, and back from what a cashier wants asked.

use till_app::snapshot::HeldCart as Held;
use till_core::{Cart, Fen, Line};

use super::{fen, id, time};
use crate::view::{CartLine, CartView, HeldCart, Lowered, PriceWish, ReductionView};

/// What is rung up.
pub(crate) fn cart(cart: &Cart) -> CartView {
    CartView {
        lines: cart.lines().iter().map(line).collect(),
        pieces: cart.pieces(),
        total_fen: fen(cart.total().unwrap_or_default()),
    }
}

/// A line with what is asked for it.
pub(crate) fn line(line: &Line) -> CartLine {
    CartLine {
        line: line.line.0,
        product_id: id(line.product.0),
        name: line.name.clone(),
        price_fen: fen(line.price),
        quantity: line.pieces,
        sum_fen: fen(line.sum().unwrap_or_default()),
        reduction: line.reduction.as_ref().map(|it| ReductionView {
            list_fen: fen(it.list),
            off_fen: fen(line.off().unwrap_or_default()),
            how: match it.how {
                till_core::Lowered::NewPrice => Lowered::NewPrice,
                till_core::Lowered::AmountOff => Lowered::AmountOff,
            },
            approved_by: it.approved_by.clone(),
        }),
    }
}

/// The same without a name of those who work here.
pub(crate) fn line_for_customer(it: &Line) -> CartLine {
    let line = line(it);
    CartLine {
        reduction: line.reduction.map(|reduction| ReductionView {
            approved_by: None,
            ..reduction
        }),
        ..line
    }
}

/// What is to be asked for a line.
pub(crate) fn price_wish(wish: PriceWish) -> till_core::PriceWish {
    let amount = |fen: u32| Fen::new(i64::from(fen));
    match wish {
        PriceWish::List => till_core::PriceWish::List,
        PriceWish::Each { price_fen } => till_core::PriceWish::Each(amount(price_fen)),
        PriceWish::Off { off_fen } => till_core::PriceWish::Off(amount(off_fen)),
    }
}

/// A cart that lies aside.
pub(crate) fn held(held: &Held) -> HeldCart {
    HeldCart {
        id: id(held.id),
        held_at: time(held.held_at),
        pieces: held.cart.pieces(),
        total_fen: fen(held.cart.total().unwrap_or_default()),
        first: held
            .cart
            .lines()
            .first()
            .map(|line| line.name.clone())
            .unwrap_or_default(),
    }
}
