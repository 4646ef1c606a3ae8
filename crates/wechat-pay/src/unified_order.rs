//! `unifiedorder`: places a NATIVE order and gets the text of its QR code.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::beijing;
use crate::envelope::{Judged, Request, judge, required};
use crate::fields::Fields;
use crate::limits::{self, FieldError, FieldFault};
use crate::merchant::Merchant;
use crate::money::{Fen, parse_fen_positive};
use crate::outcome::Doubt;
use crate::sign::SignType;

/// What a NATIVE order holds. Lengths are bytes of UTF-8; where WeChat's pages differ, the shorter one holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeOrder {
    /// What the payer reads, at most 127.
    pub body: String,
    /// The merchant's number: 6 to 32 of `[0-9A-Za-z_-|*]`, never used twice.
    pub out_trade_no: String,
    /// At least 1.
    pub total_fee: Fen,
    /// The address of this machine.
    pub spbill_create_ip: IpAddr,
    /// Where the notify goes: http(s), with a path, without a query.
    pub notify_url: String,
    /// The merchant's number of the thing sold, at most 32.
    pub product_id: String,
    /// The till, at most 32; comes back in query, notify and bill.
    pub device_info: Option<String>,
    /// Comes back in query and notify, at most 127.
    pub attach: Option<String>,
    /// JSON about the goods, at most 6000.
    pub detail: Option<String>,
    /// The currency, at most 16; absent means CNY.
    pub fee_type: Option<String>,
    /// When the order was made.
    pub time_start: Option<Timestamp>,
    /// The last moment to pay (not when it is closed).
    pub time_expire: Option<Timestamp>,
    /// Marks the order for coupons, at most 32.
    pub goods_tag: Option<String>,
    /// `no_credit` keeps credit cards out.
    pub limit_pay: Option<String>,
    /// JSON about the shop, at most 256.
    pub scene_info: Option<String>,
}

/// Places an order. The fields are fixed when it is made; [`UnifiedOrder::saved`] keeps them, and
/// [`UnifiedOrder::from_saved`] sends the very same ones again: a repeat that differs in anything but nonce and
/// sign is refused by WeChat as a taken number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnifiedOrder {
    fields: Fields,
}

/// The order is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPlaced {
    /// The text of the QR code, valid for 2 hours. Placing again gives a new one and voids this.
    pub code_url: String,
    /// WeChat's number of the placing.
    pub prepay_id: String,
}

impl UnifiedOrder {
    /// An order of this merchant.
    ///
    /// # Errors
    /// The first field that WeChat would refuse.
    pub fn native(merchant: &Merchant, order: &NativeOrder) -> Result<Self, FieldError> {
        let time = |time: Option<Timestamp>| time.map(beijing::format_compact);
        let fields = Fields::new()
            .with("appid", &merchant.appid)
            .with("mch_id", &merchant.mch_id)
            .with_some("device_info", order.device_info.as_deref())
            .with("sign_type", merchant.sign_type.as_str())
            .with("body", &order.body)
            .with_some("detail", order.detail.as_deref())
            .with_some("attach", order.attach.as_deref())
            .with("out_trade_no", &order.out_trade_no)
            .with_some("fee_type", order.fee_type.as_deref())
            .with("total_fee", order.total_fee.to_string())
            .with("spbill_create_ip", order.spbill_create_ip.to_string())
            .with_some("time_start", time(order.time_start))
            .with_some("time_expire", time(order.time_expire))
            .with_some("goods_tag", order.goods_tag.as_deref())
            .with("notify_url", &order.notify_url)
            .with("trade_type", "NATIVE")
            .with("product_id", &order.product_id)
            .with_some("limit_pay", order.limit_pay.as_deref())
            .with_some("scene_info", order.scene_info.as_deref());
        Self::from_saved(fields)
    }

    /// All fields but `nonce_str` and `sign`, to be kept before the order is sent.
    pub fn saved(&self) -> &Fields {
        &self.fields
    }

    /// The order of these saved fields, sent again exactly as they are.
    ///
    /// # Errors
    /// The first field that is missing, wrong, or doesn't belong in a saved order.
    pub fn from_saved(fields: Fields) -> Result<Self, FieldError> {
        for field in ["nonce_str", "sign"] {
            if fields.get(field).is_some() {
                return Err(FieldFault::Unexpected.of(field));
            }
        }
        for (field, max) in [("appid", 32), ("mch_id", 32), ("body", 127), ("product_id", 32)] {
            limits::text(field, need(&fields, field)?, max)?;
        }
        limits::out_trade_no(need(&fields, "out_trade_no")?)?;
        limits::notify_url(need(&fields, "notify_url")?)?;
        limits::spbill_create_ip(need(&fields, "spbill_create_ip")?)?;
        parse_fen_positive(need(&fields, "total_fee")?)
            .map_err(|_| FieldFault::OutOfRange.of("total_fee"))?;
        if need(&fields, "trade_type")? != "NATIVE" {
            return Err(FieldFault::Character.of("trade_type"));
        }
        if fields
            .get("sign_type")
            .is_some_and(|name| SignType::parse(name).is_none())
        {
            return Err(FieldFault::Character.of("sign_type"));
        }
        let free = [
            ("device_info", 32),
            ("attach", 127),
            ("detail", 6000),
            ("fee_type", 16),
            ("goods_tag", 32),
        ];
        for (field, max) in free.into_iter().chain([("limit_pay", 32), ("scene_info", 256)]) {
            limits::optional(field, fields.get(field), max)?;
        }
        let start = time(&fields, "time_start")?;
        let expire = time(&fields, "time_expire")?;
        if let (Some(start), Some(expire)) = (start, expire)
            && expire <= start
        {
            return Err(FieldFault::OutOfRange.of("time_expire"));
        }
        Ok(Self { fields })
    }

    /// The order's number.
    pub fn out_trade_no(&self) -> &str {
        // from_saved lets no order without a number through.
        self.fields.get("out_trade_no").unwrap_or_default()
    }
}

fn need<'a>(fields: &'a Fields, field: &'static str) -> Result<&'a str, FieldError> {
    fields.present(field).ok_or_else(|| FieldFault::Missing.of(field))
}

fn time(fields: &Fields, field: &'static str) -> Result<Option<Timestamp>, FieldError> {
    match fields.get(field) {
        None => Ok(None),
        Some(text) => beijing::parse_compact(text)
            .map(Some)
            .ok_or_else(|| FieldFault::OutOfRange.of(field)),
    }
}

impl Request for UnifiedOrder {
    const PATH: &'static str = "/pay/unifiedorder";
    const CLIENT_CERT: bool = false;
    /// The fields never change, so a repeat is WeChat's "re-entry": the same order, a fresh code.
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = 64 * 1024;
    type Answer = OrderPlaced;

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<OrderPlaced> {
        judge(body, Self::ANSWER_CAP, merchant, kind, read)
    }
}

fn read(answer: &Fields) -> Result<OrderPlaced, Doubt> {
    // Of the answer's fields none names the order; the sign and TLS tie it to the request.
    match answer.present("trade_type") {
        None | Some("NATIVE") => {}
        Some(_) => return Err(Doubt::FieldWrong("trade_type")),
    }
    let code_url = required(answer, "code_url")?;
    if !code_url.starts_with("weixin://") || code_url.len() > 256 {
        return Err(Doubt::FieldWrong("code_url"));
    }
    Ok(OrderPlaced {
        code_url: code_url.to_owned(),
        prepay_id: required(answer, "prepay_id")?.to_owned(),
    })
}
