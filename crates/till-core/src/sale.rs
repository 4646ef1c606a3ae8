//! One sale: what was rung up, the attempts to collect it, and what that means for the stock.

mod cash;

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
    /// Cash taken for it and not given back; never more than the total.
    pub cash: Fen,
    /// Whether its goods are held, sold or given back.
    pub stock: StockHold,
    /// The last is the one on show; none, if cash alone has paid it.
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
    /// The sold goods are only reserved again: what they were sold for was no money of theirs.
    Hold,
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
    /// That is not what is due, nor a part of it.
    #[error("the amount is not what is due, nor a part of it")]
    NotTheRest,
    /// No cash is in the drawer that no sale was made of.
    #[error("there is no cash to give back")]
    NoCash,
}

impl Sale {
    /// A sale with its first attempt, its goods held.
    #[must_use]
    pub fn new(id: SaleId, total: Fen, out_trade_no: OutTradeNo, now: Timestamp, timing: &Timing) -> Self {
        let attempt = Attempt::new(out_trade_no, total, now, timing);
        Self {
            attempts: vec![attempt],
            ..Self::rung_up(id, total)
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
        // Numbers are unique: the input goes to one of them at most.
        let mut input = Some(input);
        let mut attempts: Vec<Attempt> = self
            .attempts
            .into_iter()
            .map(|attempt| {
                let input = input.take_if(|_| attempt.out_trade_no == *out_trade_no);
                match input {
                    Some(input) => attempt.handle(now, timing, input),
                    None => attempt,
                }
            })
            .collect();
        let mut after = Self {
            attempts: Vec::new(),
            ..self
        };
        after.attempts = if after.is_paid_in_cash() {
            let second = |attempt| second_to(attempt, now, timing);
            attempts.into_iter().map(second).collect()
        } else if let Some(first) = paid_before {
            others_are_second(attempts, &first, now, timing)
        } else {
            let rest = after.rest();
            attempts = attempts
                .into_iter()
                .map(|attempt| not_the_rest(attempt, rest))
                .collect();
            match paid_by(&attempts) {
                Some(first) => others_are_second(attempts, &first, now, timing),
                None => attempts,
            }
        };
        let (stock, effects) = stock_after(&after);
        (Self { stock, ..after }, effects)
    }

    /// A new attempt for what is due beside the cash, the old one being final without money, or being closed and watched.
    pub fn pay_again(
        mut self,
        out_trade_no: OutTradeNo,
        now: Timestamp,
        timing: &Timing,
    ) -> Result<(Self, Vec<Effect>), NotNow> {
        self.can_pay_again()?;
        let attempt = Attempt::new(out_trade_no, self.rest(), now, timing);
        self.attempts.push(attempt);
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
        if self.rest() == Fen::ZERO {
            return Err(NotNow::Settled);
        }
        for attempt in &self.attempts {
            if attempt.sold_on_a_word() {
                return Err(NotNow::Settled);
            }
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

/// An order that brought another amount than is due beside the cash: a person decides.
fn not_the_rest(attempt: Attempt, rest: Fen) -> Attempt {
    match attempt.state.paid().cloned() {
        Some(payment) if attempt.total_fee != rest => {
            attempt.review(ReviewReason::RestChanged, Some(payment))
        }
        Some(_) | None => attempt,
    }
}

/// What an attempt becomes when another one of its sale, or cash, has the money.
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

/// Sold when an attempt or cash has paid it, or was sold on a notify's word; given back when every attempt is closed or refused
/// or its money goes back, and no cash is left; held as long as one may be paid or a person must decide.
pub(crate) fn stock_after(sale: &Sale) -> (StockHold, Vec<Effect>) {
    let paid = sale.is_paid();
    let on_a_word = sale.attempts.iter().any(Attempt::sold_on_a_word);
    let over = sale.cash == Fen::ZERO
        && sale.attempts.iter().all(|it| {
            matches!(
                it.state,
                State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. }
            )
        });
    match sale.stock {
        StockHold::Held if paid => (StockHold::Sold, vec![Effect::Sell]),
        StockHold::Held if over => (StockHold::Returned, vec![Effect::GiveBack]),
        StockHold::Sold if !paid && !on_a_word && over => {
            (StockHold::Returned, vec![Effect::Hold, Effect::GiveBack])
        }
        StockHold::Sold if !paid && !on_a_word => (StockHold::Held, vec![Effect::Hold]),
        StockHold::Held | StockHold::Sold | StockHold::Returned => (sale.stock, Vec::new()),
    }
}
