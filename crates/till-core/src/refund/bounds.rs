//! What may be given back of a paid order: wishes are held against the bounds here, before anything is saved, and only a
//! wish within them can become a refund.
//!
//! WeChat's own (page of `refund`): the parts are together no more than was paid, at most fifty, at least a minute apart,
//! and within a year of the payment. The shop's own: no piece is given back twice.

use core::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Goods, OutRefundNo, Refund};
use crate::{Fen, Line, LineNo, MoneyError, OutTradeNo, Payment, StockHold};

/// "At most 50 partial refunds."
pub const REFUND_PARTS_MAX: u32 = 50;
/// "At least one minute apart": a minute, and a few seconds for the request's own way.
const PARTS_APART: SignedDuration = SignedDuration::from_secs(65);
/// "Within one year of the payment."
const REFUND_WITHIN: SignedDuration = SignedDuration::from_hours(365 * 24);
/// The currency that a refund without `refund_fee_type` is in.
const CURRENCY: &str = "CNY";

/// Pieces of a line that are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// Which line of the sale.
    pub line: LineNo,
    /// How many pieces of it; never 0.
    pub pieces: u32,
}

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

/// What a person wants to give back. Goods come back only with lines that name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All that is left, money and pieces.
    Whole {
        /// Whether the goods can be sold again.
        goods_back: bool,
    },
    /// Some pieces, at the price they were sold for.
    Lines {
        /// Which.
        lines: Vec<RefundLine>,
        /// Whether they can be sold again.
        goods_back: bool,
    },
    /// An amount.
    Amount(Fen),
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
    left: Fen,
    not_before: Timestamp,
    lines: Vec<LineLeft>,
}

/// What is left of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLeft {
    /// Which line.
    pub line: LineNo,
    /// Price of a piece.
    pub price: Fen,
    /// Pieces whose money was not given back by line.
    pub pieces: u32,
    /// Pieces that can be put back on the shelf.
    pub goods: u32,
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
    fn counts(&self) -> bool {
        self.refund.counts() || self.on_bill
    }
}

impl RefundBounds {
    /// What may be given back of an order that took this payment: of the goods in `lines`, if they were sold, less what
    /// its earlier refunds (all of them, oldest first) have given back or may yet give back.
    pub fn of(
        now: Timestamp,
        out_trade_no: &OutTradeNo,
        payment: &Payment,
        goods: (&[Line], StockHold),
        earlier: &[EarlierRefund],
    ) -> Result<Self, RefundRefusal> {
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
        let left = payment.total_fee.minus(given)?;
        if left <= Fen::ZERO {
            return Err(RefundRefusal::NothingLeft);
        }
        Ok(Self {
            out_trade_no: out_trade_no.clone(),
            nth,
            parts,
            total_fee: payment.total_fee,
            left,
            not_before: next_part(now, earlier),
            lines: lines_left(goods, earlier),
        })
    }

    /// Holds a wish against the bounds.
    pub fn wish(&self, part: Part) -> Result<RefundWish, RefundRefusal> {
        let (refund_fee, lines, goods) = match part {
            Part::Whole { goods_back } => {
                let lines: Vec<RefundLine> = self
                    .lines
                    .iter()
                    .filter(|it| it.pieces > 0)
                    .map(|it| RefundLine {
                        line: it.line,
                        pieces: it.pieces,
                    })
                    .collect();
                let goods = self.goods(&lines, goods_back)?;
                (self.left, lines, goods)
            }
            Part::Lines { lines, goods_back } => {
                let amount = self.price_of(&lines)?;
                let goods = self.goods(&lines, goods_back)?;
                (amount, lines, goods)
            }
            Part::Amount(amount) => (amount, Vec::new(), Goods::Stay),
        };
        if refund_fee < Fen::new(1) {
            return Err(RefundRefusal::Nothing);
        }
        if refund_fee > self.left {
            return Err(RefundRefusal::MoreThanLeft { left: self.left });
        }
        Ok(RefundWish {
            out_refund_no: OutRefundNo::compose(&self.out_trade_no, self.nth),
            out_trade_no: self.out_trade_no.clone(),
            nth: self.nth,
            total_fee: self.total_fee,
            refund_fee,
            lines,
            goods,
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
        self.left
    }

    /// What is left of each line.
    #[must_use]
    pub fn lines(&self) -> &[LineLeft] {
        &self.lines
    }

    /// When the next part may leave.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    fn price_of(&self, lines: &[RefundLine]) -> Result<Fen, RefundRefusal> {
        let mut amount = Fen::ZERO;
        for (nth, wanted) in lines.iter().enumerate() {
            let left = self.line(wanted.line)?;
            if lines[..nth].iter().any(|it| it.line == wanted.line) {
                return Err(RefundRefusal::NoSuchLine);
            }
            if wanted.pieces == 0 {
                return Err(RefundRefusal::Nothing);
            }
            if wanted.pieces > left.pieces {
                return Err(RefundRefusal::MorePiecesThanLeft { left: left.pieces });
            }
            amount = amount.plus(left.price.times(wanted.pieces)?)?;
        }
        Ok(amount)
    }

    fn goods(&self, lines: &[RefundLine], back: bool) -> Result<Goods, RefundRefusal> {
        if !back {
            return Ok(Goods::Stay);
        }
        for wanted in lines {
            if wanted.pieces > self.line(wanted.line)?.goods {
                return Err(RefundRefusal::GoodsNotSold);
            }
        }
        if lines.is_empty() {
            return Err(RefundRefusal::GoodsNotSold);
        }
        Ok(Goods::Wanted)
    }

    fn line(&self, line: LineNo) -> Result<&LineLeft, RefundRefusal> {
        self.lines
            .iter()
            .find(|it| it.line == line)
            .ok_or(RefundRefusal::NoSuchLine)
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

fn lines_left((lines, stock): (&[Line], StockHold), earlier: &[EarlierRefund]) -> Vec<LineLeft> {
    let pieces_of = |line: LineNo, which: &dyn Fn(&EarlierRefund) -> bool| -> u32 {
        earlier
            .iter()
            .filter(|it| which(it))
            .flat_map(|it| &it.lines)
            .filter(|it| it.line == line)
            .fold(0, |sum, it| sum.saturating_add(it.pieces))
    };
    let back = |it: &EarlierRefund| match it.refund.goods {
        Goods::Stay => false,
        Goods::Wanted | Goods::Back => true,
    };
    lines
        .iter()
        .map(|line| LineLeft {
            line: line.line,
            price: line.price,
            pieces: line
                .pieces
                .saturating_sub(pieces_of(line.line, &EarlierRefund::counts)),
            goods: match stock {
                StockHold::Sold => line.pieces.saturating_sub(pieces_of(line.line, &back)),
                StockHold::Held | StockHold::Returned => 0,
            },
        })
        .collect()
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
