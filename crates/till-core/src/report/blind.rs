//! A report for whoever is yet to count the drawer blind.

use crate::{Drawer, Fen, GrandTotals, MoneyError, Report, ShiftLine, Takings, Tally};

impl Report {
    /// The same of WeChat alone, `wechat` being its books without cash: nothing is left that would tell what should be in the
    /// drawer of a shift that goes on.
    pub fn of_wechat_alone(self, wechat: Takings) -> Result<Self, MoneyError> {
        let less = |all: Tally, part: Tally, rest: Tally| -> Result<Tally, MoneyError> {
            Ok(Tally {
                count: all.count - part.count + rest.count,
                sum: all.sum.minus(part.sum)?.plus(rest.sum)?,
            })
        };
        let (totals, all) = (self.totals, &self.takings);
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
            takings: wechat,
            drawer: Drawer {
                taken: Tally::default(),
                given_back: Tally::default(),
                in_hand: Tally::default(),
                shifts: shifts.collect(),
                ..self.drawer
            },
            // Among them are those that cash has paid.
            discounts: Tally::default(),
            items: Vec::new(),
            categories: Vec::new(),
            returned: Vec::new(),
            totals,
            ..self
        })
    }
}
