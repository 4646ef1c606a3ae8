//! Bodies and requests made to stall, to swell, or to be misread.

use std::time::Duration;

use scantill_tests::caller::{Caller, request};
use scantill_tests::relay::{NOTIFY_PATH, Relay, notify};
use tokio::time::Instant;

use super::{UNROUTED, relay};

/// No body may keep the relay busy for longer.
const SOON: Duration = Duration::from_secs(1);
/// What a relay may grow by under all of a test's bodies: its connections' buffers and the allocator's slack.
const GROWTH_MAX: u64 = 48 * 1024 * 1024;
const CAP: usize = 64 * 1024;

/// Each body is answered FAIL, soon, and nothing is queued.
async fn all_refused(bodies: Vec<(&str, Vec<u8>)>) -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let before = relay.memory()?;
    for (what, body) in bodies {
        let started = Instant::now();
        let answer = relay.post(&body).await;
        if body.len() > CAP {
            // Closed while it is still being sent, the answer may be lost on the way.
            let status = answer.map_or(413, |answer| answer.status);
            assert_eq!(status, 413, "{what}: too long to be read");
        } else {
            let answer = answer?;
            assert!(answer.is_fail(), "{what}: {answer:?}");
        }
        assert!(started.elapsed() < SOON, "{what}: took {:?}", started.elapsed());
    }
    assert!(
        relay.post(notify("T01-1")).await?.is_success(),
        "and then it works as before"
    );
    assert_eq!(
        vhost.depth(UNROUTED).await?.0,
        1,
        "nothing but the right one is queued"
    );
    let grown = relay.memory()?.saturating_sub(before);
    assert!(grown < GROWTH_MAX, "it has not swollen: by {grown} bytes");
    Ok(())
}

/// A right notify with something done to its text, which doesn't change what the sign is over.
fn with(change: impl FnOnce(String) -> String) -> Vec<u8> {
    change(notify("T01-1")).into_bytes()
}

#[tokio::test]
async fn fault_62_no_document_type_entity_or_instruction_is_followed() -> anyhow::Result<()> {
    let before = |text: &str| with(|body| format!("{text}{body}"));
    let lol: String = (1..10)
        .map(|level| {
            let below = format!("&l{};", level - 1).repeat(10);
            format!("<!ENTITY l{level} \"{below}\">")
        })
        .collect();
    all_refused(vec![
        (
            "an external entity",
            before("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"),
        ),
        (
            "an external entity that is used",
            format!(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}",
                notify("T01-1").replace("CNY", "]]>&e;<![CDATA[")
            )
            .into_bytes(),
        ),
        (
            "a billion laughs",
            before(&format!("<!DOCTYPE x [<!ENTITY l0 \"lol\">{lol}]>")),
        ),
        (
            "an external subset",
            before("<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">"),
        ),
        (
            "a parameter entity",
            before("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/\"> %p;]>"),
        ),
        ("an empty document type", before("<!DOCTYPE xml>")),
        ("a processing instruction", before("<?php echo 1 ?>")),
        (
            "an instruction among the fields",
            with(|body| body.replace("<nonce_str>", "<?xml-stylesheet href='x'?><nonce_str>")),
        ),
        (
            "an undefined entity",
            with(|body| body.replace("</xml>", "<attach>&undefined;</attach></xml>")),
        ),
        (
            "a CDATA section outside the fields",
            with(|body| body.replace("<nonce_str>", "<![CDATA[x]]><nonce_str>")),
        ),
        (
            "a bare ]]>",
            with(|body| body.replace("</xml>", "<attach>a]]>b</attach></xml>")),
        ),
        (
            "a CDATA section that never ends",
            with(|body| body.replace("</xml>", "<attach><![CDATA[x</attach></xml>")),
        ),
        ("two roots", with(|body| format!("{body}<xml></xml>"))),
        (
            "an inclusion",
            with(|body| {
                body.replace(
                    "</xml>",
                    "<xi:include xmlns:xi=\"x\" href=\"/etc/passwd\"/></xml>",
                )
            }),
        ),
    ])
    .await
}

#[tokio::test]
async fn fault_63_depth_attributes_and_numbers_have_an_end() -> anyhow::Result<()> {
    let nested = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels)).into_bytes();
    let attributes = |count: usize| {
        let list: String = (0..count).map(|number| format!(" a{number}=\"\"")).collect();
        format!("<xml{list}></xml>").into_bytes()
    };
    let fields = |count: usize| {
        let list: String = (0..count).map(|number| format!("<f{number}/>")).collect();
        with(|body| body.replace("</xml>", &format!("{list}</xml>")))
    };
    all_refused(vec![
        ("nested as deep as fits", nested(9_000)),
        ("nested 200,000 deep", nested(200_000)),
        ("as many attributes as fit", attributes(6_000)),
        ("80,000 attributes", attributes(80_000)),
        ("as many fields as fit", fields(5_000)),
        ("a million fields", fields(1_000_000)),
        ("65 fields", fields(65)),
        (
            "a field twice",
            with(|body| body.replace("</xml>", "<total_fee>1780</total_fee></xml>")),
        ),
        (
            "a field within a field",
            with(|body| body.replace("<total_fee>1780", "<total_fee><total_fee>1780</total_fee>")),
        ),
        (
            "one name as long as fits",
            format!("<xml><{0}/></xml>", "n".repeat(60_000)).into_bytes(),
        ),
        (
            "one byte too many",
            with(|body| body.replace("</xml>", &format!("{}</xml>", " ".repeat(CAP)))),
        ),
    ])
    .await
}

#[tokio::test]
async fn fault_64_only_clean_utf8_is_read() -> anyhow::Result<()> {
    let attach = |bytes: &[u8]| {
        let body = notify("T01-1");
        let (front, _) = body.split_once("</xml>").unwrap_or((&body, ""));
        [front.as_bytes(), b"<attach>", bytes, b"</attach></xml>"].concat()
    };
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let mark = std::iter::once(0xfeff);
        mark.chain(text.encode_utf16())
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    all_refused(vec![
        ("a stray byte", attach(&[0xff])),
        ("GBK", attach(&[0xd0, 0xa1, 0xc2, 0xfa])),
        (
            "GBK, said to be so",
            with(|body| format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{body}")),
        ),
        ("an overlong slash", attach(&[0xc0, 0xaf])),
        ("an overlong NUL", attach(&[0xc0, 0x80])),
        ("a lone surrogate", attach(&[0xed, 0xa0, 0x80])),
        ("beyond Unicode", attach(&[0xf4, 0x90, 0x80, 0x80])),
        ("a cut character", attach(&[0xe6, 0xb1])),
        ("NUL", attach(&[0])),
        ("a control character", attach(&[0x1b])),
        ("a reference to NUL", attach(b"&#0;")),
        ("a reference to a surrogate", attach(b"&#xD800;")),
        ("a non-character", attach("\u{fffe}".as_bytes())),
        ("UTF-16, big end first", utf16(&notify("T01-1"), true)),
        ("UTF-16, little end first", utf16(&notify("T01-1"), false)),
        ("nothing", Vec::new()),
        ("blanks", b"  \r\n\t ".to_vec()),
        ("binary", (0..=255).cycle().take(4096).collect()),
        (
            "gzip",
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
    ])
    .await
}

fn head(length: &str) -> String {
    format!("POST {NOTIFY_PATH} HTTP/1.1\r\nhost: relay\r\n{length}\r\n")
}

#[tokio::test]
async fn fault_65_a_body_is_bounded_before_it_is_kept() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let before = relay.memory()?;

    let mut announced = Caller::to(relay.address()).await?;
    announced
        .send(head("content-length: 10485760\r\n").as_bytes())
        .await?;
    let answer = announced.answer().await?;
    assert_eq!(
        answer.status, 413,
        "ten megabytes announced: not one of them is waited for"
    );
    assert!(
        answer.head.contains("connection: close"),
        "and the connection ends"
    );

    let mut asked = Caller::to(relay.address()).await?;
    asked
        .send(head("content-length: 65537\r\nexpect: 100-continue\r\n").as_bytes())
        .await?;
    assert_eq!(
        asked.answer().await?.status,
        413,
        "whoever asks beforehand is told so, not 100"
    );

    let mut polite = Caller::to(relay.address()).await?;
    let body = notify("T01-1");
    let length = format!("content-length: {}\r\nexpect: 100-continue\r\n", body.len());
    polite.send(head(&length).as_bytes()).await?;
    assert_eq!(polite.answer().await?.status, 100, "a short one may come");
    polite.send(body.as_bytes()).await?;
    assert!(polite.answer().await?.is_success(), "and is taken");

    let mut endless = Caller::to(relay.address()).await?;
    endless
        .send(head("transfer-encoding: chunked\r\n").as_bytes())
        .await?;
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    for _ in 0..100 {
        // Refused half-way, the rest can't be sent.
        if endless.send(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let said = endless.rest().await?;
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 413"),
        "chunks without end: {said}"
    );

    let mut whole = Caller::to(relay.address()).await?;
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    whole
        .send(format!("{}{chunked}", head("transfer-encoding: chunked\r\n")).as_bytes())
        .await?;
    assert!(
        whole.answer().await?.is_success(),
        "a right notify may come in chunks"
    );

    let mut short = Caller::to(relay.address()).await?;
    let cut = format!(
        "{}{}",
        head(&format!("content-length: {}\r\n", body.len() - 10)),
        body
    );
    short.send(cut.as_bytes()).await?;
    assert!(
        short.answer().await?.is_fail(),
        "a length too short cuts the body"
    );
    assert!(
        !short.rest().await?.contains("200 OK"),
        "and what is left over is no request"
    );

    let mut long = Caller::to(relay.address()).await?;
    let started = Instant::now();
    let waits = format!(
        "{}{body}",
        head(&format!("content-length: {}\r\n", body.len() + 10))
    );
    long.send(waits.as_bytes()).await?;
    assert_eq!(
        long.answer().await?.status,
        408,
        "a length too long is waited for in vain"
    );
    let waited = started.elapsed();
    assert!(waited < Duration::from_secs(8), "but not for ever: {waited:?}");

    assert_eq!(vhost.depth(UNROUTED).await?.0, 2, "the two right ones are queued");
    let grown = relay.memory()?.saturating_sub(before);
    assert!(grown < GROWTH_MAX, "it has not swollen: by {grown} bytes");
    Ok(())
}

/// Everything the relay says to these bytes until it closes.
async fn all_of(relay: &Relay, bytes: &[u8]) -> anyhow::Result<String> {
    let mut caller = Caller::to(relay.address()).await?;
    caller.send(bytes).await?;
    caller.rest().await
}

#[tokio::test]
async fn fault_68_nothing_is_smuggled_and_http_1_1_is_all_there_is() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let hidden = String::from_utf8(request(NOTIFY_PATH, notify("T01-smuggled").as_bytes()))?;
    let smuggling = [
        (
            "a length and chunks",
            format!("content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "chunks and a length",
            format!("transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "an ambiguous encoding",
            format!("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "an unknown encoding",
            format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "a blank before the colon",
            format!("transfer-encoding : chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "a folded header",
            format!("x: a\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "two lengths",
            format!("content-length: 0\r\ncontent-length: 5\r\n\r\nhello{hidden}"),
        ),
        ("a signed length", format!("content-length: +0\r\n\r\n{hidden}")),
        (
            "a list of lengths",
            format!("content-length: 0, 5\r\n\r\nhello{hidden}"),
        ),
        ("a bare CR", format!("x: a\rcontent-length: 0\r\n\r\n{hidden}")),
        (
            "chunk sizes beyond all numbers",
            format!("transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n\r\n0\r\n\r\n{hidden}"),
        ),
    ];
    for (what, rest) in smuggling {
        let said = all_of(
            &relay,
            format!("POST {NOTIFY_PATH} HTTP/1.1\r\nhost: relay\r\n{rest}").as_bytes(),
        )
        .await?;
        assert!(
            !said.contains("SUCCESS"),
            "{what}: the hidden notify is not seen: {said}"
        );
        assert!(
            said.matches("HTTP/1.1 ").count() <= 1,
            "{what}: one answer at most, then the end: {said}"
        );
    }
    let upgrade = [
        (
            "HTTP/2 from the start",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_owned(),
        ),
        ("HTTP/0.9", format!("POST {NOTIFY_PATH}\r\n\r\n")),
        (
            "another version",
            format!("POST {NOTIFY_PATH} HTTP/3.0\r\nhost: relay\r\n\r\n"),
        ),
        (
            "a tunnel",
            "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: relay\r\n\r\n".to_owned(),
        ),
        (
            "a foreign address",
            "GET http://127.0.0.1:22/metrics/x HTTP/1.1\r\nhost: relay\r\n\r\n".to_owned(),
        ),
        (
            "a long path",
            format!("GET /{} HTTP/1.1\r\nhost: relay\r\n\r\n", "a".repeat(20_000)),
        ),
        (
            "one huge header",
            format!("POST {NOTIFY_PATH} HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(20_000)),
        ),
        (
            "65 headers",
            format!("POST {NOTIFY_PATH} HTTP/1.1\r\n{}\r\n", "x: a\r\n".repeat(65)),
        ),
        (
            "no HTTP at all",
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03 TLS to a plain port\r\n\r\n".to_owned(),
        ),
    ];
    for (what, bytes) in upgrade {
        let said = all_of(&relay, bytes.as_bytes()).await?;
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5"),
            "{what}: refused and closed: {said}"
        );
    }
    let body = notify("T01-1");
    let h2c = format!(
        "POST {NOTIFY_PATH} HTTP/1.1\r\nhost: relay\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
         http2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = relay.send(h2c).await?;
    assert!(answer.is_success(), "an offer to change to HTTP/2 is passed over");
    assert_eq!(
        vhost.depth(UNROUTED).await?.0,
        1,
        "the only notify that was sent openly"
    );
    Ok(())
}
