//! The client over real HTTP against a gateway that misbehaves in every way it can.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use wechat_pay::client::{HttpConfig, HttpConfigError};
use wechat_pay::sign::{signed, verify};
use wechat_pay::{
    Client, Doubt, Exchange, Fen, Fields, HttpTransport, Nonce, OrderNumber, OrderQuery, OrderState, Outcome,
    Refund, RefundOrder, Request, SignType, SignVerdict, UnifiedOrder, XmlError,
};

use crate::calls::native_order;
use crate::gateway::{Gateway, Received, Reply};
use crate::{key, merchant};

const ORDER: &str = "till1-260101-000001-a1b2";
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

fn not_paid() -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("appid", "wxd930ea5d5a258f4f")
        .with("mch_id", "10000100")
        .with("result_code", "SUCCESS")
        .with("out_trade_no", ORDER)
        .with("trade_state", "NOTPAY")
        .with("openid", OPENID)
}

fn signed_answer(_: &Received) -> Reply {
    Reply::ok(signed(not_paid(), &key(), SignType::HmacSha256).to_xml())
}

fn client(config: &HttpConfig) -> Client<HttpTransport> {
    Client::new(
        merchant(SignType::HmacSha256),
        HttpTransport::new(config).unwrap(),
    )
}

async fn send<R: Request>(config: &HttpConfig, request: &R) -> Exchange<R::Answer> {
    let sending = timeout(Duration::from_secs(20), async {
        client(config).send(request, Nonce::random()).await
    });
    sending.await.unwrap()
}

async fn query(config: &HttpConfig) -> Exchange<OrderState> {
    send(config, &OrderQuery::by_out_trade_no(ORDER).unwrap()).await
}

fn refund() -> Refund {
    Refund::new(RefundOrder {
        number: OrderNumber::OutTradeNo(ORDER.to_owned()),
        out_refund_no: "R1".to_owned(),
        total_fee: Fen::new(2),
        refund_fee: Fen::new(1),
        refund_desc: None,
        refund_account: None,
        notify_url: None,
    })
    .unwrap()
}

/// What a query comes to that is answered so.
async fn outcome_of(reply: Reply) -> Outcome<OrderState> {
    let gateway = Gateway::start(move |_| reply.clone()).await;
    let exchange = query(&gateway.config()).await;
    assert_eq!(
        gateway.received().len(),
        1,
        "one request, never repeated by itself"
    );
    exchange.outcome
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_query_is_answered() {
    let gateway = Gateway::start(signed_answer).await;
    let exchange = query(&gateway.config()).await;
    assert_eq!(exchange.outcome, Outcome::Yes(OrderState::NotPay), "the answer");
    assert_eq!(exchange.verdict, SignVerdict::Right, "signed");
    let received = &gateway.received()[0];
    assert!(
        received.head.starts_with("POST /pay/orderquery HTTP/1.1\r\n"),
        "posted to its path"
    );
    assert_eq!(
        verify(&received.fields, &key(), Some(SignType::HmacSha256)),
        Ok(SignType::HmacSha256),
        "signed by us"
    );
    assert!(exchange.sent.contains(ORDER), "the evidence shows what was asked");
    let evidence = exchange.received.unwrap();
    assert!(
        evidence.contains("NOTPAY") && !evidence.contains(OPENID),
        "and what was answered, without the payer"
    );
}

#[tokio::test]
async fn a_saved_order_arrives_as_it_was_saved() {
    let gateway = Gateway::start(signed_answer).await;
    let order = UnifiedOrder::native(&merchant(SignType::HmacSha256), &native_order()).unwrap();
    let again = UnifiedOrder::from_saved(order.saved().clone()).unwrap();
    let first = send(&gateway.config(), &order).await;
    let _ = send(&gateway.config(), &again).await;
    let arrived: Vec<_> = gateway
        .received()
        .into_iter()
        .map(|mut received| {
            assert!(
                received.fields.remove("nonce_str").is_some() && received.fields.remove("sign").is_some(),
                "sealed"
            );
            received.fields
        })
        .collect();
    assert_eq!(arrived[0], *order.saved(), "nothing added, nothing lost");
    assert_eq!(arrived[0], arrived[1], "twice the same");
    assert_eq!(
        first.outcome,
        Outcome::Unknown(Doubt::FieldMissing("code_url")),
        "a query's answer isn't an order's"
    );
}

#[tokio::test]
async fn fault_28_answers_that_are_no_answers_are_unknown() {
    let whole = signed(not_paid(), &key(), SignType::HmacSha256).to_xml();
    let half = &whole[..whole.len() / 2];
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{half}", whole.len()).into_bytes();
    let longer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{whole}",
        whole.len() + 9
    )
    .into_bytes();
    let html = "<html><body>502 Bad Gateway</body></html>";
    let huge = "x".repeat(10 * 1024 * 1024);
    let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n".to_vec();
    let endless = [endless, vec![b'x'; 0x1000], b"\r\n".to_vec()].concat();
    let unannounced = [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".as_slice(),
        huge.as_bytes(),
    ]
    .concat();
    for (why, reply, doubt) in [
        (
            "502 with a page",
            Reply::status("502 Bad Gateway", "", html),
            Doubt::HttpStatus(502),
        ),
        (
            "a page with 200",
            Reply::ok(html),
            Doubt::Xml(XmlError::OtherRoot),
        ),
        (
            "404",
            Reply::status("404 Not Found", "", ""),
            Doubt::HttpStatus(404),
        ),
        (
            "429",
            Reply::status("429 Too Many Requests", "", ""),
            Doubt::HttpStatus(429),
        ),
        (
            "204",
            Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            Doubt::HttpStatus(204),
        ),
        ("an empty body", Reply::ok(""), Doubt::Xml(XmlError::NoRoot)),
        (
            "half a body, whole by its length",
            Reply::ok(half),
            Doubt::Xml(XmlError::Malformed),
        ),
        ("half a body by its length", Reply::Bytes(cut), Doubt::CutOff),
        ("a length beyond the body", Reply::Bytes(longer), Doubt::CutOff),
        ("10 MB, announced", Reply::ok(&huge), Doubt::TooLarge),
        ("10 MB, not announced", Reply::Bytes(unannounced), Doubt::TooLarge),
        (
            "chunks that end in the middle",
            Reply::Bytes(endless),
            Doubt::CutOff,
        ),
        (
            "no HTTP at all",
            Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            Doubt::CutOff,
        ),
        ("nothing, closed", Reply::Bytes(Vec::new()), Doubt::CutOff),
        (
            "compressed unasked",
            Reply::status(
                "200 OK",
                "Content-Encoding: gzip\r\n",
                b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
            ),
            Doubt::Xml(XmlError::NotUtf8),
        ),
    ] {
        assert_eq!(outcome_of(reply).await, Outcome::Unknown(doubt), "{why}");
    }
}

#[tokio::test]
async fn fault_28_redirects_are_not_followed() {
    let elsewhere = Gateway::start(signed_answer).await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent",
    ] {
        let reply = Reply::status(
            status,
            &format!("Location: {}/pay/orderquery\r\n", elsewhere.url()),
            "",
        );
        assert_eq!(
            outcome_of(reply).await,
            Outcome::Unknown(Doubt::Redirected),
            "{status}"
        );
    }
    assert!(elsewhere.received().is_empty(), "nobody else has seen the order");
}

#[tokio::test]
async fn fault_28_silence_and_dripping_end_in_a_timeout() {
    assert_eq!(
        outcome_of(Reply::Hang).await,
        Outcome::Unknown(Doubt::Timeout),
        "no answer"
    );
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n".to_vec();
    let gateway = Gateway::start(move |_| Reply::Drip(head.clone())).await;
    let config = HttpConfig {
        total_timeout: Duration::from_millis(600),
        ..gateway.config()
    };
    // Each piece comes within the read time-out: only the whole call's ends it.
    assert_eq!(
        query(&config).await.outcome,
        Outcome::Unknown(Doubt::Timeout),
        "an answer byte by byte"
    );
}

#[tokio::test]
async fn fault_33_no_host_and_nobody_listening() {
    let config = HttpConfig::new(nobody().await);
    let exchange = query(&config).await;
    assert_eq!(
        exchange.outcome,
        Outcome::Unknown(Doubt::NotConnected),
        "refused: nothing was sent"
    );
    assert_eq!(
        (exchange.received, exchange.verdict),
        (None, SignVerdict::None),
        "and there is nothing to judge"
    );
    // A name that is guaranteed not to exist (RFC 6761).
    let config = HttpConfig {
        connect_timeout: Duration::from_secs(2),
        ..HttpConfig::new("https://gateway.invalid")
    };
    assert_eq!(
        query(&config).await.outcome,
        Outcome::Unknown(Doubt::NotConnected),
        "no such host"
    );
}

#[tokio::test]
async fn the_backup_is_used_when_the_network_fails() {
    let backup = Gateway::start(signed_answer).await;
    let with_backup = |config| HttpConfig {
        backup_url: Some(backup.url()),
        ..config
    };
    let exchange = query(&with_backup(HttpConfig::new(nobody().await))).await;
    assert_eq!(
        exchange.outcome,
        Outcome::Yes(OrderState::NotPay),
        "nobody at the first host"
    );
    assert!(!exchange.after_loss, "where nobody was, nothing was done");
    let hanging = Gateway::start(|_| Reply::Hang).await;
    let exchange = query(&with_backup(hanging.config())).await;
    assert_eq!(
        exchange.outcome,
        Outcome::Yes(OrderState::NotPay),
        "silence at the first host"
    );
    assert!(exchange.after_loss, "who is silent may have done what was asked");
    let first = hanging.received().remove(0);
    let second = backup.received().remove(1);
    assert_eq!(first.fields, second.fields, "the same request, nonce and all");

    let gone = HttpConfig {
        backup_url: Some(nobody().await),
        ..hanging.config()
    };
    assert_eq!(
        query(&gone).await.outcome,
        Outcome::Unknown(Doubt::Timeout),
        "a request that went to a silent host was sent, although the other host was out of reach"
    );
}

#[tokio::test]
async fn the_backup_is_for_repeatable_calls_only() {
    let backup = Gateway::start(signed_answer).await;
    let hanging = Gateway::start(|_| Reply::Hang).await;
    let config = HttpConfig {
        backup_url: Some(backup.url()),
        ..hanging.config()
    };
    let exchange = send(&config, &refund()).await;
    assert_eq!(
        exchange.outcome,
        Outcome::Unknown(Doubt::Timeout),
        "it may have been done"
    );
    assert!(
        backup.received().is_empty(),
        "so it isn't asked for a second time"
    );
}

#[tokio::test]
async fn the_backup_is_for_the_network_only() {
    let backup = Gateway::start(signed_answer).await;
    for reply in [
        Reply::status("502 Bad Gateway", "", ""),
        Reply::ok("<html/>"),
        Reply::ok("<xml><return_code>FAIL</return_code></xml>"),
        Reply::status("302 Found", "Location: /\r\n", ""),
    ] {
        let first = Gateway::start(move |_| reply.clone()).await;
        let config = HttpConfig {
            backup_url: Some(backup.url()),
            ..first.config()
        };
        assert!(
            matches!(query(&config).await.outcome, Outcome::Unknown(_)),
            "answered, if badly"
        );
    }
    assert!(
        backup.received().is_empty(),
        "a gateway that answers isn't gone round"
    );
}

#[tokio::test]
async fn another_merchants_order_never_leaves() {
    let gateway = Gateway::start(signed_answer).await;
    let mut other = merchant(SignType::HmacSha256);
    other.appid = "wx0000000000000000".to_owned();
    let order = UnifiedOrder::native(&other, &native_order()).unwrap();
    let exchange = send(&gateway.config(), &order).await;
    assert_eq!(
        exchange.outcome,
        Outcome::Unknown(Doubt::OtherMerchant),
        "saved under another appid"
    );
    assert!(
        exchange.sent.is_empty() && gateway.received().is_empty(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn a_client_works_from_many_tasks() {
    let gateway = Gateway::start(signed_answer).await;
    let client = std::sync::Arc::new(client(&gateway.config()));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = std::sync::Arc::clone(&client);
            tokio::spawn(async move {
                client
                    .send(&OrderQuery::by_out_trade_no(ORDER).unwrap(), Nonce::random())
                    .await
            })
        })
        .collect();
    for task in tasks {
        let exchange = timeout(Duration::from_secs(20), task).await.unwrap().unwrap();
        assert_eq!(
            exchange.outcome,
            Outcome::Yes(OrderState::NotPay),
            "each gets its answer"
        );
    }
    let nonces: std::collections::BTreeSet<_> = gateway
        .received()
        .iter()
        .map(|received| received.fields.get("nonce_str").unwrap().to_owned())
        .collect();
    assert_eq!(nonces.len(), 20, "no nonce twice");
    assert!(nonces.iter().all(|nonce| nonce.len() == 32), "of 32 characters");
}

#[test]
fn wrong_configurations_are_told() {
    let error = |url: &str| HttpTransport::new(&HttpConfig::new(url)).unwrap_err();
    for url in [
        "",
        "api.mch.weixin.qq.com",
        "ftp://127.0.0.1",
        "http://127.0.0.1/?a",
        "http://u@127.0.0.1",
    ] {
        assert!(
            matches!(error(url), HttpConfigError::Address(_)),
            "{url:?} is no gateway"
        );
    }
    assert!(
        matches!(
            error("http://api.mch.weixin.qq.com"),
            HttpConfigError::PlainHttp(_)
        ),
        "never unencrypted"
    );
    assert!(
        matches!(
            error("http://127.0.0.1.example.com"),
            HttpConfigError::PlainHttp(_)
        ),
        "nor to a lookalike"
    );
    for url in [
        "http://localhost:1",
        "http://127.0.0.1:1/",
        "http://[::1]:1/prefix",
    ] {
        assert!(
            HttpTransport::new(&HttpConfig::new(url)).is_ok(),
            "{url}: a simulator on this machine"
        );
    }
    let identity = HttpConfig {
        client_identity_pem: Some(b"no PEM".to_vec()),
        ..HttpConfig::new("http://localhost")
    };
    assert!(
        matches!(
            HttpTransport::new(&identity),
            Err(HttpConfigError::ClientIdentity)
        ),
        "told before it is needed"
    );
}
