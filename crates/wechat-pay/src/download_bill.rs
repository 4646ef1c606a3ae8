//! `downloadbill`: a day's transactions as WeChat has them.

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

impl Request for DownloadBill {
    const PATH: &'static str = "/pay/downloadbill";
    const CLIENT_CERT: bool = false;
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = bill::CAP;
    type Answer = Bill;

    fn fields(&self) -> Fields {
        Fields::new()
            .with("bill_date", self.bill_date.strftime("%Y%m%d").to_string())
            .with("bill_type", self.bill_type.as_str())
            .with_some("tar_type", self.gzip.then_some("GZIP"))
    }

    /// A bill is never signed, nor is the error that comes instead.
    fn judge(&self, body: &[u8], _: &Merchant, _: SignType) -> Judged<Bill> {
        let outcome = match bill::read(body) {
            Ok(bill) => Outcome::Yes(bill),
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
