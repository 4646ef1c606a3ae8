//! A merchant's desk on invented time: asks the gateway signed questions and reads verified answers.

use jiff::{SignedDuration, Timestamp};
use wechat_pay::{ApiKey, Fields, SignType, XmlLimits, sign};
use wechat_pay_sim::{Answer, Gateway, GatewayConfig, PayWith, Receipt, TradeState};

pub(crate) const APPID: &str = "wxd930ea5d5a258f4f";
pub(crate) const MCH_ID: &str = "10000100";

pub(crate) fn key() -> ApiKey {
    ApiKey::parse("192006250b4c09247ec02edce69f6a2d").unwrap()
}

pub(crate) fn config() -> GatewayConfig {
    GatewayConfig {
        seed: 7,
        ..GatewayConfig::new(APPID, MCH_ID, key())
    }
}

pub(crate) struct Desk {
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
}

pub(crate) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// The fields of an order as a till sends them.
pub(crate) fn order<'a>(number: &'a str, fee: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("body", "测试门店-咖啡"),
        ("device_info", "T1"),
        ("attach", "a,`b"),
        ("out_trade_no", number),
        ("total_fee", fee),
        ("spbill_create_ip", "127.0.0.1"),
        ("notify_url", "http://127.0.0.1:9/notify"),
        ("trade_type", "NATIVE"),
        ("product_id", "P1"),
    ]
}

pub(crate) fn signed(fields: &[(&str, &str)], kind: SignType) -> Vec<u8> {
    let mut request = Fields::new()
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("nonce_str", "n0nce");
    request.set("sign_type", kind.as_str());
    for (name, value) in fields {
        request.set(name, value);
    }
    sign::signed(request, &key(), kind).to_xml().into_bytes()
}

pub(crate) fn read(answer: &Answer) -> Fields {
    Fields::from_xml_within(
        &answer.body,
        XmlLimits {
            bytes: 64 * 1024,
            fields: 1024,
        },
    )
    .unwrap()
}

impl Desk {
    /// Ten in the morning in Beijing.
    pub(crate) fn new() -> Self {
        Self {
            gateway: Gateway::new(config()),
            now: "2026-11-23T02:00:00Z".parse().unwrap(),
        }
    }

    pub(crate) fn wait(&mut self, by: SignedDuration) {
        self.now += by;
    }

    pub(crate) fn raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.gateway
            .answer(self.now, path, &signed(fields, SignType::HmacSha256), true)
    }

    /// The answer, whose signature must be right and of the request's type.
    pub(crate) fn ask(&mut self, path: &str, fields: &[(&str, &str)]) -> Fields {
        let answer = read(&self.raw(path, fields));
        let verdict = sign::verify(&answer, &key(), Some(SignType::HmacSha256));
        assert_eq!(
            verdict,
            Ok(SignType::HmacSha256),
            "every answer that isn't return_code=FAIL is signed in kind"
        );
        answer
    }

    pub(crate) fn place(&mut self, number: &str, fee: &str) -> String {
        let answer = self.ask("/pay/unifiedorder", &order(number, fee));
        assert_eq!(
            answer.get("result_code"),
            Some("SUCCESS"),
            "a well-formed new order is placed"
        );
        answer.get("code_url").unwrap().to_owned()
    }

    pub(crate) fn query(&mut self, number: &str) -> Fields {
        self.ask("/pay/orderquery", &[("out_trade_no", number)])
    }

    pub(crate) fn state(&mut self, number: &str) -> String {
        self.query(number)
            .get("trade_state")
            .unwrap_or("no state")
            .to_owned()
    }

    /// `OK`, or the error code.
    pub(crate) fn close(&mut self, number: &str) -> String {
        let answer = self.ask("/pay/closeorder", &[("out_trade_no", number)]);
        answer
            .get("err_code")
            .or_else(|| answer.get("result_msg"))
            .unwrap()
            .to_owned()
    }

    pub(crate) fn pay(&mut self, number: &str) -> Receipt {
        self.gateway.pay(self.now, number, &PayWith::default()).unwrap()
    }

    pub(crate) fn real_state(&self, number: &str) -> TradeState {
        self.gateway.order(self.now, number).unwrap().state
    }
}
