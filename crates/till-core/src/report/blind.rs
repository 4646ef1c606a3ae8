//! A report for whoever is yet to count the drawer blind: what is shown, and what is not.
//!
//! The rule: **nothing of it would be another figure if other cash had come or gone.** So no sum of it, and no difference of
//! two, leads to what should be in the drawer.
//!
//! Shown are WeChat's books; the goods, discounts and returns of sales that no cash has touched; what never became a sale; what
//! was put in and taken out by name, and the float, which whoever counts has had in hand; and how often something was out of
//! the ordinary. Left out are
//!
//! - cash taken, given back, in hand and refunded, and what is expected;
//! - sums over both ways of paying (sold, refunded, net, at list prices, grand totals): less WeChat's they are the cash;
//! - goods and returns of sales that cash paid, wholly or in part: less what WeChat was paid, a sale's goods are its cash;
//! - discounts of such sales: where a house takes a tenth off everything, they are a tenth of what was asked; and how many,
//!   where all cost the same.

use crate::{Drawer, Fen, GrandTotals, ItemLine, MoneyError, Report, ShiftLine, Takings, Tally};

/// The part of a stretch of the ledger that no cash has touched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WithoutCash {
    /// The books without cash.
    pub takings: Takings,
    /// Lines sold below their list price, of sales that WeChat alone has paid.
    pub discounts: Tally,
    /// Items sold in them.
    pub items: Vec<ItemLine>,
    /// Items that came back of them.
    pub returned: Vec<ItemLine>,
}

impl Report {
    /// The same without all that hangs on cash.
    pub fn of_wechat_alone(self, rest: WithoutCash) -> Result<Self, MoneyError> {
        let less = |all: Tally, part: Tally, rest: Tally| -> Result<Tally, MoneyError> {
            Ok(Tally {
                count: all.count - part.count + rest.count,
                sum: all.sum.minus(part.sum)?.plus(rest.sum)?,
            })
        };
        let (totals, all, wechat) = (self.totals, &self.takings, &rest.takings);
        let totals = GrandTotals {
            sold: less(totals.sold, all.sold()?, wechat.sold()?)?,
            refunded: less(totals.refunded, all.refunded()?, wechat.refunded()?)?,
            net: totals.net.minus(all.net()?)?.plus(wechat.net()?)?,
        };
        let shifts = self.drawer.shifts.into_iter().map(|line| match line.counted {
            Some(_) => line,
            None => ShiftLine {
                expected: Fen::ZERO,
                ..line
            },
        });
        Ok(Self {
            takings: rest.takings,
            drawer: Drawer {
                taken: Tally::default(),
                given_back: Tally::default(),
                in_hand: Tally::default(),
                shifts: shifts.collect(),
                ..self.drawer
            },
            discounts: rest.discounts,
            categories: super::categories(&rest.items)?,
            items: super::best_first(rest.items),
            returned: super::best_first(rest.returned),
            totals,
            ..self
        })
    }
}
