//! `refund`: gives money back.

use crate::envelope::{Judged, Request, judge, optional_fen, required, required_fen, same_number};
use crate::fields::Fields;
use crate::limits::{self, FieldError, FieldFault};
use crate::merchant::Merchant;
use crate::money::Fen;
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

/// Asks for a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    order: RefundOrder,
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
        order.number.check()?;
        limits::out_refund_no(&order.out_refund_no)?;
        if order.total_fee < Fen::new(1) {
            return Err(FieldFault::OutOfRange.of("total_fee"));
        }
        if order.refund_fee < Fen::new(1) || order.refund_fee > order.total_fee {
            return Err(FieldFault::OutOfRange.of("refund_fee"));
        }
        limits::optional("refund_desc", order.refund_desc.as_deref(), 80)?;
        order.notify_url.as_deref().map_or(Ok(()), limits::notify_url)?;
        Ok(Self { order })
    }
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
        let order = &self.order;
        let (name, number) = order.number.as_field();
        Fields::new()
            .with(name, number)
            .with("out_refund_no", &order.out_refund_no)
            .with("total_fee", order.total_fee.to_string())
            .with("refund_fee", order.refund_fee.to_string())
            .with_some("refund_desc", order.refund_desc.as_deref())
            .with_some("refund_account", order.refund_account.map(RefundAccount::as_str))
            .with_some("notify_url", order.notify_url.as_deref())
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<RefundAccepted> {
        judge(body, Self::ANSWER_CAP, merchant, kind, |answer| {
            read(answer, &self.order)
        })
    }
}

fn read(answer: &Fields, asked: &RefundOrder) -> Result<RefundAccepted, Doubt> {
    let (name, number) = asked.number.as_field();
    same_number(answer, name, number)?;
    required(answer, "out_refund_no")?;
    same_number(answer, "out_refund_no", &asked.out_refund_no)?;
    let accepted = RefundAccepted {
        refund_id: required(answer, "refund_id")?.to_owned(),
        transaction_id: required(answer, "transaction_id")?.to_owned(),
        out_trade_no: required(answer, "out_trade_no")?.to_owned(),
        out_refund_no: asked.out_refund_no.clone(),
        refund_fee: required_fen(answer, "refund_fee")?,
        total_fee: required_fen(answer, "total_fee")?,
        cash_refund_fee: optional_fen(answer, "cash_refund_fee")?,
        coupon_refund_fee: optional_fen(answer, "coupon_refund_fee")?,
    };
    Ok(accepted)
}
