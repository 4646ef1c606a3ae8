//! `downloadbill`: a day's transactions as WeChat has them.

use std::fmt;

use jiff::civil::Date;

use crate::bill::{self, Bill, BillError, BillType};
use crate::envelope::{Judged, Request, SignVerdict};
use crate::fields::Fields;
use crate::merchant::Merchant;
use crate::outcome::{Doubt, ErrCode, Outcome, Refusal};
use crate::sign::SignType;

/// Asks for the bill of a day (Beijing's). It is ready from 9:00 of the next day, better from 10:00, for 3 months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadBill {
    /// The day.
    pub bill_date: Date,
    /// Which rows.
    pub bill_type: BillType,
    /// Whether it comes compressed.
    pub gzip: bool,
}

/// A bill with the file it was read from.
#[derive(Clone, PartialEq, Eq)]
pub struct BillFile {
    /// As received, compressed or not: what the shop keeps. It names every payer, so that no log may have it.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub bill: Bill,
}

impl fmt::Debug for BillFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillFile")
            .field("bytes", &self.bytes.len())
            .field("rows", &self.bill.rows.len())
            .finish()
    }
}

impl Request for DownloadBill {
    const PATH: &'static str = "/pay/downloadbill";
    const CLIENT_CERT: bool = false;
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = bill::CAP;
    type Answer = BillFile;

    fn fields(&self) -> Fields {
        Fields::new()
            .with("bill_date", self.bill_date.strftime("%Y%m%d").to_string())
            .with("bill_type", self.bill_type.as_str())
            .with_some("tar_type", self.gzip.then_some("GZIP"))
    }

    /// A bill is never signed, nor is the error that comes instead.
    fn judge(&self, body: &[u8], _: &Merchant, _: SignType) -> Judged<BillFile> {
        let outcome = match bill::read(body) {
            Ok(bill) => Outcome::Yes(BillFile {
                bytes: body.to_vec(),
                bill,
            }),
            Err(BillError::NoBillExist) => Outcome::No(Refusal {
                err_code: ErrCode::NoBillExist,
                err_code_des: "No Bill Exist".to_owned(),
            }),
            Err(error) => Outcome::Unknown(Doubt::Bill(error)),
        };
        Judged {
            outcome,
            verdict: SignVerdict::None,
        }
    }
}
