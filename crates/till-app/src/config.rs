//! The till's configuration: TOML read into parsed types, each mistake one clear sentence.

mod backup;
mod gateway;
mod notify;
mod payment;
mod printer;
mod reports;
mod shop;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use till_core::Timing;
use wechat_pay::Merchant;

pub use self::backup::BackupPlan;
use self::backup::BackupText;
pub use self::gateway::Gateway;
use self::gateway::WechatText;
pub(crate) use self::gateway::examples as gateway_examples;
pub use self::notify::Broker;
use self::notify::NotifyText;
use self::payment::PaymentText;
pub use self::printer::Printer;
use self::printer::PrinterText;
pub use self::reports::ReportFiles;
use self::reports::ReportsText;
use self::shop::TillText;
pub use self::shop::{Locale, Shop};
use crate::key_store::{self, KeyAge, KeyPlace};

/// Everything the till has to be told, parsed.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop and this till.
    pub shop: Shop,
    /// How WeChat knows the shop.
    pub merchant: Merchant,
    /// Where WeChat is asked.
    pub gateway: Gateway,
    /// Where notifies come from; `None`: payments are found by query alone.
    pub broker: Option<Broker>,
    /// The machine's times.
    pub timing: Timing,
    /// At most so many questions under way at once.
    pub at_once: usize,
    /// Where copies of the ledger go.
    pub backup: BackupPlan,
    /// Where reports are written as files.
    pub reports: ReportFiles,
    /// The receipt printer, if there is one.
    pub printer: Option<Printer>,
    /// Where the API key was found.
    pub key_place: KeyPlace,
}

/// Why the configuration can't be used: which key, what is wrong with it, and a line that would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {what}; for example: {example}")]
pub struct ConfigProblem {
    /// The key, or the file where no key is to blame.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// A right one.
    pub example: String,
    /// The file is not there at all.
    pub missing: bool,
}

impl ConfigProblem {
    pub(crate) fn at(key: &str, what: impl Into<String>, example: &str) -> Self {
        Self {
            key: key.to_owned(),
            what: what.into(),
            example: example.to_owned(),
            missing: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    till: TillText,
    wechat: WechatText,
    #[serde(default)]
    payment: PaymentText,
    #[serde(default)]
    notify: NotifyText,
    #[serde(default)]
    backup: BackupText,
    #[serde(default)]
    reports: ReportsText,
    #[serde(default)]
    printer: PrinterText,
}

impl FileText {
    /// A path counts from the folder that the configuration is in: the till may be started from anywhere.
    fn count_paths_from(&mut self, folder: &Path) -> Result<(), ConfigProblem> {
        let (wechat, notify) = (&mut self.wechat, &mut self.notify);
        let paths: [(&str, &mut Option<PathBuf>, &str); 5] = [
            (
                "[wechat] client_cert",
                &mut wechat.client_cert,
                gateway_examples::CLIENT_CERT,
            ),
            (
                "[wechat] client_key",
                &mut wechat.client_key,
                gateway_examples::CLIENT_KEY,
            ),
            ("[notify] amqp_ca", &mut notify.amqp_ca, notify::CA_EXAMPLE),
            ("[backup] folder", &mut self.backup.folder, backup::EXAMPLE),
            ("[reports] folder", &mut self.reports.folder, reports::EXAMPLE),
        ];
        for (key, path, example) in paths {
            let Some(path) = path else { continue };
            if path.as_os_str().is_empty() {
                return Err(ConfigProblem::at(key, "it is empty", example));
            }
            *path = folder.join(&*path);
        }
        Ok(())
    }
}

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigProblem> {
        let shown = path.display().to_string();
        let example = "SCANTILL_CONFIG=/etc/scantill/till.toml";
        let text = fs::read_to_string(path).map_err(|error| ConfigProblem {
            key: shown.clone(),
            what: match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("the file can't be read ({error})"),
            },
            example: example.to_owned(),
            missing: error.kind() == std::io::ErrorKind::NotFound,
        })?;
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = whole.parent().unwrap_or(&whole);
        Self::parse_with(&text, folder, |age, mch_id| key_store::find(age, mch_id, path)).map(|mut config| {
            if config.key_place == KeyPlace::Config && !key_store::is_private(path) {
                tracing::warn!("others on this machine can read the configuration, and the key in it");
                config.key_place = KeyPlace::OpenConfig;
            }
            config
        })
    }

    /// For which merchant a key is to be kept, whatever else is in the configuration. One that holds the key itself would not
    /// look for it anywhere else.
    pub fn merchant_to_keep_for(path: &Path, age: KeyAge) -> Result<String, ConfigProblem> {
        let wrong = |what: String| ConfigProblem::at("[wechat] mch_id", what, "mch_id = \"1900000109\"");
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let table: toml::Table =
            toml::from_str(&text).map_err(|_| wrong("the file is not TOML".to_owned()))?;
        let wechat = table.get("wechat");
        let name = match age {
            KeyAge::Current => "api_key",
            KeyAge::Previous => "previous_api_key",
        };
        if wechat.is_some_and(|wechat| wechat.get(name).is_some()) {
            let is_it = |line: &str| line.split('=').next().is_some_and(|word| word.trim() == name);
            let line = text.lines().position(is_it);
            let place = line.map_or_else(String::new, |line| format!("line {} of ", line + 1));
            let what = format!(
                "{place}{} holds one, which counts before any that is kept elsewhere; take it out first",
                path.display()
            );
            return Err(ConfigProblem::at(
                &format!("[wechat] {name}"),
                what,
                &format!("# {name} = …"),
            ));
        }
        let number = wechat
            .and_then(|wechat| wechat.get("mch_id"))
            .and_then(toml::Value::as_str);
        number
            .map(str::to_owned)
            .ok_or_else(|| wrong("it is missing".to_owned()))
    }

    /// Reads the text of a configuration that holds its key, and of which no file is known that its paths could count from.
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        Self::parse_with(text, Path::new(""), |_, _| None)
    }

    fn parse_with(
        text: &str,
        folder: &Path,
        find_key: impl Fn(KeyAge, &str) -> Option<(String, KeyPlace)>,
    ) -> Result<Self, ConfigProblem> {
        let mut file: FileText = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            // Only the first line: the rest quotes the file, which holds the key.
            let what = without_quotes(error.message().lines().next().unwrap_or("not TOML"));
            ConfigProblem::at(&format!("line {line}"), what, "[till]\\nid = \"T01\"")
        })?;
        file.count_paths_from(folder)?;
        let shop = file.till.read()?;
        let (merchant, gateway, key_place) = file.wechat.read(find_key)?;
        let broker = file.notify.read(&merchant.mch_id, &shop.till)?;
        let (timing, at_once) = file.payment.read()?;
        let backup = file.backup.read()?;
        let reports = file.reports.read();
        let printer = file.printer.read()?;
        Ok(Self {
            shop,
            merchant,
            gateway,
            broker,
            timing,
            at_once,
            backup,
            reports,
            printer,
            key_place,
        })
    }
}

/// A value that stands in the wrong place may be a key or a password: it is left out of the sentence.
fn without_quotes(what: &str) -> String {
    match (what.find('"'), what.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &what[..=first], &what[last..]),
        _ => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use wechat_pay::{ApiKeyError, SignType};

    use super::*;

    const GOOD: &str = r#"
[till]
id = "T01"
shop_name = "小满便利店"
[wechat]
appid = "wxd930ea5d5a258f4f"
mch_id = "10000100"
api_key = "192006250b4c09247ec02edce69f6a2d"
notify_url = "https://pay.example.com/weixin/pay/notify/url"
"#;

    #[test]
    fn a_short_configuration_is_enough_and_strict_by_default() {
        let config = Config::parse(GOOD).unwrap();
        assert_eq!(
            config.timing,
            Timing::default(),
            "3 seconds, 30 minutes, unless told otherwise"
        );
        assert_eq!(
            config.merchant.sign_type,
            SignType::HmacSha256,
            "MD5 only when asked for"
        );
        assert_eq!(
            config.gateway.base_url, "https://api.mch.weixin.qq.com",
            "the real gateway"
        );
    }

    #[test]
    fn only_a_gateway_on_this_machine_is_a_simulator() {
        let at = |base_url: &str| {
            let line = format!("notify/url\"\nbase_url = \"{base_url}\"");
            let config = Config::parse(&GOOD.replacen("notify/url\"", &line, 1)).unwrap();
            config.gateway.simulator().map(str::to_owned)
        };
        for local in ["http://127.0.0.1:18080", "http://localhost:18080"] {
            assert_eq!(at(local).as_deref(), Some(local), "every screen has to say so");
        }
        for wechat in ["https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"] {
            assert_eq!(at(wechat), None, "real money moves");
        }
    }

    #[test]
    fn each_mistake_names_its_key_and_shows_a_right_line() {
        let cases = [
            ("id = \"T01\"", "id = \"T-01\"", "[till] id"),
            ("小满便利店", "  ", "[till] shop_name"),
            (
                "192006250b4c09247ec02edce69f6a2d",
                "192006250b4c09247ec02edce69f6a2",
                "[wechat] api_key",
            ),
            ("10000100", "1000 0100", "[wechat] mch_id"),
            ("wxd930ea5d5a258f4f", "", "[wechat] appid"),
            (
                "https://pay.example.com/weixin/pay/notify/url",
                "http://pay.example.com/x",
                "[wechat] notify_url",
            ),
            ("notify/url\"", "notify/url?a=1\"", "[wechat] notify_url"),
            (
                "notify/url\"",
                "notify/url\"\nsign_type = \"SHA1\"",
                "[wechat] sign_type",
            ),
            (
                "notify/url\"",
                "notify/url\"\nbase_url = \"api.mch\"",
                "[wechat] base_url",
            ),
            (
                "notify/url\"",
                "notify/url\"\nclient_cert = \"a.pem\"",
                "[wechat] client_key",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[payment]\npoll_seconds = 0",
                "[payment] poll_seconds",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[payment]\ntimeout_minutes = 500",
                "[payment] timeout_minutes",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[backup]\nkeep_days = 0",
                "[backup] keep_days",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[backup]\nfolder = \"\"",
                "[backup] folder",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[reports]\nfolder = \"\"",
                "[reports] folder",
            ),
            ("[till]", "[till]\nlocale = \"fr\"", "[till] locale"),
            (
                "notify/url\"",
                "notify/url\"\n[printer]\naddress = \"a printer\"",
                "[printer] address",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[printer]\naddress = \"10.0.0.5\"\npaper_mm = 76",
                "[printer] paper_mm",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[printer]\ndevice = \"lp0\"",
                "[printer] device",
            ),
            ("[till]", "[till]\nday_starts_at = 13", "[till] day_starts_at"),
            (
                "[till]",
                "[till]\nlegal_id = \"0123456789012345678901234567890123456789X\"",
                "[till] legal_id",
            ),
            (
                "[till]",
                "[till]\ntime_zone = \"Mars/Olympus\"",
                "[till] time_zone",
            ),
        ];
        for (right, wrong, key) in cases {
            let problem = Config::parse(&GOOD.replacen(right, wrong, 1)).unwrap_err();
            assert_eq!(problem.key, key, "the sentence must name the key: {problem}");
            assert!(!problem.example.is_empty(), "and show a right line: {problem}");
        }
    }

    #[test]
    fn a_path_counts_from_the_folder_of_the_file_wherever_the_till_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("till.toml");
        let more = "client_cert = \"wechat/cert.pem\"\nclient_key = \"/etc/scantill/key.pem\"\n\
                    [backup]\nfolder = \"copies\"\n[reports]\nfolder = \"../reports\"\n";
        fs::write(&file, format!("{GOOD}{more}")).unwrap();
        let config = Config::load(&file).unwrap();
        let in_folder = |path: &str| folder.path().join(path);
        assert_eq!(
            config.gateway.client,
            Some((
                in_folder("wechat/cert.pem"),
                PathBuf::from("/etc/scantill/key.pem")
            )),
            "beside the configuration; a whole path stays what it is"
        );
        assert_eq!(
            config.backup.folder,
            Some(in_folder("copies")),
            "one rule for all of them"
        );
        assert_eq!(
            config.reports.folder,
            Some(in_folder("../reports")),
            "one rule for all of them"
        );
    }

    #[test]
    fn the_broker_s_authority_is_looked_at_when_the_configuration_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("till.toml");
        let more =
            "[notify]\namqp_url = \"amqps://till:secret@broker.example.com/shop\"\namqp_ca = \"ca.pem\"\n";
        fs::write(&file, format!("{GOOD}{more}")).unwrap();
        let ca = folder.path().join("ca.pem");
        for (content, why) in [(None, "it is not there"), (Some("no certificate"), "it is none")] {
            if let Some(content) = content {
                fs::write(&ca, content).unwrap();
            }
            let problem = Config::load(&file).unwrap_err();
            assert_eq!(problem.key, "[notify] amqp_ca", "{why}: {problem}");
            assert!(
                problem.what.contains(&*ca.to_string_lossy()),
                "and it says where it was looked for: {problem}"
            );
        }
    }

    #[test]
    fn a_problem_never_quotes_the_key() {
        let torn = GOOD.replacen("\nnotify_url", "\nnotify_url = [", 1);
        let problem = Config::parse(&torn).unwrap_err();
        assert!(
            !problem.to_string().contains("192006250b"),
            "the API key must not be in a message: {problem}"
        );
    }

    #[test]
    fn a_key_that_is_nowhere_is_said_to_be_so() {
        let without = GOOD.replacen("api_key", "# api_key", 1);
        let problem = Config::parse(&without).unwrap_err();
        assert!(
            problem.what.contains("--keep-key"),
            "the sentence says how to give one: {problem}"
        );
    }

    #[test]
    fn a_configuration_with_a_key_of_its_own_is_told_before_another_is_kept_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("till.toml");
        fs::write(&file, GOOD).unwrap();
        let problem = Config::merchant_to_keep_for(&file, KeyAge::Current).unwrap_err();
        assert_eq!(problem.key, "[wechat] api_key", "the line to take out: {problem}");
        assert!(
            problem.what.contains("line 8 of"),
            "and where it stands: {problem}"
        );
        assert!(
            !problem.to_string().contains("192006250b"),
            "without what is in it: {problem}"
        );
        assert_eq!(
            Config::merchant_to_keep_for(&file, KeyAge::Previous).unwrap(),
            "10000100",
            "the one before is not in it"
        );
        fs::write(&file, GOOD.replacen("api_key", "previous_api_key", 1)).unwrap();
        let problem = Config::merchant_to_keep_for(&file, KeyAge::Previous).unwrap_err();
        assert_eq!(
            problem.key, "[wechat] previous_api_key",
            "the other way round: {problem}"
        );
        assert!(
            Config::merchant_to_keep_for(&file, KeyAge::Current).is_ok(),
            "the other way round"
        );
    }

    #[test]
    fn a_key_with_a_blank_is_not_said_to_have_another_length() {
        let with_blank = GOOD.replacen(
            "192006250b4c09247ec02edce69f6a2d",
            "192006250b4c0924 ec02edce69f6a2d",
            1,
        );
        let problem = Config::parse(&with_blank).unwrap_err();
        assert_eq!(
            problem.what,
            ApiKeyError::Characters.to_string(),
            "the mistake there is: {problem}"
        );
        let problem = Config::parse(&GOOD.replacen("192006250b", "192006250", 1)).unwrap_err();
        assert_eq!(
            problem.what,
            ApiKeyError::Length(31).to_string(),
            "the mistake there is: {problem}"
        );
    }

    #[test]
    fn an_absent_file_is_told_apart_from_a_wrong_one() {
        let problem = Config::load(Path::new("/nonexistent/till.toml")).unwrap_err();
        assert!(problem.missing, "a first start is not a mistake: {problem}");
    }
}
