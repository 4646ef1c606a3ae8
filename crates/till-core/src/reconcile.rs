//! Agreement with WeChat's bill: one day's orders and refunds held against the bill's rows, one by one, by one function.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bill::{bill_bounds, bill_date};
use crate::fee::fee_fault;
use crate::neighbours::Neighbours;
use crate::{
    Attempt, Bill, BillEntry, BillLine, Cause, CountAndSum, Difference, Fen, MicroYuan, MoneyError, NotPaid,
    OutTradeNo, Payment, Rate, Refund, RefundStanding, RefundState, ReviewReason, State, Subject, TillId,
};

/// So close to midnight a payment may be on the neighbouring day's bill: WeChat's clock and its books are not one.
pub(crate) const NEAR_MIDNIGHT: SignedDuration = SignedDuration::from_mins(5);

/// This till's side. May hold more than the day's: what was paid on another day only counts where the bill names it.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// Orders: all that were paid on the day, and all that the bill names and this till knows.
    pub orders: &'a [Attempt],
    /// Refunds, likewise.
    pub refunds: &'a [RefundHere],
}

/// A refund of this till's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundHere {
    /// Its number.
    pub out_refund_no: String,
    /// The order it is of.
    pub out_trade_no: OutTradeNo,
    /// What is given back.
    pub amount: Fen,
    /// When WeChat took it; when it was asked for, as long as that is not known.
    pub at: Timestamp,
    /// How it stands.
    pub standing: RefundStanding,
}

impl From<&Refund> for RefundHere {
    fn from(refund: &Refund) -> Self {
        let standing = match refund.state {
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Refused { .. }
            | RefundState::Withdrawn { .. } => RefundStanding::Asked,
            RefundState::Processing { .. } => RefundStanding::Processing,
            RefundState::Refunded { .. } => RefundStanding::Done,
            RefundState::NeedsPerson { .. } | RefundState::Closed { .. } => RefundStanding::Failed,
        };
        Self {
            out_refund_no: refund.out_refund_no.to_string(),
            out_trade_no: refund.out_trade_no.clone(),
            amount: refund.refund_fee,
            at: refund.sent_at.unwrap_or(refund.wished_at),
            standing,
        }
    }
}

/// WeChat's side: the day's bill, and its neighbours' where they are there.
#[derive(Debug, Clone, Copy)]
pub struct Bills<'a> {
    /// The day's.
    pub of_day: &'a Bill,
    /// The day before's.
    pub day_before: Option<&'a Bill>,
    /// The next day's.
    pub day_after: Option<&'a Bill>,
}

/// How one day of this till agrees with WeChat's bill. Every payment and refund counted on either side is among the same or
/// is named by a difference, so that the sums always work out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Which day, in Beijing.
    pub day: Date,
    /// What this till counts.
    pub here: Side,
    /// What the bill counts for this till.
    pub there: Side,
    /// What is the same on both.
    pub same: Side,
    /// What WeChat took for this till's payments, less what it gave back with refunds, as far as the bill says.
    pub fee: MicroYuan,
    /// By which rates.
    pub rates: BTreeSet<Rate>,
    /// What the bill counts for the merchant's other tills, by their id; under an empty one for systems without.
    pub other_tills: BTreeMap<String, Side>,
    /// What differs, by time.
    pub differences: Vec<Difference>,
}

/// Payments and refunds of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Side {
    /// Payments.
    pub paid: CountAndSum,
    /// Refunds.
    pub refunded: CountAndSum,
}

/// Holds the orders and refunds of `till` on this day (in Beijing) against the bill. Time and memory grow with the rows.
///
/// # Errors
/// Sums that no till can hold.
pub fn reconcile(
    day: Date,
    till: &TillId,
    here: Here<'_>,
    bills: Bills<'_>,
) -> Result<Agreement, MoneyError> {
    let mut matching = Matching {
        bounds: bill_bounds(day).ok_or(MoneyError::OutOfRange)?,
        orders: here
            .orders
            .iter()
            .map(|it| (it.out_trade_no.as_str(), it))
            .collect(),
        refunds: here
            .refunds
            .iter()
            .map(|it| ((it.out_refund_no.as_str(), it.out_trade_no.as_str()), it))
            .collect(),
        billed_orders: HashSet::new(),
        billed_refunds: HashSet::new(),
        agreement: Agreement {
            day,
            here: Side::default(),
            there: Side::default(),
            same: Side::default(),
            fee: MicroYuan::ZERO,
            rates: BTreeSet::new(),
            other_tills: BTreeMap::new(),
            differences: Vec::new(),
        },
    };
    matching.count_here(here)?;
    for line in &bills.of_day.lines {
        matching.line(till, line)?;
    }
    // After all payments: a row that is neither may stand before its order's own.
    for line in &bills.of_day.lines {
        matching.other(till, line);
    }
    matching.not_on_bill(here, &Neighbours::new(day, bills));
    matching.totals(bills.of_day)?;
    let mut agreement = matching.agreement;
    agreement
        .differences
        .sort_by(|a, b| (a.at, &a.subject).cmp(&(b.at, &b.subject)));
    Ok(agreement)
}

/// The till that a number names; empty for a number of another system's making.
pub(crate) fn till_of(out_trade_no: &str) -> &str {
    match out_trade_no.split_once('-') {
        Some((till, _)) if TillId::parse(till).is_ok() => till,
        Some(_) | None => "",
    }
}

/// The money of an order that counts here: a sale's, or money that went back by a refund, which counts as a refund then.
fn counted(order: &Attempt) -> Option<&Payment> {
    match &order.state {
        State::Paid(payment) | State::GivenBack { payment, .. } => Some(payment),
        State::Placing
        | State::AwaitingPayment { .. }
        | State::Closing { .. }
        | State::Closed { .. }
        | State::Refused { .. }
        | State::Review { .. } => None,
    }
}

struct Matching<'a> {
    bounds: (Timestamp, Timestamp),
    orders: HashMap<&'a str, &'a Attempt>,
    refunds: HashMap<(&'a str, &'a str), &'a RefundHere>,
    /// Orders that the bill has named already.
    billed_orders: HashSet<&'a str>,
    /// Refunds, with their orders, that the bill has named already.
    billed_refunds: HashSet<(&'a str, &'a str)>,
    agreement: Agreement,
}

impl<'a> Matching<'a> {
    fn is_of_day(&self, at: Timestamp) -> bool {
        (self.bounds.0..self.bounds.1).contains(&at)
    }

    fn count_here(&mut self, here: Here<'_>) -> Result<(), MoneyError> {
        for order in here.orders {
            if let Some(payment) = counted(order)
                && self.is_of_day(payment.time_end)
            {
                self.agreement.here.paid.add(payment.total_fee)?;
            }
        }
        for refund in here.refunds {
            if counts(refund) && self.is_of_day(refund.at) {
                self.agreement.here.refunded.add(refund.amount)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, till: &TillId, line: &'a BillLine) -> Result<(), MoneyError> {
        let owner = till_of(&line.out_trade_no);
        let ours = owner == till.as_str();
        let side = if ours {
            &mut self.agreement.there
        } else {
            self.agreement.other_tills.entry(owner.to_owned()).or_default()
        };
        match &line.entry {
            BillEntry::Payment { amount, .. } => side.paid.add(*amount)?,
            BillEntry::Refund { amount, .. } => side.refunded.add(*amount)?,
            BillEntry::Other(_) => {}
        }
        if !ours {
            return Ok(());
        }
        if let Some(fee) = line.fee {
            self.agreement.fee = self.agreement.fee.plus(fee)?;
        }
        self.agreement.rates.extend(&line.rate);
        match &line.entry {
            BillEntry::Payment { amount, .. } => self.payment(line, *amount),
            BillEntry::Refund {
                out_refund_no,
                amount,
                standing,
                ..
            } => self.refund(line, out_refund_no, *amount, *standing),
            BillEntry::Other(_) => Ok(()),
        }
    }

    fn payment(&mut self, line: &'a BillLine, amount: Fen) -> Result<(), MoneyError> {
        let number = line.out_trade_no.as_str();
        let (here, cause) = match self.orders.get(number) {
            _ if !self.billed_orders.insert(number) => (Fen::ZERO, Some(Cause::TwiceThere)),
            None => (Fen::ZERO, Some(Cause::OnlyThere)),
            Some(order) => self.judge_payment(order, line, amount),
        };
        if self.is_same(line, Subject::order(number), here, amount, cause)? {
            self.agreement.same.paid.add(amount)?;
        }
        Ok(())
    }

    /// Names what differs about a row, its fee too; whether nothing does.
    fn is_same(
        &mut self,
        line: &BillLine,
        subject: Subject,
        here: Fen,
        there: Fen,
        cause: Option<Cause>,
    ) -> Result<bool, MoneyError> {
        let fee = fee_fault(line)?.map(Cause::from);
        match (cause, fee) {
            (None, None) => return Ok(true),
            (Some(cause), None) | (None, Some(cause)) => self.differ(subject, line.at, here, there, cause),
            (Some(cause), Some(fee)) => {
                self.differ(subject.clone(), line.at, here, there, cause);
                self.differ(subject, line.at, Fen::ZERO, Fen::ZERO, fee);
            }
        }
        Ok(false)
    }

    /// What this till counts for the order, and what is not as the bill has it.
    fn judge_payment(&self, order: &Attempt, line: &BillLine, amount: Fen) -> (Fen, Option<Cause>) {
        let payment = match &order.state {
            State::Paid(payment) | State::GivenBack { payment, .. } => payment,
            State::Review { why, .. } => {
                let review = Cause::Review {
                    why: *why,
                    amount,
                    on_bill: true,
                };
                return (Fen::ZERO, Some(review));
            }
            State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => {
                return (Fen::ZERO, Some(Cause::NotPaidHere(NotPaid::Waiting)));
            }
            State::Closed { why } => return (Fen::ZERO, Some(Cause::NotPaidHere(NotPaid::Closed(*why)))),
            State::Refused { .. } => return (Fen::ZERO, Some(Cause::NotPaidHere(NotPaid::Refused))),
        };
        let of_day = self.is_of_day(payment.time_end);
        let here = if of_day { payment.total_fee } else { Fen::ZERO };
        let cause = if payment.transaction_id != line.transaction_id {
            Some(Cause::PaymentDiffers {
                here: payment.transaction_id.clone(),
                there: line.transaction_id.clone(),
            })
        } else if payment.fee_type != line.fee_type {
            Some(Cause::CurrencyDiffers {
                there: line.fee_type.clone(),
            })
        } else if payment.total_fee != amount {
            Some(Cause::AmountDiffers)
        } else if !of_day {
            Some(Cause::DayBoundary {
                here: bill_date(payment.time_end),
                there: Some(self.agreement.day),
            })
        } else {
            None
        };
        (here, cause)
    }

    fn refund(
        &mut self,
        line: &'a BillLine,
        out_refund_no: &'a str,
        amount: Fen,
        there: RefundStanding,
    ) -> Result<(), MoneyError> {
        let key = (out_refund_no, line.out_trade_no.as_str());
        let (here, cause) = match self.refunds.get(&key) {
            _ if !self.billed_refunds.insert(key) => (Fen::ZERO, Some(Cause::TwiceThere)),
            None => (Fen::ZERO, Some(Cause::OnlyThere)),
            Some(refund) => {
                let of_day = self.is_of_day(refund.at);
                let here = if of_day && counts(refund) {
                    refund.amount
                } else {
                    Fen::ZERO
                };
                (here, self.judge_refund(refund, of_day, amount, there))
            }
        };
        let subject = Subject::refund(out_refund_no, &line.out_trade_no);
        if self.is_same(line, subject, here, amount, cause)? {
            self.agreement.same.refunded.add(amount)?;
        }
        Ok(())
    }

    fn judge_refund(
        &self,
        refund: &RefundHere,
        of_day: bool,
        amount: Fen,
        there: RefundStanding,
    ) -> Option<Cause> {
        let standing_agrees = match (refund.standing, there) {
            (RefundStanding::Processing | RefundStanding::Done, RefundStanding::Processing)
            | (RefundStanding::Done, RefundStanding::Done) => true,
            // A bill tells how it stood when it was made: what was under way then may have ended since.
            (RefundStanding::Asked | RefundStanding::Failed, _)
            | (RefundStanding::Processing, RefundStanding::Done)
            | (
                RefundStanding::Processing | RefundStanding::Done,
                RefundStanding::Asked | RefundStanding::Failed,
            ) => false,
        };
        if !standing_agrees {
            Some(Cause::RefundDiffers {
                here: refund.standing,
                there,
            })
        } else if refund.amount != amount {
            Some(Cause::AmountDiffers)
        } else if !of_day {
            Some(Cause::DayBoundary {
                here: bill_date(refund.at),
                there: Some(self.agreement.day),
            })
        } else {
            None
        }
    }

    fn other(&mut self, till: &TillId, line: &'a BillLine) {
        let number = line.out_trade_no.as_str();
        let word = match &line.entry {
            BillEntry::Other(word) if till_of(number) == till.as_str() => word,
            BillEntry::Other(_) | BillEntry::Payment { .. } | BillEntry::Refund { .. } => return,
        };
        let paid = self.orders.get(number).and_then(|order| counted(order));
        let paid = paid.filter(|payment| self.is_of_day(payment.time_end));
        let paid = paid.map(|payment| payment.total_fee);
        let first = self.billed_orders.insert(number);
        let here = paid.filter(|_| first).unwrap_or(Fen::ZERO);
        let cause = Cause::StateDiffers { there: word.clone() };
        self.differ(Subject::order(number), line.at, here, Fen::ZERO, cause);
    }

    /// What the day has here and its bill has not.
    fn not_on_bill(&mut self, here: Here<'_>, neighbours: &Neighbours<'_>) {
        for order in here.orders {
            let number = order.out_trade_no.as_str();
            let Some(payment) = order
                .payment()
                .filter(|payment| self.is_of_day(payment.time_end) && !self.billed_orders.contains(number))
            else {
                continue;
            };
            let elsewhere = neighbours.with_order(number);
            let (here, cause) = match &order.state {
                // The other day's agreement names it.
                State::Review { .. } if elsewhere.is_some() => continue,
                State::Review { why, .. } => (Fen::ZERO, not_on_bill_either(*why, payment)),
                State::Paid(_)
                | State::GivenBack { .. }
                | State::Placing
                | State::AwaitingPayment { .. }
                | State::Closing { .. }
                | State::Closed { .. }
                | State::Refused { .. } => {
                    let cause = self.missing(payment.time_end, elsewhere, neighbours);
                    (payment.total_fee, cause)
                }
            };
            self.differ(Subject::order(number), payment.time_end, here, Fen::ZERO, cause);
        }
        for refund in here.refunds {
            let key = (refund.out_refund_no.as_str(), refund.out_trade_no.as_str());
            if !counts(refund) || !self.is_of_day(refund.at) || self.billed_refunds.contains(&key) {
                continue;
            }
            let cause = self.missing(refund.at, neighbours.with_refund(key), neighbours);
            let subject = Subject::refund(key.0, key.1);
            self.differ(subject, refund.at, refund.amount, Fen::ZERO, cause);
        }
    }

    /// Why the day's bill has it not: it is on a neighbour's, may be on one that is not there yet, or is on none.
    fn missing(&self, at: Timestamp, elsewhere: Option<Date>, neighbours: &Neighbours<'_>) -> Cause {
        let near = |edge: Timestamp| at.duration_since(edge).abs() <= NEAR_MIDNIGHT;
        let may_come = (near(self.bounds.1) && !neighbours.has_after())
            || (near(self.bounds.0) && !neighbours.has_before());
        if elsewhere.is_some() || may_come {
            Cause::DayBoundary {
                here: self.agreement.day,
                there: elsewhere,
            }
        } else {
            Cause::OnlyHere
        }
    }

    /// A bill whose rows do not make its own totals was changed or cut on its way.
    fn totals(&mut self, bill: &Bill) -> Result<(), MoneyError> {
        let Some(totals) = bill.totals else {
            return Ok(());
        };
        let count = u64::try_from(bill.lines.len()).map_err(|_| MoneyError::OutOfRange)?;
        let mut fees = bill.lines.iter().filter_map(|line| line.fee);
        let fee = fees.try_fold(MicroYuan::ZERO, MicroYuan::plus)?;
        for cause in [
            (totals.count != count).then_some(Cause::CountDiffers {
                rows: count,
                said: totals.count,
            }),
            totals
                .fee
                .filter(|said| !fee.is_said_as(*said))
                .map(|said| Cause::FeeTotalDiffers { rows: fee, said }),
        ]
        .into_iter()
        .flatten()
        {
            self.differ(Subject::Bill, self.bounds.1, Fen::ZERO, Fen::ZERO, cause);
        }
        // What a row that is neither counts for in the totals, nobody says.
        if bill
            .lines
            .iter()
            .any(|line| matches!(line.entry, BillEntry::Other(_)))
        {
            return Ok(());
        }
        let mut rows = self.agreement.there;
        for side in self.agreement.other_tills.values() {
            rows.paid.sum = rows.paid.sum.plus(side.paid.sum)?;
            rows.refunded.sum = rows.refunded.sum.plus(side.refunded.sum)?;
        }
        for (said, sum) in [(totals.paid, rows.paid.sum), (totals.refunded, rows.refunded.sum)] {
            if let Some(said) = said.filter(|said| *said != sum) {
                let cause = Cause::TotalsDiffer { rows: sum, said };
                self.differ(Subject::Bill, self.bounds.1, Fen::ZERO, Fen::ZERO, cause);
            }
        }
        Ok(())
    }

    fn differ(&mut self, subject: Subject, at: Timestamp, here: Fen, there: Fen, cause: Cause) {
        self.agreement.differences.push(Difference {
            subject,
            at,
            here,
            there,
            cause,
        });
    }
}

/// Whether a refund is in this till's sums: one that WeChat has not taken, or that came back, has moved no money.
fn counts(refund: &RefundHere) -> bool {
    match refund.standing {
        RefundStanding::Processing | RefundStanding::Done => true,
        RefundStanding::Asked | RefundStanding::Failed => false,
    }
}

fn not_on_bill_either(why: ReviewReason, payment: &Payment) -> Cause {
    Cause::Review {
        why,
        amount: payment.total_fee,
        on_bill: false,
    }
}
