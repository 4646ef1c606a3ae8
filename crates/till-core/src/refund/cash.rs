//! A refund in cash: out of the drawer into the customer's hand, and done. It needs no machine, for nothing is asked and
//! nothing can be unknown; what it shares with refunds at WeChat are the bounds.

use core::fmt;

use super::RefundRefusal;
use super::left::{Left, LineLeft, Part, RefundLine, Sold, Taken};
use crate::{Fen, Sale, SaleId, State};

/// The name of a refund in cash: the sale's number, and which of its refunds in cash it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CashRefundNo {
    /// The sale whose cash went back.
    pub sale: SaleId,
    /// The sale's first is 1.
    pub nth: u32,
}

/// Cash of a paid sale that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRefund {
    /// Its name.
    pub number: CashRefundNo,
    /// How much.
    pub amount: Fen,
    /// What it was of; empty where it was of an amount.
    pub lines: Vec<RefundLine>,
    /// Whether these pieces were put back on the shelf.
    pub goods_back: bool,
}

/// What may still be given back of the cash that was kept for a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRefundBounds {
    number: CashRefundNo,
    left: Left,
}

/// A refund in cash within its bounds: the only thing that can be written down as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRefundWish(CashRefund);

impl CashRefundBounds {
    /// What may be given back of the cash that a paid sale was made of, less what went back of it before. Of a sale split
    /// over cash and WeChat this is the cash part alone, and only once WeChat has confirmed the rest: until then the sale may
    /// come to nothing, and its cash is given back whole.
    pub fn of(sale: &Sale, sold: &Sold<'_>) -> Result<Self, RefundRefusal> {
        if !sale.is_paid() {
            return Err(RefundRefusal::NotPaid);
        }
        let unconfirmed = |it: &crate::Attempt| matches!(it.state, State::Paid(_)) && !it.is_done();
        if sale.attempts.iter().any(unconfirmed) {
            return Err(RefundRefusal::NotConfirmed);
        }
        let given = Fen::sum(sold.cash_refunds.iter().map(|it| it.amount))?;
        let nth = u32::try_from(sold.cash_refunds.len()).ok();
        let nth = nth.and_then(|count| count.checked_add(1));
        Ok(Self {
            number: CashRefundNo {
                sale: sale.id,
                nth: nth.ok_or(RefundRefusal::TooManyParts)?,
            },
            left: Left::of(sale.cash_kept(), given, sold)?,
        })
    }

    /// Holds a wish against the bounds.
    pub fn wish(&self, part: Part) -> Result<CashRefundWish, RefundRefusal> {
        let Taken {
            amount,
            lines,
            goods_back,
        } = self.left.take(part)?;
        Ok(CashRefundWish(CashRefund {
            number: self.number,
            amount,
            lines,
            goods_back,
        }))
    }

    /// What is left of the cash.
    #[must_use]
    pub fn left(&self) -> Fen {
        self.left.money
    }

    /// What is left of each line.
    #[must_use]
    pub fn lines(&self) -> &[LineLeft] {
        &self.left.lines
    }
}

impl CashRefundWish {
    /// What it will have been, once it is written down.
    #[must_use]
    pub fn refund(&self) -> &CashRefund {
        &self.0
    }
}

impl fmt::Display for CashRefundNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-R{}", self.sale.0, self.nth)
    }
}
