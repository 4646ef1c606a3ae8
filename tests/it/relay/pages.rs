//! The operator's pages, and everything else that is asked for.

use scantill_tests::counter::API_KEY;
use scantill_tests::relay::{NOTIFY_PATH, forged, notify};

use super::{relay, relay_with};

#[tokio::test]
async fn the_pages_say_how_it_is() -> anyhow::Result<()> {
    let (relay, _vhost) = relay().await?;
    assert_eq!(relay.page("/healthz").await?.status, 200, "alive");
    assert_eq!(relay.page("/readyz").await?.status, 200, "and ready");
    relay.post(notify("T01-1")).await?;
    relay.post(forged("T01-1")).await?;
    relay.post("no XML").await?;
    let text = relay.page("/metrics").await?.body;
    for line in [
        "scantill_relay_received_total 3",
        "scantill_relay_accepted_total{kind=\"payment\"} 1",
        "scantill_relay_refused_total{reason=\"wrong_sign\"} 1",
        "scantill_relay_refused_total{reason=\"unreadable\"} 1",
        "scantill_relay_refused_total{reason=\"wrong_cipher\"} 0",
        "scantill_relay_published_total{kind=\"payment\"} 1",
        "scantill_relay_unconfirmed_total{reason=\"no_confirm\"} 0",
        "scantill_relay_turned_away_total{why=\"allowance\"} 0",
        "scantill_relay_confirm_seconds_count 1",
        "scantill_relay_in_flight 0",
        "scantill_relay_broker{state=\"up\"} 1",
        "scantill_relay_broker{state=\"down\"} 0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is counted in\n{text}"
        );
    }
    assert!(
        text.lines()
            .any(|line| line.starts_with("scantill_relay_connections ")),
        "so are connections"
    );
    assert!(text.ends_with("# EOF\n"), "whole, as Prometheus wants it");
    Ok(())
}

#[tokio::test]
async fn everything_else_is_http_and_says_nothing() -> anyhow::Result<()> {
    let (relay, _vhost) = relay().await?;
    for (asked, status) in [
        (format!("GET {NOTIFY_PATH}"), 405),
        (format!("PUT {NOTIFY_PATH}"), 405),
        (format!("OPTIONS {NOTIFY_PATH}"), 405),
        ("POST /healthz".to_owned(), 405),
        ("GET /".to_owned(), 404),
        ("POST /weixin/pay/notify/url/".to_owned(), 404),
        ("POST /weixin/pay/notify/../notify/url".to_owned(), 404),
        ("GET /.env".to_owned(), 404),
    ] {
        let answer = relay
            .send(format!(
                "{asked} HTTP/1.1\r\nhost: relay\r\ncontent-length: 0\r\n\r\n"
            ))
            .await?;
        assert_eq!(answer.status, status, "{asked}");
        assert_eq!(answer.body, "", "{asked}: without a word");
        assert!(!answer.head.contains("server:"), "{asked}: nor who is answering");
    }
    Ok(())
}

#[tokio::test]
async fn strangers_find_no_pages() -> anyhow::Result<()> {
    let (relay, _vhost) = relay_with(|setup| {
        setup
            .line("trusted_proxies = [\"127.0.0.1\"]")
            .line("status_from = [\"127.0.0.1\"]")
    })
    .await?;
    for page in ["/healthz", "/readyz", "/metrics"] {
        let through = format!("GET {page} HTTP/1.1\r\nhost: relay\r\nx-forwarded-for: 203.0.113.7\r\n\r\n");
        assert_eq!(
            relay.send(through).await?.status,
            404,
            "{page}: whoever comes through the proxy from outside finds nothing"
        );
        assert_eq!(relay.page(page).await?.status, 200, "{page}: the operator does");
    }
    Ok(())
}

#[tokio::test]
async fn the_log_holds_lengths_and_reasons_and_nothing_of_a_body() -> anyhow::Result<()> {
    let (relay, _vhost) = relay().await?;
    let marked = forged("T01-MARKED").replace("oUpF8uN95", "oMARKED95");
    relay.post(&marked).await?;
    relay.post(notify("T01-MARKED")).await?;
    relay.post("<xml><MARKED>").await?;
    relay
        .post([b"<xml>MARKED\xff".as_slice(), b"</xml>"].concat())
        .await?;
    relay
        .send("GET /MARKED?key=MARKED HTTP/1.1\r\nhost: MARKED\r\nx-marked: MARKED\r\n\r\n")
        .await?;
    let log = relay.log();
    assert!(
        log.contains(&format!("length={}", marked.len())) && log.contains("the sign is wrong"),
        "length and reason are there: {log}"
    );
    for secret in ["MARKED", API_KEY, "oUpF8uN95", "-password", "4200-"] {
        assert!(
            !log.contains(secret),
            "{secret} is not in the log, not even at debug: {log}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn forgers_cannot_fill_the_log() -> anyhow::Result<()> {
    let (relay, _vhost) = relay_with(|setup| setup.table("[limits]\nrefusals_per_minute = 1000000")).await?;
    for _ in 0..300 {
        relay.post(forged("T01-1")).await?;
    }
    let lines = relay.log().matches("a body is refused").count();
    assert!(
        (1..=70).contains(&lines),
        "some are written down, the rest is counted: {lines} lines"
    );
    assert_eq!(
        relay
            .counted("scantill_relay_refused_total{reason=\"wrong_sign\"}")
            .await?,
        300,
        "every one is counted"
    );
    Ok(())
}
