//! `refund`: gives money back.

use crate::envelope::{Judged, Request, judge, optional_fen, required, required_fen, same_number};
use crate::fields::Fields;
use crate::limits::{self, FieldError, FieldFault};
use crate::merchant::Merchant;
use crate::money::{Fen, parse_fen_positive};
use crate::order_query::OrderNumber;
use crate::outcome::Doubt;
use crate::sign::SignType;

/// What a refund holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// The order that was paid.
    pub number: OrderNumber,
    /// The merchant's number of the refund: 1 to 64 of `[0-9A-Za-z_-|*@]`. The same number is the same refund,
    /// however often it is sent; a new number is a second refund.
    pub out_refund_no: String,
    /// The order's amount.
    pub total_fee: Fen,
    /// The amount given back, 1 to `total_fee`.
    pub refund_fee: Fen,
    /// What the payer reads, at most 80 bytes.
    pub refund_desc: Option<String>,
    /// Which of the merchant's money pays.
    pub refund_account: Option<RefundAccount>,
    /// Where the refund's notify goes.
    pub notify_url: Option<String>,
}

/// Which of the merchant's money pays a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundAccount {
    /// Money not settled yet; the default.
    Unsettled,
    /// The merchant's balance.
    Recharge,
}

impl RefundAccount {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unsettled => "REFUND_SOURCE_UNSETTLED_FUNDS",
            Self::Recharge => "REFUND_SOURCE_RECHARGE_FUNDS",
        }
    }
}

/// Asks for a refund. The fields are fixed when it is made; [`Refund::saved`] keeps them, and [`Refund::from_saved`] sends
/// the very same ones again: after a doubt, the same number with the same parameters is the same refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    fields: Fields,
}

/// The refund is accepted, **not** done: ask by `refundquery`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAccepted {
    /// WeChat's number of the refund.
    pub refund_id: String,
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// The amount given back.
    pub refund_fee: Fen,
    /// The order's amount.
    pub total_fee: Fen,
    /// What goes back in money.
    pub cash_refund_fee: Option<Fen>,
    /// What goes back as coupons.
    pub coupon_refund_fee: Option<Fen>,
}

impl Refund {
    /// A refund.
    ///
    /// # Errors
    /// The first field that WeChat would refuse.
    pub fn new(order: RefundOrder) -> Result<Self, FieldError> {
        let (name, number) = order.number.as_field();
        let fields = Fields::new()
            .with(name, number)
            .with("out_refund_no", &order.out_refund_no)
            .with("total_fee", order.total_fee.to_string())
            .with("refund_fee", order.refund_fee.to_string())
            .with_some("refund_desc", order.refund_desc.as_deref())
            .with_some("refund_account", order.refund_account.map(RefundAccount::as_str))
            .with_some("notify_url", order.notify_url.as_deref());
        Self::from_saved(fields)
    }

    /// The same refund, of this merchant only: with another merchant's key it is not sent.
    #[must_use]
    pub fn of(self, merchant: &Merchant) -> Self {
        let fields = self
            .fields
            .with("appid", &merchant.appid)
            .with("mch_id", &merchant.mch_id)
            .with("sign_type", merchant.sign_type.as_str());
        Self { fields }
    }

    /// All fields but `nonce_str` and `sign`, to be kept before the refund is sent.
    pub fn saved(&self) -> &Fields {
        &self.fields
    }

    /// The refund of these saved fields, sent again exactly as they are.
    ///
    /// # Errors
    /// The first field that is missing, wrong, or doesn't belong in a saved refund.
    pub fn from_saved(fields: Fields) -> Result<Self, FieldError> {
        for field in ["nonce_str", "sign"] {
            if fields.get(field).is_some() {
                return Err(FieldFault::Unexpected.of(field));
            }
        }
        let need = |field: &'static str| fields.present(field).ok_or_else(|| FieldFault::Missing.of(field));
        order_number(&fields)?.check()?;
        limits::out_refund_no(need("out_refund_no")?)?;
        let amount = |field: &'static str| {
            parse_fen_positive(need(field)?).map_err(|_| FieldFault::OutOfRange.of(field))
        };
        if amount("refund_fee")? > amount("total_fee")? {
            return Err(FieldFault::OutOfRange.of("refund_fee"));
        }
        limits::optional("refund_desc", fields.get("refund_desc"), 80)?;
        fields.get("notify_url").map_or(Ok(()), limits::notify_url)?;
        Ok(Self { fields })
    }

    /// The merchant's number of the refund.
    pub fn out_refund_no(&self) -> &str {
        // from_saved lets no refund without a number through.
        self.fields.get("out_refund_no").unwrap_or_default()
    }
}

/// How a saved refund names its order; WeChat's number wins where both are given.
fn order_number(fields: &Fields) -> Result<OrderNumber, FieldError> {
    let text = |name: &str| fields.present(name).map(str::to_owned);
    text("transaction_id")
        .map(OrderNumber::TransactionId)
        .or_else(|| text("out_trade_no").map(OrderNumber::OutTradeNo))
        .ok_or_else(|| FieldFault::Missing.of("out_trade_no"))
}

impl Request for Refund {
    const PATH: &'static str = "/secapi/pay/refund";
    const CLIENT_CERT: bool = true;
    /// WeChat takes the same number as the same refund, but asks not to refund one payer twice at a time; after
    /// a timeout the first may still be running, so the caller asks by `refundquery` before it sends again.
    const REPEATABLE: bool = false;
    const ANSWER_CAP: usize = 64 * 1024;
    type Answer = RefundAccepted;

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<RefundAccepted> {
        judge(body, Self::ANSWER_CAP, merchant, kind, |answer| {
            read(answer, &self.fields)
        })
    }
}

fn read(answer: &Fields, asked: &Fields) -> Result<RefundAccepted, Doubt> {
    required(answer, "out_refund_no")?;
    for name in ["transaction_id", "out_trade_no", "out_refund_no"] {
        if let Some(number) = asked.present(name) {
            same_number(answer, name, number)?;
        }
    }
    let text = |name| required(answer, name).map(str::to_owned);
    Ok(RefundAccepted {
        refund_id: text("refund_id")?,
        transaction_id: text("transaction_id")?,
        out_trade_no: text("out_trade_no")?,
        out_refund_no: text("out_refund_no")?,
        refund_fee: required_fen(answer, "refund_fee")?,
        total_fee: required_fen(answer, "total_fee")?,
        cash_refund_fee: optional_fen(answer, "cash_refund_fee")?,
        coupon_refund_fee: optional_fen(answer, "coupon_refund_fee")?,
    })
}
