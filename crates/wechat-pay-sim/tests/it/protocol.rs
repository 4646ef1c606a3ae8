//! Envelopes: signatures, forms of XML, refusals before any business.

use wechat_pay::{Fields, SignError, SignType, sign};
use wechat_pay_sim::Signature;

use crate::desk::{APPID, Desk, MCH_ID, key, order, read, signed};

const PLACE: &str = "/pay/unifiedorder";

fn md5_without_sign_type(fields: &[(&str, &str)]) -> Fields {
    let mut request = Fields::new()
        .with("appid", APPID)
        .with("mch_id", MCH_ID)
        .with("nonce_str", "n0nce");
    for (name, value) in fields {
        request.set(name, value);
    }
    sign::signed(request, &key(), SignType::Md5)
}

#[test]
fn both_signature_types_are_answered_in_kind() {
    let mut desk = Desk::new();
    for (body, kind) in [
        (signed(&order("T1-261123-1", "1"), SignType::Md5), SignType::Md5),
        (
            signed(&order("T1-261123-2", "1"), SignType::HmacSha256),
            SignType::HmacSha256,
        ),
        (
            md5_without_sign_type(&order("T1-261123-3", "1"))
                .to_xml()
                .into_bytes(),
            SignType::Md5,
        ),
    ] {
        let answer = desk.gateway.answer(desk.now, PLACE, &body, false);
        assert_eq!(
            sign::verify(&read(&answer), &key(), Some(kind)),
            Ok(kind),
            "the request's type comes back"
        );
        assert_eq!(
            read(&answer).get("result_code"),
            Some("SUCCESS"),
            "an absent sign_type means MD5"
        );
    }
}

#[test]
fn fault_59_a_wrong_signature_gets_an_unsigned_refusal() {
    let mut desk = Desk::new();
    let good = md5_without_sign_type(&order("T1-261123-1", "1"));
    let other_type = sign::sign(&good, &key(), SignType::HmacSha256);
    for (request, verdict) in [
        (good.clone().with("total_fee", "2"), Signature::Wrong),
        (good.clone().with("unknown", "x"), Signature::Wrong),
        (
            good.clone()
                .with("sign", good.get("sign").unwrap().to_lowercase()),
            Signature::Wrong,
        ),
        (good.clone().with("sign", other_type), Signature::Wrong),
        (good.clone().with("sign_type", "SHA1"), Signature::Wrong),
    ] {
        let answer = desk
            .gateway
            .answer(desk.now, PLACE, request.to_xml().as_bytes(), false);
        let fields = read(&answer);
        assert_eq!(
            fields.get("return_code"),
            Some("FAIL"),
            "a request nobody vouches for is refused"
        );
        assert_eq!(fields.get("return_msg"), Some("签名失败"), "WeChat's words");
        assert_eq!(
            sign::verify(&fields, &key(), None),
            Err(SignError::Missing),
            "such a refusal is unsigned"
        );
        assert_eq!(answer.record.signature, verdict, "the log tells the verdict");
    }
    let unknown = good.with("field_of_next_year", "1");
    let signed_again = sign::signed(unknown, &key(), SignType::Md5).to_xml();
    let answer = desk
        .gateway
        .answer(desk.now, PLACE, signed_again.as_bytes(), false);
    assert_eq!(
        read(&answer).get("result_code"),
        Some("SUCCESS"),
        "a signed unknown field is signed for and ignored"
    );
}

#[test]
fn fault_59_a_request_without_a_signature_is_logged_as_one() {
    let mut desk = Desk::new();
    let mut request = md5_without_sign_type(&order("T1-261123-1", "1"));
    request.remove("sign");
    let answer = desk
        .gateway
        .answer(desk.now, PLACE, request.to_xml().as_bytes(), false);
    assert_eq!(
        answer.record.signature,
        Signature::Missing,
        "not unchecked: there is none to check"
    );
    assert_eq!(
        answer.record.result, "LACK_PARAMS",
        "refused like any missing field"
    );
}

#[test]
fn fault_59_a_bill_is_refused_a_wrong_signature_in_its_own_words() {
    let mut desk = Desk::new();
    let request = md5_without_sign_type(&[("bill_date", "20261122"), ("bill_type", "ALL")]);
    let changed = request.with("bill_date", "20261121").to_xml();
    let answer = desk
        .gateway
        .answer(desk.now, "/pay/downloadbill", changed.as_bytes(), false);
    assert_eq!(
        answer.record.signature,
        Signature::Wrong,
        "the log tells the verdict"
    );
    assert_eq!(
        wechat_pay::bill::read(&answer.body),
        Err(wechat_pay::bill::BillError::SignError),
        "and the client reads it as that: {}",
        String::from_utf8_lossy(&answer.body)
    );
}

#[test]
fn real_sdks_forms_of_xml_are_read() {
    let mut desk = Desk::new();
    let fields = md5_without_sign_type(&order("T1-261123-1", "1"));
    let escaped = |value: &str| value.replace('&', "&amp;").replace('<', "&lt;");
    let plain: String = fields
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>\n", escaped(value)))
        .collect();
    let cdata: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
        .collect();
    let reversed: String = cdata.iter().rev().cloned().collect();
    for body in [
        format!("<xml>\n{plain}</xml>"),
        format!("<root>{}</root>", cdata.concat()),
        format!("<xml>{reversed}</xml>\n"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>{plain}</xml>"),
    ] {
        let answer = desk.gateway.answer(desk.now, PLACE, body.as_bytes(), false);
        assert_eq!(
            read(&answer).get("result_code"),
            Some("SUCCESS"),
            "the form carries no meaning: {body}"
        );
    }
}

#[test]
fn fault_62_what_is_no_v2_document_is_refused() {
    let mut desk = Desk::new();
    let xml = String::from_utf8(signed(&order("T1-261123-1", "1"), SignType::Md5)).unwrap();
    let doctype = xml.replace(
        "<xml>",
        "<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml>",
    );
    let doubled = xml.replace("</xml>", "<total_fee>1</total_fee></xml>");
    for (body, code) in [
        (doctype.as_bytes(), "XML_FORMAT_ERROR"),
        (doubled.as_bytes(), "XML_FORMAT_ERROR"),
        (&xml.as_bytes()[..xml.len() / 2], "XML_FORMAT_ERROR"),
        (b"appid=1&mch_id=2".as_slice(), "XML_FORMAT_ERROR"),
        (b"<xml>\xff</xml>".as_slice(), "NOT_UTF8"),
        (b"".as_slice(), "POST_DATA_EMPTY"),
        (b"<xml></xml>".as_slice(), "LACK_PARAMS"),
    ] {
        let answer = desk.gateway.answer(desk.now, PLACE, body, false);
        assert_eq!(
            answer.record.result,
            code,
            "{} is refused before anything is trusted",
            String::from_utf8_lossy(body)
        );
        assert_eq!(
            read(&answer).get("return_code"),
            Some("FAIL"),
            "and the refusal is unsigned XML"
        );
        assert_eq!(answer.status, 200, "WeChat says everything with HTTP 200");
    }
    assert!(
        desk.gateway.orders(desk.now).is_empty(),
        "none of them placed an order"
    );
}

#[test]
fn a_foreign_merchant_or_appid_is_refused() {
    let mut desk = Desk::new();
    let mut fields = order("T1-261123-1", "1");
    fields.push(("appid", "wx0000000000000001"));
    assert_eq!(
        desk.ask(PLACE, &fields).get("err_code"),
        Some("APPID_MCHID_NOT_MATCH"),
        "the appid isn't bound"
    );
    let mut fields = order("T1-261123-1", "1");
    fields.push(("mch_id", "10000101"));
    let answer = desk.raw(PLACE, &fields);
    assert_eq!(
        answer.record.result, "MCHID_NOT_EXIST",
        "no key to check such a request with"
    );
    assert_eq!(
        desk.gateway.answer(desk.now, "/pay/nothing", b"", false).status,
        404,
        "an unknown path is no call"
    );
}

#[test]
fn missing_and_malformed_fields_are_refused_signed() {
    let mut desk = Desk::new();
    let mut fields = order("T1-261123-1", "1");
    fields.retain(|(name, _)| *name != "product_id");
    assert_eq!(
        desk.ask(PLACE, &fields).get("err_code"),
        Some("LACK_PARAMS"),
        "NATIVE needs product_id"
    );
    assert_eq!(
        desk.ask(PLACE, &order("T1-261123-1", "0")).get("err_code"),
        Some("PARAM_ERROR"),
        "0 fen is no order"
    );
}
