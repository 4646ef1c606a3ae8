//! What may be given back of a paid order: wishes are held against the bounds here, before anything is saved, and only a
//! wish within them can become a refund.
//!
//! WeChat's own (page of `refund`): the parts are together no more than was paid, at most fifty, at least a minute apart,
//! and within a year of the payment. The shop's own: no piece is given back twice.

use core::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::left::{Left, LineLeft, Part, RefundLine, Sold, Taken};
use super::{Goods, OutRefundNo, Refund};
use crate::{Fen, MoneyError, OutTradeNo, Payment};

/// "At most 50 partial refunds."
pub const REFUND_PARTS_MAX: u32 = 50;
/// "At least one minute apart": a minute, and a few seconds for the request's own way.
const PARTS_APART: SignedDuration = SignedDuration::from_secs(65);
/// "Within one year of the payment."
const REFUND_WITHIN: SignedDuration = SignedDuration::from_hours(365 * 24);
/// The currency that a refund without `refund_fee_type` is in.
const CURRENCY: &str = "CNY";

/// A refund of the order from before, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRefund {
    /// The refund.
    pub refund: Refund,
    /// What it was of; empty where it was of an amount.
    pub lines: Vec<RefundLine>,
    /// WeChat's bill has it as taken, whatever is known of it here.
    pub on_bill: bool,
}

/// What the customer and the journal read: 1 to 80 bytes (WeChat's limit of `refund_desc`), no blanks at the ends, no
/// control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefundReason(String);

/// Why a wish is refused; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RefundRefusal {
    /// No money was taken by this order, or a person has to decide first.
    #[error("the order is not paid")]
    NotPaid,
    /// A notify alone has told of the payment that made the sale.
    #[error("the payment is not confirmed yet")]
    NotConfirmed,
    /// The customer paid in another currency.
    #[error("the order was paid in another currency")]
    OtherCurrency,
    /// More than a year ago.
    #[error("the payment is more than a year old")]
    TooLate,
    /// Fifty parts, or everything.
    #[error("the order has had {REFUND_PARTS_MAX} refunds")]
    TooManyParts,
    /// WeChat has not yet said whether it takes an earlier one.
    #[error("an earlier refund of the order is still under way to WeChat")]
    EarlierUnderWay,
    /// All of it was given back.
    #[error("nothing is left to give back")]
    NothingLeft,
    /// No money, or no pieces.
    #[error("a refund is of 0.01 yuan or more")]
    Nothing,
    /// More money than is left of the payment.
    #[error("only {left} yuan are left to give back")]
    MoreThanLeft {
        /// So much is left.
        left: Fen,
    },
    /// The sale has no such line, or it was named twice.
    #[error("no such line, or named twice")]
    NoSuchLine,
    /// More pieces than are left of the line.
    #[error("only {left} pieces are left of the line")]
    MorePiecesThanLeft {
        /// So many are left.
        left: u32,
    },
    /// The goods were never taken off the shelf, or are back on it.
    #[error("these goods can't be put back")]
    GoodsNotSold,
    /// No reason, or too long a one.
    #[error("a reason has 1 to 80 bytes (26 Chinese characters)")]
    Reason,
    /// The ledger's own figures make no sense.
    #[error("the ledger's figures are out of range")]
    OutOfRange,
}

/// What may still be given back of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundBounds {
    out_trade_no: OutTradeNo,
    nth: u32,
    parts: u32,
    total_fee: Fen,
    left: Left,
    not_before: Timestamp,
}

/// A refund within its bounds: the only thing that a [`Refund`] can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWish {
    out_refund_no: OutRefundNo,
    out_trade_no: OutTradeNo,
    nth: u32,
    total_fee: Fen,
    refund_fee: Fen,
    lines: Vec<RefundLine>,
    goods: Goods,
    not_before: Timestamp,
}

impl From<MoneyError> for RefundRefusal {
    fn from(_: MoneyError) -> Self {
        Self::OutOfRange
    }
}

impl EarlierRefund {
    /// Takes up a part of the order's money: it was given back, or may yet be, or the bill says so.
    pub(super) fn counts(&self) -> bool {
        self.refund.counts() || self.on_bill
    }
}

impl RefundBounds {
    /// What may be given back of an order that took this payment: of what was sold, less what its refunds at WeChat (all of
    /// them) and those of its sale in cash have given back or may yet give back.
    pub fn of(
        now: Timestamp,
        out_trade_no: &OutTradeNo,
        payment: &Payment,
        sold: &Sold<'_>,
    ) -> Result<Self, RefundRefusal> {
        let earlier = sold.refunds;
        if payment.fee_type != CURRENCY {
            return Err(RefundRefusal::OtherCurrency);
        }
        if now.duration_since(payment.time_end) > REFUND_WITHIN {
            return Err(RefundRefusal::TooLate);
        }
        let nth = u32::try_from(earlier.len()).map_err(|_| RefundRefusal::TooManyParts)? + 1;
        let parts = earlier
            .iter()
            .filter(|it| it.refund.sent_at.is_some() || it.counts())
            .count();
        let parts = u32::try_from(parts).map_err(|_| RefundRefusal::TooManyParts)?;
        if parts >= REFUND_PARTS_MAX {
            return Err(RefundRefusal::TooManyParts);
        }
        if earlier.iter().any(|it| it.refund.under_way()) {
            return Err(RefundRefusal::EarlierUnderWay);
        }
        let counted = earlier.iter().filter(|it| it.counts());
        let given = Fen::sum(counted.map(|it| it.refund.refund_fee))?;
        Ok(Self {
            out_trade_no: out_trade_no.clone(),
            nth,
            parts,
            total_fee: payment.total_fee,
            left: Left::of(payment.total_fee, given, sold)?,
            not_before: next_part(now, earlier),
        })
    }

    /// Holds a wish against the bounds.
    pub fn wish(&self, part: Part) -> Result<RefundWish, RefundRefusal> {
        let Taken {
            amount,
            lines,
            goods_back,
        } = self.left.take(part)?;
        Ok(RefundWish {
            out_refund_no: OutRefundNo::compose(&self.out_trade_no, self.nth),
            out_trade_no: self.out_trade_no.clone(),
            nth: self.nth,
            total_fee: self.total_fee,
            refund_fee: amount,
            lines,
            goods: if goods_back { Goods::Wanted } else { Goods::Stay },
            not_before: self.not_before,
        })
    }

    /// How many parts WeChat has had, or may have had.
    #[must_use]
    pub fn parts(&self) -> u32 {
        self.parts
    }

    /// What is left of the payment.
    #[must_use]
    pub fn left(&self) -> Fen {
        self.left.money
    }

    /// What is left of each line.
    #[must_use]
    pub fn lines(&self) -> &[LineLeft] {
        &self.left.lines
    }

    /// When the next part may leave.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }
}

/// When a request about an order may leave next: a minute after the last one that may have reached WeChat.
#[must_use]
pub fn next_part(now: Timestamp, earlier: &[EarlierRefund]) -> Timestamp {
    let last = earlier.iter().filter_map(|it| it.refund.sent_at).max();
    // A clock that was turned back must not put it off for days.
    let last = last.map(|at| at.min(now));
    last.and_then(|at| at.saturating_add(PARTS_APART).ok())
        .map_or(now, |at| at.max(now))
}

impl RefundWish {
    /// Its number.
    #[must_use]
    pub fn out_refund_no(&self) -> &OutRefundNo {
        &self.out_refund_no
    }

    /// The order's number.
    #[must_use]
    pub fn out_trade_no(&self) -> &OutTradeNo {
        &self.out_trade_no
    }

    /// Which of the order's refunds it is, from 1 on.
    #[must_use]
    pub fn nth(&self) -> u32 {
        self.nth
    }

    /// What the order was paid.
    #[must_use]
    pub fn total_fee(&self) -> Fen {
        self.total_fee
    }

    /// What goes back.
    #[must_use]
    pub fn refund_fee(&self) -> Fen {
        self.refund_fee
    }

    /// What it is of; empty where it is of an amount.
    #[must_use]
    pub fn lines(&self) -> &[RefundLine] {
        &self.lines
    }

    /// What is to become of the goods.
    #[must_use]
    pub fn goods(&self) -> Goods {
        self.goods
    }

    /// When it may leave.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }
}

impl RefundReason {
    /// Reads a reason as a person wrote it; blanks at the ends are left out.
    pub fn parse(text: &str) -> Result<Self, RefundRefusal> {
        let text = text.trim();
        let good = (1..=80).contains(&text.len()) && !text.chars().any(char::is_control);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(RefundRefusal::Reason)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RefundReason {
    type Error = RefundRefusal;

    fn try_from(text: String) -> Result<Self, RefundRefusal> {
        Self::parse(&text)
    }
}

impl From<RefundReason> for String {
    fn from(reason: RefundReason) -> Self {
        reason.0
    }
}
