//! The customer display: whose order is on it, and when it comes to rest. It never shows one customer another's order.

use jiff::{SignedDuration, Timestamp};
use till_core::{Attempt, OutTradeNo, State};

use crate::cash::CashReceipt;
use crate::qr::LastDrawn;
use crate::snapshot::CustomerStage;
use crate::till::Till;

/// So long a customer is thanked.
const THANKS: SignedDuration = SignedDuration::from_secs(5);
/// Change has to be counted out.
const THANKS_WITH_CHANGE: SignedDuration = SignedDuration::from_secs(30);

/// The payment in the pay view.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) number: OutTradeNo,
    /// Its customer stands at the counter. What a cashier fetches to look at is nobody's business there.
    pub(crate) served: bool,
}

/// What a customer who has just paid sees.
#[derive(Debug)]
pub(crate) struct Thanks {
    stage: CustomerStage,
    until: Timestamp,
}

impl Thanks {
    fn new(now: Timestamp, stays: SignedDuration, stage: CustomerStage) -> Self {
        Self {
            stage,
            until: now.saturating_add(stays).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Till {
    /// Puts a payment before the cashier and its customer; whatever was there makes way.
    pub(crate) fn serve(&mut self, number: OutTradeNo) {
        self.thanks = None;
        self.front = Some(Front { number, served: true });
    }

    /// It is the payment in the pay view.
    pub(crate) fn is_front(&self, number: &OutTradeNo) -> bool {
        self.front.as_ref().is_some_and(|front| front.number == *number)
    }

    /// An order was paid: if its customer stands at the counter, they are told.
    pub(crate) fn thank(&mut self, number: &OutTradeNo, stage: CustomerStage) {
        if let Some(front) = self
            .front
            .as_mut()
            .filter(|front| front.served && front.number == *number)
        {
            front.served = false;
            self.thanks = Some(Thanks::new(self.time, THANKS, stage));
        }
    }

    /// The same for cash, which only somebody at the counter hands over.
    pub(crate) fn thank_for_cash(&mut self, paid: &CashReceipt) {
        let stage = CustomerStage::PaidCash {
            total: paid.total,
            tendered: paid.tendered,
            change: paid.change,
        };
        self.thanks = Some(Thanks::new(paid.at, THANKS_WITH_CHANGE, stage));
    }

    /// Time has passed: what is shown for a while only goes.
    pub fn pass_time(&mut self, now: Timestamp) {
        self.time = self.time.max(now);
        if self.thanks.as_ref().is_some_and(|it| it.until <= self.time) {
            self.thanks = None;
            self.changed();
        }
        for number in self.unseen.take_old(self.time) {
            self.let_go(&number);
            self.changed();
        }
    }

    /// When the customer display has been thanking for long enough.
    #[must_use]
    pub fn thanks_end(&self) -> Option<Timestamp> {
        self.thanks.as_ref().map(|thanks| thanks.until)
    }

    /// What the customer display is at.
    pub(crate) fn stage(&self) -> CustomerStage {
        if let Some(thanks) = &self.thanks {
            return thanks.stage.clone();
        }
        if let Some(due) = self.cash_due() {
            let (total, due) = (due.total, due.due);
            return CustomerStage::Cash { total, due };
        }
        let served = self.front.as_ref().filter(|front| front.served);
        served
            .and_then(|front| self.find(&front.number))
            .and_then(|attempt| stage_of(attempt, self.time, &self.last_drawn))
            .unwrap_or_else(|| self.cart_stage())
    }

    fn cart_stage(&self) -> CustomerStage {
        if self.cart.is_empty() {
            return CustomerStage::Idle;
        }
        CustomerStage::Cart {
            lines: self.cart.lines().to_vec(),
            // A cart keeps its total within bounds.
            total: self.cart.total().unwrap_or_default(),
        }
    }
}

/// What the customer of an order sees of it; `None`: nothing.
fn stage_of(attempt: &Attempt, now: Timestamp, last_drawn: &LastDrawn) -> Option<CustomerStage> {
    let total = attempt.total_fee;
    match &attempt.state {
        State::AwaitingPayment { code_url, .. } if now < attempt.deadline => {
            Some(match last_drawn.draw(code_url) {
                Some(qr) => CustomerStage::Scan {
                    qr,
                    total,
                    out_trade_no: attempt.out_trade_no.to_string(),
                    deadline: attempt.deadline,
                },
                None => CustomerStage::Wait { total },
            })
        }
        // What became of it is between the cashier and the customer; the screen asks for patience.
        State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } | State::Review { .. } => {
            Some(CustomerStage::Wait { total })
        }
        State::Paid(_) | State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. } => None,
    }
}
