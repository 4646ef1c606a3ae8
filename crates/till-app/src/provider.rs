//! What WeChat's bills say to a Z: fetching its entries and the bills, away from the till's own thread.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use till_core::{
    Bill, OutRefundNo, OutTradeNo, Provider, Stretch, TillId, Unbooked, ZEntry, ZNumber, bill_bounds,
    bill_date,
};
use till_store::{BillSource, Entry, Read, Reader, StoreError, ToldUpTo};

use crate::agreement;
use crate::till::{Refusal, Till};

/// Everything that is needed to look a Z up in the bills; a large day takes a second.
#[derive(Debug)]
pub struct ProviderJob {
    number: ZNumber,
    till: TillId,
    reader: Reader,
}

/// What the bills say, and whether somebody has signed their days off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderColumn {
    /// What the bills say.
    pub provider: Provider,
    /// Every day of the Z has been signed off, and stands as it was signed.
    pub signed: bool,
    /// Days whose bill a person has brought, while WeChat's own is not here.
    pub by_hand: BTreeSet<Date>,
}

impl ProviderJob {
    /// Does it.
    pub fn run(self) -> Result<ProviderColumn, Refusal> {
        let read = self.reader.read();
        let z = read.z_reports().get(self.number).map_err(Refusal::NotSaved)?;
        let z = z.ok_or(Refusal::NoSuchZ)?;
        let told = read.z_reports().told_by(&z).map_err(Refusal::NotSaved)?;
        let mut entries = Vec::new();
        read.bookings()
            .each_on(told.bookings(), |it| {
                entries.extend(z_entry(&it));
                Ok::<_, StoreError>(())
            })
            .map_err(Refusal::NotSaved)?;
        let first = read.attempts().first_placed_at().map_err(Refusal::NotSaved)?;
        let head = &z.report.head;
        // The Z before may have been made by a clock that was set back since: its time then ends before an earlier one's, and what
        // lies between is the earlier one's alone.
        let told_until = read
            .z_reports()
            .latest_close_before(self.number)
            .map_err(Refusal::NotSaved)?;
        let begins_at = told_until.map_or(head.from, |until| until.max(head.from));
        // No bill is fetched of a day before the till's first order, and there is nothing of its on them. All of that day before
        // the first Z is the first Z's: by WeChat's clock it may be from before the order, by the till's it is not.
        let nothing_before = first.map(bill_date);
        let begins = nothing_before.and_then(bill_bounds).map(|(begins, _)| begins);
        let stretch = Stretch {
            from: match begins {
                None => head.to,
                Some(begins) if told.from == ToldUpTo::START => begins,
                Some(begins) => begins.max(begins_at),
            },
            to: head.to,
        };
        let (mut bills, mut by_hand) = (BTreeMap::new(), BTreeSet::new());
        for day in Provider::days(&entries, stretch) {
            if let Some((row, bill)) = agreement::bill_of(read, day)? {
                if row.source == BillSource::Imported {
                    by_hand.insert(day);
                }
                bills.insert(day, bill);
            } else if nothing_before.is_some_and(|first| day < first) {
                bills.insert(day, Bill::default());
            }
        }
        let out_of_range = |_| Refusal::AmountOutOfRange;
        let mut unbooked = Vec::new();
        for row in Provider::beside(&self.till, stretch, &entries, &bills).map_err(out_of_range)? {
            if row.again || !is_booked(read, &row).map_err(Refusal::NotSaved)? {
                unbooked.push(row);
            }
        }
        let provider = Provider::of(&entries, stretch, &bills, unbooked).map_err(out_of_range)?;
        let of_entries = entries.iter().map(|it| it.at);
        let of_rows = provider.unbooked.iter().map(|it| it.at);
        let days: BTreeSet<Date> = of_entries.chain(of_rows).map(bill_date).collect();
        let mut signed = !days.is_empty() && provider.waiting.is_empty();
        for day in days {
            signed = signed && agreement::is_signed(read, day, &self.till)?;
        }
        Ok(ProviderColumn {
            provider,
            signed,
            by_hand,
        })
    }
}

/// Whether a Z, or the next one, tells of the row's money.
fn is_booked(read: Read<'_>, row: &Unbooked) -> Result<bool, StoreError> {
    if row.refund {
        match OutRefundNo::parse(&row.number) {
            Ok(number) => read.bookings().tells_of_refund(&number),
            Err(_) => Ok(false),
        }
    } else {
        match OutTradeNo::parse(&row.number) {
            Ok(number) => read.bookings().tells_of_order(&number),
            Err(_) => Ok(false),
        }
    }
}

/// What WeChat's bill can say something about.
fn z_entry(it: &Entry) -> Option<ZEntry> {
    let order = it.out_trade_no.as_ref().filter(|_| it.booking.moves_money())?;
    Some(ZEntry {
        number: it
            .out_refund_no
            .as_ref()
            .map_or_else(|| order.to_string(), ToString::to_string),
        refund: it.out_refund_no.is_some(),
        amount: it.booking.amount,
        at: it.booking.at,
        reversed: it.booking.reversed,
    })
}

impl Till {
    /// What is needed to look a Z up in WeChat's bills; the work itself is [`ProviderJob::run`].
    pub fn provider(&self, number: ZNumber) -> Result<ProviderJob, Refusal> {
        Ok(ProviderJob {
            number,
            till: self.config.shop.till.clone(),
            reader: self.db.reader().map_err(Refusal::NotSaved)?,
        })
    }
}
