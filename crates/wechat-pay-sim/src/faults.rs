//! What the gateway gets wrong on request: the same faults for tests in one process and for `/sim/faults`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calls::Call;

/// How often a fault strikes. In JSON a whole number, `"forever"`, or `true`/`false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// Not at all.
    #[default]
    Never,
    /// The next so many times.
    Count(u32),
    /// Until it is taken back.
    Forever,
}

impl Times {
    /// Uses one up; tells whether it strikes now.
    fn strike(&mut self) -> bool {
        match *self {
            Self::Never | Self::Count(0) => false,
            Self::Count(left) => {
                *self = if left > 1 {
                    Self::Count(left - 1)
                } else {
                    Self::Never
                };
                true
            }
            Self::Forever => true,
        }
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_u32(0),
            Self::Count(left) => serializer.serialize_u32(*left),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a count, true, false or \"forever\"")]
        enum Wire {
            Count(u32),
            Switch(bool),
            Word(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Count(0) | Wire::Switch(false) => Ok(Self::Never),
            Wire::Count(count) => Ok(Self::Count(count)),
            Wire::Switch(true) => Ok(Self::Forever),
            Wire::Word(word) if word == "forever" => Ok(Self::Forever),
            Wire::Word(_) => Err(serde::de::Error::custom("a count, true, false or \"forever\"")),
        }
    }
}

/// One way in which a call goes wrong. In JSON snake_case: `drop_after`, `html_502`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is cut; the request was never processed.
    DropBefore,
    /// The request is processed, then the connection is cut without an answer.
    DropAfter,
    /// Never processed and never answered; the connection stays open.
    HangBefore,
    /// Processed, but never answered; the connection stays open.
    Hang,
    /// `SYSTEMERROR`, nothing processed.
    #[serde(rename = "systemerror")]
    SystemError,
    /// `SYSTEMERROR`, although it was processed.
    #[serde(rename = "systemerror_after")]
    SystemErrorAfter,
    /// `FREQUENCY_LIMITED`, nothing processed.
    FrequencyLimited,
    /// HTTP 502 with an HTML page, nothing processed.
    #[serde(rename = "html_502")]
    Html502,
    /// HTTP 302 to an HTML page, nothing processed.
    Redirect,
    /// HTTP 200 with an empty body, processed.
    EmptyBody,
    /// The answer stops in the middle, processed.
    Truncated,
    /// The answer's signature is wrong, processed.
    WrongSign,
    /// The answer carries no signature, processed.
    NoSign,
    /// The answer is signed with the other signature type, processed.
    OtherSignType,
    /// The answer is signed with the key before the last change of keys, if there was one, processed.
    PreviousKey,
    /// The answer's amounts are one fen too high, rightly signed.
    WrongAmount,
    /// The answer is for another appid, rightly signed.
    WrongAppid,
    /// The answer is for another merchant, rightly signed.
    WrongMchId,
    /// The answer is for another order, rightly signed.
    WrongOutTradeNo,
    /// The answer's currency is another one, rightly signed.
    WrongFeeType,
    /// The order's state is a word that nobody knows, rightly signed.
    UnknownState,
    /// orderquery shows a paid order as not paid yet, rightly signed (a replica that lags).
    Stale,
    /// The answer has a field that no document names, rightly signed.
    ExtraField,
    /// The answer has a field twice.
    DoubledField,
    /// The answer starts with a UTF-8 byte order mark.
    Bom,
    /// The answer starts with a DOCTYPE that names an external entity.
    Doctype,
    /// The refund ends as CHANGE: the bank card is void, a person has to act.
    RefundChange,
    /// The refund ends as REFUNDCLOSE: the money stays with the merchant.
    RefundClose,
    /// `NOTENOUGH`: the merchant's balance doesn't cover the refund.
    #[serde(rename = "notenough")]
    NotEnough,
    /// `USER_ACCOUNT_ABNORMAL`: the customer's account can't take the refund.
    UserAccountAbnormal,
}

/// The faults of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFaults {
    /// How long the answer is held back after processing, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// How many answers are held back; for ever unless told otherwise.
    #[serde(default = "forever")]
    pub delay_times: Times,
    #[serde(flatten)]
    strikes: BTreeMap<Fault, Times>,
}

fn forever() -> Times {
    Times::Forever
}

/// One way in which notifications go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifyFault {
    /// A post that never arrives; the schedule counts it as unanswered. Use `forever` for "no notification at all".
    Lost,
    /// The post goes out twice at the same instant.
    Doubled,
    /// The first post goes out `late_ms` later.
    Late,
    /// A post signed with a wrong key goes out just before the true one.
    Forged,
    /// A rightly signed post with one fen more goes out just before the true one.
    WrongAmount,
}

/// The faults of notifications.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NotifyFaults {
    /// How late a late notification is, in milliseconds of the simulator's clock.
    #[serde(default)]
    pub late_ms: u64,
    #[serde(flatten)]
    strikes: BTreeMap<NotifyFault, Times>,
}

impl NotifyFaults {
    /// Makes a fault strike that many times.
    pub fn set(&mut self, fault: NotifyFault, times: Times) {
        self.strikes.insert(fault, times);
    }

    pub(crate) fn strike(&mut self, fault: NotifyFault) -> bool {
        self.strikes.get_mut(&fault).is_some_and(Times::strike)
    }
}

/// All faults that wait to strike. None at first.
///
/// The JSON of `/sim/faults`: `{"orderquery": {"drop_after": 1, "delay_ms": 3000, "delay_times": 2},
/// "notify": {"lost": "forever"}}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// Notifications of payments and refunds.
    pub notify: NotifyFaults,
    #[serde(flatten)]
    calls: BTreeMap<Call, CallFaults>,
}

impl Faults {
    /// Makes a fault of a call strike that many times.
    pub fn set(&mut self, call: Call, fault: Fault, times: Times) {
        self.calls.entry(call).or_default().strikes.insert(fault, times);
    }

    /// Holds back that many answers of a call by that long.
    pub fn delay(&mut self, call: Call, by: Duration, times: Times) {
        let faults = self.calls.entry(call).or_default();
        faults.delay_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        faults.delay_times = times;
    }

    /// Takes back everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Lays a JSON patch of the documented shape over what is set; what it doesn't name stays.
    ///
    /// # Errors
    /// The JSON names a call or a fault that doesn't exist, or a count that is none. Nothing is changed then.
    pub fn patch(&mut self, patch: &serde_json::Value) -> Result<(), serde_json::Error> {
        let mut whole = serde_json::to_value(&*self)?;
        merge(&mut whole, patch);
        *self = serde_json::from_value(whole)?;
        Ok(())
    }

    pub(crate) fn strike(&mut self, call: Call, fault: Fault) -> bool {
        self.calls
            .get_mut(&call)
            .and_then(|faults| faults.strikes.get_mut(&fault))
            .is_some_and(Times::strike)
    }

    pub(crate) fn strike_delay(&mut self, call: Call) -> Duration {
        let Some(faults) = self.calls.get_mut(&call) else {
            return Duration::ZERO;
        };
        if faults.delay_ms == 0 || !faults.delay_times.strike() {
            return Duration::ZERO;
        }
        Duration::from_millis(faults.delay_ms)
    }
}

fn merge(whole: &mut serde_json::Value, patch: &serde_json::Value) {
    match (whole, patch) {
        (serde_json::Value::Object(whole), serde_json::Value::Object(patch)) => {
            for (name, value) in patch {
                merge(whole.entry(name).or_insert(serde_json::Value::Null), value);
            }
        }
        (whole, patch) => *whole = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let mut faults = Faults::default();
        faults
            .patch(&json!({"orderquery": {"drop_after": 2, "html_502": "forever"}}))
            .unwrap();
        faults
            .patch(&json!({"orderquery": {"delay_ms": 50}, "notify": {"lost": true}}))
            .unwrap();
        assert!(
            faults.strike(Call::OrderQuery, Fault::DropAfter),
            "the first of two strikes"
        );
        assert!(
            faults.strike(Call::OrderQuery, Fault::DropAfter),
            "the second of two strikes"
        );
        assert!(
            !faults.strike(Call::OrderQuery, Fault::DropAfter),
            "two were asked for"
        );
        assert!(
            faults.strike(Call::OrderQuery, Fault::Html502),
            "the second patch didn't touch it"
        );
        assert_eq!(
            faults.strike_delay(Call::OrderQuery),
            Duration::from_millis(50),
            "a delay lasts by default"
        );
        assert!(faults.notify.strike(NotifyFault::Lost), "true means forever");
        assert!(
            !faults.strike(Call::Refund, Fault::DropAfter),
            "other calls are untouched"
        );
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        let mut faults = Faults::default();
        for bad in [
            json!({"orderquerry": {"hang": 1}}),
            json!({"orderquery": {"hangs": 1}}),
            json!({"orderquery": {"hang": "often"}}),
            json!({"notify": {"lots": 1}}),
            json!([1]),
        ] {
            assert!(
                faults.patch(&bad).is_err(),
                "{bad} would otherwise be a test that tests nothing"
            );
        }
        assert_eq!(faults, Faults::default(), "a refused patch changes nothing");
    }
}
