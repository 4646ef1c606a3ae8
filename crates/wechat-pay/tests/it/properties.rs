//! Promises that hold for every input.

use proptest::prelude::*;
use wechat_pay::sign::{sign, signed, verify};
use wechat_pay::{Fen, Fields, SignType, bill, mask, parse_yuan, pay_notify};

use crate::{key, merchant};

/// Any text that XML can carry.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            any::<char>().prop_filter("XML forbids it", |c| {
                matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            }),
            // The characters that matter to XML and to the string to sign, more often than by chance.
            prop::sample::select(vec![']', '>', '<', '&', '=', '[', '\r', '\n', '`', ';', '"']),
        ],
        0..12,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn map() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[A-Za-z_][0-9A-Za-z_]{0,9}", text(), 1..8)
        .prop_map(|pairs| Fields::try_from_iter(pairs).unwrap())
}

proptest! {
    #[test]
    fn written_fields_are_read_back(fields in map()) {
        let body = fields.to_xml();
        prop_assert_eq!(Fields::from_xml(body.as_bytes(), body.len()), Ok(fields), "{}", body);
    }

    #[test]
    fn changing_any_field_changes_the_sign(fields in map(), at in any::<prop::sample::Index>(), new in text()) {
        let mut names: Vec<_> = fields.iter().map(|(name, _)| name.to_owned()).collect();
        names.retain(|name| name != "sign" && name != "sign_type");
        prop_assume!(!names.is_empty());
        let name = at.get(&names);
        prop_assume!(fields.get(name) != Some(new.as_str()));
        let mut fields = fields;
        fields.remove("sign_type");
        for kind in [SignType::Md5, SignType::HmacSha256] {
            let honest = signed(fields.clone(), &key(), kind);
            prop_assert_eq!(verify(&honest, &key(), Some(kind)), Ok(kind), "its own sign fits");
            let forged = honest.with(name, &new);
            // The one way out is V2's own: values that join to the very string that was signed.
            if string_of(&forged) != string_of(&fields) {
                prop_assert!(verify(&forged, &key(), None).is_err(), "{name} was changed");
            }
        }
    }

    #[test]
    fn the_sign_survives_the_wire(fields in map()) {
        let mut fields = fields;
        fields.remove("sign_type");
        let sent = signed(fields, &key(), SignType::HmacSha256).to_xml();
        let got = Fields::from_xml(sent.as_bytes(), sent.len()).unwrap();
        prop_assert_eq!(verify(&got, &key(), None), Ok(SignType::HmacSha256), "{}", sent);
    }

    #[test]
    fn fault_64_no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Fields::from_xml(&bytes, 4096);
        let _ = bill::read_within(&bytes, 4096);
        let refused = pay_notify::from_bytes(&bytes, &merchant(SignType::Md5)).is_err();
        prop_assert!(refused, "noise isn't signed");
    }

    #[test]
    fn fault_64_no_xml_like_text_makes_a_reader_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<xml>", "</xml>", "<a>", "</a>", "<a/>", "<![CDATA[", "]]>", "<!--", "-->", "&#", "x41;", "&amp;", "<?xml ",
            "?>", "<!DOCTYPE ", "1", "中", "\u{feff}", " ", "\"", "=", "<openid>", "</openid>", "`", ",`", "总交易单数", "\n",
        ]), 0..30),
    ) {
        let body = pieces.concat();
        let _ = Fields::from_xml(body.as_bytes(), 4096);
        let _ = bill::read_within(body.as_bytes(), 4096);
        let _ = mask::openid(body.clone());
    }

    #[test]
    fn yuan_agree_with_integer_arithmetic(fen in -1_000_000_000_000_i64..1_000_000_000_000) {
        let (sign, digits) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
        let text = format!("{sign}{}.{:02}", digits / 100, digits % 100);
        prop_assert_eq!(parse_yuan(&text), Ok(Fen::new(fen)), "{}", &text);
        prop_assert_eq!(Fen::new(fen).to_yuan(), text, "and back");
    }

    #[test]
    fn an_openid_never_stays_in_evidence(
        before in "[<>a-z/!\\[\\]]{0,20}", openid in "o[0-9A-Za-z_-]{27}", cut in 0_usize..200,
    ) {
        let body = format!("<xml><a>{before}</a><openid><![CDATA[{openid}]]></openid><b>1</b></xml>");
        let cut = cut.min(body.len());
        for body in [body.as_str(), &body[..cut]] {
            prop_assert!(!mask::openid(body.to_owned()).contains(&openid), "{body}");
        }
    }
}

/// What is signed, without the key.
fn string_of(fields: &Fields) -> String {
    let mut parts: Vec<_> = fields
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .collect();
    parts.sort_unstable();
    parts
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

#[test]
fn a_sign_is_of_its_types_length() {
    let fields = Fields::new().with("a", "1");
    assert_eq!(sign(&fields, &key(), SignType::Md5).len(), 32, "16 bytes");
    assert_eq!(sign(&fields, &key(), SignType::HmacSha256).len(), 64, "32 bytes");
}
