//! Lowering the price of a line in the cart: within the limit of the house alone, past it with a manager's yes. What was
//! asked, by whom and who approved it is in the journal with the cart that it made.

use jiff::Timestamp;
use till_core::{CartError, LineNo, Lowered, PriceWish, Repriced};

use crate::approval::{Act, Credential};
use crate::till::{Refusal, Till, setting};

impl Till {
    /// Asks something else for a line than its list price, or that again. Past the limit of the house a manager's PIN is
    /// looked at; within it nothing has to be shown.
    pub fn reprice(
        &mut self,
        now: Timestamp,
        line: LineNo,
        wish: PriceWish,
        shown: Option<&Credential>,
    ) -> Result<(), Refusal> {
        let limit = self.house.discount_limit;
        let mut cart = self.cart.clone();
        let (done, approved_by) = match cart.reprice(line, wish, limit, None) {
            Ok(done) => (done, None),
            Err(CartError::OverLimit) => {
                let by = self.approve(now, Act::Discount, shown)?.spend(Act::Discount)?;
                (cart.reprice(line, wish, limit, Some(&by))?, Some(by))
            }
            Err(other) => return Err(other.into()),
        };
        let detail = format!("{}; {}", in_words(&done), self.staff.who());
        let what = match done.how {
            None => "list_price_again",
            Some(Lowered::NewPrice) => "price_changed",
            Some(Lowered::AmountOff) => "discounted",
        };
        let written = self.db.write(|tx| {
            tx.settings().set(setting::CART, &cart)?;
            tx.journal().add(now, what, None, None, &detail)?;
            match &approved_by {
                Some(by) => {
                    let detail = format!("{detail}; approved by {by}");
                    tx.journal().add(now, "discount_over_limit", None, None, &detail)
                }
                None => Ok(()),
            }
        });
        self.saved(written)?;
        self.take_cart(cart);
        Ok(())
    }
}

fn in_words(done: &Repriced) -> String {
    let Repriced {
        name,
        pieces,
        list,
        before,
        after,
        ..
    } = done;
    format!("{pieces} × {name}, list {list}: {before} -> {after}")
}
