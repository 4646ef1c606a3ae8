//! Client certificates over TLS, with an authority made for the test.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use wechat_pay::client::HttpConfig;
use wechat_pay::{Fen, Nonce, OrderNumber, Outcome, Refund, RefundOrder};
use wechat_pay_sim::{PayWith, Simulator, Tls};

use crate::desk::config;
use crate::http::{client, order, served};

const NUMBER: &str = "T1-261123-1";

/// A throw-away authority and what it signs: a server's and a client's certificate with their keys, all PEM.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        (
            params.signed_by(&key, &self.issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    }
}

#[tokio::test]
async fn secapi_needs_a_certificate_of_the_right_authority() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (chain, server_key) = ours.sign("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let ca = ours.issuer.pem();
    let tls = Tls::from_pem(chain.as_bytes(), server_key.as_bytes(), Some(ca.as_bytes())).unwrap();
    let sim = served(Simulator::new(config()), Some(tls)).await;
    let http = |identity: Option<(String, String)>| HttpConfig {
        extra_ca_pem: Some(ca.clone().into_bytes()),
        client_identity_pem: identity.map(|(cert, key)| format!("{cert}{key}").into_bytes()),
        ..HttpConfig::new(format!("https://localhost:{}", sim.address.port()))
    };
    let refund = Refund::new(RefundOrder {
        number: OrderNumber::OutTradeNo(NUMBER.to_owned()),
        out_refund_no: "R1".to_owned(),
        total_fee: Fen::new(1234),
        refund_fee: Fen::new(1),
        refund_desc: None,
        refund_account: None,
        notify_url: None,
    })
    .unwrap();
    let ours = client(&http(Some(
        ours.sign("merchant", ExtendedKeyUsagePurpose::ClientAuth),
    )));
    let placed = ours
        .send(&order("http://127.0.0.1:9/n"), Nonce::random())
        .await
        .outcome;
    assert!(
        matches!(placed, Outcome::Yes(_)),
        "/pay/… needs no certificate: {placed:?}"
    );
    sim.simulator
        .with(|gateway, now| gateway.pay(now, NUMBER, &PayWith::default()).unwrap());

    let foreign = client(&http(Some(
        foreign.sign("merchant", ExtendedKeyUsagePurpose::ClientAuth),
    )));
    let refused = foreign.send(&refund, Nonce::random()).await.outcome;
    assert!(
        matches!(refused, Outcome::Unknown(_)),
        "another authority's certificate isn't taken: {refused:?}"
    );
    // The client itself won't send a refund without a certificate, so this goes by hand.
    let ca_certificate = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
    let bare = reqwest::Client::builder()
        .tls_certs_merge([ca_certificate])
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/secapi/pay/refund", sim.address.port());
    let response = bare.post(url).body("<xml></xml>").send().await.unwrap();
    assert_eq!(response.status(), 400, "no certificate, no refund");

    let accepted = ours.send(&refund, Nonce::random()).await.outcome;
    assert!(
        matches!(accepted, Outcome::Yes(_)),
        "with the certificate it is accepted: {accepted:?}"
    );
}

#[tokio::test]
async fn plain_http_has_no_certificate_rule() {
    let mut own = config();
    own.rules.require_certificate = true;
    let sim = served(Simulator::new(own), None).await;
    let url = format!("http://{}/secapi/pay/refund", sim.address);
    let answer = reqwest::Client::new()
        .post(url)
        .body("<xml></xml>")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "the gateway itself answers");
}
