//! Every body of `tests/vectors/notify`, good and hostile, with the verdict of its manifest.

use std::collections::BTreeMap;

use wechat_pay::pay_notify::{self, Notify, NotifyRefusal, NotifyReply, SignTypeField};
use wechat_pay::{ErrCode, Fields, Nonce, SignError, SignType, XmlError, beijing};

use crate::{key, merchant, vector};

#[derive(serde::Deserialize)]
struct Manifest {
    appid: String,
    mch_id: String,
    key: String,
    entries: Vec<Entry>,
}

#[derive(serde::Deserialize)]
struct Entry {
    file: String,
    should_accept: bool,
    firm: bool,
    sign_type: String,
    expect: BTreeMap<String, String>,
}

/// Where the manifest leaves the choice, this is ours.
fn our_choice(file: &str) -> (bool, &'static str) {
    match file {
        "ok-result-fail.xml" => (true, "authentic, so it is acknowledged; it is read as no payment"),
        "bom-utf8.xml" => (true, "legal XML, and WeChat's answers have been seen with one"),
        "bad-other-appid.xml" | "bad-other-mch.xml" => (
            false,
            "our key signs for one appid and merchant only; anything else is a mix-up to be seen",
        ),
        "bad-signed-fee-not-integer.xml" | "bad-signed-negative-fee.xml" => (
            false,
            "an amount that can't be booked must not be acknowledged as booked",
        ),
        "enc-utf16.xml" => (
            false,
            "V2 is UTF-8; every further encoding is one more way to be misread",
        ),
        "collision-ampersand.xml" => (
            true,
            "the sign fits: V2 can't tell; what is booked rests on the signed number and amount, both unhurt",
        ),
        other => panic!("the manifest leaves {other} open and we haven't chosen"),
    }
}

fn read_file(file: &str) -> Result<(Fields, Notify), NotifyRefusal> {
    pay_notify::from_bytes(
        &vector(&format!("notify/{file}")),
        &merchant(SignType::HmacSha256),
    )
}

#[test]
fn every_body_gets_its_verdict() {
    let manifest: Manifest = serde_json::from_slice(&vector("notify/manifest.json")).unwrap();
    let ours = merchant(SignType::Md5);
    assert_eq!(
        (manifest.appid, manifest.mch_id),
        (ours.appid, ours.mch_id),
        "the bodies are for our test merchant"
    );
    assert_eq!(manifest.key, crate::KEY, "and under its key");
    assert_eq!(manifest.entries.len(), 55, "the manifest is whole");
    for entry in manifest.entries {
        let (accept, why) = if entry.firm {
            (entry.should_accept, "the manifest is firm")
        } else {
            our_choice(&entry.file)
        };
        let read = read_file(&entry.file);
        assert_eq!(
            read.is_ok(),
            accept,
            "{}: {why}; got {:?}",
            entry.file,
            read.err()
        );
        let Ok((fields, _)) = read else { continue };
        for (name, value) in &entry.expect {
            assert_eq!(
                fields.get(name),
                Some(value.as_str()),
                "{}: {name} is decoded",
                entry.file
            );
        }
        let kind = wechat_pay::sign::verify(&fields, &key(), None).map(SignType::as_str);
        assert_eq!(
            kind,
            Ok(entry.sign_type.as_str()),
            "{}: signed as the manifest says",
            entry.file
        );
    }
}

#[test]
fn every_file_is_in_the_manifest() {
    let manifest: Manifest = serde_json::from_slice(&vector("notify/manifest.json")).unwrap();
    let folder = format!("{}/tests/vectors/notify", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let listed = name == "manifest.json" || manifest.entries.iter().any(|entry| entry.file == name);
        assert!(listed, "{name} would go untested");
    }
}

#[test]
fn refusals_say_why() {
    for (file, why) in [
        ("dtd-billion-laughs.xml", NotifyRefusal::Xml(XmlError::DocType)),
        ("dtd-xxe-file.xml", NotifyRefusal::Xml(XmlError::DocType)),
        ("dtd-external-subset.xml", NotifyRefusal::Xml(XmlError::DocType)),
        ("entity-undefined.xml", NotifyRefusal::Xml(XmlError::Entity)),
        ("ns-prefix-shadow.xml", NotifyRefusal::Xml(XmlError::Attribute)),
        ("dup-total-fee-first.xml", NotifyRefusal::Xml(XmlError::Doubled)),
        ("dup-sign.xml", NotifyRefusal::Xml(XmlError::Doubled)),
        ("nested-total-fee.xml", NotifyRefusal::Xml(XmlError::Nested)),
        ("root-two.xml", NotifyRefusal::Xml(XmlError::OtherRoot)),
        ("empty-body.xml", NotifyRefusal::Xml(XmlError::NoRoot)),
        ("enc-invalid-utf8.xml", NotifyRefusal::Xml(XmlError::NotUtf8)),
        ("enc-utf16.xml", NotifyRefusal::Xml(XmlError::NotUtf8)),
        ("nul-byte.xml", NotifyRefusal::Xml(XmlError::ForbiddenCharacter)),
        ("truncated-half.xml", NotifyRefusal::Xml(XmlError::Malformed)),
        ("tag-mismatch.xml", NotifyRefusal::Xml(XmlError::Malformed)),
        ("comment-truncation.xml", NotifyRefusal::Sign(SignError::Wrong)),
        ("bad-sign-missing.xml", NotifyRefusal::Sign(SignError::Missing)),
        ("bad-sign-empty.xml", NotifyRefusal::Sign(SignError::Missing)),
        (
            "bad-unknown-sign-type.xml",
            NotifyRefusal::Sign(SignError::UnknownType),
        ),
        ("bad-return-fail-unsigned.xml", NotifyRefusal::ReturnFail),
        ("bad-other-mch.xml", NotifyRefusal::OtherMerchant),
        ("bad-other-appid.xml", NotifyRefusal::OtherMerchant),
        (
            "bad-signed-negative-fee.xml",
            NotifyRefusal::FieldWrong("total_fee"),
        ),
    ] {
        assert_eq!(read_file(file).unwrap_err(), why, "{file}");
    }
}

#[test]
fn an_authentic_failure_is_no_payment() {
    let (_, notify) = read_file("ok-result-fail.xml").unwrap();
    let Notify::NotPaid {
        out_trade_no,
        err_code,
        ..
    } = notify
    else {
        panic!("result_code=FAIL was read as paid")
    };
    assert_eq!(out_trade_no.as_deref(), Some("HOST000025"), "the order is named");
    assert_eq!(err_code, Some(ErrCode::SystemError), "and so is the reason");
}

#[test]
fn a_payment_is_read_whole() {
    let (_, notify) = read_file("ok-unknown-fields.xml").unwrap();
    let Notify::Paid(payment) = notify else {
        panic!("paid")
    };
    assert_eq!(payment.total_fee.get(), 101, "the amount, in fen");
    assert_eq!(
        payment.time_end,
        "2024-01-02T03:04:05+08:00".parse().unwrap(),
        "Beijing time becomes an instant"
    );
    assert_eq!(
        payment.coupons.len(),
        1,
        "the coupon is read beside fields nobody knows"
    );
    assert_eq!(payment.coupons[0].fee.unwrap().get(), 1, "with its amount");
    assert_eq!(
        payment.openid.as_ref().unwrap().reveal(),
        "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "and the payer"
    );
}

#[test]
fn a_written_notify_is_read_back() {
    let (_, notify) = read_file("ok-coupon-index-order.xml").unwrap();
    let Notify::Paid(payment) = notify else {
        panic!("paid")
    };
    for kind in [SignType::Md5, SignType::HmacSha256] {
        for field in [SignTypeField::Present, SignTypeField::Absent] {
            let written = pay_notify::write(&payment, &merchant(kind), &Nonce::random(), field);
            assert_eq!(
                written.get("sign_type").is_some(),
                field == SignTypeField::Present,
                "as asked for"
            );
            // The reader's own type doesn't count: a notify is signed as its order was placed.
            let read = pay_notify::from_bytes(written.to_xml().as_bytes(), &merchant(SignType::HmacSha256));
            let Ok((_, Notify::Paid(again))) = read else {
                panic!("{kind:?} {field:?}: {read:?}")
            };
            assert_eq!(again.transaction_id, payment.transaction_id, "the same payment");
            assert_eq!(again.total_fee, payment.total_fee, "of the same amount");
        }
    }
}

#[test]
fn the_replies_are_documents_wechat_understands() {
    let reply = |reply| Fields::from_xml(pay_notify::notify_reply(reply).as_bytes(), 1024).unwrap();
    assert_eq!(
        reply(NotifyReply::Taken).get("return_code"),
        Some("SUCCESS"),
        "stops the sending"
    );
    assert_eq!(
        reply(NotifyReply::Taken).get("return_msg"),
        Some("OK"),
        "as documented"
    );
    assert_eq!(
        reply(NotifyReply::SendAgain).get("return_code"),
        Some("FAIL"),
        "asks for another"
    );
}

#[test]
fn beijing_times_are_read_strictly() {
    assert!(
        beijing::parse_compact("20260101090123").is_some(),
        "as WeChat writes it"
    );
    for wrong in [
        "2026010109012",
        "202601010901234",
        "20261301090123",
        "2026 101090123",
        "+0260101090123",
        "",
    ] {
        assert!(beijing::parse_compact(wrong).is_none(), "{wrong:?} is no time");
    }
    let time = beijing::parse_spaced("2017-11-25 15:36:17").unwrap();
    assert_eq!(
        beijing::format_compact(time),
        "20171125153617",
        "both spellings are the same instant"
    );
    assert_eq!(beijing::format_spaced(time), "2017-11-25 15:36:17", "and back");
}
