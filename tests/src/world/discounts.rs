//! Prices that are lowered at the counters of a simulated day.

use anyhow::Context;
use till_app::approval::Credential;
use till_core::{Fen, PriceWish};

use super::World;

/// One cart of so many is sold below its list prices.
const ONE_OF: usize = 3;

impl World {
    /// Takes an amount off a line of some carts that its pieces seldom share evenly; most are past the limit of the house, and
    /// confirmed. A fen at least is left to pay. Drawn by the visit's number, so that what else is drawn stays as it is.
    pub(super) fn lower_a_price(&mut self, which: usize) -> anyhow::Result<()> {
        if !which.is_multiple_of(ONE_OF) {
            return Ok(());
        }
        let (now, counter) = (self.now, self.visits[which].counter);
        let till = self.till(counter)?;
        let cart = till.snapshot().cart;
        let line = &cart.lines()[which % cart.lines().len()];
        let whole = line.sum()?.get();
        let off = Fen::new(1 + i64::try_from(which)? * 37 % (whole - 1).max(1));
        till.reprice(now, line.line, PriceWish::Off(off), Some(&Credential::Confirmed))
            .context("lowering a price")?;
        self.visits[which].off = off;
        Ok(())
    }
}
