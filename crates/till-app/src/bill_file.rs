//! A bill's file: read, held against this merchant and this day, and turned into what the shop's rules work with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use thiserror::Error;
use till_core::{
    Bill, BillEntry, BillLine, BillTotals, Fen, MicroYuan, Rate, RefundStanding, bill_date, may_be_on_bill,
};
use wechat_pay::bill::{self, BillError, BillRefund, BillRow};
use wechat_pay::{BillType, Merchant};

/// So much is shown, and kept, of what stands in the place of a rate, in characters.
const RATE_SAID_MAX: usize = 32;

/// A bill that was read and found to be this merchant's, of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedBill {
    /// Which day, in Beijing.
    pub date: Date,
    /// What is in it.
    pub bill: Bill,
}

/// Why a file is not taken for a bill. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BillFault {
    /// Longer than any bill, or blown up by its compression.
    #[error("the file is too long")]
    TooLarge,
    /// The compression is broken: it was cut off or altered on its way.
    #[error("the file can't be decompressed: it is cut off or damaged")]
    Gzip,
    /// Not text: something else, or saved by another program.
    #[error("the file is not text in UTF-8")]
    NotText,
    /// Not a bill: a column is missing.
    #[error("the file has no column {0}")]
    Column(&'static str),
    /// A row can't be read.
    #[error("line {line}: {column} can't be read")]
    Row {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// The summary at the end is missing.
    #[error("the file is cut off before its end")]
    CutOff,
    /// WeChat's word that there is no bill, not a bill.
    #[error("the file holds an error of WeChat's and no bill")]
    NotABill,
    /// It has payments or refunds only.
    #[error("the file holds only payments or only refunds")]
    NotAll,
    /// It is another merchant's.
    #[error("the bill is of merchant {0}")]
    OtherMerchant(String),
    /// It has no row, so that nobody can say of which day it is.
    #[error("the bill has no rows")]
    Empty,
    /// Its rows are of several days, or of another day than the one asked for, by more than midnight is blurred.
    #[error("the bill is of {first} to {last}")]
    OtherDays {
        /// The day of its first row in time.
        first: Date,
        /// The day of its last.
        last: Date,
    },
    /// The day is not over.
    #[error("{0} is not over")]
    DayNotOver(Date),
}

/// Reads a file, plain or compressed.
///
/// # Errors
/// It is no bill of all this merchant's payments and refunds on one day.
pub fn read(file: &[u8], merchant: &Merchant) -> Result<DatedBill, BillFault> {
    let bill = bill::read(file).map_err(BillFault::from)?;
    check(&bill, merchant, None)
}

/// [`read`], the table being read already; of the day that was `asked` for, or else of the day that most rows have.
pub(crate) fn check(
    bill: &wechat_pay::Bill,
    merchant: &Merchant,
    asked: Option<Date>,
) -> Result<DatedBill, BillFault> {
    match bill.kind {
        BillType::All => {}
        BillType::Success | BillType::Refund => return Err(BillFault::NotAll),
    }
    if let Some(row) = bill.rows.iter().find(|row| row.mch_id != merchant.mch_id) {
        return Err(BillFault::OtherMerchant(row.mch_id.clone()));
    }
    let mut rows_of = BTreeMap::<Date, usize>::new();
    for row in &bill.rows {
        *rows_of.entry(bill_date(row.time)).or_default() += 1;
    }
    let (Some((&first, _)), Some((&last, _))) = (rows_of.first_key_value(), rows_of.last_key_value()) else {
        return Err(BillFault::Empty);
    };
    let most = rows_of
        .iter()
        .max_by_key(|(_, rows)| **rows)
        .map(|(date, _)| *date);
    let date = asked.or(most).unwrap_or(first);
    if bill.rows.iter().all(|row| may_be_on_bill(row.time, date)) {
        let bill = convert(bill);
        Ok(DatedBill { date, bill })
    } else {
        Err(BillFault::OtherDays { first, last })
    }
}

/// From the wire's rows to the shop's. What the file alone can tell has been checked by its reader.
pub(crate) fn convert(bill: &wechat_pay::Bill) -> Bill {
    let summary = &bill.summary;
    Bill {
        lines: bill.rows.iter().map(line).collect(),
        totals: Some(BillTotals {
            count: summary.count,
            fee: summary.fee_total.map(fee),
            // The old format has one amount, the order's.
            paid: Some(fen(summary.order_total.unwrap_or(summary.settlement_total))),
            refunded: summary.applied_refund_total.or(summary.refund_total).map(fen),
        }),
    }
}

fn fen(amount: wechat_pay::Fen) -> Fen {
    Fen::new(amount.get())
}

fn fee(amount: wechat_pay::MicroYuan) -> MicroYuan {
    MicroYuan::new(amount.get())
}

fn line(row: &BillRow) -> BillLine {
    BillLine {
        at: row.time,
        transaction_id: row.transaction_id.clone(),
        out_trade_no: row.out_trade_no.clone(),
        fee_type: row.fee_type.clone(),
        fee: row.fee.map(fee),
        rate: Rate::parse(&row.rate).ok_or_else(|| row.rate.chars().take(RATE_SAID_MAX).collect()),
        entry: entry(row),
    }
}

fn entry(row: &BillRow) -> BillEntry {
    match (&row.refund, row.trade_state.as_str()) {
        (Some(refund), _) => refunded(refund),
        (None, "SUCCESS") => BillEntry::Payment {
            amount: fen(row.total_fee.unwrap_or(row.settlement_total_fee)),
            settled: fen(row.settlement_total_fee),
        },
        (None, other) => BillEntry::Other(other.to_owned()),
    }
}

fn refunded(refund: &BillRefund) -> BillEntry {
    BillEntry::Refund {
        out_refund_no: refund.out_refund_no.clone(),
        amount: fen(refund.applied_fee.unwrap_or(refund.refund_fee)),
        settled: fen(refund.refund_fee),
        standing: match refund.status.as_str() {
            "SUCCESS" => RefundStanding::Done,
            // Left empty in some bills, and then it is on its way at least.
            "PROCESSING" | "" => RefundStanding::Processing,
            _ => RefundStanding::Failed,
        },
    }
}

impl From<BillError> for BillFault {
    fn from(error: BillError) -> Self {
        match error {
            BillError::TooLarge => Self::TooLarge,
            BillError::Gzip => Self::Gzip,
            BillError::NotUtf8 => Self::NotText,
            BillError::Column(column) => Self::Column(column),
            BillError::Row { line, column } => Self::Row { line, column },
            BillError::CutOff => Self::CutOff,
            BillError::NoBillExist
            | BillError::BillCreating
            | BillError::SystemError
            | BillError::SignError
            | BillError::Refused { .. }
            | BillError::Xml(_) => Self::NotABill,
        }
    }
}
