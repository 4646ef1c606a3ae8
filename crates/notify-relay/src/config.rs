//! The relay's configuration: TOML and a few variables of the environment, read into parsed types; each mistake is one
//! clear sentence.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use notify_bus::Address;
use thiserror::Error;
use wechat_pay::ApiKey;

use crate::allowance::Allowance;
use crate::notify::{Merchants, Served};
use crate::sender::Networks;
use crate::tls::Tls;
use file::{FileText, MerchantText, TlsText};

/// Everything the relay has to be told, parsed.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The broker.
    pub broker: Address,
    /// Whose notifies are taken.
    pub merchants: Merchants,
    /// TLS of its own; without it a proxy in front has to do that.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Networks,
    /// From where `/healthz`, `/readyz` and `/metrics` may be read.
    pub status_from: Networks,
    /// Its bounds.
    pub limits: Limits,
    /// Files with secrets that everybody on this machine can read.
    pub open_files: Vec<PathBuf>,
}

/// Bounds of what strangers can make the relay hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all; a quarter is kept for senders of authentic notifies and for trusted proxies.
    pub connections: usize,
    /// Connections of one sender that is neither.
    pub connections_per_sender: usize,
    /// Authentic notifies waiting for the broker, whoever sent them.
    pub in_flight: usize,
    /// What each sender may do.
    pub allowance: Allowance,
}

/// Why the configuration can't be used: which key, what is wrong with it, and a line that would be right. Quotes no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {what}; for example: {example}")]
pub struct ConfigProblem {
    /// The key, or the line or file where no key is to blame.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// A right one.
    pub example: String,
}

/// The environment's variables, those with the relay's prefix and `CREDENTIALS_DIRECTORY` at least.
pub type Variables = BTreeMap<String, String>;

const PREFIX: &str = "SCANTILL_RELAY_";
/// The variables that stand for one key of the file.
const PLAIN_VARIABLES: [&str; 4] = ["LISTEN", "AMQP_URL", "AMQP_URL_FILE", "AMQP_CA"];
/// The variables that are followed by a merchant number.
const KEY_VARIABLE: &str = "API_KEY_";
const PREVIOUS_KEY_VARIABLE: &str = "PREVIOUS_API_KEY_";
/// systemd's: the folder of the service's credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// Read by the command line.
const CONFIG_VARIABLE: &str = "CONFIG";

const AMQP_EXAMPLE: &str = "amqp_url = \"amqps://relay:password@broker.example.com:5671/scantill\"";
const KEY_EXAMPLE: &str = "api_key_file = \"/etc/scantill-relay/api-key\"";
/// A file of a secret is short; anything longer is another file.
const SECRET_CAP: usize = 4096;

/// An error at a key.
fn problem(key: impl fmt::Display, what: impl Into<String>, example: &str) -> ConfigProblem {
    ConfigProblem {
        key: key.to_string(),
        what: what.into(),
        example: example.to_owned(),
    }
}

impl Config {
    /// Reads a file; variables count before what stands in it.
    ///
    /// # Errors
    /// The first mistake.
    pub fn load(path: &Path, variables: &Variables) -> Result<Self, ConfigProblem> {
        let text = fs::read_to_string(path).map_err(|error| {
            let what = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("the file can't be read ({error})"),
            };
            problem(
                path.display(),
                what,
                "scantill-relay --config /etc/scantill-relay/relay.toml",
            )
        })?;
        let folder = path.parent().unwrap_or(path);
        let (mut config, holds_secret) = Self::read(&text, folder, variables)?;
        if holds_secret && is_open(path) {
            config.open_files.push(path.to_owned());
        }
        Ok(config)
    }

    /// Reads the text of a file in `folder`, from where its relative paths count unless the service was handed such a file.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str, folder: &Path, variables: &Variables) -> Result<Self, ConfigProblem> {
        Self::read(text, folder, variables).map(|(config, _)| config)
    }

    /// And whether the text itself holds a secret.
    fn read(text: &str, folder: &Path, variables: &Variables) -> Result<(Self, bool), ConfigProblem> {
        let mut file = FileText::read(text)?;
        let holds_secret = file.holds_secret();
        let served_numbers: Vec<String> = file.merchant.iter().map(|one| one.mch_id.clone()).collect();
        check_variables(variables, &served_numbers)?;
        let mut from = Sources {
            folder,
            variables,
            open_files: Vec::new(),
        };
        let listen = from.plain("LISTEN").unwrap_or(file.listen);
        let listen = listen.parse().map_err(|_| {
            let what = "not an address with a port";
            problem("listen", what, "listen = \"127.0.0.1:18092\"")
        })?;
        let broker = from.broker(
            file.amqp_url.take(),
            file.amqp_url_file.take(),
            file.amqp_ca.take(),
        )?;
        let merchants = from.merchants(file.merchant)?;
        let tls = file.tls.map(|tls| from.tls(tls)).transpose()?;
        let config = Self {
            listen,
            broker,
            merchants,
            tls,
            trusted_proxies: file::networks("trusted_proxies", &file.trusted_proxies)?,
            status_from: file::networks("status_from", &file.status_from)?,
            limits: file.limits.read()?,
            open_files: from.open_files,
        };
        Ok((config, holds_secret))
    }
}

/// Where values come from besides the file.
struct Sources<'a> {
    folder: &'a Path,
    variables: &'a Variables,
    /// Those of the files read that everybody on this machine can read.
    open_files: Vec<PathBuf>,
}

impl Sources<'_> {
    fn plain(&self, name: &str) -> Option<String> {
        self.variables.get(&format!("{PREFIX}{name}")).cloned()
    }

    fn broker(
        &mut self,
        url: Option<String>,
        url_file: Option<PathBuf>,
        ca: Option<PathBuf>,
    ) -> Result<Address, ConfigProblem> {
        let from_variables = (
            self.plain("AMQP_URL"),
            self.plain("AMQP_URL_FILE").map(PathBuf::from),
        );
        let url = match from_variables {
            (None, None) => self.secret("amqp_url", url, url_file, AMQP_EXAMPLE)?,
            (url, url_file) => self.secret("SCANTILL_RELAY_AMQP_URL", url, url_file, AMQP_EXAMPLE)?,
        };
        let Some(url) = url else {
            return Err(problem("amqp_url", "it is missing", AMQP_EXAMPLE));
        };
        let address =
            Address::parse(&url).map_err(|error| problem("amqp_url", error.to_string(), AMQP_EXAMPLE))?;
        if address.is_open_to_all() {
            let what = "password and notifies would travel in clear: amqp:// is for a broker on this machine, amqps:// for all others";
            return Err(problem("amqp_url", what, AMQP_EXAMPLE));
        }
        let Some(ca) = self.plain("AMQP_CA").map(PathBuf::from).or(ca) else {
            return Ok(address);
        };
        let example = "amqp_ca = \"/etc/scantill-relay/broker-ca.pem\"";
        if !url.starts_with("amqps://") {
            let what = "an authority only counts with an amqps:// address in amqp_url";
            return Err(problem("amqp_ca", what, example));
        }
        let ca = self.place(&ca);
        crate::tls::certificates(&self.read("amqp_ca", &ca, example)?)
            .map_err(|what| problem("amqp_ca", what, example))?;
        Ok(address.with_ca(ca))
    }

    fn merchants(&mut self, texts: Vec<MerchantText>) -> Result<Merchants, ConfigProblem> {
        let example =
            "[[merchant]] with appid = \"wxd930ea5d5a258f4f\", mch_id = \"1900000109\" and api_key_file";
        if texts.is_empty() {
            return Err(problem("[[merchant]]", "there is none", example));
        }
        let served = texts
            .into_iter()
            .enumerate()
            .map(|(at, text)| self.merchant(at + 1, text))
            .collect::<Result<_, _>>()?;
        Merchants::new(served).ok_or_else(|| {
            let what = "the same appid and mch_id are there twice";
            problem("[[merchant]]", what, example)
        })
    }

    fn merchant(&mut self, number: usize, text: MerchantText) -> Result<Served, ConfigProblem> {
        let key = |name: &str| format!("[[merchant]] number {number}, {name}");
        let word =
            |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !word(&text.appid) {
            let what = "an appid has 1 to 32 letters and digits";
            return Err(problem(key("appid"), what, "appid = \"wxd930ea5d5a258f4f\""));
        }
        let no_number = || {
            let what = "a merchant number has 1 to 32 letters and digits";
            problem(key("mch_id"), what, "mch_id = \"1900000109\"")
        };
        if !word(&text.mch_id) {
            return Err(no_number());
        }
        let mch_id = &text.mch_id;
        let current = match self.plain(&format!("{KEY_VARIABLE}{mch_id}")) {
            Some(variable) => Some(variable),
            None => self.secret(&key("api_key"), text.api_key, text.api_key_file, KEY_EXAMPLE)?,
        };
        let Some(current) = current else {
            let what = "it is missing, and so are api_key_file and the variable of the environment";
            return Err(problem(key("api_key"), what, KEY_EXAMPLE));
        };
        let current = api_key(&key("api_key"), &current)?;
        let previous = match self.plain(&format!("{PREVIOUS_KEY_VARIABLE}{mch_id}")) {
            Some(variable) => Some(variable),
            None => self.secret(
                &key("previous_api_key"),
                text.previous_api_key,
                text.previous_api_key_file,
                KEY_EXAMPLE,
            )?,
        };
        let previous = previous
            .map(|text| api_key(&key("previous_api_key"), &text))
            .transpose()?;
        Served::new(text.appid, text.mch_id, current, previous).map_err(|_| no_number())
    }

    fn tls(&mut self, text: TlsText) -> Result<Tls, ConfigProblem> {
        let cert_example = "cert = \"/etc/scantill-relay/fullchain.pem\"";
        let key_example = "key = \"/etc/scantill-relay/privkey.pem\"";
        let chain = self.read("[tls] cert", &self.place(&text.cert), cert_example)?;
        let key = self.read_secret("[tls] key", self.place(&text.key), key_example)?;
        let chain =
            crate::tls::certificates(&chain).map_err(|what| problem("[tls] cert", what, cert_example))?;
        Tls::new(chain, &key).map_err(|what| problem("[tls] key", what, key_example))
    }

    /// A secret given as text or as a file, not both. A file's last line break doesn't count.
    fn secret(
        &mut self,
        key: &str,
        text: Option<String>,
        file: Option<PathBuf>,
        example: &str,
    ) -> Result<Option<String>, ConfigProblem> {
        let file = match (text, file) {
            (Some(_), Some(_)) => {
                let what = "it is given twice, as text and as a file";
                return Err(problem(key, what, example));
            }
            (Some(text), None) => return Ok(Some(text)),
            (None, None) => return Ok(None),
            (None, Some(file)) => self.place(&file),
        };
        let key = format!("{key}_file");
        let bytes = self.read_secret(&key, file.clone(), example)?;
        let text = String::from_utf8(bytes)
            .ok()
            .filter(|text| text.len() <= SECRET_CAP);
        let Some(text) = text else {
            let what = format!("{} does not hold one line of text", file.display());
            return Err(problem(key, what, example));
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }

    /// Where a file lies. What systemd has laid out for the service (`LoadCredential`) comes before the configuration's
    /// folder: there the same name is the file it was copied from, which only root can read, and which `--check` reads.
    fn place(&self, file: &Path) -> PathBuf {
        let credentials = self.variables.get(CREDENTIALS_VARIABLE);
        let handed_over = credentials.map(|folder| Path::new(folder).join(file));
        handed_over
            .filter(|file| file.exists())
            .unwrap_or_else(|| self.folder.join(file))
    }

    fn read_secret(&mut self, key: &str, path: PathBuf, example: &str) -> Result<Vec<u8>, ConfigProblem> {
        let bytes = self.read(key, &path, example)?;
        if is_open(&path) {
            self.open_files.push(path);
        }
        Ok(bytes)
    }

    fn read(&self, key: &str, path: &Path, example: &str) -> Result<Vec<u8>, ConfigProblem> {
        fs::read(path).map_err(|error| {
            problem(
                key,
                format!("{} can't be read ({error})", path.display()),
                example,
            )
        })
    }
}

/// Whether everybody on this machine can read a file.
fn is_open(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o004 != 0)
    }
    // Elsewhere rights are no bits of a file.
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

fn api_key(key: &str, text: &str) -> Result<ApiKey, ConfigProblem> {
    ApiKey::parse(text).map_err(|error| problem(key, error.to_string(), KEY_EXAMPLE))
}

/// A variable that nobody reads is a slip of the pen, and would go unnoticed.
fn check_variables(variables: &Variables, numbers: &[String]) -> Result<(), ConfigProblem> {
    for name in variables.keys() {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if PLAIN_VARIABLES.contains(&rest) || rest == CONFIG_VARIABLE {
            continue;
        }
        let number = rest
            .strip_prefix(PREVIOUS_KEY_VARIABLE)
            .or_else(|| rest.strip_prefix(KEY_VARIABLE));
        let example = "SCANTILL_RELAY_API_KEY_1900000109";
        match number {
            None => {
                let what = "the environment has a variable of this name, and there is no such setting";
                return Err(problem(name, what, example));
            }
            Some(number) if !numbers.iter().any(|known| known == number) => {
                let what = "the environment has a key for a merchant that is in no [[merchant]]";
                return Err(problem(name, what, example));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
