//! WeChat takes a refund only from a client that shows the merchant's certificate.

use std::net::Ipv4Addr;
use std::path::Path;

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use scantill_tests::counter::{API_KEY, APPID, MCH_ID, goods_csv};
use scantill_tests::refunds::is_refunded;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::approval::{Act, Credential};
use till_app::{Config, Database, Refusal, Step, Till, gateway};
use till_core::{OutTradeNo, Part, State};
use tokio::net::TcpListener;
use wechat_pay::{ApiKey, Client, HttpTransport};
use wechat_pay_sim::{GatewayConfig, PayWith, Simulator, Tls, serve_tls};

use super::{MINUTE, SECOND};

const WHOLE: Part = Part::Whole { goods_back: false };

/// A throw-away authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// A certificate and its key, PEM.
    fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.extended_key_usages = vec![purpose];
        Ok((params.signed_by(&key, &self.0)?.pem(), key.serialize_pem()))
    }
}

/// A till whose gateway speaks TLS and asks for certificates of `authority`.
struct Counter {
    till: Till,
    client: Client<HttpTransport>,
    simulator: Simulator,
}

impl Counter {
    async fn open(authority: &Authority, folder: &Path, keys: &str) -> anyhow::Result<Self> {
        let (chain, key) = authority.sign("localhost", ExtendedKeyUsagePurpose::ServerAuth)?;
        let ca = authority.0.pem();
        let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes(), Some(ca.as_bytes()))?;
        let simulator = Simulator::new(GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let served = simulator.clone();
        tokio::spawn(async move { serve_tls(listener, served, tls, std::future::pending()).await });
        let config = Config::parse(&format!(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
             base_url = \"https://localhost:{port}\"\n\
             notify_url = \"http://127.0.0.1:9/weixin/pay/notify/url\"\n{keys}"
        ))?;
        let mut http = gateway::http_config(&config)?;
        // In a shop this one is in the operating system's own store.
        http.extra_ca_pem = Some(ca.into_bytes());
        let client = Client::new(config.merchant.clone(), HttpTransport::new(&http)?);
        let db = Database::open(&folder.join("scantill.db"))?;
        let mut till = Till::open(config, db, now(&simulator), [0; 32])?;
        till.import(now(&simulator), &goods_csv())?;
        Ok(Self {
            till,
            client,
            simulator,
        })
    }

    fn now(&self) -> Timestamp {
        now(&self.simulator)
    }

    async fn live(&mut self, span: jiff::SignedDuration) {
        let end = self.now() + span;
        while self.now() < end {
            if let Step::IdleUntil(_) = self.till.step(self.now(), &self.client).await {
                self.simulator.advance(SECOND);
            }
        }
    }

    async fn sell_paid(&mut self) -> anyhow::Result<OutTradeNo> {
        self.till.add(WATER, None)?;
        let number = self.till.pay(self.now(), "click")?;
        self.live(SECOND * 2).await;
        let paid = |gateway: &mut wechat_pay_sim::Gateway, now| {
            gateway.pay(now, number.as_str(), &PayWith::default())
        };
        self.simulator.with(paid)?;
        self.live(SECOND * 5).await;
        let attempt = self.till.db().read().attempts().get(&number)?;
        anyhow::ensure!(
            attempt.is_some_and(|it| matches!(it.state, State::Paid(_))),
            "paid"
        );
        Ok(number)
    }
}

fn now(simulator: &Simulator) -> Timestamp {
    let now = simulator.now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_the_configuration_is_shown_to_the_gateway() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::new()?;
    let (cert, key) = authority.sign("merchant", ExtendedKeyUsagePurpose::ClientAuth)?;
    let [cert_file, key_file] =
        ["apiclient_cert.pem", "apiclient_key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&cert_file, cert)?;
    std::fs::write(&key_file, key)?;
    let keys = format!("client_cert = {cert_file:?}\nclient_key = {key_file:?}\n");
    let mut counter = Counter::open(&authority, folder.path(), &keys).await?;
    let order = counter.sell_paid().await?;
    let now = counter.now();
    let yes = counter
        .till
        .approve(now, Act::Refund, Some(&Credential::Confirmed))?;
    let number = counter.till.refund(now, &order, WHOLE, "退货", "r1", yes)?;
    counter.live(MINUTE).await;
    let stored = counter.till.db().read().refunds().get(&number)?;
    let state = stored.map(|it| it.refund.state);
    assert!(
        state.as_ref().is_some_and(is_refunded),
        "given back over mTLS, not {state:?}"
    );
    let book = counter.simulator.with(|gateway, now| gateway.refunds(now));
    assert_eq!(book.len(), 1, "once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_a_refund_is_refused_before_anything_is_saved() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::new()?;
    let mut counter = Counter::open(&authority, folder.path(), "").await?;
    let order = counter.sell_paid().await?;
    let now = counter.now();
    let yes = counter
        .till
        .approve(now, Act::Refund, Some(&Credential::Confirmed))?;
    let refused = counter.till.refund(now, &order, WHOLE, "退货", "r1", yes);
    assert!(
        matches!(refused, Err(Refusal::NoClientCertificate)),
        "WeChat would take nothing: {refused:?}"
    );
    assert!(
        counter.till.db().read().refunds().of_order(&order)?.is_empty(),
        "and nothing was saved"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_on_this_machine_takes_a_refund_without() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop.sell_paid(&line, &[(WATER, 1)], "click").await?;
    let number = shop.wish(&order, WHOLE, "r1")??;
    shop.live(MINUTE).await?;
    assert!(is_refunded(&shop.refund_state(&number)?), "plain http to itself");
    Ok(())
}
