//! Prices that are lowered at the counters of a simulated day.

use anyhow::Context;
use till_app::approval::{Act, Credential};
use till_core::{Fen, LineNo, PriceWish};

use super::World;
use crate::people::MANAGER;

/// One cart of so many is sold below its list prices.
const ONE_OF: usize = 3;

impl World {
    /// Takes an amount off a line of some carts that its pieces seldom share evenly; most are past the limit of the house, and
    /// approved where somebody can. A fen at least is left to pay. Drawn by the visit's number, so that what else is drawn
    /// stays as it is.
    pub(super) fn lower_a_price(&mut self, which: usize) -> anyhow::Result<()> {
        if !which.is_multiple_of(ONE_OF) {
            return Ok(());
        }
        let counter = self.visits[which].counter;
        let now = self.clock(counter);
        let till = self.till(counter)?;
        let cart = till.snapshot().cart;
        let line = &cart.lines()[which % cart.lines().len()];
        let whole = line.sum()?.get();
        let off = Fen::new(1 + i64::try_from(which)? * 37 % (whole - 1).max(1));
        let (line, wish) = (line.line, PriceWish::Off(off));
        let alone = till.reprice(now, line, wish, None);
        let lowered = match alone {
            Ok(()) => true,
            refused if self.wants_manager(counter, &refused) => self.lower_approved(counter, line, wish)?,
            Err(other) => return Err(other).context("lowering a price"),
        };
        if lowered {
            self.visits[which].off = off;
        }
        Ok(())
    }

    /// `false`: the manager's door is shut.
    fn lower_approved(&mut self, counter: usize, line: LineNo, wish: PriceWish) -> anyhow::Result<bool> {
        if self.desks[counter].staff.staffed {
            let entered = self.enter(counter, MANAGER, true, |till, now, pin| {
                let manager = MANAGER.id;
                till.reprice(now, line, wish, Some(&Credential::Pin { manager, pin }))
            })?;
            let Some(lowered) = entered else {
                return Ok(false);
            };
            lowered.context("a manager's PIN lowers a price")?;
            self.tally.desk.overrides += 1;
        } else {
            let now = self.clock(counter);
            self.till(counter)?
                .reprice(now, line, wish, Some(&Credential::Confirmed))
                .context("confirmed, a price is lowered")?;
        }
        self.desks[counter].staff.approved(Act::Discount);
        Ok(true)
    }
}
