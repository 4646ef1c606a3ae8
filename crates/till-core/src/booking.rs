//! What is on the books about an order, a refund or a sale: the entries that an X or a Z adds up.
//!
//! At any moment a subject has one entry or none. When that changes, the old entry is reversed and the new one written
//! down, so that what was closed in a Z stays as it was, and what comes later is in the next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Attempt, CashRefund, CloseReason, Fen, Refund, RefundState, Sale, State};

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booked {
    /// An order was paid, and that paid its sale or completed it.
    WechatPaid,
    /// The same, late or twice, and taken over as a sale by a person.
    WechatLate,
    /// An order was paid and is no sale's; it goes back by a refund.
    WechatSurplus,
    /// Cash paid a whole sale.
    CashSale,
    /// Cash paid a part of a sale; an order brought the rest.
    CashPart,
    /// Cash of a paid sale was given back out of the drawer.
    CashRefund,
    /// WeChat took a refund on.
    Refund,
    /// WeChat took a refund on and can't finish it: a person hands the money over.
    RefundByHand,
    /// WeChat gave a refund up that it had taken on: the money stayed. Moves nothing.
    RefundClosed,
    /// An order was closed unpaid at its deadline. Moves nothing, as all that follow.
    ClosedAtDeadline,
    /// An order was closed unpaid because the cashier cancelled it.
    ClosedByCancel,
    /// An order was closed unpaid for another reason.
    ClosedOtherwise,
    /// WeChat did not take an order.
    Refused,
}

/// An entry, or the end of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// What it says.
    pub what: Booked,
    /// How much; more than 0.
    pub amount: Fen,
    /// When that was, by WeChat's clock where WeChat has named a time: the day it belongs to.
    pub at: Timestamp,
    /// Takes back an entry that was written down before.
    pub reversed: bool,
}

impl Attempt {
    /// What is on the books about it.
    #[must_use]
    pub fn booked(&self) -> Option<Booking> {
        let (what, amount, at) = match &self.state {
            State::Paid(payment) if self.adopted.is_some() => {
                (Booked::WechatLate, payment.total_fee, payment.time_end)
            }
            State::Paid(payment) => (Booked::WechatPaid, payment.total_fee, payment.time_end),
            State::GivenBack { payment, .. } => (Booked::WechatSurplus, payment.total_fee, payment.time_end),
            State::Closed { why } => (closed(*why), self.total_fee, self.placed_at),
            State::Refused { .. } => (Booked::Refused, self.total_fee, self.placed_at),
            State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } | State::Review { .. } => {
                return None;
            }
        };
        Some(Booking::new(what, amount, at))
    }
}

impl Refund {
    /// What is on the books about it.
    #[must_use]
    pub fn booked(&self) -> Option<Booking> {
        let what = match self.state {
            RefundState::Processing { .. } | RefundState::Refunded { .. } => Booked::Refund,
            RefundState::NeedsPerson { .. } => Booked::RefundByHand,
            RefundState::Closed { .. } => Booked::RefundClosed,
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Refused { .. }
            | RefundState::Withdrawn { .. } => return None,
        };
        let at = self.sent_at.unwrap_or(self.wished_at);
        Some(Booking::new(what, self.refund_fee, at))
    }
}

impl CashRefund {
    /// What is on the books about it, given at this time: that it was given, for ever.
    #[must_use]
    pub fn booked(&self, at: Timestamp) -> Booking {
        Booking::new(Booked::CashRefund, self.amount, at)
    }
}

impl Sale {
    /// What is on the books about its cash, the whole sum having been there at `paid_at`.
    #[must_use]
    pub fn cash_booked(&self, paid_at: Option<Timestamp>) -> Option<Booking> {
        let amount = self.cash_kept();
        let what = if self.is_paid_in_cash() {
            Booked::CashSale
        } else {
            Booked::CashPart
        };
        (amount > Fen::ZERO).then_some(Booking::new(what, amount, paid_at?))
    }
}

impl Booked {
    /// Whether it is about cash.
    #[must_use]
    pub fn is_cash(self) -> bool {
        match self {
            Self::CashSale | Self::CashPart | Self::CashRefund => true,
            Self::WechatPaid
            | Self::WechatLate
            | Self::WechatSurplus
            | Self::Refund
            | Self::RefundByHand
            | Self::RefundClosed
            | Self::ClosedAtDeadline
            | Self::ClosedByCancel
            | Self::ClosedOtherwise
            | Self::Refused => false,
        }
    }
}

impl Booking {
    /// Whether money went out by it.
    #[must_use]
    pub fn goes_out(&self) -> bool {
        match self.what {
            Booked::CashRefund | Booked::Refund | Booked::RefundByHand => true,
            Booked::WechatPaid
            | Booked::WechatLate
            | Booked::WechatSurplus
            | Booked::CashSale
            | Booked::CashPart
            | Booked::RefundClosed
            | Booked::ClosedAtDeadline
            | Booked::ClosedByCancel
            | Booked::ClosedOtherwise
            | Booked::Refused => false,
        }
    }

    /// Whether money came or went by it.
    #[must_use]
    pub fn moves_money(&self) -> bool {
        match self.what {
            Booked::WechatPaid
            | Booked::WechatLate
            | Booked::WechatSurplus
            | Booked::CashSale
            | Booked::CashPart
            | Booked::CashRefund
            | Booked::Refund
            | Booked::RefundByHand => true,
            Booked::RefundClosed
            | Booked::ClosedAtDeadline
            | Booked::ClosedByCancel
            | Booked::ClosedOtherwise
            | Booked::Refused => false,
        }
    }

    /// A new entry.
    #[must_use]
    pub fn new(what: Booked, amount: Fen, at: Timestamp) -> Self {
        Self {
            what,
            amount,
            at,
            reversed: false,
        }
    }
}

fn closed(why: CloseReason) -> Booked {
    match why {
        CloseReason::Deadline => Booked::ClosedAtDeadline,
        CloseReason::Cancelled => Booked::ClosedByCancel,
        CloseReason::PaidOtherwise
        | CloseReason::RestChanged
        | CloseReason::NumberTaken
        | CloseReason::PlacingFailed
        | CloseReason::ClosedAtWechat
        | CloseReason::StateUnknown => Booked::ClosedOtherwise,
    }
}
