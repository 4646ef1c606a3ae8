//! One sale: what was rung up, the attempts to collect it, and what that means for the stock.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::attempt::{Attempt, Input};
use crate::state::{CloseReason, ReviewReason, State};
use crate::{Fen, OutTradeNo, Timing};

/// Number of a sale in this till's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaleId(pub i64);

/// A sale and its attempts, oldest first. The lines are kept in the ledger: the machine does not need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Number in the ledger.
    pub id: SaleId,
    /// What the customer owes.
    pub total: Fen,
    /// Whether its goods are held, sold or given back.
    pub stock: StockHold,
    /// At least one; the last is the one on show.
    pub attempts: Vec<Attempt>,
}

/// What is true of a sale's goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockHold {
    /// Reserved: nobody else can have them.
    Held,
    /// Sold.
    Sold,
    /// Given back; or, of a late payment that was taken over, none were left to sell.
    Returned,
}

/// What has to be done to the stock, in the same transaction that saves the sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reserve the goods again.
    Reserve,
    /// The reserved goods are sold.
    Sell,
    /// The reserved goods are free again.
    GiveBack,
}

/// The sale does not allow that now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotNow {
    /// Money was taken for this sale already, or a person has to look at it first.
    #[error("the sale has been paid or waits for a decision")]
    Settled,
    /// The last attempt is still on show.
    #[error("the last attempt of the sale is still waiting for its payment")]
    StillWaiting,
    /// No money of this order waits for a decision.
    #[error("no money of this order waits for a decision")]
    NothingToDecide,
}

impl Sale {
    /// A sale with its first attempt, its goods held.
    #[must_use]
    pub fn new(id: SaleId, total: Fen, out_trade_no: OutTradeNo, now: Timestamp, timing: &Timing) -> Self {
        let attempt = Attempt::new(out_trade_no, total, now, timing);
        Self {
            id,
            total,
            stock: StockHold::Held,
            attempts: vec![attempt],
        }
    }

    /// The attempt with this number.
    #[must_use]
    pub fn attempt(&self, out_trade_no: &OutTradeNo) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.out_trade_no == *out_trade_no)
    }

    /// Nothing is left to ask about any attempt.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.attempts.iter().all(Attempt::is_final)
    }

    /// Feeds an input to one attempt and settles what it means for the others and for the stock. An unknown number
    /// changes nothing.
    #[must_use]
    pub fn handle(
        self,
        now: Timestamp,
        timing: &Timing,
        out_trade_no: &OutTradeNo,
        input: Input,
    ) -> (Self, Vec<Effect>) {
        let paid_by = |attempts: &[Attempt]| {
            attempts
                .iter()
                .find(|it| matches!(it.state, State::Paid(_)))
                .map(|it| it.out_trade_no.clone())
        };
        let paid_before = paid_by(&self.attempts);
        let mut attempts: Vec<Attempt> = self.attempts;
        for attempt in &mut attempts {
            if attempt.out_trade_no == *out_trade_no {
                *attempt = attempt.clone().handle(now, timing, input.clone());
            }
        }
        if let Some(first) = paid_before.or_else(|| paid_by(&attempts)) {
            attempts = others_are_second(attempts, &first, now, timing);
        }
        let (stock, effects) = stock_after(self.stock, &attempts);
        (
            Self {
                attempts,
                stock,
                ..self
            },
            effects,
        )
    }

    /// A new attempt, the old one being final without money, or being closed and watched.
    pub fn pay_again(
        mut self,
        out_trade_no: OutTradeNo,
        now: Timestamp,
        timing: &Timing,
    ) -> Result<(Self, Vec<Effect>), NotNow> {
        self.can_pay_again()?;
        self.attempts
            .push(Attempt::new(out_trade_no, self.total, now, timing));
        match self.stock {
            StockHold::Returned => {
                self.stock = StockHold::Held;
                Ok((self, vec![Effect::Reserve]))
            }
            StockHold::Held | StockHold::Sold => Ok((self, Vec::new())),
        }
    }

    /// Whether [`Self::pay_again`] would be allowed.
    pub fn can_pay_again(&self) -> Result<(), NotNow> {
        for attempt in &self.attempts {
            match attempt.state {
                State::Paid(_) | State::Review { .. } => return Err(NotNow::Settled),
                State::Placing | State::AwaitingPayment { .. } => return Err(NotNow::StillWaiting),
                State::Closing { .. }
                | State::Closed { .. }
                | State::Refused { .. }
                | State::GivenBack { .. } => {}
            }
        }
        Ok(())
    }
}

/// The sale has its money by this order: the others are second to it.
pub(crate) fn others_are_second(
    attempts: Vec<Attempt>,
    first: &OutTradeNo,
    now: Timestamp,
    timing: &Timing,
) -> Vec<Attempt> {
    let second = |attempt: Attempt| {
        if attempt.out_trade_no == *first {
            attempt
        } else {
            second_to(attempt, now, timing)
        }
    };
    attempts.into_iter().map(second).collect()
}

/// What an attempt becomes when another one of its sale has the money.
fn second_to(attempt: Attempt, now: Timestamp, timing: &Timing) -> Attempt {
    match attempt.state.clone() {
        State::Paid(payment) => attempt.review(ReviewReason::PaidTwice, Some(payment)),
        State::Closing {
            why: CloseReason::PaidOtherwise,
            ..
        } => attempt,
        State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => {
            attempt.handle(now, timing, Input::PaidOtherwise)
        }
        State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. } | State::Review { .. } => {
            attempt
        }
    }
}

/// Sold when an attempt is paid; given back when every attempt is closed or refused or its money goes back; held as long as
/// one may be paid or a person must decide.
pub(crate) fn stock_after(stock: StockHold, attempts: &[Attempt]) -> (StockHold, Vec<Effect>) {
    let paid = attempts.iter().any(|it| matches!(it.state, State::Paid(_)));
    let over = attempts.iter().all(|it| {
        matches!(
            it.state,
            State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. }
        )
    });
    match stock {
        StockHold::Held if paid => (StockHold::Sold, vec![Effect::Sell]),
        StockHold::Held if over => (StockHold::Returned, vec![Effect::GiveBack]),
        StockHold::Held | StockHold::Sold | StockHold::Returned => (stock, Vec::new()),
    }
}
