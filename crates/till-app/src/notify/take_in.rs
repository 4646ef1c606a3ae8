//! Takes a message in: what follows from it is committed together with the message itself, and only then is the broker told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use notify_bus::{Kind, MessageError};
use till_core::{Evidence, EvidenceKind, FoundBy, Input, OutTradeNo, SignVerdict, Timer};
use till_store::{Became, Received, StoreError};
use wechat_pay::refund_notify::RefundNotify;
use wechat_pay::{Fields, mask};

use super::news::{self, News, Useless};
use crate::till::{Refusal, Till};

/// A message, as it came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What it is and says, or why it can't be read.
    pub content: Result<(Kind, BTreeMap<String, String>), MessageError>,
    /// The broker's number of it; empty when it had none.
    pub message_id: String,
    /// Its length in bytes.
    pub length: usize,
}

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// What follows from it is saved, or nothing follows from it: the broker may forget it.
    Done,
    /// To the dead letters.
    DeadLetter(Useless),
    /// The ledger takes nothing for now: it is to be tried again, and not lost meanwhile.
    Later,
}

/// A message as the ledger keeps it, and what became of it.
#[derive(Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) message: Received<'a>,
    pub(crate) became: Became,
}

/// Why a message was not taken in.
#[derive(Debug)]
enum Hitch {
    Useless(Useless),
    Later,
}

impl From<Refusal> for Hitch {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchOrder => Self::Useless(Useless::UnknownOrder),
            // The disk, or another process: that passes.
            Refusal::NotSaved(StoreError::NotSaved(_)) => Self::Later,
            // It would be refused again and again.
            Refusal::NotSaved(
                StoreError::Unreadable { .. } | StoreError::OutOfStock { .. } | StoreError::Forbidden(_),
            )
            | Refusal::Cart(_)
            | Refusal::NotNow(_)
            | Refusal::OutOfStock { .. }
            | Refusal::NoSuchProduct
            | Refusal::NoSuchBarcode(_)
            | Refusal::AlreadyPaid
            | Refusal::Refund(_)
            | Refusal::NoClientCertificate
            | Refusal::NotThisRefund
            | Refusal::DayWrong
            | Refusal::Bill(_)
            | Refusal::NoSuchDifference
            | Refusal::NoteWrong
            | Refusal::NoBill
            | Refusal::DifferencesOpen(_)
            | Refusal::Locked
            | Refusal::NoSuchUser
            | Refusal::PinWrong
            | Refusal::PinShut { .. }
            | Refusal::NeedsManager
            | Refusal::NeedsConfirmation
            | Refusal::NameTaken
            | Refusal::LastManager
            | Refusal::RulesOutOfRange
            | Refusal::NoShift
            | Refusal::NoPrinter
            | Refusal::NoDrawer
            | Refusal::NoSuchZ
            | Refusal::ShiftOpen
            | Refusal::AmountOutOfRange
            | Refusal::TooLittle
            | Refusal::ReasonMissing
            | Refusal::WordsTooLong => Self::Useless(Useless::NotSavable),
        }
    }
}

impl Till {
    /// Takes a message in. The same message again changes nothing.
    pub fn take_in(&mut self, now: Timestamp, message: &Incoming) -> Fate {
        self.heard(now);
        let taken = match news::read(&self.config, message) {
            Ok(news) => self.take_news(now, message, news),
            Err(useless) => Err(Hitch::Useless(useless)),
        };
        match taken {
            Ok(()) => Fate::Done,
            Err(Hitch::Later) => Fate::Later,
            Err(Hitch::Useless(why)) => self.put_aside(now, message, why),
        }
    }

    fn take_news(&mut self, now: Timestamp, message: &Incoming, news: News) -> Result<(), Hitch> {
        match news {
            News::Probe(probe) => {
                self.probe_came_back(now, &probe);
                Ok(())
            }
            News::Deadline(number) => self.deadline_told(now, message, &number),
            News::Paid(number, payment) => {
                let evidence = evidence(now, message, "SUCCESS", SignVerdict::Right);
                self.feed(
                    now,
                    message,
                    &number,
                    (Input::Notify(payment), evidence),
                    Became::TakenIn,
                )?;
                // However late, and known before or not: a notify about an order of ours has come all the way.
                self.found(FoundBy::Notify);
                Ok(())
            }
            News::NotPaid(number, word) => {
                let evidence = evidence(now, message, &word, SignVerdict::Right);
                self.feed(now, message, &number, (Input::CheckNow, evidence), Became::Kept)
            }
            News::Refund(number, refund) => self.refund_notified(now, message, &number, &refund),
        }
    }

    /// A refund has ended. What it tells of one of ours goes into that refund's record; one that was asked for elsewhere stands
    /// in the order's, and WeChat is asked how the order stands.
    fn refund_notified(
        &mut self,
        now: Timestamp,
        message: &Incoming,
        number: &OutTradeNo,
        refund: &RefundNotify,
    ) -> Result<(), Hitch> {
        // What vouches for it is that our key opened it; there is no sign.
        let word = refund.status.as_str();
        let told = Evidence {
            kind: EvidenceKind::RefundNotify,
            ..evidence(now, message, word, SignVerdict::None)
        };
        let taken_in = heard(message, Some(number.as_str()), Became::TakenIn);
        if self.is_known(&taken_in)? || self.refund_told(now, refund, told, &taken_in)? {
            return Ok(());
        }
        let word = format!("REFUND {word}");
        let evidence = evidence(now, message, &word, SignVerdict::None);
        self.feed(now, message, number, (Input::CheckNow, evidence), Became::Kept)
    }

    /// Nothing is written where the till's own timer was first, or the order is settled: that is the rule.
    fn deadline_told(
        &mut self,
        now: Timestamp,
        message: &Incoming,
        number: &OutTradeNo,
    ) -> Result<(), Hitch> {
        let attempt = self.db.read().attempts().get(number);
        let attempt = attempt.map_err(Refusal::NotSaved)?.ok_or(Refusal::NoSuchOrder)?;
        if !attempt.can_cancel() {
            return Ok(());
        }
        self.recall(number)?;
        let heard = heard(message, Some(number.as_str()), Became::TakenIn);
        self.apply_heard(now, number, Input::Deadline(Timer::Broker), None, Some(&heard))?;
        Ok(())
    }

    fn feed(
        &mut self,
        now: Timestamp,
        message: &Incoming,
        number: &OutTradeNo,
        (input, evidence): (Input, Evidence),
        became: Became,
    ) -> Result<(), Hitch> {
        let heard = heard(message, Some(number.as_str()), became);
        if self.is_known(&heard)? {
            return Ok(());
        }
        let sale = self.recall(number)?;
        let applied = self.apply_heard(now, number, input, Some(evidence), Some(&heard));
        if applied.is_err() {
            // It may have been brought into memory for nothing.
            self.forget_settled(sale);
        }
        Ok(applied?)
    }

    /// The same message was taken in before.
    fn is_known(&self, heard: &Heard<'_>) -> Result<bool, Refusal> {
        let before = self.db.read().inbox().became(heard.message.digest());
        match before.map_err(Refusal::NotSaved)? {
            Some(Became::TakenIn | Became::Kept) => Ok(true),
            // Of no use once; it may be of use now, when the right ledger is back.
            Some(Became::DeadLetter { .. }) | None => Ok(false),
        }
    }

    /// A message of no use: written down with the reason, and said on the screen.
    fn put_aside(&mut self, now: Timestamp, message: &Incoming, why: Useless) -> Fate {
        let named = match &message.content {
            Ok((_, fields)) => fields.get("out_trade_no").map(String::as_str),
            Err(_) => None,
        };
        let number = named.and_then(|text| OutTradeNo::parse(text).ok());
        tracing::warn!(
            reason = why.word(),
            message_id = message.message_id,
            bytes = message.length,
            "a message of no use"
        );
        let unread = unread(message, why);
        let became = Became::DeadLetter {
            reason: why.word().to_owned(),
        };
        let heard = match &message.content {
            Ok(_) => heard(message, named, became),
            Err(_) => Heard {
                message: Received {
                    kind: "unread",
                    message_id: &message.message_id,
                    out_trade_no: None,
                    fields: &unread,
                },
                became,
            },
        };
        let written = self.db.write(|tx| {
            tx.inbox().put(now, &heard.message, &heard.became)?;
            tx.journal()
                .add(now, "dead_letter", None, number.as_ref(), why.word())
        });
        match self.saved(written) {
            Err(Refusal::NotSaved(StoreError::NotSaved(_))) => Fate::Later,
            Ok(()) | Err(_) => {
                self.dead_letter();
                Fate::DeadLetter(why)
            }
        }
    }
}

/// The fields of a message that has some.
fn heard<'a>(message: &'a Incoming, number: Option<&'a str>, became: Became) -> Heard<'a> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    let (kind, fields) = match &message.content {
        Ok((kind, fields)) => (kind.as_str(), fields),
        Err(_) => ("unread", &NONE),
    };
    Heard {
        message: Received {
            kind,
            message_id: &message.message_id,
            out_trade_no: number,
            fields,
        },
        became,
    }
}

/// What is left to say about a message that can't be read.
fn unread(message: &Incoming, why: Useless) -> BTreeMap<String, String> {
    let said = [
        ("message_id", message.message_id.clone()),
        ("bytes", message.length.to_string()),
        ("reason", why.word().to_owned()),
    ];
    said.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A notify, for the order's record.
fn evidence(now: Timestamp, message: &Incoming, outcome: &str, sign: SignVerdict) -> Evidence {
    let fields = match &message.content {
        Ok((_, fields)) => Fields::try_from_iter(fields).ok(),
        Err(_) => None,
    };
    Evidence {
        first_at: now,
        last_at: now,
        count: 1,
        kind: EvidenceKind::Notify,
        outcome: outcome.to_owned(),
        sign,
        request: None,
        answer: fields.map(|fields| mask::openid(fields.to_xml())),
    }
}
