//! The bills of the days beside a day: a payment close to midnight may be on one of them.

use std::cell::OnceCell;
use std::collections::HashSet;

use jiff::civil::Date;

use crate::reconcile::Bills;
use crate::{Bill, BillEntry};

/// The neighbouring days' bills, looked into only when something is missing.
pub(crate) struct Neighbours<'a> {
    day: Date,
    bills: Bills<'a>,
    before: OnceCell<Billed<'a>>,
    after: OnceCell<Billed<'a>>,
}

/// What a bill names.
struct Billed<'a> {
    orders: HashSet<&'a str>,
    refunds: HashSet<(&'a str, &'a str)>,
}

impl<'a> Neighbours<'a> {
    pub(crate) fn new(day: Date, bills: Bills<'a>) -> Self {
        Self {
            day,
            bills,
            before: OnceCell::new(),
            after: OnceCell::new(),
        }
    }

    pub(crate) fn has_before(&self) -> bool {
        self.bills.day_before.is_some()
    }

    pub(crate) fn has_after(&self) -> bool {
        self.bills.day_after.is_some()
    }

    pub(crate) fn with_order(&self, number: &str) -> Option<Date> {
        self.with(|billed| billed.orders.contains(number))
    }

    pub(crate) fn with_refund(&self, key: (&str, &str)) -> Option<Date> {
        self.with(|billed| billed.refunds.contains(&key))
    }

    fn with(&self, names: impl Fn(&Billed<'a>) -> bool) -> Option<Date> {
        let in_bill = |bill: Option<&'a Bill>, billed: &OnceCell<Billed<'a>>| {
            bill.is_some_and(|bill| names(billed.get_or_init(|| Billed::of(bill))))
        };
        if in_bill(self.bills.day_after, &self.after) {
            self.day.tomorrow().ok()
        } else if in_bill(self.bills.day_before, &self.before) {
            self.day.yesterday().ok()
        } else {
            None
        }
    }
}

impl<'a> Billed<'a> {
    fn of(bill: &'a Bill) -> Self {
        let (mut orders, mut refunds) = (HashSet::new(), HashSet::new());
        for line in &bill.lines {
            match &line.entry {
                BillEntry::Payment { .. } => {
                    orders.insert(line.out_trade_no.as_str());
                }
                BillEntry::Refund { out_refund_no, .. } => {
                    refunds.insert((out_refund_no.as_str(), line.out_trade_no.as_str()));
                }
                BillEntry::Other(_) => {}
            }
        }
        Self { orders, refunds }
    }
}
