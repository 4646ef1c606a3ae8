//! The proxies of docs/relay.md before a real relay: the very text of the page, with ports and files of this test's own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use reqwest::StatusCode;
use scantill_tests::caller::Caller;
use scantill_tests::process::Owned;
use scantill_tests::relay::{NOTIFY_PATH, Relay, forged, notify};
use scantill_tests::wait::{PATIENCE, until};

use super::operator::page;
use super::{UNROUTED, relay_with};

const NAME: &str = "pay.example.com";
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// Which of the page's proxies.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Nginx,
    Caddy,
}

/// One of them with TLS before a relay.
struct Proxy {
    address: SocketAddr,
    certificate: reqwest::Certificate,
    _process: Owned,
    _folder: tempfile::TempDir,
}

/// The block of the page in this language.
fn block(language: &str) -> anyhow::Result<String> {
    let page = page()?;
    let (_, rest) = page
        .split_once(&format!("```{language}\n"))
        .with_context(|| format!("docs/relay.md has no block of {language}"))?;
    let (block, _) = rest.split_once("```").context("it ends")?;
    Ok(block.to_owned())
}

/// What stands in the page exactly once gives way to what this test needs.
fn substitute(text: &str, page_has: &str, ours: &str) -> anyhow::Result<String> {
    anyhow::ensure!(
        text.matches(page_has).count() == 1,
        "docs/relay.md has {page_has:?} once"
    );
    Ok(text.replace(page_has, ours))
}

/// The nginx of the page.
fn nginx(folder: &Path, address: SocketAddr, relay: SocketAddr) -> anyhow::Result<Command> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut server = block("nginx")?;
    let live = "/etc/letsencrypt/live/pay.example.com";
    for (page_has, ours) in [
        ("server 127.0.0.1:18092;", format!("server {relay};")),
        ("listen 443 ssl;", format!("listen {address} ssl;")),
        (&format!("{live}/fullchain.pem"), file(CERTIFICATE)),
        (&format!("{live}/privkey.pem"), file(KEY)),
    ] {
        server = substitute(&server, page_has, &ours)?;
    }
    let own: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {};\n", file(what)))
        .concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr warn;\nevents {{}}\n\
         http {{\naccess_log off;\n{own}{server}}}\n",
        file("id")
    );
    fs::write(file("nginx.conf"), whole)?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.args(["-p", &file(""), "-c", &file("nginx.conf"), "-e", "stderr"]);
    Ok(command)
}

/// The Caddy of the page.
fn caddy(folder: &Path, address: SocketAddr, relay: SocketAddr) -> anyhow::Result<Command> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut site = block("caddyfile")?;
    // A certificate of its own instead of the one that it would fetch.
    let ours = format!(
        "{NAME}:{} {{\n\tbind {}\n\ttls {} {}\n",
        address.port(),
        address.ip(),
        file(CERTIFICATE),
        file(KEY)
    );
    for (page_has, ours) in [
        (&format!("{NAME} {{\n"), ours),
        (&"127.0.0.1:18092".to_owned(), relay.to_string()),
    ] {
        site = substitute(&site, page_has, &ours)?;
    }
    // No other port than that one.
    let own = "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n";
    fs::write(file("Caddyfile"), format!("{own}{site}"))?;
    let mut command = Command::new("caddy");
    command
        .args(["run", "--config", &file("Caddyfile"), "--adapter", "caddyfile"])
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME");
    Ok(command)
}

impl Proxy {
    async fn before(kind: Kind, relay: &Relay) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        fs::write(folder.path().join(CERTIFICATE), made.cert.pem())?;
        fs::write(folder.path().join(KEY), made.signing_key.serialize_pem())?;
        // Free a moment ago; neither can choose one and say which.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let (mut command, package) = match kind {
            Kind::Nginx => (nginx(folder.path(), address, relay.address())?, "nginx-light"),
            Kind::Caddy => (caddy(folder.path(), address, relay.address())?, "caddy"),
        };
        let said = folder.path().join("said");
        let output = fs::File::create(&said)?;
        command.stdout(output.try_clone()?).stderr(output);
        let process = Owned::start(&mut command, &format!("the proxy (Debian package {package})"))?;
        until("the proxy to listen", PATIENCE, async || {
            Ok(Caller::to(address).await.ok().map(drop))
        })
        .await
        .with_context(|| format!("{kind:?} said: {}", fs::read_to_string(&said).unwrap_or_default()))?;
        Ok(Self {
            address,
            certificate: reqwest::Certificate::from_pem(made.cert.pem().as_bytes())?,
            _process: process,
            _folder: folder,
        })
    }

    /// Posts there from one of this machine's addresses.
    async fn post(&self, own: Ipv4Addr, path: &str, body: String) -> anyhow::Result<(StatusCode, String)> {
        let client = reqwest::Client::builder()
            .add_root_certificate(self.certificate.clone())
            .resolve(NAME, self.address)
            .local_address(IpAddr::V4(own))
            .timeout(Duration::from_secs(20))
            .build()?;
        let request = client
            .post(format!("https://{NAME}:{}{path}", self.address.port()))
            // Whoever likes may claim to be somebody else.
            .header("X-Forwarded-For", WECHAT.to_string())
            .body(body);
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

const WECHAT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const FORGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn is_success(said: &(StatusCode, String)) -> bool {
    said.0 == StatusCode::OK && said.1.contains("<return_code><![CDATA[SUCCESS]]></return_code>")
}

/// Notifies go through to a queue, and nothing else goes through at all.
async fn passes_notifies_on_and_nothing_else(kind: Kind) -> anyhow::Result<()> {
    let (relay, vhost) = relay_with(|setup| setup.line("trusted_proxies = [\"127.0.0.1\"]")).await?;
    let proxy = Proxy::before(kind, &relay).await?;
    let said = proxy.post(WECHAT, NOTIFY_PATH, notify("T01-1")).await?;
    assert!(is_success(&said), "a notify over HTTPS: {said:?}");
    assert_eq!(vhost.take(UNROUTED, 10).await?.len(), 1, "and it lies in a queue");

    for path in [
        "/",
        "/metrics",
        "/healthz",
        "/weixin/pay/notify/url/",
        "/weixin/pay/notify",
    ] {
        let (status, _) = proxy.post(WECHAT, path, notify("T01-2")).await?;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} stays inside");
    }
    let longest = proxy.post(WECHAT, NOTIFY_PATH, "x".repeat(64 * 1024)).await?;
    assert!(
        longest.0 == StatusCode::OK && longest.1.contains("FAIL"),
        "what the relay takes comes to the relay: {longest:?}"
    );
    let (status, page) = proxy.post(WECHAT, NOTIFY_PATH, "x".repeat(64 * 1024 + 1)).await?;
    let is_refused = match kind {
        Kind::Nginx => status == StatusCode::PAYLOAD_TOO_LARGE && page.contains("nginx"),
        // It passes on as it reads: the relay, which sees the length, may be quicker than Caddy with its 502.
        Kind::Caddy => [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_GATEWAY].contains(&status),
    };
    assert!(is_refused, "a byte above 64 KiB is refused: {status} {page}");
    Ok(())
}

/// A forger is barred and those who come by the same proxy are not.
async fn counts_each_sender_by_himself(kind: Kind) -> anyhow::Result<()> {
    let (relay, _vhost) = relay_with(|setup| {
        setup
            .table("[limits]\nrefusals_per_minute = 5")
            .line("trusted_proxies = [\"127.0.0.1\"]")
    })
    .await?;
    let proxy = Proxy::before(kind, &relay).await?;
    let mut last = StatusCode::OK;
    for nth in 0..20 {
        last = proxy
            .post(FORGER, NOTIFY_PATH, forged(&format!("T01-{nth}")))
            .await?
            .0;
    }
    assert_eq!(
        last,
        StatusCode::TOO_MANY_REQUESTS,
        "a forger is barred, whoever he claims to be"
    );
    let said = proxy.post(WECHAT, NOTIFY_PATH, notify("T01-1")).await?;
    assert!(
        is_success(&said),
        "whom he claimed to be, and who comes by the same proxy, is not: {said:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_nginx_of_the_page_passes_notifies_on_and_nothing_else() -> anyhow::Result<()> {
    passes_notifies_on_and_nothing_else(Kind::Nginx).await
}

#[tokio::test]
async fn behind_the_nginx_of_the_page_each_sender_is_counted_by_himself() -> anyhow::Result<()> {
    counts_each_sender_by_himself(Kind::Nginx).await
}

#[tokio::test]
async fn the_caddy_of_the_page_passes_notifies_on_and_nothing_else() -> anyhow::Result<()> {
    passes_notifies_on_and_nothing_else(Kind::Caddy).await
}

#[tokio::test]
async fn behind_the_caddy_of_the_page_each_sender_is_counted_by_himself() -> anyhow::Result<()> {
    counts_each_sender_by_himself(Kind::Caddy).await
}
