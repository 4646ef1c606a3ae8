//! Placing, asking and closing: what is sent, and how answers are judged. No network.

use wechat_pay::envelope::{Judged, seal};
use wechat_pay::sign::{signed, verify};
use wechat_pay::{
    CloseOrder, Doubt, ErrCode, Fen, FieldFault, Fields, NativeOrder, Nonce, OrderQuery, OrderState, Outcome,
    Refusal, Request, SignType, SignVerdict, UnifiedOrder, XmlError,
};

use crate::{key, merchant};

pub(crate) const ORDER: &str = "till1-260101-000001-a1b2";

pub(crate) fn native_order() -> NativeOrder {
    NativeOrder {
        body: "测试门店-咖啡".to_owned(),
        out_trade_no: ORDER.to_owned(),
        total_fee: Fen::new(101),
        spbill_create_ip: "127.0.0.1".parse().unwrap(),
        notify_url: "https://relay.example.com/weixin/pay/notify/url".to_owned(),
        product_id: "P1".to_owned(),
        device_info: Some("till1".to_owned()),
        attach: Some("a&b<c>".to_owned()),
        detail: None,
        fee_type: None,
        time_start: Some("2026-01-01T09:00:00+08:00".parse().unwrap()),
        time_expire: Some("2026-01-01T09:30:00+08:00".parse().unwrap()),
        goods_tag: None,
        limit_pay: None,
        scene_info: None,
    }
}

fn order() -> UnifiedOrder {
    UnifiedOrder::native(&merchant(SignType::HmacSha256), &native_order()).unwrap()
}

fn query() -> OrderQuery {
    OrderQuery::by_out_trade_no(ORDER).unwrap()
}

/// The envelope of a good answer, not signed yet.
pub(crate) fn envelope() -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("appid", "wxd930ea5d5a258f4f")
        .with("mch_id", "10000100")
        .with("nonce_str", "IITRi8Iabbblz1Jc")
        .with("result_code", "SUCCESS")
}

pub(crate) fn failed(err_code: &str, des: &str) -> Fields {
    envelope()
        .with("result_code", "FAIL")
        .with("err_code", err_code)
        .with("err_code_des", des)
}

fn paid() -> Fields {
    envelope()
        .with("trade_state", "SUCCESS")
        .with("out_trade_no", ORDER)
        .with("transaction_id", "4200000540202601017407409907")
        .with("total_fee", "101")
        .with("cash_fee", "100")
        .with("coupon_fee", "1")
        .with("coupon_fee_0", "1")
        .with("coupon_id_0", "10000")
        .with("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        .with("time_end", "20260101090123")
}

/// Judges an answer that WeChat has signed.
pub(crate) fn judge<R: Request>(request: &R, answer: Fields) -> Judged<R::Answer> {
    let body = signed(answer, &key(), SignType::HmacSha256).to_xml();
    request.judge(
        body.as_bytes(),
        &merchant(SignType::HmacSha256),
        SignType::HmacSha256,
    )
}

pub(crate) fn doubt<R: Request>(request: &R, answer: Fields) -> Doubt {
    match judge(request, answer).outcome {
        Outcome::Unknown(doubt) => doubt,
        Outcome::Yes(_) | Outcome::No(_) => panic!("should be unknown"),
    }
}

#[test]
fn a_sealed_request_is_signed_over_all_it_sends() {
    for kind in [SignType::Md5, SignType::HmacSha256] {
        let (sealed, sent_by) =
            seal(query().fields(), &merchant(kind), &Nonce::parse("n1").unwrap()).unwrap();
        assert_eq!(sent_by, kind, "by the merchant's type");
        assert_eq!(
            verify(&sealed, &key(), Some(kind)),
            Ok(kind),
            "WeChat will find it right"
        );
        let body = sealed.to_xml();
        assert_eq!(
            Fields::from_xml(body.as_bytes(), 4096),
            Ok(sealed.clone()),
            "as it arrives"
        );
        for name in ["appid", "mch_id", "nonce_str", "sign_type", "out_trade_no"] {
            assert!(sealed.present(name).is_some(), "{name} belongs to it");
        }
    }
}

#[test]
fn a_saved_order_is_sent_again_byte_for_byte() {
    let order = order();
    let saved = serde_json::to_string(order.saved()).unwrap();
    let again = UnifiedOrder::from_saved(serde_json::from_str(&saved).unwrap()).unwrap();
    let nonce = Nonce::parse("n1").unwrap();
    // The shop has switched to MD5 since: the order is still sent as it was placed.
    let first = seal(order.fields(), &merchant(SignType::HmacSha256), &nonce).unwrap();
    let second = seal(again.fields(), &merchant(SignType::Md5), &nonce).unwrap();
    assert_eq!(
        first.0.to_xml(),
        second.0.to_xml(),
        "the same bytes, given the same nonce"
    );
    let third = seal(
        again.fields(),
        &merchant(SignType::Md5),
        &Nonce::parse("n2").unwrap(),
    )
    .unwrap()
    .0;
    let changed: Vec<_> = first
        .0
        .iter()
        .filter(|(name, value)| third.get(name) != Some(value))
        .map(|f| f.0)
        .collect();
    assert_eq!(
        changed,
        ["nonce_str", "sign"],
        "nothing else differs with another nonce"
    );
    assert_eq!(
        third.get("time_expire"),
        Some("20260101093000"),
        "Beijing time, kept"
    );
}

#[test]
fn another_merchants_saved_order_is_not_sent() {
    let mut other = merchant(SignType::HmacSha256);
    other.mch_id = "99999999".to_owned();
    let sealed = seal(order().fields(), &other, &Nonce::random());
    assert_eq!(
        sealed.unwrap_err(),
        Doubt::OtherMerchant,
        "it would be signed by the wrong key"
    );
}

#[test]
fn an_order_wechat_would_refuse_cant_be_made() {
    let refused = |field, fault, change: &dyn Fn(&mut NativeOrder)| {
        let mut order = native_order();
        change(&mut order);
        let error = UnifiedOrder::native(&merchant(SignType::HmacSha256), &order).unwrap_err();
        assert_eq!((error.field, error.fault), (field, fault), "{error}");
    };
    refused("body", FieldFault::TooLong(127), &|o| o.body = "茶".repeat(43));
    refused("body", FieldFault::EdgeBlank, &|o| o.body = "tea ".to_owned());
    refused("body", FieldFault::EdgeBlank, &|o| {
        o.body = "\u{3000}茶".to_owned()
    });
    refused("body", FieldFault::Missing, &|o| o.body.clear());
    refused("body", FieldFault::Character, &|o| o.body = "a\0b".to_owned());
    refused("out_trade_no", FieldFault::TooShort(6), &|o| {
        o.out_trade_no = "12345".to_owned()
    });
    refused("out_trade_no", FieldFault::TooLong(32), &|o| {
        o.out_trade_no = "1".repeat(33)
    });
    refused("out_trade_no", FieldFault::Character, &|o| {
        o.out_trade_no = "order@1".to_owned()
    });
    refused("total_fee", FieldFault::OutOfRange, &|o| o.total_fee = Fen::ZERO);
    refused("total_fee", FieldFault::OutOfRange, &|o| {
        o.total_fee = Fen::new(-1)
    });
    refused("product_id", FieldFault::Missing, &|o| o.product_id.clear());
    refused("notify_url", FieldFault::Address, &|o| {
        o.notify_url = "https://a.example/n?x=1".to_owned()
    });
    refused("notify_url", FieldFault::Address, &|o| {
        o.notify_url = "ftp://a.example/n".to_owned()
    });
    refused("notify_url", FieldFault::Address, &|o| {
        o.notify_url = "https:///n".to_owned()
    });
    refused("attach", FieldFault::TooLong(127), &|o| {
        o.attach = Some("a".repeat(128))
    });
    refused("attach", FieldFault::Missing, &|o| o.attach = Some(String::new()));
    refused("time_expire", FieldFault::OutOfRange, &|o| {
        o.time_expire = o.time_start
    });
    let longest = NativeOrder {
        body: "茶".repeat(42),
        out_trade_no: "a".repeat(32),
        ..native_order()
    };
    assert!(
        UnifiedOrder::native(&merchant(SignType::Md5), &longest).is_ok(),
        "up to the limits it can"
    );
}

#[test]
fn a_saved_order_must_be_one() {
    let saved = order().saved().clone();
    for name in ["nonce_str", "sign"] {
        let error = UnifiedOrder::from_saved(saved.clone().with(name, "x")).unwrap_err();
        assert_eq!(
            error.fault,
            FieldFault::Unexpected,
            "{name} is made anew each time"
        );
    }
    for name in [
        "appid",
        "mch_id",
        "body",
        "out_trade_no",
        "total_fee",
        "notify_url",
        "product_id",
        "trade_type",
    ] {
        let mut without = saved.clone();
        without.remove(name);
        let error = UnifiedOrder::from_saved(without).unwrap_err();
        assert_eq!(
            (error.field, error.fault),
            (name, FieldFault::Missing),
            "{name} must have been saved"
        );
    }
}

#[test]
fn an_order_is_placed() {
    let answer = envelope()
        .with("trade_type", "NATIVE")
        .with("prepay_id", "wx2016")
        .with("code_url", "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00");
    let Judged {
        outcome: Outcome::Yes(placed),
        verdict,
    } = judge(&order(), answer.clone())
    else {
        panic!("placed")
    };
    assert_eq!(
        placed.code_url, "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00",
        "the QR code's text"
    );
    assert_eq!(verdict, SignVerdict::Right, "signed");
    let web = answer.with("code_url", "https://evil.example/");
    assert_eq!(
        doubt(&order(), web),
        Doubt::FieldWrong("code_url"),
        "a customer is never shown another kind of link"
    );
}

#[test]
fn refusals_are_recognisable() {
    let refused = |code, des| match judge(&order(), failed(code, des)).outcome {
        Outcome::No(refusal) => refusal,
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(refused("ORDERPAID", "").err_code, ErrCode::OrderPaid, "typed");
    assert_eq!(refused("ORDERCLOSED", "").err_code, ErrCode::OrderClosed, "typed");
    assert_eq!(
        refused("SOMETHING_NEW", "x").err_code,
        ErrCode::Other("SOMETHING_NEW".to_owned()),
        "kept"
    );
    assert!(
        refused("OUT_TRADE_NO_USED", "商户订单号重复").is_number_taken(),
        "the older way"
    );
    assert!(
        refused("INVALID_REQUEST", "201 商户订单号重复").is_number_taken(),
        "the newer way"
    );
    assert!(
        !refused("INVALID_REQUEST", "无权限").is_number_taken(),
        "another reason"
    );
}

#[test]
fn fault_18_wechats_own_doubt_is_unknown() {
    for code in [
        "SYSTEMERROR",
        "BANKERROR",
        "BIZERR_NEED_RETRY",
        "FREQUENCY_LIMITED",
        "INVALID_REQ_TOO_MUCH",
    ] {
        let err_code = ErrCode::parse(code);
        assert_eq!(err_code.as_str(), code, "known by name");
        assert_eq!(
            doubt(&order(), failed(code, "")),
            Doubt::SystemError { err_code },
            "{code} is never a no"
        );
    }
}

#[test]
fn fault_23_every_trade_state() {
    let state = |answer| match judge(&query(), answer).outcome {
        Outcome::Yes(state) => state,
        other => panic!("{other:?}"),
    };
    let bare = |name| state(envelope().with("trade_state", name).with("out_trade_no", ORDER));
    for (name, expected) in [
        ("NOTPAY", OrderState::NotPay),
        ("CLOSED", OrderState::Closed),
        ("REVOKED", OrderState::Revoked),
        ("USERPAYING", OrderState::UserPaying),
        ("PAYERROR", OrderState::PayError),
        ("ACCEPT", OrderState::Accept),
        ("NEVER_SEEN", OrderState::Unknown("NEVER_SEEN".to_owned())),
    ] {
        assert_eq!(bare(name), expected, "{name}");
    }
    let OrderState::Success(payment) = state(paid()) else {
        panic!("paid")
    };
    assert_eq!(payment.total_fee, Fen::new(101), "the amount to compare");
    assert_eq!(payment.cash_fee, Some(Fen::new(100)), "less the coupon");
    assert_eq!(
        (payment.coupon_fee, payment.coupons.len()),
        (Fen::new(1), 1),
        "the coupon"
    );
    assert_eq!(payment.fee_type, "CNY", "where none is named");
    assert_eq!(
        payment.time_end,
        "2026-01-01T01:01:23Z".parse().unwrap(),
        "Beijing time"
    );
    let refunded = state(paid().with("trade_state", "REFUND"));
    assert_eq!(
        refunded.payment().map(|p| p.total_fee),
        Some(Fen::new(101)),
        "a refunded order was paid"
    );
}

#[test]
fn fault_25_a_signed_answer_about_something_else_is_unknown() {
    for (name, value, why) in [
        ("appid", "wx0000000000000000", Doubt::OtherMerchant),
        ("mch_id", "99999999", Doubt::OtherMerchant),
        ("out_trade_no", "till2-260101-000009-zzzz", Doubt::OtherOrder),
        ("total_fee", "1.01", Doubt::FieldWrong("total_fee")),
        ("total_fee", "0", Doubt::FieldWrong("total_fee")),
        ("total_fee", "", Doubt::FieldMissing("total_fee")),
        ("time_end", "20261301000000", Doubt::FieldWrong("time_end")),
        ("trade_state", "", Doubt::FieldMissing("trade_state")),
        ("result_code", "MAYBE", Doubt::FieldWrong("result_code")),
        ("out_trade_no", "", Doubt::FieldMissing("out_trade_no")),
    ] {
        let judged = judge(&query(), paid().with(name, value));
        assert_eq!(judged.outcome, Outcome::Unknown(why), "{name}={value}");
        assert_eq!(
            judged.verdict,
            SignVerdict::Right,
            "it is signed all the same, and the evidence says so"
        );
    }
    let foreign = judge(&query(), paid().with("fee_type", "USD"));
    let Outcome::Yes(OrderState::Success(payment)) = foreign.outcome else {
        panic!("read")
    };
    assert_eq!(
        payment.fee_type, "USD",
        "the currency is reported, for the caller to compare"
    );
}

#[test]
fn fault_26_unsigned_and_wrongly_signed_answers_are_unknown() {
    let ours = merchant(SignType::HmacSha256);
    let judge = |body: String| query().judge(body.as_bytes(), &ours, SignType::HmacSha256);
    let unsigned = judge(paid().to_xml());
    assert_eq!(unsigned.outcome, Outcome::Unknown(Doubt::SignMissing), "no sign");
    assert_eq!(unsigned.verdict, SignVerdict::Missing, "and the evidence says so");
    let forged = judge(
        signed(paid(), &key(), SignType::HmacSha256)
            .with("total_fee", "1")
            .to_xml(),
    );
    assert_eq!(
        forged.outcome,
        Outcome::Unknown(Doubt::SignWrong),
        "changed after signing"
    );
    assert_eq!(forged.verdict, SignVerdict::Wrong, "and the evidence says so");
    let by_md5 = judge(signed(paid(), &key(), SignType::Md5).to_xml());
    assert_eq!(
        by_md5.outcome,
        Outcome::Unknown(Doubt::SignTypeDiffers),
        "WeChat answers in kind"
    );
    let refused = judge(failed("ORDERPAID", "").to_xml());
    assert_eq!(
        refused.outcome,
        Outcome::Unknown(Doubt::SignMissing),
        "an unsigned no isn't a no"
    );
    let fail =
        judge("<xml><return_code>FAIL</return_code><return_msg>签名失败</return_msg></xml>".to_owned());
    assert_eq!(
        fail.outcome,
        Outcome::Unknown(Doubt::ReturnFail {
            return_msg: "签名失败".to_owned()
        }),
        "unsigned"
    );
    assert_eq!(fail.verdict, SignVerdict::None, "such answers never are");
    let html = judge("<html><body>502</body></html>".to_owned());
    assert_eq!(
        html.outcome,
        Outcome::Unknown(Doubt::Xml(XmlError::OtherRoot)),
        "not V2"
    );
}

#[test]
fn an_order_is_closed_or_was_paid() {
    let close = CloseOrder::new(ORDER).unwrap();
    let closed = judge(&close, envelope().with("result_msg", "OK")).outcome;
    assert!(matches!(closed, Outcome::Yes(_)), "closed");
    let paid = judge(&close, failed("ORDERPAID", "")).outcome;
    assert!(
        matches!(
            paid,
            Outcome::No(Refusal {
                err_code: ErrCode::OrderPaid,
                ..
            })
        ),
        "paid meanwhile"
    );
    assert_eq!(
        doubt(&close, envelope().with("out_trade_no", "another-order")),
        Doubt::OtherOrder,
        "another's"
    );
}
