//! The figures of a business day, computed from the ledger's rows by one function.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{CloseReason, Fen, MoneyError, ReviewReason};

/// One order of the ledger, as much of it as a day needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// What WeChat was asked for.
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
    /// Not settled yet.
    Waiting,
    /// Closed unpaid.
    Closed(CloseReason),
    /// Never placed.
    Refused,
    /// Waits for a person.
    Review(ReviewReason),
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
    /// Paid on this day, whenever placed.
    pub paid: CountAndSum,
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

/// First instant of a day and of the next, in the shop's zone. `None` at the ends of the calendar.
#[must_use]
pub fn bounds(day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let next = day.checked_add(1.day()).ok()?;
    let start = day.to_zoned(zone.clone()).ok()?.timestamp();
    let end = next.to_zoned(zone.clone()).ok()?.timestamp();
    Some((start, end))
}

impl DayFigures {
    /// Computes a day. Rows of other days are passed over, so that a caller may hand in too many but never too few.
    pub fn compute(
        day: Date,
        zone: &TimeZone,
        rows: impl IntoIterator<Item = DayRow>,
    ) -> Result<Self, MoneyError> {
        let (start, end) = bounds(day, zone).ok_or(MoneyError::OutOfRange)?;
        let mut figures = Self {
            day,
            paid: CountAndSum::default(),
            closed_by_deadline: CountAndSum::default(),
            closed_by_cancel: CountAndSum::default(),
            closed_otherwise: CountAndSum::default(),
            refused: CountAndSum::default(),
            waiting: CountAndSum::default(),
            review: CountAndSum::default(),
            hours: hours(start, end, zone),
        };
        for row in rows {
            figures.add(&row, start, end)?;
        }
        Ok(figures)
    }

    fn add(&mut self, row: &DayRow, start: Timestamp, end: Timestamp) -> Result<(), MoneyError> {
        let at = match row.standing {
            Standing::Paid(at) => at,
            Standing::Waiting | Standing::Closed(_) | Standing::Refused | Standing::Review(_) => {
                row.placed_at
            }
        };
        if at < start || at >= end {
            return Ok(());
        }
        match row.standing {
            Standing::Paid(at) => {
                let hour = usize::try_from(at.duration_since(start).as_hours()).unwrap_or_default();
                if let Some(hour) = self.hours.get_mut(hour) {
                    hour.paid.add(row.total_fee)?;
                }
                self.paid.add(row.total_fee)
            }
            Standing::Closed(CloseReason::Deadline) => self.closed_by_deadline.add(row.total_fee),
            Standing::Closed(CloseReason::Cancelled) => self.closed_by_cancel.add(row.total_fee),
            Standing::Closed(
                CloseReason::PaidOtherwise
                | CloseReason::NumberTaken
                | CloseReason::PlacingFailed
                | CloseReason::ClosedAtWechat,
            ) => self.closed_otherwise.add(row.total_fee),
            Standing::Refused => self.refused.add(row.total_fee),
            Standing::Waiting => self.waiting.add(row.total_fee),
            Standing::Review(_) => self.review.add(row.total_fee),
        }
    }
}

fn hours(start: Timestamp, end: Timestamp, zone: &TimeZone) -> Vec<Hour> {
    let count = end.duration_since(start).as_hours();
    (0..count)
        .filter_map(|hour| start.checked_add(hour.hours()).ok())
        .map(|at| Hour {
            hour: at.to_zoned(zone.clone()).hour(),
            paid: CountAndSum::default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

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
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let before = paid(100, "2026-11-23T23:59:59+08:00");
        let mut after = paid(200, "2026-11-24T00:00:01+08:00");
        after.placed_at = at("2026-11-23T23:59:58+08:00");
        let day = |day| DayFigures::compute(day, &zone, [before.clone(), after.clone()]).unwrap();
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
    fn days_of_23_and_25_hours_have_as_many_rows() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let short = DayFigures::compute(date(2026, 3, 29), &zone, []).unwrap();
        let long = DayFigures::compute(date(2026, 10, 25), &zone, []).unwrap();
        assert_eq!(short.hours.len(), 23, "the clocks go forward");
        assert_eq!(long.hours.len(), 25, "the clocks go back");
        assert_eq!(long.hours[2].hour, 2, "two o'clock comes");
        assert_eq!(long.hours[3].hour, 2, "and comes again");
    }

    #[test]
    fn sums_over_many_sales_are_exact() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let rows =
            (0..100_000).map(|number| paid([1, 29, 115, 1999][number % 4], "2026-11-23T12:00:00+08:00"));
        let figures = DayFigures::compute(date(2026, 11, 23), &zone, rows).unwrap();
        assert_eq!(
            figures.paid.sum,
            Fen::new(25_000 * (1 + 29 + 115 + 1999)),
            "a hundred thousand small sums, exact"
        );
        assert_eq!(figures.hours[12].paid, figures.paid, "all of it at noon");
    }
}
