//! What WeChat's bills say to a Z: fetching its entries and the bills, away from the till's own thread.

use std::collections::BTreeMap;

use till_core::{Provider, ZEntry, ZNumber};
use till_store::{Entry, Reader, StoreError};

use crate::agreement;
use crate::till::{Refusal, Till};

/// Everything that is needed to look a Z up in the bills; a large day takes a second.
#[derive(Debug)]
pub struct ProviderJob {
    number: ZNumber,
    reader: Reader,
}

/// What the bills say, and whether somebody has signed their days off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderColumn {
    /// What the bills say.
    pub provider: Provider,
    /// Every day of the Z has been signed off.
    pub signed: bool,
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
        let mut bills = BTreeMap::new();
        for day in Provider::days(&entries) {
            if let Some(bill) = agreement::bill_of(read, day)? {
                bills.insert(day, bill);
            }
        }
        let provider = Provider::of(&entries, &bills).map_err(|_| Refusal::AmountOutOfRange)?;
        let mut signed = !entries.is_empty() && provider.waiting.is_empty();
        for it in &entries {
            let day = till_core::bill_date(it.at);
            signed = signed && read.sign_offs().newest(day).map_err(Refusal::NotSaved)?.is_some();
        }
        Ok(ProviderColumn { provider, signed })
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
            reader: self.db.reader().map_err(Refusal::NotSaved)?,
        })
    }
}
