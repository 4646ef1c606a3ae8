//! The figures of a business day, computed from the ledger's rows by one function.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{Calendar, CloseReason, Fen, MoneyError, Refund, RefundState, ReviewReason};

/// One order of the ledger, as much of it as a day needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// What WeChat was asked for; what it took, once it has.
    pub total_fee: Fen,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What became of it.
    pub standing: Standing,
}

/// What became of an order, as much as a day needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Paid at this time; belongs to the day it was paid.
    Paid(Timestamp),
    /// Paid at this time, late or twice, and taken over as a sale by a person; belongs to the day it was paid.
    Adopted(Timestamp),
    /// Money taken at this time that is no sale's: it goes back by a refund.
    GivenBack(Timestamp),
    /// Not settled yet.
    Waiting,
    /// Closed unpaid.
    Closed(CloseReason),
    /// Never placed.
    Refused,
    /// Waits for a person.
    Review(ReviewReason),
}

/// One refund of the ledger, as much of it as a day needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRefund {
    /// What goes back.
    pub refund_fee: Fen,
    /// When WeChat took it; when it was wished, as long as WeChat has not.
    pub at: Timestamp,
    /// What became of it.
    pub standing: RefundDayStanding,
}

/// What became of a refund, as much as a day needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundDayStanding {
    /// WeChat has taken it: the money is with the customer or on its way.
    Given,
    /// WeChat has taken it and can't finish it: a person has to hand the money over, or has done so.
    ByHand,
    /// WeChat had taken it and has given it up: the money stayed.
    Closed,
    /// WeChat does not have it yet, or has refused it so far.
    Waiting,
    /// Given up before WeChat had it.
    Withdrawn,
}

/// Cash of the ledger, as much of it as a day needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCash {
    /// How much; never 0.
    pub amount: Fen,
    /// Of a sale, when the whole sum was there; of a refund, when it was handed over.
    pub at: Timestamp,
    /// What it was.
    pub what: DayCashKind,
}

/// What cash of a day was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayCashKind {
    /// All of a sale.
    Sale,
    /// A part of a sale; the rest came by WeChat.
    PartOfSale,
    /// Handed back for a sale that had been paid.
    Refund,
}

/// How many and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CountAndSum {
    /// How many.
    pub count: u32,
    /// How much.
    pub sum: Fen,
}

/// One hour of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// As the wall clock shows it; comes twice when the clocks go back.
    pub hour: i8,
    /// What was paid in it.
    pub paid: CountAndSum,
}

/// The figures of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFigures {
    /// Which day.
    pub day: Date,
    /// Sales paid on this day, whenever rung up and whichever way.
    pub paid: CountAndSum,
    /// Of that, what came by WeChat, and in how many orders.
    pub wechat: CountAndSum,
    /// Of that, what came in cash, and in how many sales. A split sale counts here and there, and once among the sales.
    pub cash: CountAndSum,
    /// Handed back in cash on this day, for whichever sale.
    pub cash_refunded: CountAndSum,
    /// Of the orders, late or double payments that a person took over as sales.
    pub adopted: CountAndSum,
    /// Taken on this day besides, and no sale's: goes back by a refund, on the day of that.
    pub given_back: CountAndSum,
    /// Refunds that WeChat took on this day, whenever the order was paid and wherever the money is by now.
    pub refunded: CountAndSum,
    /// Of these, money that a person has to see to, or had to.
    pub refunds_by_hand: CountAndSum,
    /// Refunds that WeChat took on this day and gave up: the money stayed.
    pub refunds_closed: CountAndSum,
    /// Refunds wished on this day that WeChat has not taken: on their way, or refused and not given up.
    pub refunds_waiting: CountAndSum,
    /// Placed on this day and closed at the deadline.
    pub closed_by_deadline: CountAndSum,
    /// Placed on this day and cancelled.
    pub closed_by_cancel: CountAndSum,
    /// Placed on this day and closed for another reason.
    pub closed_otherwise: CountAndSum,
    /// Placed on this day and refused by WeChat.
    pub refused: CountAndSum,
    /// Placed on this day and not settled.
    pub waiting: CountAndSum,
    /// Placed on this day and waiting for a person.
    pub review: CountAndSum,
    /// What was paid by hour; 24 rows, 23 or 25 when the clocks change.
    pub hours: Vec<Hour>,
}

impl CountAndSum {
    pub(crate) fn add(&mut self, amount: Fen) -> Result<(), MoneyError> {
        self.count = self.count.checked_add(1).ok_or(MoneyError::OutOfRange)?;
        self.sum = self.sum.plus(amount)?;
        Ok(())
    }
}

impl DayFigures {
    /// Computes a day. Rows of other days are passed over, so that a caller may hand in too many but never too few.
    pub fn compute(
        day: Date,
        calendar: &Calendar,
        rows: impl IntoIterator<Item = DayRow>,
        refunds: impl IntoIterator<Item = DayRefund>,
        cash: impl IntoIterator<Item = DayCash>,
    ) -> Result<Self, MoneyError> {
        let (start, end) = calendar.bounds(day).ok_or(MoneyError::OutOfRange)?;
        let mut figures = Self {
            day,
            paid: CountAndSum::default(),
            wechat: CountAndSum::default(),
            cash: CountAndSum::default(),
            cash_refunded: CountAndSum::default(),
            adopted: CountAndSum::default(),
            given_back: CountAndSum::default(),
            refunded: CountAndSum::default(),
            refunds_by_hand: CountAndSum::default(),
            refunds_closed: CountAndSum::default(),
            refunds_waiting: CountAndSum::default(),
            closed_by_deadline: CountAndSum::default(),
            closed_by_cancel: CountAndSum::default(),
            closed_otherwise: CountAndSum::default(),
            refused: CountAndSum::default(),
            waiting: CountAndSum::default(),
            review: CountAndSum::default(),
            hours: hours(start, end, calendar),
        };
        for row in rows {
            figures.add(&row, start, end)?;
        }
        for refund in refunds {
            if start <= refund.at && refund.at < end {
                figures.add_refund(&refund)?;
            }
        }
        for it in cash {
            if start <= it.at && it.at < end {
                figures.add_cash(&it, Calendar::hour_of(start, it.at))?;
            }
        }
        Ok(figures)
    }

    /// What the day brought: taken, less what went back. Below zero on a day of refunds.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        let taken = self.paid.sum.plus(self.given_back.sum)?;
        taken.minus(self.refunded.sum)?.minus(self.cash_refunded.sum)
    }

    fn add(&mut self, row: &DayRow, start: Timestamp, end: Timestamp) -> Result<(), MoneyError> {
        let at = match row.standing {
            Standing::Paid(at) | Standing::Adopted(at) | Standing::GivenBack(at) => at,
            Standing::Waiting | Standing::Closed(_) | Standing::Refused | Standing::Review(_) => {
                row.placed_at
            }
        };
        if at < start || at >= end {
            return Ok(());
        }
        match row.standing {
            Standing::Paid(at) => self.add_order(row.total_fee, Calendar::hour_of(start, at)),
            Standing::Adopted(at) => {
                self.adopted.add(row.total_fee)?;
                self.add_order(row.total_fee, Calendar::hour_of(start, at))
            }
            Standing::GivenBack(_) => self.given_back.add(row.total_fee),
            Standing::Closed(CloseReason::Deadline) => self.closed_by_deadline.add(row.total_fee),
            Standing::Closed(CloseReason::Cancelled) => self.closed_by_cancel.add(row.total_fee),
            Standing::Closed(
                CloseReason::PaidOtherwise
                | CloseReason::RestChanged
                | CloseReason::NumberTaken
                | CloseReason::PlacingFailed
                | CloseReason::ClosedAtWechat
                | CloseReason::StateUnknown,
            ) => self.closed_otherwise.add(row.total_fee),
            Standing::Refused => self.refused.add(row.total_fee),
            Standing::Waiting => self.waiting.add(row.total_fee),
            Standing::Review(_) => self.review.add(row.total_fee),
        }
    }

    /// A sale that an order has paid, or completed.
    fn add_order(&mut self, amount: Fen, hour: usize) -> Result<(), MoneyError> {
        self.wechat.add(amount)?;
        self.add_paid(amount, hour)
    }

    fn add_cash(&mut self, it: &DayCash, hour: usize) -> Result<(), MoneyError> {
        match it.what {
            DayCashKind::Sale => {
                self.cash.add(it.amount)?;
                self.add_paid(it.amount, hour)
            }
            // The order that brought the rest counts the sale.
            DayCashKind::PartOfSale => {
                self.cash.add(it.amount)?;
                self.paid.sum = self.paid.sum.plus(it.amount)?;
                if let Some(hour) = self.hours.get_mut(hour) {
                    hour.paid.sum = hour.paid.sum.plus(it.amount)?;
                }
                Ok(())
            }
            DayCashKind::Refund => self.cash_refunded.add(it.amount),
        }
    }

    fn add_paid(&mut self, amount: Fen, hour: usize) -> Result<(), MoneyError> {
        if let Some(hour) = self.hours.get_mut(hour) {
            hour.paid.add(amount)?;
        }
        self.paid.add(amount)
    }

    fn add_refund(&mut self, refund: &DayRefund) -> Result<(), MoneyError> {
        match refund.standing {
            RefundDayStanding::Given => self.refunded.add(refund.refund_fee),
            RefundDayStanding::ByHand => {
                self.refunds_by_hand.add(refund.refund_fee)?;
                self.refunded.add(refund.refund_fee)
            }
            RefundDayStanding::Closed => self.refunds_closed.add(refund.refund_fee),
            RefundDayStanding::Waiting => self.refunds_waiting.add(refund.refund_fee),
            RefundDayStanding::Withdrawn => Ok(()),
        }
    }
}

impl From<&Refund> for DayRefund {
    fn from(refund: &Refund) -> Self {
        let taken_at = refund.sent_at.unwrap_or(refund.wished_at);
        let (at, standing) = match refund.state {
            RefundState::Processing { .. } | RefundState::Refunded { .. } => {
                (taken_at, RefundDayStanding::Given)
            }
            RefundState::NeedsPerson { .. } => (taken_at, RefundDayStanding::ByHand),
            RefundState::Closed { .. } => (taken_at, RefundDayStanding::Closed),
            RefundState::Waiting | RefundState::Sending | RefundState::Refused { .. } => {
                (refund.wished_at, RefundDayStanding::Waiting)
            }
            RefundState::Withdrawn { .. } => (refund.wished_at, RefundDayStanding::Withdrawn),
        };
        Self {
            refund_fee: refund.refund_fee,
            at,
            standing,
        }
    }
}

fn hours(start: Timestamp, end: Timestamp, calendar: &Calendar) -> Vec<Hour> {
    let count = end.duration_since(start).as_hours();
    (0..count)
        .filter_map(|hour| start.checked_add(hour.hours()).ok())
        .map(|at| Hour {
            hour: at.to_zoned(calendar.zone().clone()).hour(),
            paid: CountAndSum::default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    fn days(zone: &str) -> Calendar {
        Calendar::midnight(TimeZone::get(zone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn paid(fen: i64, when: &str) -> DayRow {
        DayRow {
            total_fee: Fen::new(fen),
            placed_at: at(when),
            standing: Standing::Paid(at(when)),
        }
    }

    #[test]
    fn fault_15_a_sale_belongs_to_the_day_it_was_paid() {
        let calendar = days("Asia/Shanghai");
        let before = paid(100, "2026-11-23T23:59:59+08:00");
        let mut after = paid(200, "2026-11-24T00:00:01+08:00");
        after.placed_at = at("2026-11-23T23:59:58+08:00");
        let day = |day| DayFigures::compute(day, &calendar, [before.clone(), after.clone()], [], []).unwrap();
        assert_eq!(
            day(date(2026, 11, 23)).paid.sum,
            Fen::new(100),
            "paid a second before midnight: the old day"
        );
        assert_eq!(
            day(date(2026, 11, 24)).paid.sum,
            Fen::new(200),
            "placed before and paid after: the new day"
        );
        assert_eq!(
            day(date(2026, 11, 23)).hours[23].paid.count,
            1,
            "and in its last hour"
        );
    }

    #[test]
    fn a_refund_is_a_row_of_its_own_on_its_own_day() {
        let calendar = days("Asia/Shanghai");
        let sale = paid(2980, "2026-11-23T12:00:00+08:00");
        let mut late = paid(500, "2026-11-23T13:00:00+08:00");
        late.standing = Standing::Adopted(at("2026-11-23T13:00:00+08:00"));
        let mut twice = paid(300, "2026-11-23T14:00:00+08:00");
        twice.standing = Standing::GivenBack(at("2026-11-23T14:00:00+08:00"));
        let refund = |fen, when: &str, standing| DayRefund {
            refund_fee: Fen::new(fen),
            at: at(when),
            standing,
        };
        let refunds = [
            refund(300, "2026-11-23T15:00:00+08:00", RefundDayStanding::Given),
            refund(980, "2026-11-24T09:00:00+08:00", RefundDayStanding::Given),
            refund(100, "2026-11-24T09:10:00+08:00", RefundDayStanding::ByHand),
            refund(70, "2026-11-24T09:20:00+08:00", RefundDayStanding::Closed),
            refund(60, "2026-11-24T09:30:00+08:00", RefundDayStanding::Waiting),
            refund(50, "2026-11-24T09:40:00+08:00", RefundDayStanding::Withdrawn),
        ];
        let rows = [sale, late, twice];
        let first = DayFigures::compute(date(2026, 11, 23), &calendar, rows.clone(), refunds, []).unwrap();
        let second = DayFigures::compute(date(2026, 11, 24), &calendar, rows, refunds, []).unwrap();
        let figure = |count, fen| CountAndSum {
            count,
            sum: Fen::new(fen),
        };
        assert_eq!(
            (first.paid, first.adopted, first.given_back),
            (figure(2, 3480), figure(1, 500), figure(1, 300)),
            "what was taken on the first day is not changed by what goes back later"
        );
        assert_eq!(
            first.refunded,
            figure(1, 300),
            "the double payment went back the same day"
        );
        assert_eq!(first.net(), Ok(Fen::new(3480)), "and leaves nothing behind");
        assert_eq!(
            second.refunded,
            figure(2, 1080),
            "the refunds of the second day are the second day's"
        );
        assert_eq!(
            (
                second.refunds_by_hand,
                second.refunds_closed,
                second.refunds_waiting
            ),
            (figure(1, 100), figure(1, 70), figure(1, 60)),
            "and are told apart by where the money is"
        );
        assert_eq!(
            second.net(),
            Ok(Fen::new(-1080)),
            "a day of nothing but refunds is below zero"
        );
    }

    #[test]
    fn fault_15_cash_stands_beside_wechat_on_the_day_the_whole_sum_was_there() {
        let calendar = days("Asia/Shanghai");
        let cash = |fen, when: &str, what| DayCash {
            amount: Fen::new(fen),
            at: at(when),
            what,
        };
        let midnight = "2026-11-24T00:00:01+08:00";
        // Ten yuan were handed over before midnight, the rest came by WeChat after it.
        let rest = paid(1980, midnight);
        let all = [
            cash(600, "2026-11-23T23:59:59+08:00", DayCashKind::Sale),
            cash(1000, midnight, DayCashKind::PartOfSale),
            cash(250, "2026-11-24T10:00:00+08:00", DayCashKind::Refund),
        ];
        let day = |day| DayFigures::compute(day, &calendar, [rest.clone()], [], all).unwrap();
        let figure = |count, fen| CountAndSum {
            count,
            sum: Fen::new(fen),
        };
        let before = day(date(2026, 11, 23));
        assert_eq!(
            (before.paid, before.wechat, before.cash),
            (figure(1, 600), figure(0, 0), figure(1, 600)),
            "the last sale of the day was paid in cash"
        );
        let after = day(date(2026, 11, 24));
        assert_eq!(
            (after.paid, after.wechat, after.cash),
            (figure(1, 2980), figure(1, 1980), figure(1, 1000)),
            "the split sale is one sale, whole, on the day on which it was paid in full"
        );
        assert_eq!(after.hours[0].paid, figure(1, 2980), "and in its first hour");
        assert_eq!(
            after.cash_refunded,
            figure(1, 250),
            "what went back in cash is its own line"
        );
        assert_eq!(after.net(), Ok(Fen::new(2730)), "and is off the day's net");
    }

    #[test]
    fn days_of_23_and_25_hours_have_as_many_rows() {
        let calendar = days("Europe/Berlin");
        let short = DayFigures::compute(date(2026, 3, 29), &calendar, [], [], []).unwrap();
        let long = DayFigures::compute(date(2026, 10, 25), &calendar, [], [], []).unwrap();
        assert_eq!(short.hours.len(), 23, "the clocks go forward");
        assert_eq!(long.hours.len(), 25, "the clocks go back");
        assert_eq!(long.hours[2].hour, 2, "two o'clock comes");
        assert_eq!(long.hours[3].hour, 2, "and comes again");
    }

    #[test]
    fn sums_over_many_sales_are_exact() {
        let calendar = days("Asia/Shanghai");
        let rows =
            (0..100_000).map(|number| paid([1, 29, 115, 1999][number % 4], "2026-11-23T12:00:00+08:00"));
        let figures = DayFigures::compute(date(2026, 11, 23), &calendar, rows, [], []).unwrap();
        assert_eq!(
            figures.paid.sum,
            Fen::new(25_000 * (1 + 29 + 115 + 1999)),
            "a hundred thousand small sums, exact"
        );
        assert_eq!(figures.hours[12].paid, figures.paid, "all of it at noon");
    }
}
