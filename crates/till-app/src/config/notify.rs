//! `[notify]`: the broker that notifies come from.

use std::path::PathBuf;

use notify_bus::{Address, Route};
use serde::Deserialize;
use till_core::TillId;

use super::ConfigProblem;

/// The broker that notifies come from.
#[derive(Debug, Clone)]
pub struct Broker {
    /// Where it is and as whom to come. Holds a password; shows it nowhere.
    pub address: Address,
    /// The way of this till's messages.
    pub route: Route,
    /// At most so many messages in hand at once.
    pub prefetch: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NotifyText {
    amqp_url: Option<String>,
    pub(super) amqp_ca: Option<PathBuf>,
    prefetch: u32,
}

impl Default for NotifyText {
    fn default() -> Self {
        Self {
            amqp_url: None,
            amqp_ca: None,
            prefetch: 32,
        }
    }
}

const URL_EXAMPLE: &str = "amqp_url = \"amqps://till-T01:password@broker.example.com:5671/scantill\"";

pub(super) const CA_EXAMPLE: &str = "amqp_ca = \"broker-ca.pem\"";

impl NotifyText {
    /// No sentence quotes the address: it holds a password.
    pub(super) fn read(self, mch_id: &str, till: &TillId) -> Result<Option<Broker>, ConfigProblem> {
        let wrong = |what: &str| ConfigProblem::at("[notify] amqp_url", what, URL_EXAMPLE);
        let prefetch = u16::try_from(self.prefetch)
            .ok()
            .filter(|count| (1..=1000).contains(count))
            .ok_or_else(|| ConfigProblem::at("[notify] prefetch", "1 to 1000 messages", "prefetch = 32"))?;
        let Some(url) = self.amqp_url else {
            return match self.amqp_ca {
                None => Ok(None),
                Some(_) => Err(wrong("an authority is named, but no broker")),
            };
        };
        let address = Address::parse(&url).map_err(|error| wrong(&error.to_string()))?;
        if address.is_open_to_all() {
            return Err(wrong(
                "the password would travel in clear: amqp:// is for a broker on this machine, amqps:// for all others",
            ));
        }
        let address = match self.amqp_ca {
            Some(ca) => address.with_ca(ca),
            None => address,
        };
        address
            .check_ca()
            .map_err(|error| ConfigProblem::at("[notify] amqp_ca", error.to_string(), CA_EXAMPLE))?;
        let route = Route::new(mch_id, till.as_str())
            .map_err(|error| ConfigProblem::at("[till] id", error.to_string(), "id = \"T01\""))?;
        Ok(Some(Broker {
            address,
            route,
            prefetch,
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn parse(notify: &str) -> Result<Option<super::Broker>, super::ConfigProblem> {
        let text = format!(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"wxd930ea5d5a258f4f\"\nmch_id = \"1900000109\"\n\
             api_key = \"192006250b4c09247ec02edce69f6a2d\"\n\
             notify_url = \"https://pay.example.com/weixin/pay/notify/url\"\n{notify}"
        );
        Config::parse(&text).map(|config| config.broker)
    }

    #[test]
    fn without_a_broker_payments_are_found_by_query_alone() {
        assert!(parse("").unwrap().is_none(), "no section at all");
        assert!(
            parse("[notify]\nprefetch = 8").unwrap().is_none(),
            "a section without an address"
        );
    }

    #[test]
    fn a_broker_on_this_machine_may_be_spoken_to_in_clear_any_other_by_tls() {
        for url in [
            "amqp://till:secret@127.0.0.1:5672/shop",
            "amqp://till:secret@localhost/shop",
            "amqp://till:secret@[::1]:5672/shop",
            "amqps://till:secret@broker.example.com/shop",
            "amqps://till:secret@10.0.0.7:5671/shop",
        ] {
            let broker = parse(&format!("[notify]\namqp_url = \"{url}\""))
                .unwrap()
                .unwrap();
            assert_eq!(broker.prefetch, 32, "unless told otherwise");
            assert_eq!(broker.route.to_string(), "1900000109.T01", "this till's own way");
            assert!(
                !format!("{broker:?}").contains("secret"),
                "nobody reads the password in a log: {broker:?}"
            );
        }
        for url in [
            "amqp://till:secret@broker.example.com/shop",
            "amqp://till:secret@10.0.0.7/shop",
            "amqp://127.0.0.1:secret@broker.example.com/shop",
            "amqp://till:secret@localhost.example.com/shop",
        ] {
            let problem = parse(&format!("[notify]\namqp_url = \"{url}\"")).unwrap_err();
            assert_eq!(problem.key, "[notify] amqp_url", "the key to look at");
            assert!(problem.what.contains("in clear"), "why it is refused: {problem}");
            assert!(!problem.to_string().contains("secret"), "not quoted: {problem}");
        }
    }

    #[test]
    fn each_mistake_names_its_key_and_no_password() {
        for (notify, key) in [
            ("[notify]\namqp_url = \"till:secret@broker\"", "[notify] amqp_url"),
            (
                "[notify]\namqp_url = \"https://till:secret@broker\"",
                "[notify] amqp_url",
            ),
            ("[notify]\namqp_url = \"\"", "[notify] amqp_url"),
            ("[notify]\namqp_ca = \"ca.pem\"", "[notify] amqp_url"),
            ("[notify]\nprefetch = 0", "[notify] prefetch"),
            ("[notify]\nprefetch = 1001", "[notify] prefetch"),
            ("[notify]\nprefetch = 70000", "[notify] prefetch"),
            ("[notify]\nprefetch = \"amqps://till:secret@broker\"", "line 10"),
        ] {
            let problem = parse(notify).unwrap_err();
            assert_eq!(problem.key, key, "the sentence names the key: {problem}");
            assert!(!problem.to_string().contains("secret"), "not quoted: {problem}");
        }
        let problem = Config::parse("notify = \"amqps://till:secret@broker\"\n[till]\nid = \"T01\"");
        assert!(
            !problem.unwrap_err().to_string().contains("secret"),
            "not even where a section should be"
        );
    }
}
