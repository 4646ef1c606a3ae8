//! Cash for a sale: taken in whole or in part, and given back when the rest is never paid.
//!
//! An order at WeChat asks for exactly what was due when it was placed. As soon as cash changes what is due, the orders of
//! before ask for a wrong amount: no QR code of theirs is shown any more, and whatever they still bring is for a person.

use jiff::Timestamp;

use super::{Effect, NotNow, Sale, StockHold, stock_after};
use crate::attempt::{Attempt, Input};
use crate::state::{ReviewReason, State};
use crate::{Fen, SaleId, Timing};

impl Sale {
    /// A sale whose goods are held and that nobody has paid for yet. It is to be placed or paid in the same transaction.
    #[must_use]
    pub fn rung_up(id: SaleId, total: Fen) -> Self {
        Self {
            id,
            total,
            cash: Fen::ZERO,
            stock: StockHold::Held,
            attempts: Vec::new(),
        }
    }

    /// What is due beside the cash that was taken.
    #[must_use]
    pub fn rest(&self) -> Fen {
        // Cash is never more than the total, which is within bounds.
        self.total.minus(self.cash).unwrap_or_default()
    }

    /// Cash alone has paid it.
    #[must_use]
    pub fn is_paid_in_cash(&self) -> bool {
        self.cash > Fen::ZERO && self.rest() == Fen::ZERO
    }

    /// Cash in the drawer that no sale was made of: it has to become one, or to be given back.
    #[must_use]
    pub fn cash_in_hand(&self) -> Fen {
        let brought = self.attempts.iter().filter_map(|attempt| match &attempt.state {
            // What a notify alone has told of was sold, and may be confirmed yet.
            State::Paid(payment)
            | State::Review {
                why: ReviewReason::NotConfirmed,
                payment: Some(payment),
            } => Some(payment.total_fee),
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => None,
        });
        let brought = Fen::sum(brought).unwrap_or_default();
        if brought == Fen::ZERO && !self.is_paid_in_cash() {
            return self.cash;
        }
        // A person may have taken a payment over that, with the cash, is more than was due.
        let over = self.cash.plus(brought).and_then(|all| all.minus(self.total));
        over.unwrap_or_default().clamp(Fen::ZERO, self.cash)
    }

    /// Cash that the sale was made of: what was taken and not given back, less what no sale was made of. Refunds of it are not
    /// taken off.
    #[must_use]
    pub fn cash_kept(&self) -> Fen {
        // In hand is never more than the cash.
        self.cash.minus(self.cash_in_hand()).unwrap_or_default()
    }

    /// Whether [`Self::take_cash`] would be allowed.
    pub fn can_take_cash(&self) -> Result<(), NotNow> {
        let settled = self.attempts.iter().any(|attempt| match attempt.state {
            State::Paid(_) | State::Review { .. } => true,
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. } => attempt.sold_on_a_word(),
        });
        if settled || self.rest() == Fen::ZERO {
            Err(NotNow::Settled)
        } else {
            Ok(())
        }
    }

    /// A customer pays what is due, or a part of it, in cash. An order that waits is not wanted any more and is watched:
    /// what it brings from now on is a second payment. After a part the rest has to be asked for by a new order, in the
    /// same transaction.
    pub fn take_cash(
        mut self,
        amount: Fen,
        now: Timestamp,
        timing: &Timing,
    ) -> Result<(Self, Vec<Effect>), NotNow> {
        self.can_take_cash()?;
        if amount <= Fen::ZERO || amount > self.rest() {
            return Err(NotNow::NotTheRest);
        }
        self.cash = self.cash.plus(amount).map_err(|_| NotNow::NotTheRest)?;
        if !self.is_paid_in_cash() {
            self.tell_all(now, timing, &Input::RestChanged);
            return Ok((self, Vec::new()));
        }
        self.tell_all(now, timing, &Input::PaidOtherwise);
        let effects = match self.stock {
            StockHold::Held => vec![Effect::Sell],
            StockHold::Returned => vec![Effect::Reserve, Effect::Sell],
            StockHold::Sold => Vec::new(),
        };
        self.stock = StockHold::Sold;
        Ok((self, effects))
    }

    /// Whether [`Self::give_cash_back`] would be allowed.
    pub fn can_give_cash_back(&self) -> Result<(), NotNow> {
        if self.cash_in_hand() == Fen::ZERO {
            return Err(NotNow::NoCash);
        }
        if self.attempts.iter().any(Attempt::can_cancel) {
            return Err(NotNow::StillWaiting);
        }
        Ok(())
    }

    /// The customer gets back the cash that no sale was made of. Says how much that is. An order that waits has to be
    /// cancelled first; one that is being closed is watched, and what it still brings is for a person.
    pub fn give_cash_back(
        mut self,
        now: Timestamp,
        timing: &Timing,
    ) -> Result<(Self, Fen, Vec<Effect>), NotNow> {
        self.can_give_cash_back()?;
        let amount = self.cash_in_hand();
        self.cash = self.cash.minus(amount).map_err(|_| NotNow::NoCash)?;
        self.tell_all(now, timing, &Input::RestChanged);
        let (stock, effects) = stock_after(&self);
        Ok((Self { stock, ..self }, amount, effects))
    }

    fn tell_all(&mut self, now: Timestamp, timing: &Timing, input: &Input) {
        for attempt in &mut self.attempts {
            *attempt = attempt.clone().handle(now, timing, input.clone());
        }
    }
}
