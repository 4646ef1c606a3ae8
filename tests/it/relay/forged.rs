//! Bodies made by somebody else than WeChat.

use scantill_tests::caller::{Answer, Caller};
use scantill_tests::counter::{API_KEY, MCH_ID};
use scantill_tests::relay::{NOTIFY_PATH, forged, notify, other_merchant, our_merchant, paid, signed};
use wechat_pay::{Fields, Nonce, SignType, refund_notify, sign};

use super::{UNROUTED, relay};

/// A right notify of the first merchant with something done to its text.
fn changed(change: impl FnOnce(String) -> String) -> String {
    change(notify("T01-1"))
}

/// What the sign would be under a key that is no key.
fn signed_by(fields: &Fields, key: &[u8], kind: SignType) -> String {
    let sign = sign::sign_with(fields, key, kind);
    fields.clone().with("sign", sign).to_xml()
}

#[tokio::test]
async fn fault_59_no_forged_sign_is_taken() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let (ours, other) = (our_merchant(), other_merchant());
    let fields = paid(&ours, "T01-1");
    let right = Fields::from_xml(notify("T01-1").as_bytes(), 65_536)?;
    let sign = right.get("sign").unwrap_or_default().to_owned();
    let sealed = refund_notify::write(&Fields::new().with("refund_id", "1"), &ours, &Nonce::random());
    let bodies = [
        ("invented", forged("T01-1")),
        ("none", fields.to_xml()),
        ("empty", fields.clone().with("sign", "").to_xml()),
        ("of another merchant", signed(fields.clone(), &other)),
        (
            "of another merchant who names our number",
            signed(paid(&other, "T01-1").with("mch_id", MCH_ID), &other),
        ),
        (
            "under an empty key",
            signed_by(&fields, b"", SignType::HmacSha256),
        ),
        ("under an empty key, MD5", signed_by(&fields, b"", SignType::Md5)),
        (
            "under a shortened key",
            signed_by(&fields, &API_KEY.as_bytes()[..31], SignType::HmacSha256),
        ),
        (
            "in small letters",
            changed(|body| body.replace(&sign, &sign.to_lowercase())),
        ),
        (
            "with a NUL after it",
            changed(|body| body.replace(&sign, &format!("{sign}\0"))),
        ),
        (
            "with a NUL reference after it",
            changed(|body| body.replace(&format!("<![CDATA[{sign}]]>"), &format!("{sign}&#0;"))),
        ),
        (
            "with a blank after it",
            changed(|body| body.replace(&sign, &format!("{sign} "))),
        ),
        ("cut by a digit", changed(|body| body.replace(&sign, &sign[..63]))),
        (
            "twice, the right one first",
            changed(|body| body.replace("</xml>", "<sign>0</sign></xml>")),
        ),
        (
            "twice, the right one last",
            changed(|body| body.replace("<xml>", "<xml><sign>0</sign>")),
        ),
        (
            "of another amount",
            changed(|body| body.replace("<total_fee>1780", "<total_fee>1")),
        ),
        (
            "with a field more",
            changed(|body| body.replace("</xml>", "<attach>x</attach></xml>")),
        ),
        (
            "said to be of another type",
            changed(|body| body.replace("</xml>", "<sign_type>MD5</sign_type></xml>")),
        ),
        (
            "with SIGN in capitals beside",
            fields.clone().with("SIGN", &sign).to_xml(),
        ),
        (
            "on a failed return code",
            changed(|body| body.replacen("SUCCESS", "FAIL", 1)),
        ),
        (
            "a refund sealed by another key",
            refund_notify::write(&Fields::new().with("refund_id", "1"), &other, &Nonce::random())
                .with("mch_id", MCH_ID)
                .to_xml(),
        ),
        (
            "a refund of half a seal",
            sealed
                .clone()
                .with("req_info", &sealed.get("req_info").unwrap_or_default()[..24])
                .to_xml(),
        ),
        ("a refund without numbers within", sealed.to_xml()),
        (
            "a test that nobody signed",
            fields.clone().with("scantill_probe", "1").to_xml(),
        ),
    ];
    let mut answers = Vec::new();
    for (what, body) in &bodies {
        let answer = relay.post(body).await?;
        assert!(answer.is_fail(), "{what}: {answer:?}");
        answers.push(answer.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "a forger is told nothing about what was wrong");
    assert_eq!(vhost.depth(UNROUTED).await?.0, 0, "and nothing is queued");
    let refused: u64 = relay
        .counted("scantill_relay_refused_total{reason=\"wrong_sign\"}")
        .await?;
    assert!(refused >= 10, "the operator sees it: {refused}");
    assert!(
        relay.post(notify("T01-1")).await?.is_success(),
        "the one they were all made from is right"
    );
    Ok(())
}

#[tokio::test]
async fn fault_61_no_header_opens_the_door() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let headers = [
        "host: localhost",
        "host: 127.0.0.1",
        "host: relay\r\nx-forwarded-for: 127.0.0.1",
        "host: relay\r\nx-forwarded-host: localhost\r\nx-forwarded-proto: https",
        "host: relay\r\nx-real-ip: 101.226.103.1\r\nforwarded: for=127.0.0.1",
        "host: relay\r\nx-original-url: /healthz\r\nx-http-method-override: GET",
        "host: relay\r\nauthorization: Basic YWRtaW46YWRtaW4=\r\ncookie: debug=1",
        "host: relay\r\nuser-agent: Mozilla/4.0\r\nx-test: 1",
    ];
    for header in headers {
        let post = async |body: String| -> anyhow::Result<Answer> {
            let mut caller = Caller::to(relay.address()).await?;
            let head = format!(
                "POST {NOTIFY_PATH}?debug=1&test=true HTTP/1.1\r\n{header}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            caller.send(format!("{head}{body}").as_bytes()).await?;
            caller.answer().await
        };
        assert!(
            post(forged("T01-1")).await?.is_fail(),
            "{header}: a forged one stays forged"
        );
        assert!(
            post(notify("T01-1")).await?.is_success(),
            "{header}: a right one stays right"
        );
    }
    let queued = usize::try_from(vhost.depth(UNROUTED).await?.0)?;
    assert_eq!(queued, headers.len(), "exactly the right ones are queued");
    Ok(())
}

#[tokio::test]
async fn fault_61_a_claimed_address_counts_only_from_a_named_proxy() -> anyhow::Result<()> {
    let limits = "[limits]\nrefusals_per_minute = 5";
    // A forged one each from a hundred claimed addresses: how many were looked at?
    let looked_at = async |relay: &scantill_tests::relay::Relay| -> anyhow::Result<usize> {
        let mut count = 0;
        for number in 0..100 {
            let mut caller = Caller::to(relay.address()).await?;
            let body = forged("T01-1");
            let head = format!(
                "POST {NOTIFY_PATH} HTTP/1.1\r\nhost: relay\r\nx-forwarded-for: 1.1.1.1, 198.51.100.{number}\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            caller.send(format!("{head}{body}").as_bytes()).await?;
            count += usize::from(caller.answer().await?.status == 200);
        }
        Ok(count)
    };
    let (open, _vhost) = super::relay_with(|setup| setup.table(limits)).await?;
    let claimed = looked_at(&open).await?;
    assert!(
        claimed <= 6,
        "whoever may write the header himself gains nothing by it: {claimed} looked at"
    );
    assert!(
        open.log().contains("trusted_proxies"),
        "the operator is told that a proxy near by may have been forgotten"
    );
    let (behind, _vhost) =
        super::relay_with(|setup| setup.table(limits).line("trusted_proxies = [\"127.0.0.1\"]")).await?;
    let through = looked_at(&behind).await?;
    assert_eq!(through, 100, "behind a named proxy each has his own allowance");
    Ok(())
}
