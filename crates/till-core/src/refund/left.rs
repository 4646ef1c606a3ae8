//! What is left to give back of a sale: the money that came one way, and its goods, whichever way their money goes back.
//! Wishes are held against it here, for refunds at WeChat and for those in cash alike.

use serde::{Deserialize, Serialize};

use super::{EarlierRefund, Goods, RefundRefusal};
use crate::{CashRefund, Fen, Line, LineNo, StockHold};

/// Pieces of a line that are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// Which line of the sale.
    pub line: LineNo,
    /// How many pieces of it; never 0.
    pub pieces: u32,
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

/// What was sold by a sale, and what has been given back of it so far.
#[derive(Debug, Clone, Copy)]
pub struct Sold<'a> {
    /// What was rung up.
    pub lines: &'a [Line],
    /// What is true of the goods.
    pub stock: StockHold,
    /// Refunds at WeChat, oldest first.
    pub refunds: &'a [EarlierRefund],
    /// Refunds in cash, oldest first.
    pub cash_refunds: &'a [CashRefund],
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

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) money: Fen,
    pub(super) lines: Vec<LineLeft>,
}

/// A part of what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) amount: Fen,
    pub(super) lines: Vec<RefundLine>,
    pub(super) goods_back: bool,
}

impl Left {
    /// So much came in, so much has gone back or may yet.
    pub(super) fn of(came: Fen, given: Fen, sold: &Sold<'_>) -> Result<Self, RefundRefusal> {
        let money = came.minus(given)?;
        if money <= Fen::ZERO {
            return Err(RefundRefusal::NothingLeft);
        }
        Ok(Self {
            money,
            lines: sold.lines.iter().map(|line| sold.left_of(line)).collect(),
        })
    }

    /// Holds a wish against it.
    pub(super) fn take(&self, part: Part) -> Result<Taken, RefundRefusal> {
        let (amount, lines, goods_back) = match part {
            Part::Whole { goods_back } => (self.money, self.all_pieces(), goods_back),
            Part::Lines { lines, goods_back } => (self.price_of(&lines)?, lines, goods_back),
            Part::Amount(amount) => (amount, Vec::new(), false),
        };
        if goods_back {
            self.check_goods(&lines)?;
        }
        if amount < Fen::new(1) {
            return Err(RefundRefusal::Nothing);
        }
        if amount > self.money {
            return Err(RefundRefusal::MoreThanLeft { left: self.money });
        }
        Ok(Taken {
            amount,
            lines,
            goods_back,
        })
    }

    fn all_pieces(&self) -> Vec<RefundLine> {
        self.lines
            .iter()
            .filter(|it| it.pieces > 0)
            .map(|it| RefundLine {
                line: it.line,
                pieces: it.pieces,
            })
            .collect()
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

    fn check_goods(&self, lines: &[RefundLine]) -> Result<(), RefundRefusal> {
        for wanted in lines {
            if wanted.pieces > self.line(wanted.line)?.goods {
                return Err(RefundRefusal::GoodsNotSold);
            }
        }
        if lines.is_empty() {
            return Err(RefundRefusal::GoodsNotSold);
        }
        Ok(())
    }

    fn line(&self, line: LineNo) -> Result<&LineLeft, RefundRefusal> {
        self.lines
            .iter()
            .find(|it| it.line == line)
            .ok_or(RefundRefusal::NoSuchLine)
    }
}

impl Sold<'_> {
    fn left_of(&self, line: &Line) -> LineLeft {
        let back = |it: &EarlierRefund| match it.refund.goods {
            Goods::Stay => false,
            Goods::Wanted | Goods::Back => true,
        };
        let given = self.pieces_of(line.line, EarlierRefund::counts, |_| true);
        LineLeft {
            line: line.line,
            price: line.price,
            pieces: line.pieces.saturating_sub(given),
            goods: match self.stock {
                StockHold::Sold => {
                    let on_shelf = self.pieces_of(line.line, back, |refund| refund.goods_back);
                    line.pieces.saturating_sub(on_shelf)
                }
                StockHold::Held | StockHold::Returned => 0,
            },
        }
    }

    /// Pieces of a line in the refunds of either kind that are asked for.
    fn pieces_of(
        &self,
        line: LineNo,
        at_wechat: impl Fn(&EarlierRefund) -> bool,
        in_cash: impl Fn(&CashRefund) -> bool,
    ) -> u32 {
        let at_wechat = self.refunds.iter().filter(|it| at_wechat(it));
        let in_cash = self.cash_refunds.iter().filter(|it| in_cash(it));
        at_wechat
            .map(|it| &it.lines)
            .chain(in_cash.map(|it| &it.lines))
            .flatten()
            .filter(|it| it.line == line)
            .fold(0, |sum, it| sum.saturating_add(it.pieces))
    }
}
