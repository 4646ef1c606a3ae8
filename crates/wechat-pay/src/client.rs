//! The one place that touches the network: the seam ([`Transport`]), the HTTP behind it, and the [`Client`] that puts
//! envelope, transport and judgement together.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, StatusCode, Url, tls};

use crate::envelope::{self, Request, SignVerdict};
use crate::mask;
use crate::merchant::{Merchant, Nonce};
use crate::outcome::{Doubt, Outcome};

/// WeChat's gateway.
pub const GATEWAY: &str = "https://api.mch.weixin.qq.com";
/// Its backup, with the same paths.
pub const GATEWAY_BACKUP: &str = "https://api2.mch.weixin.qq.com";

/// One POST to be made.
#[derive(Clone)]
pub struct HttpCall {
    /// The path on the gateway.
    pub path: &'static str,
    /// The XML.
    pub body: String,
    /// Whether it needs the client certificate.
    pub client_cert: bool,
    /// Whether it may be sent again to the backup host.
    pub repeatable: bool,
    /// The longest answer that is read, in bytes.
    pub answer_cap: usize,
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall")
            .field("path", &self.path)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer with HTTP status 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No answer within the time allowed.
    #[error("no answer in time")]
    Timeout,
    /// No connection: no such host, refused, or TLS not to be trusted. Nothing was sent.
    #[error("no connection")]
    NotConnected,
    /// The connection broke before the answer was whole.
    #[error("the answer was cut off")]
    CutOff,
    /// Another status.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Sent elsewhere; not followed.
    #[error("redirected")]
    Redirected,
    /// More than the answer may have.
    #[error("the answer is too long")]
    TooLarge,
    /// The call needs a client certificate and there is none. Nothing was sent.
    #[error("the client certificate is missing")]
    NoClientCert,
}

impl TransportError {
    /// Whether another host may do better: the network failed, not the gateway.
    const fn is_network(self) -> bool {
        match self {
            Self::Timeout | Self::NotConnected | Self::CutOff => true,
            Self::Status(_) | Self::Redirected | Self::TooLarge | Self::NoClientCert => false,
        }
    }
}

impl From<TransportError> for Doubt {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Timeout => Self::Timeout,
            TransportError::NotConnected => Self::NotConnected,
            TransportError::CutOff => Self::CutOff,
            TransportError::Status(status) => Self::HttpStatus(status),
            TransportError::Redirected => Self::Redirected,
            TransportError::TooLarge => Self::TooLarge,
            TransportError::NoClientCert => Self::NoClientCert,
        }
    }
}

/// An answer with HTTP status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its body.
    pub body: Vec<u8>,
    /// The call had gone to another host before and may have been carried out there: that answer was lost.
    pub after_loss: bool,
}

impl From<Vec<u8>> for Posted {
    fn from(body: Vec<u8>) -> Self {
        Self {
            body,
            after_loss: false,
        }
    }
}

/// Whatever carries a call to the gateway and its answer back: HTTP, or a simulator in the same process.
pub trait Transport: Send + Sync {
    /// Posts the call and gives the answer.
    fn post(&self, call: HttpCall) -> impl Future<Output = Result<Posted, TransportError>> + Send;
}

/// What passed over the wire and what came of it. The texts are evidence: openids masked, kept by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange<A> {
    /// What came of it.
    pub outcome: Outcome<A>,
    /// The request's body; empty if it wasn't sent because it is another merchant's.
    pub sent: String,
    /// The answer's body, or, for a bill, its length in words.
    pub received: Option<String>,
    /// About the answer's sign.
    pub verdict: SignVerdict,
    /// The answer is to a second copy of the request, the first one's was lost: a no may speak of the second alone.
    pub after_loss: bool,
}

impl<A: fmt::Debug> fmt::Debug for Exchange<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("outcome", &self.outcome)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// Calls the gateway on a merchant's behalf.
#[derive(Debug)]
pub struct Client<T> {
    merchant: Merchant,
    transport: T,
}

impl<T: Transport> Client<T> {
    /// A client of this merchant.
    pub const fn new(merchant: Merchant, transport: T) -> Self {
        Self { merchant, transport }
    }

    /// The merchant.
    pub const fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// Sends a request once and judges the answer. Never fails: what can't be known is [`Outcome::Unknown`].
    pub async fn send<R: Request>(&self, request: &R, nonce: Nonce) -> Exchange<R::Answer> {
        let (sealed, kind) = match envelope::seal(request.fields(), &self.merchant, &nonce) {
            Ok(sealed) => sealed,
            Err(doubt) => {
                return Exchange {
                    outcome: Outcome::Unknown(doubt),
                    sent: String::new(),
                    received: None,
                    verdict: SignVerdict::None,
                    after_loss: false,
                };
            }
        };
        let body = sealed.to_xml();
        let sent = mask::openid(body.clone());
        let call = HttpCall {
            path: R::PATH,
            body,
            client_cert: R::CLIENT_CERT,
            repeatable: R::REPEATABLE,
            answer_cap: R::ANSWER_CAP,
        };
        let Posted {
            body: answer,
            after_loss,
        } = match self.transport.post(call).await {
            Ok(posted) => posted,
            Err(error) => {
                tracing::debug!(path = R::PATH, %error, "no answer from the gateway");
                return Exchange {
                    outcome: Outcome::Unknown(error.into()),
                    sent,
                    received: None,
                    verdict: SignVerdict::None,
                    after_loss: false,
                };
            }
        };
        let judged = request.judge(&answer, &self.merchant, kind);
        tracing::debug!(path = R::PATH, bytes = answer.len(), verdict = ?judged.verdict, "answer judged");
        let received = Some(evidence(answer));
        Exchange {
            outcome: judged.outcome,
            sent,
            received,
            verdict: judged.verdict,
            after_loss,
        }
    }
}

/// An answer's text to be kept. A bill holds the openid of every payer and is no evidence for one order.
fn evidence(answer: Vec<u8>) -> String {
    let text = answer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer);
    if !text.trim_ascii_start().starts_with(b"<") {
        return format!("[{} bytes, not XML]", answer.len());
    }
    let text = String::from_utf8(answer)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    mask::openid(text)
}

/// How to reach the gateway.
#[derive(Clone)]
pub struct HttpConfig {
    /// The gateway, `https://host` or, on this machine only, `http://…`.
    pub base_url: String,
    /// The gateway's backup, used for repeatable calls when the network fails.
    pub backup_url: Option<String>,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest silence of the gateway.
    pub read_timeout: Duration,
    /// The longest time for a whole call to one host, so that an answer byte by byte has an end.
    pub total_timeout: Duration,
    /// Certificates trusted besides the operating system's, PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The merchant's client certificate and its key, PEM, for the calls that need it.
    pub client_identity_pem: Option<Vec<u8>>,
}

impl HttpConfig {
    /// This gateway without a backup, with the official SDK's times.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            backup_url: None,
            connect_timeout: Duration::from_secs(6),
            read_timeout: Duration::from_secs(8),
            total_timeout: Duration::from_secs(14),
            extra_ca_pem: None,
            client_identity_pem: None,
        }
    }

    /// WeChat's own gateway and its backup.
    pub fn wechat() -> Self {
        Self {
            backup_url: Some(GATEWAY_BACKUP.to_owned()),
            ..Self::new(GATEWAY)
        }
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("base_url", &self.base_url)
            .field("backup_url", &self.backup_url)
            .field("has_client_identity", &self.client_identity_pem.is_some())
            .finish_non_exhaustive()
    }
}

/// A configuration by which no gateway can be reached.
#[derive(Debug, thiserror::Error)]
pub enum HttpConfigError {
    /// Not an address of a host.
    #[error("{0} is not the address of a gateway, such as {GATEWAY}")]
    Address(String),
    /// Unencrypted to another machine.
    #[error("{0}: plain http is for a simulator on this machine only")]
    PlainHttp(String),
    /// The extra certificates can't be read.
    #[error("the extra CA certificates are not PEM")]
    ExtraCa,
    /// The client certificate can't be used.
    #[error("the client certificate and its key are not PEM, or don't belong together")]
    ClientIdentity,
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// HTTP to the gateway: TLS 1.2 or newer checked against the operating system's trust store, no redirects, no
/// decompression, answers capped while they are read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    hosts: Vec<Host>,
}

/// A host with its connections, those with and those without the client certificate.
#[derive(Clone, Debug)]
struct Host {
    base: String,
    /// Plain HTTP on this machine, where there is no TLS to show a certificate in.
    plain: bool,
    http: reqwest::Client,
    http_with_cert: Option<reqwest::Client>,
}

impl HttpTransport {
    /// A transport of this configuration. Connects to nothing yet.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn new(config: &HttpConfig) -> Result<Self, HttpConfigError> {
        let addresses = std::iter::once(&config.base_url).chain(&config.backup_url);
        let hosts = addresses
            .map(|address| Host::new(address, config))
            .collect::<Result<_, _>>()?;
        Ok(Self { hosts })
    }
}

impl Transport for HttpTransport {
    async fn post(&self, call: HttpCall) -> Result<Posted, TransportError> {
        let mut failure = TransportError::NotConnected;
        let mut after_loss = false;
        for host in &self.hosts {
            match host.post(&call).await {
                Ok(body) => return Ok(Posted { body, after_loss }),
                Err(error) => {
                    failure = error;
                    after_loss |= error != TransportError::NotConnected;
                }
            }
            if !(failure.is_network() && call.repeatable) {
                break;
            }
        }
        // What was lost on the way to one host is not undone by the other's being out of reach.
        Err(match failure {
            TransportError::NotConnected if after_loss => TransportError::Timeout,
            other => other,
        })
    }
}

impl Host {
    fn new(address: &str, config: &HttpConfig) -> Result<Self, HttpConfigError> {
        let wrong = || HttpConfigError::Address(address.to_owned());
        let url = Url::parse(address).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong());
        }
        let loopback = is_loopback(host);
        let plain = match url.scheme() {
            "https" => false,
            "http" if loopback => true,
            "http" => return Err(HttpConfigError::PlainHttp(address.to_owned())),
            _ => return Err(wrong()),
        };
        let build = |identity: Option<Identity>| {
            let mut builder = reqwest::Client::builder()
                .user_agent(concat!("wechat-pay-rust/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(config.connect_timeout)
                .read_timeout(config.read_timeout)
                .timeout(config.total_timeout)
                .redirect(Policy::none())
                .tls_backend_rustls()
                .tls_version_min(tls::Version::TLS_1_2);
            if loopback {
                // A proxy can't reach this machine's own addresses.
                builder = builder.no_proxy();
            }
            if plain {
                // No TLS, so a machine without any trust store will do.
                builder = builder.tls_certs_only([]);
            } else if let Some(pem) = &config.extra_ca_pem {
                let extra = Certificate::from_pem_bundle(pem).map_err(|_| HttpConfigError::ExtraCa)?;
                builder = builder.tls_certs_merge(extra);
            }
            if let Some(identity) = identity {
                builder = builder.identity(identity);
            }
            builder
                .build()
                .map_err(|error| HttpConfigError::Tls(error.without_url().to_string()))
        };
        let identity = config
            .client_identity_pem
            .as_deref()
            .map(Identity::from_pem)
            .transpose();
        let identity = identity.map_err(|_| HttpConfigError::ClientIdentity)?;
        let http = build(None)?;
        // What fails only now is the certificate's fault.
        let with_cert = identity.map(|identity| build(Some(identity))).transpose();
        Ok(Self {
            base: address.trim_end_matches('/').to_owned(),
            plain,
            http,
            http_with_cert: with_cert.map_err(|_| HttpConfigError::ClientIdentity)?,
        })
    }

    async fn post(&self, call: &HttpCall) -> Result<Vec<u8>, TransportError> {
        let http = match (call.client_cert, &self.http_with_cert) {
            (false, _) => &self.http,
            (true, Some(http)) => http,
            (true, None) if self.plain => &self.http,
            (true, None) => return Err(TransportError::NoClientCert),
        };
        let request = http
            .post(format!("{}{}", self.base, call.path))
            .header(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"))
            .body(call.body.clone());
        let mut response = request.send().await.map_err(|error| classify(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(TransportError::Redirected);
        }
        if status != StatusCode::OK {
            return Err(TransportError::Status(status.as_u16()));
        }
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|announced| announced > call.answer_cap) {
            return Err(TransportError::TooLarge);
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
            if answer.len() + chunk.len() > call.answer_cap {
                return Err(TransportError::TooLarge);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn classify(error: &reqwest::Error) -> TransportError {
    // A time-out while connecting is both; what matters is that nothing was sent.
    if error.is_connect() {
        TransportError::NotConnected
    } else if error.is_timeout() {
        TransportError::Timeout
    } else {
        TransportError::CutOff
    }
}
