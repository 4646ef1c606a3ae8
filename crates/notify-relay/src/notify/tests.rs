//! Which bodies are believed, by which key, and where they go.

use wechat_pay::{Fen, Nonce};

use super::*;

const APPID: &str = "wxd930ea5d5a258f4f";
const MCH_ID: &str = "10000100";
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const PREVIOUS: &str = "192006250b4c09247ec02edce69f6a2e";
const OTHER_MCH_ID: &str = "10000200";
const OTHER_KEY: &str = "192006250b4c09247ec02edce69f6a2f";

fn merchants() -> Merchants {
    let served = |mch_id: &str, key, previous: Option<&str>| {
        let previous = previous.map(|key| ApiKey::parse(key).unwrap());
        Served::new(
            APPID.to_owned(),
            mch_id.to_owned(),
            ApiKey::parse(key).unwrap(),
            previous,
        )
        .unwrap()
    };
    Merchants::new(vec![
        served(MCH_ID, KEY, Some(PREVIOUS)),
        served(OTHER_MCH_ID, OTHER_KEY, None),
    ])
    .unwrap()
}

fn merchant(mch_id: &str, key: &str) -> Merchant {
    Merchant {
        appid: APPID.to_owned(),
        mch_id: mch_id.to_owned(),
        api_key: ApiKey::parse(key).unwrap(),
        previous_key: None,
        sign_type: SignType::HmacSha256,
    }
}

/// A paid notify about this order, as yet unsigned.
fn paid(out_trade_no: &str) -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("out_trade_no", out_trade_no)
        .with("transaction_id", "4200000540202601017407409907")
        .with("total_fee", "101")
        .with("time_end", "20260101090123")
}

fn probe() -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("out_trade_no", "T01-probe")
        .with(PROBE, "k3Q9")
}

fn read_signed(fields: Fields, key: &str) -> Result<Authentic, NotifyRefusal> {
    let key = ApiKey::parse(key).unwrap();
    let signed = sign::signed(fields, &key, SignType::HmacSha256);
    read(signed.to_xml().as_bytes(), &merchants())
}

#[test]
fn a_payment_goes_to_the_till_in_its_number() {
    let authentic = read_signed(paid("T01-260101-000001-ABCD"), KEY).unwrap();
    assert_eq!(authentic.news, News::Payment, "a payment");
    assert_eq!(authentic.key, KeyAge::Current, "by the key in use");
    let message = authentic.message;
    assert_eq!(message.route.to_string(), "10000100.T01", "to that till");
    assert_eq!(
        message.message_id, "4200000540202601017407409907",
        "named by the transaction"
    );
    assert_eq!(message.kind, Kind::Notify, "a notify");
    let fields = Fields::try_from_iter(&message.fields).unwrap();
    assert!(
        pay_notify::read(&fields, &merchant(MCH_ID, KEY)).is_ok(),
        "what travels can be verified again at the till"
    );
}

#[test]
fn a_number_without_a_till_leaves_it_to_device_info() {
    let route = |fields: Fields| read_signed(fields, KEY).unwrap().message.route.to_string();
    assert_eq!(
        route(paid("HOST000020").with("device_info", "T07")),
        "10000100.T07",
        "no dash, no till: the device says it"
    );
    assert_eq!(
        route(paid("-260101-1").with("device_info", "T07")),
        "10000100.T07",
        "an empty part is no till"
    );
    assert_eq!(
        route(paid("T.1-260101").with("device_info", "T07")),
        "10000100.T07",
        "nor is a part that would be two words of a routing key"
    );
    assert_eq!(
        route(paid("T01-260101-1").with("device_info", "T07")),
        "10000100.T01",
        "the number comes first"
    );
    assert_eq!(
        route(paid("HOST000020")),
        "10000100.-",
        "nobody's: to the unrouted ones"
    );
    assert_eq!(
        route(paid("*-#").with("device_info", "#")),
        "10000100.-",
        "a wildcard is no till"
    );
}

#[test]
fn both_keys_count_while_one_replaces_the_other() {
    let authentic = read_signed(paid("T01-1"), PREVIOUS).unwrap();
    assert_eq!(authentic.key, KeyAge::Previous, "still taken, and told apart");
    assert_eq!(
        read_signed(paid("T01-1"), OTHER_KEY).unwrap_err(),
        NotifyRefusal::Sign(SignError::Wrong),
        "another merchant's key is not"
    );
    let body = |merchant: &Merchant| {
        refund_notify::write(&refund("T01-1"), merchant, &Nonce::parse("n").unwrap()).to_xml()
    };
    let by_previous = read(body(&merchant(MCH_ID, PREVIOUS)).as_bytes(), &merchants()).unwrap();
    assert_eq!(by_previous.key, KeyAge::Previous, "for refunds too");
}

fn refund(out_trade_no: &str) -> Fields {
    Fields::new()
        .with("transaction_id", "4200000540202601017407409907")
        .with("out_trade_no", out_trade_no)
        .with("refund_id", "50000404922017112502468056157")
        .with("out_refund_no", "R1")
        .with("total_fee", Fen::new(101).to_string())
        .with("refund_fee", Fen::new(101).to_string())
        .with("refund_status", "SUCCESS")
}

#[test]
fn a_refund_is_believed_when_the_key_opens_it() {
    let nonce = Nonce::parse("n").unwrap();
    let ours = refund_notify::write(&refund("T01-1"), &merchant(MCH_ID, KEY), &nonce);
    let authentic = read(ours.to_xml().as_bytes(), &merchants()).unwrap();
    assert_eq!(authentic.news, News::Refund, "a refund");
    assert_eq!(
        authentic.message.message_id, "50000404922017112502468056157",
        "named by the refund"
    );
    assert_eq!(
        authentic.message.route.to_string(),
        "10000100.T01",
        "to the till of the order within"
    );
    assert_eq!(
        authentic.message.fields.get("req_info").map(String::as_str),
        ours.get("req_info"),
        "sent as it came: the till opens it itself"
    );
    let foreign = refund_notify::write(&refund("T01-1"), &merchant(MCH_ID, OTHER_KEY), &nonce);
    assert!(
        read(foreign.to_xml().as_bytes(), &merchants()).is_err(),
        "another key doesn't open it"
    );
    let moved = ours.clone().with("mch_id", OTHER_MCH_ID);
    assert!(
        read(moved.to_xml().as_bytes(), &merchants()).is_err(),
        "nor may it be passed off as another merchant's"
    );
    let marked = ours.with(PROBE, "x");
    assert_eq!(
        read(marked.to_xml().as_bytes(), &merchants()).unwrap().news,
        News::Refund,
        "a field outside the seal can't turn a refund into a test"
    );
}

#[test]
fn a_merchant_signs_for_itself_only() {
    let theirs = paid("T01-1").with("mch_id", OTHER_MCH_ID);
    assert_eq!(
        read_signed(theirs.clone(), OTHER_KEY)
            .unwrap()
            .message
            .route
            .to_string(),
        "10000200.T01",
        "each with its own key"
    );
    assert_eq!(
        read_signed(theirs, KEY).unwrap_err(),
        NotifyRefusal::Sign(SignError::Wrong),
        "not with the neighbour's"
    );
    assert_eq!(
        read_signed(paid("T01-1").with("mch_id", "10000300"), KEY).unwrap_err(),
        NotifyRefusal::OtherMerchant,
        "a right key under a number that isn't served"
    );
    assert_eq!(
        read_signed(paid("T01-1").with("appid", "wx0000000000000000"), KEY).unwrap_err(),
        NotifyRefusal::OtherMerchant,
        "or under another app"
    );
}

#[test]
fn an_authentic_failure_is_passed_on() {
    let failed = Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "FAIL")
        .with("err_code", "SYSTEMERROR")
        .with("appid", APPID)
        .with("mch_id", MCH_ID);
    let named = read_signed(failed.clone().with("out_trade_no", "T01-1"), KEY).unwrap();
    assert_eq!(named.news, News::NoPayment, "no payment, but WeChat's word");
    assert_eq!(named.message.message_id, "T01-1", "named by the order");
    let nameless = read_signed(failed, KEY).unwrap().message;
    assert_eq!(nameless.message_id, nameless.fields["sign"], "or by itself");
}

#[test]
fn a_probe_is_signed_like_everything_else() {
    let authentic = read_signed(probe(), KEY).unwrap();
    assert_eq!(authentic.news, News::Probe, "a test");
    assert_eq!(authentic.message.kind, Kind::Probe, "and told apart in the queue");
    assert_eq!(authentic.message.message_id, "k3Q9", "the till knows its own");
    assert_eq!(
        authentic.message.route.to_string(),
        "10000100.T01",
        "back to the till"
    );
    assert_eq!(
        read_signed(probe(), OTHER_KEY).unwrap_err(),
        NotifyRefusal::Sign(SignError::Wrong),
        "nobody else can send one"
    );
    assert!(
        read(probe().to_xml().as_bytes(), &merchants()).is_err(),
        "nor without a sign"
    );
    assert_eq!(
        read_signed(probe().with(PROBE, "x".repeat(65)), KEY).unwrap_err(),
        NotifyRefusal::FieldWrong(PROBE),
        "its id is short"
    );
    assert_eq!(
        read_signed(paid("T01-1").with(PROBE, "x"), KEY).unwrap().news,
        News::Payment,
        "what has a transaction is a payment: no field turns money into a test"
    );
}

#[test]
fn every_refusal_is_counted_under_a_listed_word() {
    for refusal in [
        NotifyRefusal::Xml(XmlError::TooLarge),
        NotifyRefusal::Xml(XmlError::DocType),
        NotifyRefusal::ReturnFail,
        NotifyRefusal::Sign(SignError::Missing),
        NotifyRefusal::Sign(SignError::Wrong),
        NotifyRefusal::OtherMerchant,
        NotifyRefusal::FieldMissing("total_fee"),
        NotifyRefusal::Cipher,
    ] {
        assert!(
            REASONS.contains(&reason(refusal)),
            "{refusal:?} begins at zero like the others"
        );
    }
}
