//! What the reader takes, what it refuses, and how long that may take.

use std::time::{Duration, Instant};

use wechat_pay::{Fields, XmlError, XmlLimits};

const CAP: usize = 64 * 1024;

fn read(body: &str) -> Result<Fields, XmlError> {
    Fields::from_xml(body.as_bytes(), CAP)
}

fn value(body: &str) -> String {
    read(&format!("<xml><a>{body}</a></xml>"))
        .unwrap()
        .get("a")
        .unwrap()
        .to_owned()
}

#[test]
fn the_writer_splits_cdata_and_leaves_integers_plain() {
    let fields = Fields::new()
        .with("total_fee", "1")
        .with("body", "咖啡")
        .with("attach", "x]]>y")
        .with("e", "");
    assert_eq!(
        fields.to_xml(),
        "<xml><total_fee>1</total_fee><body><![CDATA[咖啡]]></body>\
         <attach><![CDATA[x]]]]><![CDATA[>y]]></attach><e></e></xml>",
        "in the order of insertion"
    );
    assert_eq!(read(&fields.to_xml()), Ok(fields), "and it is read back");
}

#[test]
fn text_cdata_and_references_are_one_value() {
    assert_eq!(value("a<![CDATA[b]]>c"), "abc", "text and CDATA are joined");
    assert_eq!(
        value("&#20013;&#x6587;&amp;&lt;&gt;&quot;&apos;"),
        "中文&<>\"'",
        "references are decoded"
    );
    assert_eq!(value("<![CDATA[&amp;]]>"), "&amp;", "but not within CDATA");
    assert_eq!(
        value("10<!-- c -->1"),
        "101",
        "a comment joins what it stands between"
    );
    assert_eq!(
        value("<![CDATA[x]]]]><![CDATA[>y]]>"),
        "x]]>y",
        "a split end of CDATA is joined"
    );
    assert_eq!(value(" x "), " x ", "blanks are the sender's, and signed");
    assert_eq!(value("a\r\nb\rc"), "a\nb\nc", "line ends become one, as XML says");
    assert_eq!(value("&#13;"), "\r", "unless they are written as references");
}

#[test]
fn empty_elements_are_kept_and_count_as_absent() {
    let fields = read("<xml><a/><b></b><c><![CDATA[]]></c></xml>").unwrap();
    for name in ["a", "b", "c"] {
        assert_eq!(
            (fields.get(name), fields.present(name)),
            (Some(""), None),
            "{name} is there but empty"
        );
    }
}

#[test]
fn roots_declarations_and_marks() {
    for body in [
        "<root><a>1</a></root>",
        "\u{feff}<xml><a>1</a></xml>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n<a>1</a>\n</xml>\n",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?><xml><a>1</a></xml>",
        "<!-- c --><xml ><a >1</a ></xml >",
    ] {
        assert_eq!(
            read(body).unwrap().get("a"),
            Some("1"),
            "{body:?} is a V2 document"
        );
    }
}

#[test]
fn fault_62_what_v2_never_needs_is_refused() {
    for (body, why) in [
        ("<!DOCTYPE xml><xml/>", XmlError::DocType),
        (
            "<xml><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a></xml>",
            XmlError::DocType,
        ),
        ("<xml><a>&b;</a></xml>", XmlError::Entity),
        ("<xml><a>&#0;</a></xml>", XmlError::ForbiddenCharacter),
        ("<xml><a>&#x1;</a></xml>", XmlError::ForbiddenCharacter),
        ("<xml><a>&#xD800;</a></xml>", XmlError::ForbiddenCharacter),
        ("<xml><a>&#xFFFFFFFFFF;</a></xml>", XmlError::ForbiddenCharacter),
        ("<xml><a>a&b</a></xml>", XmlError::Malformed),
        ("<xml><a>]]></a></xml>", XmlError::Malformed),
        ("<xml><a><![CDATA[x</a></xml>", XmlError::Malformed),
        ("<xml><?php 1?><a>1</a></xml>", XmlError::ProcessingInstruction),
        ("<xml/><?xml version=\"1.0\"?>", XmlError::ProcessingInstruction),
        (
            "<?xml version=\"1.0\" encoding=\"GBK\"?><xml/>",
            XmlError::NotUtf8,
        ),
        ("<xml a=\"1\"/>", XmlError::Attribute),
        ("<xml><a b='1'>1</a></xml>", XmlError::Attribute),
        ("<xml><x:a>1</x:a></xml>", XmlError::FieldName),
        ("<xml><a>1</a><a>1</a></xml>", XmlError::Doubled),
        ("<xml><a><b>1</b></a></xml>", XmlError::Nested),
        ("<xml>text</xml>", XmlError::StrayText),
        ("<xml><![CDATA[text]]></xml>", XmlError::StrayText),
        ("<xml/>text", XmlError::StrayText),
        ("<html><a>1</a></html>", XmlError::OtherRoot),
        ("<xml/><xml/>", XmlError::OtherRoot),
        ("{\"a\":1}", XmlError::StrayText),
        ("", XmlError::NoRoot),
        ("<xml><a>1</a>", XmlError::Malformed),
        ("<xml><a>1</b></xml>", XmlError::Malformed),
    ] {
        assert_eq!(read(body), Err(why), "{body}");
    }
}

#[test]
fn fault_64_anything_but_utf8_is_refused() {
    for (why, body) in [
        ("GBK", b"<xml><a>\xd6\xd0</a></xml>".as_slice()),
        ("overlong", b"<xml><a>\xc0\xaf</a></xml>"),
        ("a lone surrogate", b"<xml><a>\xed\xa0\x80</a></xml>"),
        ("UTF-16, marked", b"\xff\xfe<\0x\0m\0l\0/\0>\0"),
        ("cut within a character", b"<xml><a>\xe4\xb8"),
    ] {
        assert_eq!(Fields::from_xml(body, CAP), Err(XmlError::NotUtf8), "{why}");
    }
    for (why, body) in [
        ("NUL", "<xml><a>\0</a></xml>"),
        ("UTF-16, unmarked", "<\0x\0m\0l\0/\0>\0"),
    ] {
        assert_eq!(read(body), Err(XmlError::ForbiddenCharacter), "{why}");
    }
}

/// Refused with this reason, fast, however much room the caller gives.
#[expect(clippy::disallowed_methods, reason = "time taken is what is measured")]
fn refused_fast(body: &str, why: XmlError) {
    let start = Instant::now();
    let limits = XmlLimits {
        bytes: usize::MAX,
        fields: XmlLimits::FIELDS,
    };
    assert_eq!(
        Fields::from_xml_within(body.as_bytes(), limits),
        Err(why),
        "refused"
    );
    let took = start.elapsed();
    // Quadratic behaviour took 6 s and more; linear takes milliseconds, more in a debug build on a busy machine.
    assert!(
        took < Duration::from_secs(3),
        "{} bytes took {took:?}",
        body.len()
    );
}

#[test]
fn fault_63_hostile_sizes_are_refused_fast() {
    use std::fmt::Write as _;
    let mut attributes = String::from("<xml");
    for n in 0..80_000 {
        write!(attributes, " a{n}=''").unwrap();
    }
    refused_fast(&(attributes + "/>"), XmlError::Attribute);
    refused_fast(&"<xml>".repeat(200_000), XmlError::Nested);
    let mut many = String::from("<xml>");
    for n in 0..1_000_000 {
        write!(many, "<a{n}/>").unwrap();
    }
    refused_fast(&many, XmlError::TooManyFields);
    refused_fast(&format!("<xml>{}", "<a>1</a>".repeat(100_000)), XmlError::Doubled);
    refused_fast(
        &format!("<xml><{0}>1</{0}></xml>", "a".repeat(1_000_000)),
        XmlError::FieldName,
    );
}

#[test]
fn fault_63_the_caps_hold() {
    let body = "<xml><a>1</a></xml>";
    assert!(
        Fields::from_xml(body.as_bytes(), body.len()).is_ok(),
        "as long as allowed"
    );
    assert_eq!(
        Fields::from_xml(body.as_bytes(), body.len() - 1),
        Err(XmlError::TooLarge),
        "a byte longer"
    );
    let two = "<xml><a>1</a><b>1</b></xml>".as_bytes();
    let limit = |fields| Fields::from_xml_within(two, XmlLimits { bytes: CAP, fields });
    assert_eq!(limit(2).map(|fields| fields.len()), Ok(2), "as many as allowed");
    assert_eq!(limit(1), Err(XmlError::TooManyFields), "one more");
}

#[test]
fn fields_keep_order_and_values() {
    let mut fields = Fields::new().with("b", "1").with("a", "2").with("b", "3");
    let pairs: Vec<_> = fields.iter().collect();
    assert_eq!(
        pairs,
        [("b", "3"), ("a", "2")],
        "a field set again keeps its place"
    );
    assert_eq!(fields.remove("b").as_deref(), Some("3"), "gives the value back");
    assert_eq!((fields.get("b"), fields.len()), (None, 1), "and is gone");
}

#[test]
fn fields_travel_as_pairs() {
    let fields = Fields::new().with("b", "1").with("a", "");
    let json = serde_json::to_string(&fields).unwrap();
    assert_eq!(json, r#"[["b","1"],["a",""]]"#, "a list keeps the order");
    assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), fields, "and back");
    for wrong in [r#"[["a","1"],["a","2"]]"#, r#"[["a><b","1"]]"#, r#"[["","1"]]"#] {
        assert!(
            serde_json::from_str::<Fields>(wrong).is_err(),
            "{wrong} is no map of fields"
        );
    }
}
