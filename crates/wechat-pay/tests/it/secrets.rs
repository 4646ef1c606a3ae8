//! Neither keys nor payers show in any `Debug` output.

use wechat_pay::pay_notify::{self, Notify};
use wechat_pay::{
    Client, Exchange, HttpCall, HttpConfig, HttpTransport, Outcome, SignType, SignVerdict, mask,
};

use crate::{KEY, merchant, vector};

#[test]
fn debug_output_holds_no_secret() {
    const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    let merchant = merchant(SignType::HmacSha256);
    let (fields, notify) =
        pay_notify::from_bytes(&vector("notify/ok-unknown-fields.xml"), &merchant).unwrap();
    let Notify::Paid(payment) = &notify else {
        panic!("paid")
    };
    assert_eq!(
        payment.openid.as_ref().unwrap().reveal(),
        OPENID,
        "the payer is there"
    );
    let identity = b"-----BEGIN PRIVATE KEY-----".to_vec();
    let config = HttpConfig {
        client_identity_pem: Some(identity),
        ..HttpConfig::new("http://127.0.0.1:1")
    };
    let transport = HttpTransport::new(&HttpConfig::new("http://127.0.0.1:1")).unwrap();
    let exchange = Exchange {
        outcome: Outcome::Yes(payment.clone()),
        sent: KEY.to_owned(),
        received: Some(OPENID.to_owned()),
        verdict: SignVerdict::Right,
        after_loss: false,
    };
    let call = HttpCall {
        path: "/pay/orderquery",
        body: fields.to_xml(),
        client_cert: false,
        repeatable: true,
        answer_cap: 1,
    };
    for shown in [
        format!("{merchant:?}"),
        format!("{fields:?}"),
        format!("{notify:?}"),
        format!("{config:?}"),
        format!("{exchange:?}"),
        format!("{call:?}"),
        format!("{:?}", Client::new(merchant.clone(), transport)),
    ] {
        assert!(!shown.contains(KEY), "the key in {shown}");
        assert!(!shown.contains(OPENID), "the payer in {shown}");
        assert!(!shown.contains("PRIVATE"), "the certificate's key in {shown}");
    }
}

#[test]
fn payers_are_masked_in_evidence() {
    for (body, masked) in [
        (
            "<xml><openid><![CDATA[oU]]></openid><a>1</a></xml>",
            "<xml><openid>***</openid><a>1</a></xml>",
        ),
        (
            "<openid>oU</openid><sub_openid>oV</sub_openid>",
            "<openid>***</openid><sub_openid>***</sub_openid>",
        ),
        ("<openid >oU</openid >", "<openid >***</openid >"),
        ("<openid a=\"1\">oU</openid>", "<openid a=\"1\">***</openid>"),
        ("<a>1</a><openid>oU", "<a>1</a><openid>***"),
        ("<a>openid oU is no element</a>", "<a>openid oU is no element</a>"),
        ("no XML < at all", "no XML < at all"),
    ] {
        assert_eq!(mask::openid(body.to_owned()), masked, "{body}");
    }
}
