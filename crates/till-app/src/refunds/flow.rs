//! The one way in which anything happens to a refund: into the machine, onto the disk, and only then into memory and onto
//! the screens. A request leaves only after it was saved that it does.

use jiff::{SignedDuration, Timestamp};
use till_core::{
    Effect, Evidence, OutRefundNo, Refund, RefundAnswer, RefundAsk, RefundEffect, RefundInput,
    RefundQueryAnswer, RetryAfter, Sale, State,
};
use till_store::{StoreError, Tx};
use wechat_pay::Fields;
use wechat_pay::refund_notify::RefundNotify;

use super::{Watched, order};
use crate::counter::cashier;
use crate::driver::{Job, Question};
use crate::notify::Heard;
use crate::runs::{Plan, Run};
use crate::till::{Refusal, Till};

/// What follows for the sale whose money a refund gives back.
struct SaleChange {
    before: Sale,
    after: Sale,
    effects: Vec<Effect>,
}

/// Why something happens to a refund, beyond what the machine is fed.
#[derive(Clone, Copy)]
enum Cause<'a> {
    /// The driver has asked, or a time has come.
    Driver,
    /// WeChat's own message, which goes to the inbox with what follows from it.
    Heard(&'a Heard<'a>),
    /// A person's decision, which goes to the journal with what follows from it.
    Decided { what: &'a str, detail: &'a str },
}

impl Till {
    /// Takes up every refund that was left open. WeChat is asked before anything is sent again.
    pub(crate) fn resume_refunds(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let open = self.db.read().refunds().open()?;
        let apart = self.config.timing.poll;
        let mut hold_back = SignedDuration::ZERO;
        for stored in open {
            let number = stored.refund.out_refund_no.clone();
            let run = self.db.read().evidence().of_refund(&number)?.pop();
            let run = run.map(|(row, evidence)| Run::of(row, evidence));
            self.refunds.open.insert(number.clone(), Watched { stored, run });
            // Nothing to save: what is asked is worked out anew at each start.
            let (after, _) = match self.refunds.open.get(&number) {
                Some(watched) => watched.stored.refund.clone().handle(
                    now,
                    &self.config.timing,
                    RefundInput::Resume { hold_back },
                ),
                None => continue,
            };
            if after.next.is_some() {
                hold_back = hold_back.checked_add(apart).unwrap_or(hold_back);
            }
            self.take_refund(after);
        }
        Ok(())
    }

    /// Feeds an input to a refund. When it fails nothing has changed, neither here nor on the disk.
    pub(crate) fn apply_refund(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        input: RefundInput,
        evidence: Option<Evidence>,
    ) -> Result<(), Refusal> {
        self.apply_refund_for(now, number, input, evidence, Cause::Driver)
    }

    /// Feeds a refund what a person has decided about it; the journal names who approved it and who was at the till.
    pub(super) fn apply_refund_decided(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        input: RefundInput,
        what: &str,
        approved_by: &str,
    ) -> Result<(), Refusal> {
        let detail = format!(
            "{number}: approved by {approved_by}; at the till: {}",
            self.staff.who()
        );
        let cause = Cause::Decided {
            what,
            detail: &detail,
        };
        self.apply_refund_for(now, number, input, Some(cashier(now, what)), cause)
    }

    fn apply_refund_for(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        input: RefundInput,
        evidence: Option<Evidence>,
        cause: Cause<'_>,
    ) -> Result<(), Refusal> {
        let before = self.recall_refund(number)?;
        let (after, effect) = before.clone().handle(now, &self.config.timing, input);
        let run = self
            .refunds
            .open
            .get(number)
            .and_then(|watched| watched.run.as_ref());
        let plan = Plan::of(run, evidence);
        let sale = self.sale_change(&before, &after)?;
        if sale.is_some() {
            // It may have been settled and let go; from now on it may wait for a person again.
            self.recall(&after.out_trade_no)?;
        }
        let to_save = match cause {
            Cause::Driver => plan.is_news() || after.worth_saving(&before),
            Cause::Heard(_) | Cause::Decided { .. } => true,
        };
        let new_row = if to_save {
            let written = self.db.write(|tx| {
                match cause {
                    Cause::Driver => {}
                    Cause::Heard(heard) => {
                        tx.inbox().put(now, &heard.message, &heard.became)?;
                    }
                    Cause::Decided { what, detail } => {
                        tx.journal()
                            .add(now, what, None, Some(&before.out_trade_no), detail)?;
                    }
                }
                write_step(tx, now, (&before, &after, effect), sale.as_ref())?;
                plan.write(tx, |row| tx.evidence().insert_of_refund(&after, row))
            });
            if written.is_err() {
                // It may have been brought into memory for nothing.
                self.let_go(&after.out_trade_no);
            }
            self.saved(written)?
        } else {
            None
        };
        if let Some(watched) = self.refunds.open.get_mut(number) {
            plan.take_over(new_row, &mut watched.run);
        }
        if effect.is_some() {
            self.refresh_stock_of(&after);
        }
        if let Some(SaleChange {
            before,
            after,
            effects,
        }) = sale
        {
            if !effects.is_empty() {
                self.refresh_stock_of_sale(&after);
            }
            self.take_sale(&before, after);
        }
        if before.state != after.state {
            tracing::info!(out_refund_no = %number, state = after.state.word(), "refund");
        }
        self.take_refund(after);
        Ok(())
    }

    /// WeChat's own message about one of our refunds; `false`: it is none of ours.
    pub(crate) fn refund_told(
        &mut self,
        now: Timestamp,
        notify: &RefundNotify,
        evidence: Evidence,
        heard: &Heard<'_>,
    ) -> Result<bool, Refusal> {
        let Ok(number) = OutRefundNo::parse(&notify.out_refund_no) else {
            return Ok(false);
        };
        let refund = match self.recall_refund(&number) {
            Ok(refund) => refund,
            Err(Refusal::NoSuchOrder) => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(report) = order::notified(notify, &refund) else {
            self.forget_refund(&number);
            return Ok(false);
        };
        let told = self.apply_refund_for(
            now,
            &number,
            RefundInput::Notified(report),
            Some(evidence),
            Cause::Heard(heard),
        );
        if told.is_err() {
            // It may have been brought into memory for nothing.
            self.forget_refund(&number);
        }
        told.map(|()| true)
    }

    /// A refund, brought into memory when something is to be done with it.
    pub(crate) fn recall_refund(&mut self, number: &OutRefundNo) -> Result<Refund, Refusal> {
        if let Some(watched) = self.refunds.open.get(number) {
            return Ok(watched.stored.refund.clone());
        }
        let stored = self.db.read().refunds().get(number).map_err(Refusal::NotSaved)?;
        let stored = stored.ok_or(Refusal::NoSuchOrder)?;
        let refund = stored.refund.clone();
        self.refunds.open.insert(number.clone(), stored.into());
        Ok(refund)
    }

    /// What is to be asked about a refund now. A request that is to leave is saved as leaving first.
    pub(crate) fn prepare_refund(&mut self, now: Timestamp, number: &OutRefundNo) -> Option<Job> {
        let watched = self.refunds.open.get(number);
        let Some(due) = watched
            .and_then(|it| it.stored.refund.next)
            .filter(|due| due.at <= now)
        else {
            self.schedule_refund(number);
            return None;
        };
        let question = match self.refund_question(due.ask, number) {
            Ok(question) => question,
            Err(what) => {
                tracing::error!(out_refund_no = %number, what, "a saved refund can't be sent");
                self.refuse_unreadable(now, number, due.ask);
                return None;
            }
        };
        if due.ask == RefundAsk::Send
            && let Err(error) = self.apply_refund(now, number, RefundInput::Leaving, None)
        {
            tracing::error!(out_refund_no = %number, %error, "a refund could not be saved as leaving");
            self.put_refund_off(now, number);
            return None;
        }
        Some(Job::new(question, now))
    }

    /// Takes an answer in.
    pub(crate) fn finish_refund(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        input: RefundInput,
        evidence: Evidence,
    ) {
        self.refunds.timetable.end(number);
        if let Err(error) = self.apply_refund(now, number, input, Some(evidence)) {
            // The answer is lost, the refund is not: it was saved as sent, and is asked after.
            tracing::error!(out_refund_no = %number, %error, "an answer could not be saved");
            self.put_refund_off(now, number);
        }
    }

    pub(crate) fn schedule_refund(&mut self, number: &OutRefundNo) {
        let refund = self
            .refunds
            .open
            .get(number)
            .map(|watched| &watched.stored.refund);
        let at = refund.and_then(|refund| refund.next).map(|due| due.at);
        self.refunds.timetable.set(number, at);
    }

    fn put_refund_off(&mut self, now: Timestamp, number: &OutRefundNo) {
        let at = now.saturating_add(self.config.timing.poll);
        self.refunds.timetable.put(number, at.unwrap_or(Timestamp::MAX));
    }

    fn refund_question(&self, ask: RefundAsk, number: &OutRefundNo) -> Result<Question, String> {
        let watched = self.refunds.open.get(number);
        let refund = &watched.ok_or("the refund is not in memory")?.stored.refund;
        let of = order::Identity::of(refund);
        match ask {
            RefundAsk::Send => {
                let saved = self.db.read().refunds().request(number);
                let saved = saved.map_err(|error| error.to_string())?;
                let saved = saved.ok_or("the request is not in the ledger")?;
                let fields: Fields = serde_json::from_str(&saved).map_err(|error| error.to_string())?;
                let request = wechat_pay::Refund::from_saved(fields).map_err(|error| error.to_string())?;
                Ok(Question::Refund(of, request))
            }
            RefundAsk::Query => {
                let query = order::query(number).map_err(|error| error.to_string())?;
                Ok(Question::RefundQuery(of, query))
            }
        }
    }

    /// Our own saved text can't be read: a person has to know, and nothing was sent.
    fn refuse_unreadable(&mut self, now: Timestamp, number: &OutRefundNo, ask: RefundAsk) {
        let done = match ask {
            RefundAsk::Send => {
                let code = "SAVED_REFUND_UNREADABLE".to_owned();
                let refused = RefundInput::Sent(RefundAnswer::Refused { code });
                self.apply_refund(now, number, RefundInput::Leaving, None)
                    .and_then(|()| self.apply_refund(now, number, refused, None))
            }
            RefundAsk::Query => {
                let unknown = RefundInput::Queried(RefundQueryAnswer::Unknown(RetryAfter::NONE));
                self.apply_refund(now, number, unknown, None)
            }
        };
        if done.is_err() {
            self.put_refund_off(now, number);
        }
    }

    /// Money in review that a refund is giving back waits for no decision; when the refund comes to nothing it does again.
    fn sale_change(&self, before: &Refund, after: &Refund) -> Result<Option<SaleChange>, Refusal> {
        if before.counts() == after.counts() {
            return Ok(None);
        }
        let sale = self.sale_of(&after.out_trade_no)?;
        let Some(attempt) = sale.attempt(&after.out_trade_no) else {
            return Ok(None);
        };
        let changed = match (&attempt.state, after.counts()) {
            (State::GivenBack { .. }, false) => {
                let undecided = sale.clone().undecide(&after.out_trade_no);
                Some((undecided, Vec::new()))
            }
            (State::Review { .. }, true) => sale.clone().give_back(&after.out_trade_no).ok(),
            (
                State::Placing
                | State::AwaitingPayment { .. }
                | State::Closing { .. }
                | State::Paid(_)
                | State::Closed { .. }
                | State::Refused { .. }
                | State::GivenBack { .. }
                | State::Review { .. },
                _,
            ) => None,
        };
        Ok(changed.map(|(after, effects)| SaleChange {
            before: sale,
            after,
            effects,
        }))
    }

    /// Takes a saved refund over, and sets its time.
    fn take_refund(&mut self, after: Refund) {
        let number = after.out_refund_no.clone();
        let Some(watched) = self.refunds.open.get_mut(&number) else {
            return;
        };
        let changed = watched.stored.refund.state != after.state;
        watched.stored.refund = after;
        self.schedule_refund(&number);
        if changed {
            self.changed();
        }
        self.forget_refund(&number);
    }

    /// Lets go of a refund that nothing is left to do about; the ledger has it.
    fn forget_refund(&mut self, number: &OutRefundNo) {
        let done = self.refunds.open.get(number).is_some_and(|watched| {
            let refund = &watched.stored.refund;
            refund.is_final() && refund.next.is_none()
        });
        if done && !self.refunds.timetable.is_asking(number) {
            self.refunds.open.remove(number);
        }
    }

    fn refresh_stock_of(&mut self, refund: &Refund) {
        match self.sale_of(&refund.out_trade_no) {
            Ok(sale) => self.refresh_stock_of_sale(&sale),
            Err(error) => tracing::warn!(%error, "stock on screen may be old"),
        }
    }

    pub(super) fn refresh_stock_of_sale(&mut self, sale: &Sale) {
        match self.db.read().sales().lines(sale.id) {
            Ok(lines) => self.refresh_stock(&lines),
            Err(error) => tracing::warn!(%error, "stock on screen may be old"),
        }
    }
}

/// One step in one transaction: the refund, the stock, the sale, the journal.
fn write_step(
    tx: &Tx<'_>,
    now: Timestamp,
    (before, after, effect): (&Refund, &Refund, Option<RefundEffect>),
    sale: Option<&SaleChange>,
) -> Result<(), StoreError> {
    if after.worth_saving(before) {
        tx.refunds().save(after, effect)?;
    }
    let (old, new) = (before.state.word(), after.state.word());
    if old != new {
        let detail = format!("{} {old} -> {new}", after.out_refund_no);
        let of = tx
            .read()
            .sales()
            .by_order(&after.out_trade_no)?
            .map(|it| it.sale.id);
        tx.journal()
            .add(now, "refund", of, Some(&after.out_trade_no), &detail)?;
    }
    if let Some(change) = sale {
        tx.sales().save(&change.before, &change.after, &change.effects)?;
        crate::payments::write_states(tx, now, &change.before, &change.after)?;
    }
    Ok(())
}
