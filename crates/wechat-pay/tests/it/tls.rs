//! TLS: whom the client trusts, and whom it shows the merchant's certificate.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use wechat_pay::client::HttpConfig;
use wechat_pay::{
    Client, Doubt, Fen, HttpTransport, Nonce, OrderNumber, OrderQuery, OrderState, Outcome, Refund,
    RefundOrder, SignType,
};

use crate::gateway::{Received, Reply, serve};
use crate::merchant;

const ORDER: &str = "till1-260101-000001-a1b2";

/// A throw-away authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
struct Issued {
    cert: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str, expired: bool) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        let pem = format!("{}{}", cert.pem(), key.serialize_pem());
        Issued {
            cert: cert.der().clone(),
            key,
            pem,
        }
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }
}

/// A gateway that speaks TLS and answers an empty document.
struct TlsGateway {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl TlsGateway {
    /// `clients`: whose client certificates it demands, if any.
    async fn start(issued: &Issued, clients: Option<&Authority>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = match clients {
            None => builder.unwrap().with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.unwrap().with_client_cert_verifier(verifier.unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(issued.key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![issued.cert.clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(
                        stream,
                        Arc::clone(&log),
                        Arc::new(|_: &Received| Reply::ok("<xml/>")),
                    )
                    .await;
                }
            }
        });
        Self { url, received }
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

/// The answer is an empty document, so a request that arrives ends in this doubt.
const ARRIVED: Doubt = Doubt::FieldMissing("return_code");

fn client(config: &HttpConfig) -> Client<HttpTransport> {
    Client::new(
        merchant(SignType::HmacSha256),
        HttpTransport::new(config).unwrap(),
    )
}

async fn query(config: &HttpConfig) -> Outcome<OrderState> {
    let request = OrderQuery::by_out_trade_no(ORDER).unwrap();
    let client = client(config);
    timeout(Duration::from_secs(20), client.send(&request, Nonce::random()))
        .await
        .unwrap()
        .outcome
}

async fn refund(config: &HttpConfig) -> Doubt {
    let request = Refund::new(RefundOrder {
        number: OrderNumber::OutTradeNo(ORDER.to_owned()),
        out_refund_no: "R1".to_owned(),
        total_fee: Fen::new(2),
        refund_fee: Fen::new(1),
        refund_desc: None,
        refund_account: None,
        notify_url: None,
    })
    .unwrap();
    let client = client(config);
    let sending = timeout(Duration::from_secs(20), client.send(&request, Nonce::random()));
    match sending.await.unwrap().outcome {
        Outcome::Unknown(doubt) => doubt,
        Outcome::Yes(_) | Outcome::No(_) => panic!("an empty document says neither"),
    }
}

fn trusting(url: &str, authority: &Authority) -> HttpConfig {
    HttpConfig {
        extra_ca_pem: Some(authority.pem()),
        ..HttpConfig::new(url)
    }
}

#[tokio::test]
async fn fault_34_only_a_trusted_certificate_for_this_host_will_do() {
    let authority = Authority::new();
    let good = TlsGateway::start(&authority.issue("localhost", false), None).await;
    let unknown = query(&HttpConfig::new(&good.url)).await;
    assert_eq!(
        unknown,
        Outcome::Unknown(Doubt::NotConnected),
        "an authority nobody trusts"
    );
    assert_eq!(good.count(), 0, "nothing was said to it");
    assert_eq!(
        query(&trusting(&good.url, &authority)).await,
        Outcome::Unknown(ARRIVED),
        "trusted besides the system's"
    );
    let stranger = query(&trusting(&good.url, &Authority::new())).await;
    assert_eq!(
        stranger,
        Outcome::Unknown(Doubt::NotConnected),
        "another authority"
    );
    for (issued, why) in [
        (
            authority.issue("api.example.com", false),
            "another host's certificate",
        ),
        (authority.issue("localhost", true), "an expired certificate"),
    ] {
        let gateway = TlsGateway::start(&issued, None).await;
        let outcome = query(&trusting(&gateway.url, &authority)).await;
        assert_eq!(outcome, Outcome::Unknown(Doubt::NotConnected), "{why}");
        assert_eq!(gateway.count(), 0, "{why}: nothing was said to it");
    }
}

#[tokio::test]
async fn fault_34_a_stalled_handshake_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = HttpConfig {
        connect_timeout: Duration::from_millis(300),
        ..HttpConfig::new(url)
    };
    assert_eq!(
        query(&config).await,
        Outcome::Unknown(Doubt::NotConnected),
        "accepted, but never greeted back"
    );
}

#[tokio::test]
async fn the_merchants_certificate_is_shown_only_where_it_is_needed() {
    let authority = Authority::new();
    let demanding = TlsGateway::start(&authority.issue("localhost", false), Some(&authority)).await;
    let without = trusting(&demanding.url, &authority);
    assert_eq!(
        refund(&without).await,
        Doubt::NoClientCert,
        "told before anything is sent"
    );
    let identity = authority.issue("merchant", false).pem.into_bytes();
    let with = HttpConfig {
        client_identity_pem: Some(identity),
        ..without
    };
    assert_eq!(refund(&with).await, ARRIVED, "shown for a refund");
    assert_eq!(demanding.count(), 1, "which has arrived");
    let query = query(&with).await;
    assert!(
        matches!(query, Outcome::Unknown(Doubt::CutOff | Doubt::NotConnected)),
        "not for a query: {query:?}"
    );
    assert_eq!(demanding.count(), 1, "which hasn't");
}
