//! `closeorder`: makes an unpaid order unpayable.

use crate::envelope::{Judged, Request, judge, same_number};
use crate::fields::Fields;
use crate::limits::{self, FieldError};
use crate::merchant::Merchant;
use crate::sign::SignType;

/// Closes an order. WeChat wants at least 5 minutes between placing and closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseOrder {
    out_trade_no: String,
    of: Fields,
}

/// The order is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderClosed;

impl CloseOrder {
    /// The order of this merchant's number.
    ///
    /// # Errors
    /// The number can't be one.
    pub fn new(out_trade_no: &str) -> Result<Self, FieldError> {
        limits::out_trade_no(out_trade_no)?;
        Ok(Self {
            out_trade_no: out_trade_no.to_owned(),
            of: Fields::new(),
        })
    }

    /// The same wish, for this merchant only: with another merchant's key it is not sent.
    #[must_use]
    pub fn of(self, appid: &str, mch_id: &str) -> Self {
        let of = Fields::new().with("appid", appid).with("mch_id", mch_id);
        Self { of, ..self }
    }
}

impl Request for CloseOrder {
    const PATH: &'static str = "/pay/closeorder";
    const CLIENT_CERT: bool = false;
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = 64 * 1024;
    type Answer = OrderClosed;

    fn fields(&self) -> Fields {
        self.of.clone().with("out_trade_no", &self.out_trade_no)
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<OrderClosed> {
        judge(body, Self::ANSWER_CAP, merchant, kind, |answer| {
            // The documented answer names no order; one that does must name ours.
            same_number(answer, "out_trade_no", &self.out_trade_no).map(|()| OrderClosed)
        })
    }
}
