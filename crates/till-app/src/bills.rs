//! WeChat's bills, day by day: asked for once they are ready, beside the payments and never in their way; kept as they
//! came.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use till_core::{
    Bill, BillEntry, OutRefundNo, OutTradeNo, RefundState, State, TillId, bill_bounds, bill_date,
};
use till_store::{BillContent, BillRow, BillSource, NewBill, Read, Reader, StoreError};
use wechat_pay::bill::BillError;
use wechat_pay::{BillType, Client, Doubt, DownloadBill, Nonce, Outcome, Transport};

use crate::agreement::taken_refund;
use crate::approval::{Act, Approval};
use crate::bill_file::{self, BillFault};
use crate::till::{Refusal, Till};

/// WeChat makes a day's bill in the next morning and says to fetch it after ten, Beijing time
/// (`/doc/v2/merchant/4011987833`).
const READY_AFTER: SignedDuration = SignedDuration::from_hours(24 + 10);
/// WeChat keeps bills for three months.
const REACH: SignedDuration = SignedDuration::from_hours(24 * 89);
/// For so long after it should be ready, "no bill" is not believed of a day on which this till was paid.
const DOUBT_NOTHING_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The longest pause between two questions.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// While WeChat says that it is making the bill.
const WAIT_CREATING: SignedDuration = SignedDuration::from_mins(10);
/// Most orders, and most refunds, that one bill sends the till to ask about; a person finds the rest in the list.
const SUSPECTS_MAX: usize = 100;

/// A bill to be asked for.
#[derive(Debug)]
pub struct BillJob {
    date: Date,
    till: TillId,
    merchant: wechat_pay::Merchant,
    reader: Reader,
}

/// What came of asking.
#[derive(Debug)]
pub struct BillReply {
    date: Date,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Came {
        file: Vec<u8>,
        /// What of this till's the bill has as paid or given back, and the ledger has not.
        suspects: Suspects,
    },
    /// WeChat says that nothing happened; in its own words.
    Nothing(Vec<u8>),
    NotYet(BillTrouble),
}

/// What WeChat has to be asked about, because a bill is not signed and an answer is.
#[derive(Debug)]
struct Suspects {
    /// Paid on the bill; closed or refused here.
    orders: Vec<OutTradeNo>,
    /// Taken on the bill; refused or withdrawn here.
    refunds: Vec<OutRefundNo>,
}

/// Why a bill is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillTrouble {
    /// WeChat is still making it.
    Creating,
    /// WeChat can't be reached, or gave no answer that can be used.
    NoAnswer,
    /// WeChat refused, in its words.
    Refused(String),
    /// What came is no bill of ours.
    Unusable(BillFault),
    /// WeChat says that nothing happened on a day on which this till was paid.
    SaysNothing,
    /// The disk did not take it.
    NotSaved,
}

/// How far the till is with the bill of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillStanding {
    /// The day is not over, or its bill not ready before this.
    TooEarly {
        /// When it is asked for.
        ready_at: Timestamp,
    },
    /// It is being asked for.
    Waiting {
        /// Asked so many times.
        tries: u32,
        /// When it is asked for again; a time in the past is now.
        next_at: Timestamp,
        /// What came of the last time.
        trouble: Option<BillTrouble>,
    },
    /// It is here.
    Here(BillRow),
    /// WeChat does not have it any more, or never had anything of this till's. A file can be brought by hand.
    OutOfReach,
}

/// The bills that the till is after.
#[derive(Debug, Default)]
pub(crate) struct BillDesk {
    /// Every day up to this one is here, waited for, or out of reach.
    considered: Option<Date>,
    waiting: BTreeMap<Date, Wait>,
    under_way: Option<Date>,
}

#[derive(Debug)]
struct Wait {
    next_at: Timestamp,
    tries: u32,
    trouble: Option<BillTrouble>,
}

impl Wait {
    /// Asked for as soon as possible.
    fn since(now: Timestamp) -> Self {
        Self {
            next_at: now,
            tries: 0,
            trouble: None,
        }
    }
}

/// The oldest day whose bill WeChat still has.
fn oldest_kept(now: Timestamp) -> Date {
    bill_date(now.checked_sub(REACH).unwrap_or(Timestamp::MIN))
}

/// When the bill of a day can be asked for. `None` at the end of the calendar.
#[must_use]
pub fn ready_at(date: Date) -> Option<Timestamp> {
    bill_bounds(date)?.0.checked_add(READY_AFTER).ok()
}

/// The last day whose bill can be asked for.
fn last_ready(now: Timestamp) -> Option<Date> {
    Some(bill_date(now.checked_sub(READY_AFTER).ok()?))
}

/// The pause after that many tries.
fn pause(tries: u32, trouble: &BillTrouble) -> SignedDuration {
    match trouble {
        BillTrouble::Creating => WAIT_CREATING,
        BillTrouble::NoAnswer
        | BillTrouble::Refused(_)
        | BillTrouble::Unusable(_)
        | BillTrouble::SaysNothing
        | BillTrouble::NotSaved => {
            let doubled = SignedDuration::from_mins(1) * (1 << tries.saturating_sub(1).min(10));
            doubled.min(WAIT_MAX)
        }
    }
}

/// Asks WeChat for a bill and reads what comes. Touches nothing of the till's; a large bill takes a second, which should not
/// be the second of a thread that others wait for.
pub async fn carry_out_bill<T: Transport>(client: &Client<T>, job: BillJob) -> BillReply {
    let request = DownloadBill {
        bill_date: job.date,
        bill_type: BillType::All,
        gzip: true,
    };
    let exchange = client.send(&request, Nonce::random()).await;
    let answer = match exchange.outcome {
        Outcome::Yes(file) => match bill_file::check(&file.bill, &job.merchant, Some(job.date)) {
            Ok(bill) => Answer::Came {
                suspects: Suspects {
                    orders: suspect_orders(job.reader.read(), &job.till, &bill.bill),
                    refunds: suspect_refunds(job.reader.read(), &bill.bill),
                },
                file: file.bytes,
            },
            Err(fault) => Answer::NotYet(BillTrouble::Unusable(fault)),
        },
        // The one refusal there is: `NO_BILL_EXIST`.
        Outcome::No(_) => Answer::Nothing(exchange.received.unwrap_or_default().into_bytes()),
        Outcome::Unknown(doubt) => Answer::NotYet(trouble(doubt)),
    };
    BillReply {
        date: job.date,
        answer,
    }
}

fn trouble(doubt: Doubt) -> BillTrouble {
    match doubt {
        Doubt::Bill(BillError::BillCreating) => BillTrouble::Creating,
        Doubt::Bill(BillError::SystemError | BillError::Xml(_)) => BillTrouble::NoAnswer,
        Doubt::Bill(BillError::SignError) => BillTrouble::Refused("SIGN ERROR".to_owned()),
        Doubt::Bill(BillError::Refused { return_msg, .. }) => BillTrouble::Refused(return_msg),
        Doubt::Bill(fault) => BillTrouble::Unusable(fault.into()),
        Doubt::Timeout
        | Doubt::NotConnected
        | Doubt::CutOff
        | Doubt::NoClientCert
        | Doubt::HttpStatus(_)
        | Doubt::Redirected
        | Doubt::TooLarge
        | Doubt::Xml(_)
        | Doubt::ReturnFail { .. }
        | Doubt::SignMissing
        | Doubt::SignWrong
        | Doubt::SignTypeDiffers
        | Doubt::OtherMerchant
        | Doubt::OtherOrder
        | Doubt::FieldMissing(_)
        | Doubt::FieldWrong(_)
        | Doubt::SystemError { .. } => BillTrouble::NoAnswer,
    }
}

/// Orders of this till that the bill has as paid and that are closed or refused here.
fn suspect_orders(ledger: Read<'_>, till: &TillId, bill: &Bill) -> Vec<OutTradeNo> {
    let payments = bill
        .lines
        .iter()
        .filter(|line| matches!(line.entry, BillEntry::Payment { .. }));
    payments
        .filter_map(|line| OutTradeNo::parse(&line.out_trade_no).ok())
        .filter(|number| number.till() == till.as_str())
        .filter(|number| match ledger.attempts().get(number) {
            Ok(Some(order)) => matches!(order.state, State::Closed { .. } | State::Refused { .. }),
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(out_trade_no = %number, %error, "an order on the bill could not be looked up");
                false
            }
        })
        .take(SUSPECTS_MAX)
        .collect()
}

/// Refunds of this till that the bill has as taken and that are refused or withdrawn here.
fn suspect_refunds(ledger: Read<'_>, bill: &Bill) -> Vec<OutRefundNo> {
    bill.lines
        .iter()
        .filter_map(|line| Some((OutRefundNo::parse(taken_refund(line)?).ok()?, &line.out_trade_no)))
        .filter(|(number, order)| match ledger.refunds().get(number) {
            Ok(Some(it)) => {
                it.refund.out_trade_no.as_str() == order.as_str()
                    && matches!(it.refund.state, RefundState::Refused { .. } | RefundState::Withdrawn { .. })
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(out_refund_no = %number, %error, "a refund on the bill could not be looked up");
                false
            }
        })
        .map(|(number, _)| number)
        .take(SUSPECTS_MAX)
        .collect()
}

impl Till {
    /// The next bill that can be asked for. `None` when none is, or one is being asked for: bills come one at a time.
    pub fn begin_bill(&mut self, now: Timestamp) -> Option<BillJob> {
        self.consider_days(now);
        if self.bills.under_way.is_some() {
            return None;
        }
        // The newest first: it is the one people wait for.
        let (date, _) = self
            .bills
            .waiting
            .iter()
            .rev()
            .find(|(_, wait)| wait.next_at <= now)?;
        let date = *date;
        let reader = match self.db.reader() {
            Ok(reader) => reader,
            Err(error) => {
                tracing::warn!(%error, "no bill can be asked for without the ledger");
                return None;
            }
        };
        self.bills.under_way = Some(date);
        Some(BillJob {
            date,
            till: self.config.shop.till.clone(),
            merchant: self.config.merchant.clone(),
            reader,
        })
    }

    /// When [`Self::begin_bill`] is worth asking again.
    #[must_use]
    pub fn next_bill_due(&self) -> Option<Timestamp> {
        if self.bills.under_way.is_some() {
            return None;
        }
        let waiting = self.bills.waiting.values().map(|wait| wait.next_at).min();
        let next_day = self
            .bills
            .considered
            .and_then(|date| ready_at(date.tomorrow().ok()?));
        waiting.into_iter().chain(next_day).min()
    }

    /// Takes in what came of asking for a bill.
    pub fn finish_bill(&mut self, now: Timestamp, reply: BillReply) {
        let date = reply.date;
        self.bills.under_way = None;
        let trouble = match reply.answer {
            Answer::Came { file, suspects } => {
                match self.keep_fetched(now, date, BillContent::Table, &file) {
                    Ok(()) => {
                        self.ask_about(now, &suspects);
                        return;
                    }
                    Err(_) => BillTrouble::NotSaved,
                }
            }
            Answer::Nothing(said) => match self.believes_nothing(now, date) {
                Ok(true) => match self.keep_fetched(now, date, BillContent::Nothing, &said) {
                    Ok(()) => return,
                    Err(_) => BillTrouble::NotSaved,
                },
                Ok(false) => BillTrouble::SaysNothing,
                Err(_) => BillTrouble::NotSaved,
            },
            Answer::NotYet(trouble) => trouble,
        };
        tracing::info!(%date, ?trouble, "the bill is not there yet");
        if let Some(wait) = self.bills.waiting.get_mut(&date) {
            wait.tries = wait.tries.saturating_add(1);
            wait.next_at = now
                .checked_add(pause(wait.tries, &trouble))
                .unwrap_or(Timestamp::MAX);
            wait.trouble = Some(trouble);
            self.bills_changed();
        }
    }

    /// Carries out one due bill and takes the answer in; `false` when none was due. Production does it beside the payments;
    /// tests step.
    pub async fn step_bill<T: Transport>(&mut self, now: Timestamp, client: &Client<T>) -> bool {
        let Some(job) = self.begin_bill(now) else {
            return false;
        };
        let reply = carry_out_bill(client, job).await;
        self.finish_bill(now, reply);
        true
    }

    /// Takes a bill's file that a person brought, read by [`bill_file::read`] already, with a manager's approval. It counts
    /// until WeChat's own comes, which is asked for all the same.
    pub fn import_bill(
        &mut self,
        now: Timestamp,
        date: Date,
        file: &[u8],
        approval: Approval,
    ) -> Result<(), Refusal> {
        if date >= bill_date(now) {
            return Err(Refusal::Bill(BillFault::DayNotOver(date)));
        }
        let who = approval.spend(Act::Bill)?;
        let detail = format!("{date}: {who}");
        let kept = NewBill {
            date,
            source: BillSource::Imported,
            content: BillContent::Table,
            received_at: now,
            file,
        };
        self.keep_bill(&kept, &detail)?;
        if self.bills.considered.is_some_and(|last| date <= last) && date >= oldest_kept(now) {
            self.bills.waiting.entry(date).or_insert_with(|| Wait::since(now));
        }
        Ok(())
    }

    /// How far the till is with the bill of a day.
    pub(crate) fn bill_standing(&self, now: Timestamp, date: Date) -> Result<BillStanding, StoreError> {
        if let Some(row) = self.db.read().bills().newest(date)? {
            return Ok(BillStanding::Here(row));
        }
        if let Some(wait) = self.bills.waiting.get(&date) {
            return Ok(BillStanding::Waiting {
                tries: wait.tries,
                next_at: wait.next_at,
                trouble: wait.trouble.clone(),
            });
        }
        Ok(match ready_at(date) {
            Some(ready_at) if ready_at > now => BillStanding::TooEarly { ready_at },
            Some(_) | None => BillStanding::OutOfReach,
        })
    }

    /// Takes note of days whose bills have become ready: at the start, and once a day.
    fn consider_days(&mut self, now: Timestamp) {
        let Some(last) = last_ready(now) else { return };
        if self.bills.considered.is_some_and(|date| date >= last) {
            return;
        }
        match self.missing_days(now, last) {
            Ok(days) => {
                for date in days {
                    self.bills.waiting.entry(date).or_insert_with(|| Wait::since(now));
                }
                // What WeChat does not have any more is not asked for: it would say that nothing happened.
                let oldest = oldest_kept(now);
                self.bills.waiting.retain(|date, _| *date >= oldest);
                self.bills.considered = Some(last);
                self.bills_changed();
            }
            // Looked at again at the next step.
            Err(error) => tracing::warn!(%error, "it is not known which bills are missing"),
        }
    }

    /// The days up to this one that have not been considered and whose bill is not here.
    fn missing_days(&self, now: Timestamp, last: Date) -> Result<Vec<Date>, StoreError> {
        let first = match self.bills.considered {
            Some(date) => date.tomorrow().unwrap_or(last),
            None => match self.db.read().attempts().first_placed_at()? {
                Some(at) => {
                    let reach = now.checked_sub(REACH).unwrap_or(Timestamp::MIN);
                    bill_date(at.max(reach))
                }
                // A till that has sold nothing yet has nothing to be agreed with.
                None => return Ok(Vec::new()),
            },
        };
        let mut here = Vec::new();
        for row in self.db.read().bills().since(first)? {
            let stands = match (row.source, row.content) {
                // A person's file counts only until WeChat's own comes.
                (BillSource::Imported, _) => false,
                (BillSource::Fetched, BillContent::Table) => true,
                // What WeChat said before this till was paid, by a clock that ran ahead, is worth nothing.
                (BillSource::Fetched, BillContent::Nothing) => !self.moved_money_on(row.date)?,
            };
            if stands {
                here.push(row.date);
            }
        }
        let days = first.series(1.day()).take_while(|date| *date <= last);
        Ok(days.filter(|date| !here.contains(date)).collect())
    }

    /// Whether WeChat is believed when it says that nothing happened on that day: yes, unless this till was paid or gave
    /// money back on it and the bill may only be late.
    fn believes_nothing(&self, now: Timestamp, date: Date) -> Result<bool, StoreError> {
        let late = ready_at(date).is_some_and(|ready| now.duration_since(ready) >= DOUBT_NOTHING_FOR);
        Ok(late || !self.moved_money_on(date)?)
    }

    /// Whether this till was paid on that day, or sent a refund.
    fn moved_money_on(&self, date: Date) -> Result<bool, StoreError> {
        let Some((from, to)) = bill_bounds(date) else {
            return Ok(false);
        };
        let read = self.db.read();
        if !read.attempts().paid_between(from, to)?.is_empty() {
            return Ok(true);
        }
        let refunds = read.refunds().of_day(from, to)?;
        let mut sent = refunds.iter().filter_map(|it| it.refund.sent_at);
        Ok(sent.any(|sent| (from..to).contains(&sent)))
    }

    fn keep_fetched(
        &mut self,
        now: Timestamp,
        date: Date,
        content: BillContent,
        file: &[u8],
    ) -> Result<(), Refusal> {
        let kept = NewBill {
            date,
            source: BillSource::Fetched,
            content,
            received_at: now,
            file,
        };
        self.keep_bill(&kept, &date.to_string())?;
        self.bills.waiting.remove(&date);
        Ok(())
    }

    fn keep_bill(&mut self, new: &NewBill<'_>, detail: &str) -> Result<(), Refusal> {
        let written = self.db.write(|tx| {
            tx.bills().keep(new)?;
            let what = match new.source {
                BillSource::Fetched => "bill_fetched",
                BillSource::Imported => "bill_imported",
            };
            tx.journal().add(new.received_at, what, None, None, detail)
        });
        self.saved(written)?;
        let NewBill {
            date,
            source,
            content,
            ..
        } = new;
        tracing::info!(%date, bytes = new.file.len(), ?source, ?content, "bill kept");
        self.bills_changed();
        Ok(())
    }

    fn ask_about(&mut self, now: Timestamp, suspects: &Suspects) {
        for number in &suspects.refunds {
            tracing::warn!(out_refund_no = %number, "taken on the bill, not here: WeChat is asked");
            if let Err(error) = self.check_refund_now(now, number) {
                tracing::warn!(out_refund_no = %number, %error, "WeChat could not be asked");
            }
        }
        for number in &suspects.orders {
            tracing::warn!(out_trade_no = %number, "on the bill as paid, not paid here: WeChat is asked");
            if let Err(error) = self.check_now(now, number) {
                tracing::warn!(out_trade_no = %number, %error, "WeChat could not be asked");
            }
        }
    }

    pub(crate) fn bills_changed(&mut self) {
        self.bills_version = self.bills_version.wrapping_add(1);
        self.changed();
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_bill_is_ready_at_ten_in_the_next_morning_in_beijing() {
        let day = date(2026, 11, 22);
        let ready: Timestamp = "2026-11-23T10:00:00+08:00".parse().unwrap();
        assert_eq!(ready_at(day), Some(ready), "not before ten");
        assert_eq!(last_ready(ready), Some(day), "at ten it can be asked for");
        let before = ready - SignedDuration::from_secs(1);
        assert_eq!(
            last_ready(before),
            Some(date(2026, 11, 21)),
            "a second earlier only the bill before"
        );
    }

    #[test]
    fn the_pause_grows_to_an_hour_and_stays_there() {
        let minutes = |tries| pause(tries, &BillTrouble::NoAnswer).as_mins();
        assert_eq!(
            (1..9).map(minutes).collect::<Vec<_>>(),
            [1, 2, 4, 8, 16, 32, 60, 60],
            "doubled up to an hour"
        );
        assert_eq!(minutes(u32::MAX), 60, "three months of outage must not overflow");
        assert_eq!(
            pause(9, &BillTrouble::Creating).as_mins(),
            10,
            "a bill that is being made is there soon"
        );
    }
}
