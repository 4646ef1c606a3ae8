//! The program's own words: what is wrong with its configuration or its broker, before it listens; and TLS of its own.

use std::fs;
use std::process::Output;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use scantill_tests::broker::{Broker, Rights};
use scantill_tests::caller::Caller;
use scantill_tests::counter::API_KEY;
use scantill_tests::relay::{NOTIFY_PATH, Setup, notify};
use tokio::time::Instant;

use super::{UNROUTED, program};

/// Nobody listens there.
const NOWHERE: &str = "amqp://relay:broker-password@127.0.0.1:9/x";

/// What `--check` said, in one line; and whether it was content.
fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).trim().to_owned(),
    )
}

#[test]
fn each_mistake_is_one_sentence_and_the_end() -> anyhow::Result<()> {
    let good = Setup::new(program(), NOWHERE);
    let cases = [
        (good.clone().line("listen_at = \"x\""), "listen_at"),
        (
            good.clone().line("trusted_proxies = [\"nginx\"]"),
            "trusted_proxies",
        ),
        (good.clone().line("amqp_ca = \"ca.pem\""), "amqp_ca"),
        (good.clone().table("[limits]\nburst = 0"), "[limits] burst"),
        (
            good.clone()
                .table("[tls]\ncert = \"none.pem\"\nkey = \"none.pem\""),
            "[tls] cert",
        ),
        (
            good.clone()
                .table("[[merchant]]\nappid = \"wx1\"\nmch_id = \"1\"\napi_key = \"secret-but-short\""),
            "[[merchant]] number 3, api_key",
        ),
        (Setup::new(program(), "amqp//relay:broker-password@x"), "amqp_url"),
    ];
    for (setup, key) in cases {
        let (content, sentence) = said(&setup.check()?);
        assert!(!content, "{key}: it does not go on");
        assert_eq!(sentence.lines().count(), 1, "{key}: one sentence: {sentence}");
        assert!(sentence.contains(key), "it names the key: {sentence}");
        assert!(
            sentence.contains("for example: "),
            "{key}: and shows a right line: {sentence}"
        );
        for secret in [API_KEY, "broker-password", "secret-but-short"] {
            assert!(
                !sentence.contains(secret),
                "{key}: it tells no secret: {sentence}"
            );
        }
        let started = setup.start();
        assert!(started.is_err(), "{key}: nor does it listen without --check");
    }
    Ok(())
}

#[tokio::test]
async fn check_says_how_it_stands_with_the_broker() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (content, sentence) = said(&Setup::new(program(), &vhost.amqp_url()).check()?);
    assert!(content, "all is well: {sentence}");
    assert!(
        sentence.contains("2 merchants") && sentence.contains(vhost.name()),
        "it says what it has looked at: {sentence}"
    );
    assert_eq!(vhost.depth(UNROUTED).await?.0, 0, "looking leaves nothing behind");
    let wrong_password = vhost.amqp_url().replace("-password", "-wrong");
    let reader = Rights {
        configure: "",
        write: "",
        read: ".*",
    };
    let may_not_write = vhost.user(&format!("{}-reader", vhost.name()), reader).await?;
    for (what, url, words) in [
        ("nobody there", NOWHERE, "can't be reached"),
        ("a wrong password", wrong_password.as_str(), "password"),
        ("no right to write", may_not_write.as_str(), "right"),
    ] {
        let (content, sentence) = said(&Setup::new(program(), url).check()?);
        assert!(!content, "{what}: not content");
        assert_eq!(sentence.lines().count(), 1, "{what}: one sentence: {sentence}");
        assert!(sentence.contains(words), "{what}: in words: {sentence}");
        assert!(
            !sentence.contains("-wrong") && !sentence.contains("broker-password"),
            "{what}: {sentence}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn it_can_do_tls_itself() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let folder = tempfile::tempdir()?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert_file, certificate.pem())?;
    fs::write(&key_file, key.serialize_pem())?;
    let tls = format!(
        "[tls]\ncert = \"{}\"\nkey = \"{}\"",
        cert_file.display(),
        key_file.display()
    );
    let relay = Setup::new(program(), &vhost.amqp_url()).table(&tls).start()?;
    let client = reqwest::Client::builder()
        .add_root_certificate(reqwest::Certificate::from_pem(certificate.pem().as_bytes())?)
        .resolve("localhost", relay.address())
        .no_proxy()
        .build()?;
    let base = format!("https://localhost:{}", relay.address().port());
    scantill_tests::wait::until("the broker", scantill_tests::wait::PATIENCE, async || {
        let answer = client.get(format!("{base}/readyz")).send().await?;
        Ok(answer.status().is_success().then_some(()))
    })
    .await?;
    let answer = client
        .post(format!("{base}{NOTIFY_PATH}"))
        .body(notify("T01-1"))
        .send()
        .await?;
    assert_eq!(answer.version(), reqwest::Version::HTTP_11, "HTTP/1.1 within");
    assert!(answer.text().await?.contains("SUCCESS"), "a notify over TLS");
    let mut mute = Caller::to(relay.address()).await?;
    let mut plain = Caller::to(relay.address()).await?;
    let started = Instant::now();
    plain.send(b"POST / HTTP/1.1\r\n\r\n").await?;
    assert!(!plain.rest().await?.contains("HTTP"), "plain text is no way in");
    mute.rest().await?;
    let held = started.elapsed();
    assert!(
        held < Duration::from_secs(8),
        "whoever does not shake hands is let go: {held:?}"
    );
    Ok(())
}
