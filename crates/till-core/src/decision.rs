//! What a person decides about money that contradicts what we know: it is a sale's after all, it goes back, or there is none.

use jiff::Timestamp;

use crate::sale::{others_are_second, stock_after};
use crate::state::State;
use crate::{Attempt, Effect, Fen, Input, NotNow, OutTradeNo, Sale, SaleId, StockHold, Timing};

/// Whether goods that had gone back to the shelf are still there to be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// They are.
    Stocked,
    /// At least one of them is not: the sale is made, and its goods are not counted.
    Empty,
}

impl Sale {
    /// The money in review is this sale's payment after all; it belongs to the day it was paid. A sale that has its money
    /// already is [`NotNow::Settled`]: then [`Self::adopt_apart`] is the way.
    pub fn adopt(
        mut self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
        timing: &Timing,
        shelf: Shelf,
    ) -> Result<(Self, Vec<Effect>), NotNow> {
        if self.is_paid() {
            return Err(NotNow::Settled);
        }
        self.decide(out_trade_no, Attempt::adopt)?;
        self.attempts = others_are_second(self.attempts, out_trade_no, now, timing);
        let (stock, effects) = sold(self.stock, shelf);
        Ok((Self { stock, ..self }, effects))
    }

    /// The customer has paid twice and bought twice: the money in review is the payment of a sale of its own, of the same
    /// goods, under this number. Gives back what is left of this sale, the new one, and what that does to its stock.
    pub fn adopt_apart(
        mut self,
        out_trade_no: &OutTradeNo,
        id: SaleId,
        shelf: Shelf,
    ) -> Result<(Self, Self, Vec<Effect>), NotNow> {
        if !self.is_paid() {
            return Err(NotNow::StillWaiting);
        }
        // A part beside cash is no price of anything.
        let whole = |attempt: &Attempt| attempt.total_fee == self.total;
        if !self.attempt(out_trade_no).is_some_and(whole) {
            return Err(NotNow::NotTheRest);
        }
        self.decide(out_trade_no, Attempt::adopt)?;
        let (own, rest): (Vec<Attempt>, Vec<Attempt>) = self
            .attempts
            .into_iter()
            .partition(|attempt| attempt.out_trade_no == *out_trade_no);
        let (stock, effects) = sold(StockHold::Returned, shelf);
        let apart = Self {
            id,
            total: self.total,
            cash: Fen::ZERO,
            stock,
            attempts: own,
        };
        let rest = Self {
            attempts: rest,
            ..self
        };
        Ok((rest, apart, effects))
    }

    /// The money in review goes back to the customer; the refund is to be saved with it. Goods that were held for it are
    /// free, unless another order of the sale may still be paid.
    pub fn give_back(mut self, out_trade_no: &OutTradeNo) -> Result<(Self, Vec<Effect>), NotNow> {
        self.decide(out_trade_no, Attempt::give_back)?;
        let (stock, effects) = stock_after(&self);
        Ok((Self { stock, ..self }, effects))
    }

    /// No money came, whatever a notify had said: the order is closed at WeChat, and its goods are held until it is. Where the
    /// sale has its money otherwise they stay sold.
    pub fn deny(
        mut self,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
        timing: &Timing,
    ) -> Result<(Self, Vec<Effect>), NotNow> {
        let paid_otherwise = self.is_paid();
        self.decide(out_trade_no, |attempt| {
            let denied = attempt.deny(now, timing)?;
            Some(if paid_otherwise {
                denied.handle(now, timing, Input::PaidOtherwise)
            } else {
                denied
            })
        })?;
        let (stock, effects) = stock_after(&self);
        Ok((Self { stock, ..self }, effects))
    }

    /// The refund that should have given the money back came to nothing: a person decides again.
    #[must_use]
    pub fn undecide(self, out_trade_no: &OutTradeNo) -> Self {
        let reopen = |attempt: Attempt| {
            if attempt.out_trade_no == *out_trade_no {
                attempt.undecide()
            } else {
                attempt
            }
        };
        Self {
            attempts: self.attempts.into_iter().map(reopen).collect(),
            ..self
        }
    }

    /// Some order of it, or cash, has brought the money.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.is_paid_in_cash() || self.attempts.iter().any(|it| matches!(it.state, State::Paid(_)))
    }

    fn decide(
        &mut self,
        out_trade_no: &OutTradeNo,
        decision: impl FnOnce(Attempt) -> Option<Attempt>,
    ) -> Result<(), NotNow> {
        let attempt = self
            .attempts
            .iter_mut()
            .find(|attempt| attempt.out_trade_no == *out_trade_no)
            .ok_or(NotNow::NothingToDecide)?;
        *attempt = decision(attempt.clone()).ok_or(NotNow::NothingToDecide)?;
        Ok(())
    }
}

/// What is true of the goods of a sale that a person has called paid, and what is to be done about them.
fn sold(stock: StockHold, shelf: Shelf) -> (StockHold, Vec<Effect>) {
    match (stock, shelf) {
        (StockHold::Held, _) => (StockHold::Sold, vec![Effect::Sell]),
        (StockHold::Returned, Shelf::Stocked) => (StockHold::Sold, vec![Effect::Reserve, Effect::Sell]),
        (StockHold::Returned, Shelf::Empty) | (StockHold::Sold, _) => (stock, Vec::new()),
    }
}
