//! What WeChat's bills say to a Z: its orders and refunds looked up one by one, a day later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::reconcile::NEAR_MIDNIGHT;
use crate::{Bill, BillEntry, Fen, MicroYuan, MoneyError, RefundStanding, Tally, bill_bounds, bill_date};

/// A payment or a refund of a Z, as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZEntry {
    /// The order's number; of a refund, its own.
    pub number: String,
    /// Whether it is a refund.
    pub refund: bool,
    /// How much.
    pub amount: Fen,
    /// By WeChat's clock.
    pub at: Timestamp,
    /// Takes an entry back.
    pub reversed: bool,
}

/// What WeChat's bills say to a Z.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provider {
    /// Days (in Beijing) of which there is no bill yet; their entries are left out of everything below.
    pub waiting: BTreeSet<Date>,
    /// Payments of the Z that the bills have, in WeChat's amounts.
    pub paid: Tally,
    /// Refunds of the Z that the bills have, in WeChat's amounts.
    pub refunded: Tally,
    /// WeChat's fee on all of them, what came back with refunds taken off.
    pub fee: MicroYuan,
    /// Refunds of the Z that WeChat did not carry out, as the bills say: the money is with the merchant, and a person hands it
    /// over or has the refund made anew. They make the difference larger by as much.
    pub not_arrived: Tally,
    /// What this Z takes back of an earlier one, by what it does to the difference: no bill has a row for that.
    pub taken_back: Tally,
    /// Entries of the Z that are on no bill, for no known reason.
    pub missing: u32,
    /// What the bills come to, less what the Z says.
    pub difference: Fen,
}

impl Provider {
    /// The days whose bills are needed: of each entry, and the day after it, for a refund that WeChat took past midnight.
    #[must_use]
    pub fn days(entries: &[ZEntry]) -> BTreeSet<Date> {
        let days = entries.iter().map(|it| bill_date(it.at));
        days.flat_map(|day| [Some(day), day.tomorrow().ok()])
            .flatten()
            .collect()
    }

    /// Looks a Z's entries up in the bills that are there.
    pub fn of(entries: &[ZEntry], bills: &BTreeMap<Date, Bill>) -> Result<Self, MoneyError> {
        let mut paid = HashMap::new();
        let mut refunded = HashMap::new();
        let mut not_arrived = HashSet::new();
        for line in bills.values().flat_map(|bill| &bill.lines) {
            match &line.entry {
                BillEntry::Payment { amount, .. } => {
                    paid.insert(line.out_trade_no.as_str(), (*amount, line.fee))
                }
                BillEntry::Refund {
                    out_refund_no,
                    standing: RefundStanding::Failed,
                    ..
                } => {
                    not_arrived.insert(out_refund_no.as_str());
                    None
                }
                BillEntry::Other(_) => None,
                BillEntry::Refund {
                    out_refund_no,
                    amount,
                    standing: RefundStanding::Asked | RefundStanding::Processing | RefundStanding::Done,
                } => refunded.insert(out_refund_no.as_str(), (*amount, line.fee)),
            };
        }
        let mut provider = Self::default();
        let mut ours = Fen::ZERO;
        let mut theirs = Fen::ZERO;
        for it in settled(entries)? {
            let day = bill_date(it.at);
            if !bills.contains_key(&day) {
                provider.waiting.insert(day);
                continue;
            }
            let (found, tally) = if it.refund {
                (refunded.get(it.number.as_str()), &mut provider.refunded)
            } else {
                (paid.get(it.number.as_str()), &mut provider.paid)
            };
            let found = found.filter(|_| !it.reversed);
            let failed = it.refund && !it.reversed && not_arrived.contains(it.number.as_str());
            let may_come = next_bill(it.at).filter(|next| !it.reversed && !bills.contains_key(next));
            if let (None, false, Some(next)) = (found, failed, may_come) {
                provider.waiting.insert(next);
                continue;
            }
            ours = if it.refund {
                ours.minus(it.amount)?
            } else {
                ours.plus(it.amount)?
            };
            let Some((amount, fee)) = found else {
                if failed {
                    provider.not_arrived = provider.not_arrived.plus(one(it.amount))?;
                    continue;
                }
                if it.reversed {
                    // The amount is below zero.
                    let effect = if it.refund {
                        it.amount
                    } else {
                        Fen::ZERO.minus(it.amount)?
                    };
                    provider.taken_back = provider.taken_back.plus(one(effect))?;
                    continue;
                }
                provider.missing = provider.missing.checked_add(1).ok_or(MoneyError::OutOfRange)?;
                continue;
            };
            *tally = tally.plus(one(*amount))?;
            provider.fee = provider.fee.plus(*fee)?;
            theirs = if it.refund {
                theirs.minus(*amount)?
            } else {
                theirs.plus(*amount)?
            };
        }
        provider.difference = theirs.minus(ours)?;
        Ok(provider)
    }

    /// What of the difference neither refunds that did not arrive nor what was taken back accounts for.
    pub fn unexplained(&self) -> Result<Fen, MoneyError> {
        self.difference
            .minus(self.not_arrived.sum)?
            .minus(self.taken_back.sum)
    }
}

fn one(sum: Fen) -> Tally {
    Tally { count: 1, sum }
}

/// The day after, if something of this time may be on its bill: WeChat's clock may have struck midnight before it.
fn next_bill(at: Timestamp) -> Option<Date> {
    let day = bill_date(at);
    let (_, end) = bill_bounds(day)?;
    (end.duration_since(at) <= NEAR_MIDNIGHT)
        .then(|| day.tomorrow().ok())
        .flatten()
}

/// The entries that stand, those taken back within the Z left out. What an earlier Z has told of and this one takes back has
/// an amount below zero, and stays marked: no bill has a row for that.
fn settled(entries: &[ZEntry]) -> Result<Vec<ZEntry>, MoneyError> {
    let mut standing: BTreeMap<(&str, bool), (Fen, &ZEntry)> = BTreeMap::new();
    for it in entries {
        let (sum, last) = standing
            .entry((it.number.as_str(), it.refund))
            .or_insert((Fen::ZERO, it));
        *sum = if it.reversed {
            sum.minus(it.amount)?
        } else {
            sum.plus(it.amount)?
        };
        *last = it;
    }
    let standing = standing.into_values().filter(|(sum, _)| *sum != Fen::ZERO);
    Ok(standing
        .map(|(amount, it)| ZEntry {
            amount,
            reversed: amount < Fen::ZERO,
            ..it.clone()
        })
        .collect())
}
