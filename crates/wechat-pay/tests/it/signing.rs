//! Every published signing vector, both types.

use std::collections::BTreeMap;

use wechat_pay::sign::{sign, sign_with, signed, verify};
use wechat_pay::{ApiKey, ApiKeyError, Fields, SignError, SignType};

use crate::{KEY, key, vector};

#[derive(serde::Deserialize)]
struct Published {
    official: Vector,
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    key: String,
    params: BTreeMap<String, String>,
    md5: String,
    hmac_sha256: String,
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::try_from_iter(pairs.iter().copied()).unwrap()
}

/// An order with a Chinese body and an empty field, in no particular order.
fn order() -> Fields {
    fields(&[
        ("trade_type", "NATIVE"),
        ("appid", "wxd930ea5d5a258f4f"),
        ("body", "测试门店-咖啡"),
        ("device_info", ""),
        ("mch_id", "10000100"),
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("notify_url", "https://relay.example.com/wxpay/notify"),
        ("out_trade_no", "POS-20260101-000001"),
        ("product_id", "P1"),
        ("spbill_create_ip", "127.0.0.1"),
        ("time_expire", "20260101090500"),
        ("time_start", "20260101090000"),
        ("total_fee", "1"),
    ])
}

#[test]
fn every_published_map_gets_its_published_signs() {
    let published: Published = serde_json::from_slice(&vector("signing.json")).unwrap();
    assert_eq!(published.vectors.len(), 68, "the file is whole");
    for (n, vector) in std::iter::once(&published.official)
        .chain(&published.vectors)
        .enumerate()
    {
        let key = ApiKey::parse(&vector.key).unwrap();
        // A sign already there is left out of the string to sign, so it must not matter.
        let map = Fields::try_from_iter(&vector.params).unwrap();
        assert_eq!(sign(&map, &key, SignType::Md5), vector.md5, "MD5 of map {n}");
        assert_eq!(
            sign(&map, &key, SignType::HmacSha256),
            vector.hmac_sha256,
            "HMAC of map {n}"
        );
    }
}

#[test]
fn the_order_of_insertion_does_not_matter() {
    let published: Published = serde_json::from_slice(&vector("signing.json")).unwrap();
    for vector in &published.vectors {
        let key = ApiKey::parse(&vector.key).unwrap();
        let backwards = Fields::try_from_iter(vector.params.iter().rev()).unwrap();
        assert_eq!(
            sign(&backwards, &key, SignType::Md5),
            vector.md5,
            "names are sorted before signing"
        );
    }
}

#[test]
fn the_official_example() {
    let example = fields(&[
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ]);
    assert_eq!(
        sign(&example, &key(), SignType::Md5),
        "9A0A8659F005D6984697E2CA0A9CF3B7",
        "as published"
    );
    assert_eq!(
        sign(&example, &key(), SignType::HmacSha256),
        "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
        "as published"
    );
}

#[test]
fn other_implementations_examples() {
    let wechatpy = fields(&[("test1", "test1"), ("test2", "test2")]);
    assert_eq!(
        sign(&wechatpy, &key(), SignType::Md5),
        "1E3A8D73B5A4AEE787C0F68B5DAB8520",
        "as wechatpy has it"
    );
    assert_eq!(
        sign(&wechatpy, &key(), SignType::HmacSha256),
        "EDAC6D70D2FDF5A2382F8204FC96A1918017E46ACC5297F565ED1A7610ACF659",
        "as wechatpy has it"
    );
    let yansongda = fields(&[("name", "yansongda"), ("age", "29"), ("foo", "")]);
    assert_eq!(
        sign_with(&yansongda, b"yansongda", SignType::Md5),
        "3213848AED2C380749FD1D559555881D",
        "as yansongda/pay has it: the empty field is skipped"
    );
}

#[test]
fn an_order_with_a_chinese_body() {
    assert_eq!(
        sign(&order(), &key(), SignType::Md5),
        "B7546A994B87CA953ADCCA1C2FF0795D",
        "UTF-8 bytes are signed"
    );
    let named = order().with("sign_type", "MD5");
    assert_eq!(
        sign(&named, &key(), SignType::Md5),
        "826716285AF5D0B00B3727CD87E02E0E",
        "sign_type is signed too"
    );
    let named = order().with("sign_type", "HMAC-SHA256");
    assert_eq!(
        sign(&named, &key(), SignType::HmacSha256),
        "716E233CC6A7CAA17AF21EF1A8572CFE042D39928033252768F09733128DC4EC",
        "the HMAC is over the string that already ends in the key"
    );
}

#[test]
fn names_sort_by_ascii() {
    let names = fields(&[
        ("a_b", "1"),
        ("aB", "2"),
        ("ab", "3"),
        ("A", "4"),
        ("a1", "5"),
        ("coupon_id_0", "6"),
        ("coupon_id_10", "7"),
        ("coupon_id_2", "8"),
        ("coupon_fee", "9"),
    ]);
    assert_eq!(
        sign(&names, &key(), SignType::Md5),
        "AC758B3191B209ACC6917A413C966327",
        "digits, capitals, underscore, small letters; _10 before _2"
    );
}

#[test]
fn values_are_signed_raw_and_untrimmed() {
    let raw = fields(&[
        ("appid", "wxd930ea5d5a258f4f"),
        ("attach", "a&b=c<d>\"e'f"),
        ("body", " x "),
        ("mch_id", "10000100"),
        ("nonce_str", "n"),
    ]);
    assert_eq!(
        sign(&raw, &key(), SignType::Md5),
        "D4E1E892F3EE6D50538E6DFAD61D6C51",
        "nothing is escaped or trimmed"
    );
    let trimmed = raw.with("body", "x");
    assert_eq!(
        sign(&trimmed, &key(), SignType::Md5),
        "BA346F90DEACFF9FEA849A82FAE57437",
        "the official SDK, which trims, would sign this: hence no request begins or ends with a blank"
    );
}

#[test]
fn a_notifys_signs() {
    let notify = fields(&[
        ("appid", "wxd930ea5d5a258f4f"),
        ("bank_type", "OTHERS"),
        ("cash_fee", "1"),
        ("fee_type", "CNY"),
        ("is_subscribe", "N"),
        ("mch_id", "10000100"),
        ("nonce_str", "1590477937689"),
        ("openid", "oWeP25T9OE1ixbLUgN0DxMuSZ6N4"),
        ("out_trade_no", "POS-20260101-000001"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", "20260101090123"),
        ("total_fee", "1"),
        ("trade_type", "NATIVE"),
        ("transaction_id", "4200000540202601017407409907"),
    ]);
    assert_eq!(
        sign(&notify, &key(), SignType::Md5),
        "FCC0E8CC2358486431074328E225FA53",
        "the computed value"
    );
    let hmac = "144A6F5EB2A1CDA28677ED66898C310FE435D2D74C71F8960A2D6572E0F119B5";
    assert_eq!(
        sign(&notify, &key(), SignType::HmacSha256),
        hmac,
        "the computed value"
    );
    assert_eq!(
        verify(&notify.with("sign", hmac), &key(), None),
        Ok(SignType::HmacSha256),
        "a notify without sign_type is taken for what its sign's length says"
    );
}

#[test]
fn an_empty_map_signs_the_key_alone() {
    use md5::{Digest, Md5};
    const RISKY: &str = "exposed_your_key_here_have_risks";
    let hex = |text: String| {
        Md5::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let by_axios = hex(format!("&key={RISKY}"));
    assert_eq!(
        by_axios, "b3d43c8390f26e2030d4d17bd580fbc8",
        "as the axios plugin has it for an empty string"
    );
    let ours = sign_with(&fields(&[("a", "")]), RISKY.as_bytes(), SignType::Md5);
    // The rule joins pairs by "&": where there is no pair there is none. No real message is empty.
    assert_eq!(
        ours,
        hex(format!("key={RISKY}")).to_uppercase(),
        "no pair, no ampersand"
    );
}

#[test]
fn fault_26_absent_wrong_and_flipped_signs_are_refused() {
    let by = |kind| signed(order(), &key(), kind);
    let hmac = by(SignType::HmacSha256);
    let md5 = by(SignType::Md5);
    assert_eq!(verify(&order(), &key(), None), Err(SignError::Missing), "no sign");
    assert_eq!(
        verify(&order().with("sign", ""), &key(), None),
        Err(SignError::Missing),
        "an empty sign is none"
    );
    assert_eq!(
        verify(&md5, &key(), Some(SignType::HmacSha256)),
        Err(SignError::TypeDiffers),
        "HMAC was asked for"
    );
    assert_eq!(
        verify(&hmac, &key(), Some(SignType::HmacSha256)),
        Ok(SignType::HmacSha256),
        "as asked for"
    );
    let flipped = hmac.clone().with("sign_type", "MD5");
    assert_eq!(
        verify(&flipped, &key(), None),
        Err(SignError::TypeDiffers),
        "64 digits aren't an MD5"
    );
    let unknown = hmac.clone().with("sign_type", "SHA1");
    assert_eq!(
        verify(&unknown, &key(), None),
        Err(SignError::UnknownType),
        "no such type"
    );
    let renamed = hmac.with("sign_type", "HMAC-SHA256");
    assert_eq!(
        verify(&renamed, &key(), None),
        Err(SignError::Wrong),
        "sign_type would have been signed too"
    );
}

#[test]
fn fault_59_forgeries_are_refused() {
    let honest = signed(order(), &key(), SignType::HmacSha256);
    let sign = honest.get("sign").unwrap().to_owned();
    let other = ApiKey::parse("00000000000000000000000000000000").unwrap();
    assert_eq!(
        verify(&honest, &other, None),
        Err(SignError::Wrong),
        "another merchant's key"
    );
    for (why, forged) in [
        ("small letters", sign.to_lowercase()),
        ("a trailing NUL", format!("{sign}\0")),
        ("a trailing blank", format!("{sign} ")),
        ("cut short", sign[..63].to_owned()),
        (
            "one digit changed",
            format!("{}{}", &sign[..63], if sign.ends_with('0') { '1' } else { '0' }),
        ),
        ("the plain digest's length only", "0".repeat(64)),
    ] {
        assert_eq!(
            verify(&honest.clone().with("sign", &forged), &key(), None),
            Err(SignError::Wrong),
            "{why}"
        );
    }
    let key_less = sign_with(&order(), b"", SignType::HmacSha256);
    assert_eq!(
        verify(&order().with("sign", key_less), &key(), None),
        Err(SignError::Wrong),
        "an empty key"
    );
}

#[test]
fn a_key_has_exactly_32_visible_characters() {
    assert!(ApiKey::parse(KEY).is_ok(), "the published key is one");
    assert_eq!(
        ApiKey::parse(&KEY[1..]).unwrap_err(),
        ApiKeyError::Length(31),
        "too short"
    );
    assert_eq!(
        ApiKey::parse(&format!("{KEY}0")).unwrap_err(),
        ApiKeyError::Length(33),
        "too long"
    );
    assert_eq!(
        ApiKey::parse("").unwrap_err(),
        ApiKeyError::Length(0),
        "an empty key would let anyone sign"
    );
    let blank = format!("{} ", &KEY[1..]);
    assert_eq!(
        ApiKey::parse(&blank).unwrap_err(),
        ApiKeyError::Characters,
        "a blank is a slip of copying"
    );
}
