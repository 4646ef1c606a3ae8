//! What WeChat's bills say to a Z: its orders and refunds looked up one by one, a day later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::fee::fee_fault;
use crate::reconcile::{NEAR_MIDNIGHT, till_of};
use crate::{
    Bill, BillEntry, BillLine, FeeFault, Fen, MicroYuan, MoneyError, RefundStanding, Tally, TillId,
    bill_bounds, bill_date,
};

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

/// The time that a Z tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Since when.
    pub from: Timestamp,
    /// Until before when.
    pub to: Timestamp,
}

/// Money on a bill under this till's id that is on no books: WeChat has taken it or given it back, and no Z tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbooked {
    /// The order's number; of a refund, its own.
    pub number: String,
    /// Whether it is a refund.
    pub refund: bool,
    /// How much, by the bill.
    pub amount: Fen,
    /// When, by the bill.
    pub at: Timestamp,
    /// WeChat's fee on it, where the bill says.
    pub fee: Option<MicroYuan>,
    /// What is the matter with that fee.
    pub fee_fault: Option<FeeFault>,
    /// The bills have had a row of this number before: whoever has booked it, this is one more.
    pub again: bool,
}

/// A row that counts to a Z and whose fee is not what its rate makes, or can't be held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeInDoubt {
    /// The order's number; of a refund, its own.
    pub number: String,
    /// Whether it is a refund.
    pub refund: bool,
    /// What is the matter.
    pub fault: FeeFault,
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
    /// WeChat's fee on all rows that count here, what came back with refunds taken off, as far as the bills say.
    pub fee: MicroYuan,
    /// Of which rows that fee is in doubt.
    pub fees_in_doubt: Vec<FeeInDoubt>,
    /// Refunds of the Z that WeChat did not carry out, as the bills say: the money is with the merchant, and a person hands it
    /// over or has the refund made anew. They make the difference larger by as much.
    pub not_arrived: Tally,
    /// What this Z takes back of an earlier one, by what it does to the difference: no bill has a row for that.
    pub taken_back: Tally,
    /// Entries of the Z that are on no bill, for no known reason.
    pub missing: u32,
    /// Rows of its time that are on no books, in the bills' order.
    pub unbooked: Vec<Unbooked>,
    /// What the bills come to, less what the Z says.
    pub difference: Fen,
}

impl Stretch {
    /// The days (in Beijing) on whose bills something of this time may be.
    #[must_use]
    pub fn days(self) -> BTreeSet<Date> {
        let mut days = BTreeSet::new();
        if self.from < self.to {
            let last = self
                .to
                .checked_sub(SignedDuration::from_nanos(1))
                .unwrap_or(self.to);
            days.extend(
                bill_date(self.from)
                    .series(1.day())
                    .take_while(|day| *day <= bill_date(last)),
            );
        }
        days
    }

    fn covers(self, at: Timestamp) -> bool {
        (self.from..self.to).contains(&at)
    }
}

impl Provider {
    /// The days whose bills are needed: of each entry, and beside it for what one clock has before midnight and the other
    /// after it; and every day of the Z's time, for rows that have no entry.
    #[must_use]
    pub fn days(entries: &[ZEntry], stretch: Stretch) -> BTreeSet<Date> {
        let of_entry = |it: &ZEntry| {
            let day = bill_date(it.at);
            [Some(day), day.tomorrow().ok(), bill_beside(it.at)]
        };
        let days = entries.iter().flat_map(of_entry).flatten();
        days.chain(stretch.days()).collect()
    }

    /// The bills' rows under this till's id, of the Z's time, that no entry of the Z takes. Those that other books tell of
    /// are to be left out; what remains belongs to [`Self::of`].
    pub fn beside(
        till: &TillId,
        stretch: Stretch,
        entries: &[ZEntry],
        bills: &BTreeMap<Date, Bill>,
    ) -> Result<Vec<Unbooked>, MoneyError> {
        let settled = settled(entries)?;
        let taken: HashSet<(&str, bool)> = settled.iter().map(|it| (it.number.as_str(), it.refund)).collect();
        let mut seen = HashSet::new();
        let mut beside = Vec::new();
        for line in bills.values().flat_map(|bill| &bill.lines) {
            let Some((number, refund, amount)) = moved(line) else {
                continue;
            };
            if till_of(&line.out_trade_no) != till.as_str() {
                continue;
            }
            let again = !seen.insert((number, refund));
            if stretch.covers(line.at) && (again || !taken.contains(&(number, refund))) {
                beside.push(Unbooked {
                    number: number.to_owned(),
                    refund,
                    amount,
                    at: line.at,
                    fee: line.fee,
                    fee_fault: fee_fault(line)?,
                    again,
                });
            }
        }
        Ok(beside)
    }

    /// Looks a Z's entries up in the bills that are there, and counts the rows of its time that are on no books.
    pub fn of(
        entries: &[ZEntry],
        stretch: Stretch,
        bills: &BTreeMap<Date, Bill>,
        unbooked: Vec<Unbooked>,
    ) -> Result<Self, MoneyError> {
        let mut paid = HashMap::new();
        let mut refunded = HashMap::new();
        let mut not_arrived = HashSet::new();
        for line in bills.values().flat_map(|bill| &bill.lines) {
            if let BillEntry::Refund {
                out_refund_no,
                standing: RefundStanding::Failed,
                ..
            } = &line.entry
            {
                not_arrived.insert(out_refund_no.as_str());
            }
            if let Some((number, refund, amount)) = moved(line) {
                let rows = if refund { &mut refunded } else { &mut paid };
                rows.entry(number).or_insert((amount, line));
            }
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
            let may_come = bill_beside(it.at).filter(|day| !it.reversed && !bills.contains_key(day));
            if let (None, false, Some(day)) = (found, failed, may_come) {
                provider.waiting.insert(day);
                continue;
            }
            ours = if it.refund {
                ours.minus(it.amount)?
            } else {
                ours.plus(it.amount)?
            };
            let Some((amount, line)) = found else {
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
            provider.add_fee(&it.number, it.refund, line.fee, fee_fault(line)?)?;
            theirs = if it.refund {
                theirs.minus(*amount)?
            } else {
                theirs.plus(*amount)?
            };
        }
        for it in &unbooked {
            provider.add_fee(&it.number, it.refund, it.fee, it.fee_fault.clone())?;
            theirs = if it.refund {
                theirs.minus(it.amount)?
            } else {
                theirs.plus(it.amount)?
            };
        }
        provider.unbooked = unbooked;
        let unknown = stretch.days().into_iter().filter(|day| !bills.contains_key(day));
        provider.waiting.extend(unknown);
        provider.difference = theirs.minus(ours)?;
        Ok(provider)
    }

    fn add_fee(
        &mut self,
        number: &str,
        refund: bool,
        fee: Option<MicroYuan>,
        fault: Option<FeeFault>,
    ) -> Result<(), MoneyError> {
        self.fee = fee.map_or(Ok(self.fee), |fee| self.fee.plus(fee))?;
        self.fees_in_doubt.extend(fault.map(|fault| FeeInDoubt {
            number: number.to_owned(),
            refund,
            fault,
        }));
        Ok(())
    }

    /// What of the difference no refund that did not arrive, nothing taken back and no row on no books accounts for.
    pub fn unexplained(&self) -> Result<Fen, MoneyError> {
        let named = self.not_arrived.sum.plus(self.taken_back.sum)?;
        let rest = self.difference.minus(named)?;
        self.unbooked.iter().try_fold(rest, |rest, it| {
            if it.refund {
                rest.plus(it.amount)
            } else {
                rest.minus(it.amount)
            }
        })
    }

    /// Whether anything accounts for some of the difference, so that there is a rest of it.
    #[must_use]
    pub fn names_causes(&self) -> bool {
        self.not_arrived.count != 0 || self.taken_back.count != 0 || !self.unbooked.is_empty()
    }
}

fn one(sum: Fen) -> Tally {
    Tally { count: 1, sum }
}

/// The money that a row of a bill tells of: the number it goes by, whether it is a refund, and how much.
fn moved(line: &BillLine) -> Option<(&str, bool, Fen)> {
    match &line.entry {
        BillEntry::Payment { amount, .. } => Some((&line.out_trade_no, false, *amount)),
        BillEntry::Refund {
            out_refund_no,
            amount,
            standing: RefundStanding::Asked | RefundStanding::Processing | RefundStanding::Done,
            ..
        } => Some((out_refund_no, true, *amount)),
        // Given up by WeChat: the money stayed.
        BillEntry::Refund {
            standing: RefundStanding::Failed,
            ..
        }
        | BillEntry::Other(_) => None,
    }
}

/// The day beside, if something of this time may be on its bill: WeChat's midnight and ours are not one.
fn bill_beside(at: Timestamp) -> Option<Date> {
    let day = bill_date(at);
    let (start, end) = bill_bounds(day)?;
    if end.duration_since(at) <= NEAR_MIDNIGHT {
        day.tomorrow().ok()
    } else if at.duration_since(start) <= NEAR_MIDNIGHT {
        day.yesterday().ok()
    } else {
        None
    }
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
