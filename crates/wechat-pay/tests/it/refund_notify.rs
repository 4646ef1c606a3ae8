//! The refund notify's cipher, with the leading-zero key that breaks naive conversions.

use wechat_pay::pay_notify::NotifyRefusal;
use wechat_pay::refund_notify::{decrypt, encrypt, from_bytes, read, write};
use wechat_pay::{ApiKey, Fields, Merchant, Nonce, RefundStatus, SignType};

use crate::{key, merchant};

/// Its MD5, 075b…, begins with a zero; through an integer the AES key would lose it.
const LEADING_ZERO_KEY: &str = "k0000000000000000000000000000003";
const UNDER_LEADING_ZERO: &str = "XJ04ycT3EeADBBe9se3aPr/pyzTGhtwgPhf3CmLBsaEoezVt48LeFXPM7R7bKlX6dTN/GXxcQbvz4hctRZt8jSs8/1DzV5a3zoTTGrP/PtC4N4bEFNTJ7eowkEcECe4Hg4IkKc/v6qNM1sfouL2RTg==";
const UNDER_OFFICIAL: &str = "WBzGpzQuNpcFxIlFjUUD9BZv+lpBMzd2SHiKCkwfALWid5G8ZvfOussfMIHLbKJmcnxPKdb1ZJEqTAp8ysQv+xa1fj+Eorgndx3fNxf3KAYa3LPgsjvZgxaeYyrhV05Kbjkj6ywg27cEyTTaPZFYNg==";

fn inner() -> Fields {
    Fields::new()
        .with("out_refund_no", "R1")
        .with("refund_status", "SUCCESS")
}

/// The fields of the one real refund notify whose plain text is known.
fn real() -> Fields {
    Fields::new()
        .with("out_refund_no", "50fd012ed1b311e7af7800163e32c503")
        .with("out_trade_no", "4893e76d8c8b434cb64e9cd536338e33")
        .with("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS")
        .with("refund_fee", "6")
        .with("refund_id", "50000404922017112502468056157")
        .with("refund_recv_accout", "支付用户零钱")
        .with("refund_request_source", "API")
        .with("refund_status", "SUCCESS")
        .with("settlement_refund_fee", "6")
        .with("settlement_total_fee", "6")
        .with("success_time", "2017-11-25 15:36:17")
        .with("total_fee", "6")
        .with("transaction_id", "4200000015201711256947025404")
}

#[test]
fn known_cipher_texts_decrypt() {
    let zero = ApiKey::parse(LEADING_ZERO_KEY).unwrap();
    assert_eq!(
        decrypt(UNDER_LEADING_ZERO, &zero),
        Ok(inner()),
        "the leading zero belongs to the AES key"
    );
    assert_eq!(decrypt(UNDER_OFFICIAL, &key()), Ok(inner()), "an ordinary key");
    let broken_up = format!("{}\r\n{}", &UNDER_OFFICIAL[..76], &UNDER_OFFICIAL[76..]);
    assert_eq!(
        decrypt(&broken_up, &key()),
        Ok(inner()),
        "base64 may come in lines"
    );
}

#[test]
fn known_plain_texts_encrypt() {
    let zero = ApiKey::parse(LEADING_ZERO_KEY).unwrap();
    assert_eq!(
        encrypt(&inner(), &zero),
        UNDER_LEADING_ZERO,
        "byte for byte as computed elsewhere"
    );
    assert_eq!(
        encrypt(&inner(), &key()),
        UNDER_OFFICIAL,
        "byte for byte as computed elsewhere"
    );
}

#[test]
fn a_real_refunds_fields_are_read() {
    let merchant = merchant(SignType::HmacSha256);
    let body = write(&real(), &merchant, &Nonce::random()).to_xml();
    let notify = from_bytes(body.as_bytes(), &merchant).unwrap();
    assert_eq!(notify.refund_fee.get(), 6, "the amount, in fen");
    assert_eq!(notify.status, RefundStatus::Success, "done");
    assert_eq!(
        notify.success_time,
        Some("2017-11-25T07:36:17Z".parse().unwrap()),
        "15:36 in Beijing"
    );
    assert_eq!(
        notify.recv_account.as_deref(),
        Some("支付用户零钱"),
        "under the wire's misspelt name"
    );
}

#[test]
fn fault_32_a_refund_notify_is_opened_by_the_key_before_while_that_is_given() {
    let old = merchant(SignType::HmacSha256);
    let new = Merchant {
        api_key: ApiKey::parse(LEADING_ZERO_KEY).unwrap(),
        ..old.clone()
    };
    let both = Merchant {
        previous_key: Some(old.api_key.clone()),
        ..new.clone()
    };
    for (writer, which) in [(&old, "the key before"), (&new, "the key in use")] {
        let notify = write(&real(), writer, &Nonce::random());
        assert!(
            read(&notify, &both).is_ok(),
            "{which} opens what was made with it"
        );
    }
    let by_old = write(&real(), &old, &Nonce::random());
    assert!(
        read(&by_old, &new).is_err(),
        "afterwards the old one opens nothing"
    );
    let by_new = write(&real(), &both, &Nonce::random());
    assert!(
        read(&by_new, &new).is_ok(),
        "and nothing is made with the old one"
    );
}

#[test]
fn fault_59_a_refund_notify_without_the_key_is_refused() {
    let ours = merchant(SignType::HmacSha256);
    let mut theirs = ours.clone();
    theirs.api_key = ApiKey::parse(LEADING_ZERO_KEY).unwrap();
    let forged = write(&real(), &theirs, &Nonce::random());
    let refusal = read(&forged, &ours).unwrap_err();
    // A wrong key gives wrong padding, or by luck right padding around noise.
    assert!(
        matches!(refusal, NotifyRefusal::Cipher | NotifyRefusal::Xml(_)),
        "got {refusal:?}"
    );
    for req_info in ["", "not base64!", "QUJD", "QUJDREVGR0hJSktMTU5PUA=="] {
        let fields = write(&real(), &ours, &Nonce::random()).with("req_info", req_info);
        assert!(read(&fields, &ours).is_err(), "{req_info:?} holds no refund");
    }
    let other = write(&real(), &ours, &Nonce::random()).with("mch_id", "1");
    assert_eq!(
        read(&other, &ours),
        Err(NotifyRefusal::OtherMerchant),
        "for another merchant"
    );
    let failed = write(&real(), &ours, &Nonce::random()).with("return_code", "FAIL");
    assert_eq!(
        read(&failed, &ours),
        Err(NotifyRefusal::ReturnFail),
        "a failure carries nothing"
    );
}
