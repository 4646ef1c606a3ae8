//! A day held against its bill, for the screens; notes on its differences; and signing it off.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use till_core::{
    Agreement, Attempt, Bill, BillEntry, BillLine, Bills, Cause, Difference, Here, MoneyError, OutRefundNo,
    OutTradeNo, Refund, RefundHere, RefundStanding, Subject, TillId, UserId, bill_bounds, bill_date,
    reconcile,
};
use till_store::{BillContent, BillNote, BillRow, Read, Reader, SignOff, StoreError};

use crate::approval::{Act, Approval};
use crate::bill_file;
use crate::bills::BillStanding;
use crate::till::{Refusal, Till};

/// The longest note, in characters.
pub const NOTE_MAX: usize = 500;

/// Everything that is needed to hold a day against its bill, away from the till's own thread: a large day takes a second.
#[derive(Debug)]
pub struct AgreementJob {
    date: Date,
    till: TillId,
    standing: BillStanding,
    reader: Reader,
}

/// A day and its bill.
#[derive(Debug, Clone)]
pub struct AgreementPicture {
    /// The day, in Beijing.
    pub date: Date,
    /// How far the till is with its bill.
    pub standing: BillStanding,
    /// How the two agree, if the bill is here.
    pub agreement: Option<Agreement>,
    /// What people have written, oldest first.
    pub notes: Vec<BillNote>,
    /// The last sign-off.
    pub sign_off: Option<SignOff>,
    /// The names of those who wrote and signed.
    pub names: HashMap<UserId, String>,
}

impl AgreementJob {
    /// Does it.
    pub fn run(self) -> Result<AgreementPicture, Refusal> {
        let ledger = self.reader.read();
        let agreement = match &self.standing {
            BillStanding::Here(row) => Some(agree(ledger, self.date, &self.till, row)?),
            BillStanding::TooEarly { .. } | BillStanding::Waiting { .. } | BillStanding::OutOfReach => None,
        };
        let notes = ledger.bill_notes().of_day(self.date).map_err(Refusal::NotSaved)?;
        let sign_off = ledger.sign_offs().newest(self.date).map_err(Refusal::NotSaved)?;
        let mut names = HashMap::new();
        let writers = notes.iter().map(|note| note.user);
        for user in writers
            .chain([sign_off.as_ref().and_then(|it| it.user)])
            .flatten()
        {
            if let Some(user) = ledger.users().by_id(user).map_err(Refusal::NotSaved)? {
                names.insert(user.id, user.name.to_string());
            }
        }
        Ok(AgreementPicture {
            date: self.date,
            agreement,
            notes,
            sign_off,
            names,
            standing: self.standing,
        })
    }
}

impl AgreementPicture {
    /// The difference about this that is as it was shown ([`Difference::as_of`]).
    pub fn difference(&self, subject: &Subject, as_of: &str) -> Result<&Difference, Refusal> {
        let differences = self.agreement.as_ref().map(|it| it.differences.as_slice());
        differences
            .unwrap_or_default()
            .iter()
            .find(|it| it.subject == *subject && it.as_of() == as_of)
            .ok_or(Refusal::NoSuchDifference)
    }

    /// The notes on a difference, as long as its cause and its figures are what they were when they were written.
    pub fn notes_on(&self, difference: &Difference) -> impl Iterator<Item = &BillNote> {
        let as_of = difference.as_of();
        let about = move |note: &&BillNote| note.subject == difference.subject && note.cause == as_of;
        self.notes.iter().filter(about)
    }

    /// The notes on the same thing and the same kind of difference from when its figures were others: of a bill that another
    /// has taken the place of, or of what has changed here since. They settle nothing of what stands now.
    pub fn earlier_notes_on(&self, difference: &Difference) -> impl Iterator<Item = &BillNote> {
        let (as_of, word) = (difference.as_of(), difference.cause.word());
        let of_kind = move |cause: &str| cause.split(' ').next() == Some(word) && cause != as_of;
        let about = move |note: &&BillNote| note.subject == difference.subject && of_kind(&note.cause);
        self.notes.iter().filter(about)
    }

    /// A difference is settled when it explains itself or somebody has written what it is about.
    #[must_use]
    pub fn is_settled(&self, difference: &Difference) -> bool {
        difference.explains_itself() || self.notes_on(difference).next().is_some()
    }

    /// How many differences are not settled.
    #[must_use]
    pub fn open(&self) -> usize {
        let differences = self.agreement.as_ref().map(|it| it.differences.as_slice());
        let open = differences
            .unwrap_or_default()
            .iter()
            .filter(|it| !self.is_settled(it));
        open.count()
    }

    /// The day was signed off as it stands now.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        match (&self.sign_off, &self.standing, &self.agreement) {
            (Some(signed), BillStanding::Here(row), Some(agreement)) => holds(signed, row, agreement),
            (Some(_) | None, _, _) => false,
        }
    }
}

impl Till {
    /// What is needed to hold a day against its bill; the work itself is [`AgreementJob::run`].
    pub fn agreement(&self, now: Timestamp, date: Date) -> Result<AgreementJob, Refusal> {
        Ok(AgreementJob {
            date,
            till: self.config.shop.till.clone(),
            standing: self.bill_standing(now, date).map_err(Refusal::NotSaved)?,
            reader: self.db.reader().map_err(Refusal::NotSaved)?,
        })
    }

    /// Writes down what a difference is about.
    pub fn note_difference(
        &mut self,
        now: Timestamp,
        date: Date,
        difference: &Difference,
        text: &str,
    ) -> Result<(), Refusal> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > NOTE_MAX {
            return Err(Refusal::NoteWrong);
        }
        let note = BillNote {
            date,
            subject: difference.subject.clone(),
            cause: difference.as_of(),
            at: now,
            user: self.staff.at_till().map(|user| user.id),
            text: text.to_owned(),
        };
        let about = match &difference.subject {
            Subject::Order { out_trade_no } => out_trade_no,
            Subject::Refund { out_refund_no, .. } => out_refund_no,
            Subject::Bill => "bill",
        };
        let detail = format!("{date} {about}: {}", note.cause);
        let written = self.db.write(|tx| {
            tx.bill_notes().write(&note)?;
            tx.journal().add(now, "bill_noted", None, None, &detail)
        });
        self.saved(written)?;
        self.bills_changed();
        Ok(())
    }

    /// Signs a day off as it was shown, with a manager's approval. Every difference must have been settled.
    pub fn sign_off(
        &mut self,
        now: Timestamp,
        picture: &AgreementPicture,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let (BillStanding::Here(bill), Some(agreement)) = (&picture.standing, &picture.agreement) else {
            return Err(Refusal::NoBill);
        };
        let open = picture.open();
        if open > 0 {
            return Err(Refusal::DifferencesOpen(open));
        }
        let by = approval.spend(Act::SignOff)?;
        let sign_off = SignOff {
            bill: bill.id,
            at: now,
            user: self.staff.at_till().map(|user| user.id),
            agreement: agreement.clone(),
        };
        let (here, there) = (agreement.here, agreement.there);
        let detail = format!(
            "{}: paid {} here, {} on the bill; refunded {} here, {} on the bill; {} differences; approved by {by}; at the till: {}",
            picture.date,
            here.paid.sum,
            there.paid.sum,
            here.refunded.sum,
            there.refunded.sum,
            agreement.differences.len(),
            self.staff.who()
        );
        let written = self.db.write(|tx| {
            tx.sign_offs().sign(&sign_off)?;
            tx.journal().add(now, "bill_signed_off", None, None, &detail)
        });
        self.saved(written)?;
        self.bills_changed();
        Ok(())
    }
}

fn agree(ledger: Read<'_>, date: Date, till: &TillId, row: &BillRow) -> Result<Agreement, Refusal> {
    let bill = load(ledger, row)?;
    let orders = orders_of(ledger, date, till, &bill).map_err(Refusal::NotSaved)?;
    let refunds = refunds_of(ledger, date, till, &bill).map_err(Refusal::NotSaved)?;
    let here = Here {
        orders: &orders,
        refunds: &refunds,
    };
    let alone = Bills {
        of_day: &bill,
        day_before: None,
        day_after: None,
    };
    let agreement = reconcile(date, till, here, alone).map_err(out_of_range)?;
    // Most days have nothing that a neighbour's bill could explain, and a bill takes its time to be read.
    if !agreement.differences.iter().any(may_be_elsewhere) {
        return Ok(agreement);
    }
    let (before, after) = (
        beside(ledger, date.yesterday().ok())?,
        beside(ledger, date.tomorrow().ok())?,
    );
    let bills = Bills {
        of_day: &bill,
        day_before: before.as_ref(),
        day_after: after.as_ref(),
    };
    reconcile(date, till, here, bills).map_err(out_of_range)
}

fn may_be_elsewhere(difference: &Difference) -> bool {
    matches!(
        difference.cause,
        Cause::OnlyHere | Cause::DayBoundary { there: None, .. } | Cause::Review { on_bill: false, .. }
    )
}

/// The orders paid on the day, and those that the bill names beyond them.
fn orders_of(ledger: Read<'_>, date: Date, till: &TillId, bill: &Bill) -> Result<Vec<Attempt>, StoreError> {
    let Some((from, to)) = bill_bounds(date) else {
        return Ok(Vec::new());
    };
    let mut orders = ledger.attempts().paid_between(from, to)?;
    let known: HashSet<String> = orders.iter().map(|it| it.out_trade_no.to_string()).collect();
    let named = bill
        .lines
        .iter()
        .filter(|line| !matches!(line.entry, BillEntry::Refund { .. }))
        .filter(|line| !known.contains(&line.out_trade_no))
        .filter_map(|line| OutTradeNo::parse(&line.out_trade_no).ok())
        .filter(|number| number.till() == till.as_str());
    let named: HashSet<OutTradeNo> = named.collect();
    for number in named {
        orders.extend(ledger.attempts().get(&number)?);
    }
    Ok(orders)
}

/// The refunds that left on the day, and those that the bill names beyond them.
fn refunds_of(
    ledger: Read<'_>,
    date: Date,
    till: &TillId,
    bill: &Bill,
) -> Result<Vec<RefundHere>, StoreError> {
    let Some((from, to)) = bill_bounds(date) else {
        return Ok(Vec::new());
    };
    let mut refunds: Vec<RefundHere> = ledger
        .refunds()
        .of_day(from, to)?
        .iter()
        .map(|stored| RefundHere::from(&stored.refund))
        .collect();
    let mut known: HashSet<String> = refunds.iter().map(|it| it.out_refund_no.clone()).collect();
    for line in &bill.lines {
        let BillEntry::Refund { out_refund_no, .. } = &line.entry else {
            continue;
        };
        let ours = OutTradeNo::parse(&line.out_trade_no).is_ok_and(|number| number.till() == till.as_str());
        if ours
            && known.insert(out_refund_no.clone())
            && let Ok(number) = OutRefundNo::parse(out_refund_no)
            && let Some(stored) = ledger.refunds().get(&number)?
        {
            refunds.push(RefundHere::from(&stored.refund));
        }
    }
    Ok(refunds)
}

fn beside(ledger: Read<'_>, date: Option<Date>) -> Result<Option<Bill>, Refusal> {
    let found = date.map_or(Ok(None), |date| bill_of(ledger, date))?;
    Ok(found.map(|(_, bill)| bill))
}

/// The bill of a day that counts, if it is here.
pub(crate) fn bill_of(ledger: Read<'_>, date: Date) -> Result<Option<(BillRow, Bill)>, Refusal> {
    let row = ledger.bills().newest(date).map_err(Refusal::NotSaved)?;
    row.map(|row| load(ledger, &row).map(|bill| (row, bill)))
        .transpose()
}

/// Whether a day was signed off as it stands now.
pub(crate) fn is_signed(ledger: Read<'_>, date: Date, till: &TillId) -> Result<bool, Refusal> {
    let row = ledger.bills().newest(date).map_err(Refusal::NotSaved)?;
    let sign_off = ledger.sign_offs().newest(date).map_err(Refusal::NotSaved)?;
    match (row, sign_off) {
        (Some(row), Some(signed)) => Ok(holds(&signed, &row, &agree(ledger, date, till, &row)?)),
        (Some(_) | None, _) => Ok(false),
    }
}

/// Whether what was signed is what stands: the same bill, and the same agreement with it.
fn holds(signed: &SignOff, row: &BillRow, agreement: &Agreement) -> bool {
    signed.bill == row.id && signed.agreement == *agreement
}

/// Whether a bill that is here has a refund as taken: of the day on which it last left, or of one beside it.
pub(crate) fn has_taken(ledger: Read<'_>, refund: &Refund) -> Result<bool, Refusal> {
    let Some(day) = refund.sent_at.map(bill_date) else {
        return Ok(false);
    };
    for day in [day.yesterday().ok(), Some(day), day.tomorrow().ok()] {
        let taken = beside(ledger, day)?.is_some_and(|bill| {
            bill.lines.iter().any(|line| {
                taken_refund(line) == Some(refund.out_refund_no.as_str())
                    && line.out_trade_no == refund.out_trade_no.as_str()
            })
        });
        if taken {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number of the refund that a row has as taken by WeChat, and not given up since.
pub(crate) fn taken_refund(line: &BillLine) -> Option<&str> {
    match &line.entry {
        BillEntry::Refund {
            out_refund_no,
            standing: RefundStanding::Asked | RefundStanding::Processing | RefundStanding::Done,
            ..
        } => Some(out_refund_no),
        BillEntry::Refund {
            standing: RefundStanding::Failed,
            ..
        }
        | BillEntry::Payment { .. }
        | BillEntry::Other(_) => None,
    }
}

/// A kept bill, read again from its file.
fn load(ledger: Read<'_>, row: &BillRow) -> Result<Bill, Refusal> {
    if row.content == BillContent::Nothing {
        return Ok(Bill::default());
    }
    let file = ledger.bills().file(row.id).map_err(Refusal::NotSaved)?;
    let bill = wechat_pay::bill::read(&file).map_err(|error| Refusal::Bill(error.into()))?;
    Ok(bill_file::convert(&bill))
}

fn out_of_range(_: MoneyError) -> Refusal {
    Refusal::DayWrong
}
