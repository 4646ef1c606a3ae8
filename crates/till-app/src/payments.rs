//! The one way in which anything happens to a payment: into the machine, onto the disk, and only then into memory and
//! onto the screens.

use jiff::Timestamp;
use till_core::{
    Attempt, CloseReason, Effect, Evidence, EvidenceKind, Input, OutTradeNo, Sale, SaleId, SignVerdict, State,
};
use till_store::{EvidenceId, StoreError, Tx};

use crate::notify::Heard;
use crate::runs::{Plan, Run};
use crate::snapshot::{CustomerStage, LastCheck};
use crate::till::{Refusal, Till};

impl Till {
    /// Feeds an input to an order. When it fails nothing has changed, neither here nor on the disk.
    pub(crate) fn apply(
        &mut self,
        now: Timestamp,
        number: &OutTradeNo,
        input: Input,
        evidence: Option<Evidence>,
    ) -> Result<(), Refusal> {
        self.apply_heard(now, number, input, evidence, None)
    }

    /// The same for an input that a message brought: the message is saved with what follows from it, even if that is nothing.
    pub(crate) fn apply_heard(
        &mut self,
        now: Timestamp,
        number: &OutTradeNo,
        input: Input,
        evidence: Option<Evidence>,
        heard: Option<&Heard<'_>>,
    ) -> Result<(), Refusal> {
        // Nothing is let go here: what was brought into memory for this input would go with it.
        self.time = self.time.max(now);
        let id = *self.orders.get(number).ok_or(Refusal::NoSuchOrder)?;
        let watched = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?;
        let before = watched.sale.clone();
        let (after, effects) = before.clone().handle(now, &self.config.timing, number, input);
        let plan = self.plan_evidence(id, number, evidence);
        let news = heard.is_some() || plan.is_news();
        let new_row = if news || worth_saving(&before, &after) {
            let written = self.db.write(|tx| {
                if let Some(heard) = heard {
                    tx.inbox().put(now, &heard.message, &heard.became)?;
                }
                write_step(tx, now, number, (&before, &after, &effects), &plan)
            });
            self.saved(written)?
        } else {
            None
        };
        self.take_evidence(id, number, plan, new_row);
        if !effects.is_empty() {
            match self.db.read().sales().lines(id) {
                Ok(lines) => self.refresh_stock(&lines),
                Err(error) => tracing::warn!(%error, "stock on screen may be old"),
            }
        }
        self.take_sale(&before, after);
        Ok(())
    }

    /// Feeds an input that leaves nothing to save.
    pub(crate) fn change_in_memory(&mut self, now: Timestamp, number: &OutTradeNo, input: Input) {
        let Some(watched) = self.orders.get(number).and_then(|id| self.sales.get(id)) else {
            return;
        };
        let before = watched.sale.clone();
        let (after, _) = before.clone().handle(now, &self.config.timing, number, input);
        self.take_sale(&before, after);
    }

    /// Takes the saved sale over, sets its times, and marks what the screens have to show.
    pub(crate) fn take_sale(&mut self, before: &Sale, after: Sale) {
        let id = after.id;
        let mut on_show = false;
        let mut made_way = Vec::new();
        for attempt in &after.attempts {
            let number = &attempt.out_trade_no;
            let old = before.attempt(number);
            let state_changed = old.is_none_or(|old| old.state != attempt.state);
            on_show |= state_changed || self.is_front(number);
            if let (None, Some(payment)) = (old.and_then(Attempt::payment), attempt.payment()) {
                self.found(payment.found_by);
            }
            if let (true, State::Paid(payment)) = (state_changed, &attempt.state) {
                let stage = CustomerStage::Paid {
                    total: attempt.total_fee,
                    transaction_id: payment.transaction_id.clone(),
                };
                self.thank(number, stage);
            }
            if state_changed && attempt.is_final() {
                tracing::info!(out_trade_no = %number, state = attempt.state.word(), "payment settled");
                if !self.is_front(number) && is_news(attempt) {
                    made_way.extend(self.unseen.add(self.time, number.clone()));
                }
            }
        }
        let numbers: Vec<_> = after
            .attempts
            .iter()
            .map(|attempt| attempt.out_trade_no.clone())
            .collect();
        if let Some(watched) = self.sales.get_mut(&id) {
            watched.sale = after;
        }
        for number in &numbers {
            self.schedule(number);
        }
        if on_show {
            self.changed();
        }
        self.forget_settled(id);
        for number in &made_way {
            self.let_go(number);
        }
    }

    pub(crate) fn plan_evidence(&self, id: SaleId, number: &OutTradeNo, evidence: Option<Evidence>) -> Plan {
        let run = self
            .sales
            .get(&id)
            .and_then(|watched| watched.notes.get(number))
            .and_then(|note| note.run.as_ref());
        Plan::of(run, evidence)
    }

    pub(crate) fn take_evidence(
        &mut self,
        id: SaleId,
        number: &OutTradeNo,
        plan: Plan,
        new_row: Option<EvidenceId>,
    ) {
        let Some(watched) = self.sales.get_mut(&id) else {
            return;
        };
        let note = watched.notes.of(number);
        let Some(newest) = plan.take_over(new_row, &mut note.run) else {
            return;
        };
        let answered = newest.sign == SignVerdict::Right && newest.kind == EvidenceKind::Orderquery;
        if answered {
            let count = note
                .last_check
                .as_ref()
                .map_or(0, |check| check.count)
                .saturating_add(1);
            note.last_check = Some(LastCheck {
                at: newest.last_at,
                trade_state: newest.outcome,
                count,
            });
        }
    }

    /// After a start: the last row about an order is the run that the next answer may go on with.
    pub(crate) fn take_note_of_last_run(&mut self, number: &OutTradeNo) -> Result<(), StoreError> {
        let Some((row, evidence)) = self.db.read().evidence().last_of_order(number)? else {
            return Ok(());
        };
        if let Some(watched) = self.orders.get(number).and_then(|id| self.sales.get_mut(id)) {
            let run = Run::of(row, evidence);
            watched.notes.of(number).run = Some(run);
        }
        Ok(())
    }

    /// Writes down how often the same was answered, for orders and refunds whose run goes on: before the program ends.
    pub fn save_runs(&mut self) -> Result<(), Refusal> {
        let of_orders = self.sales.values_mut().flat_map(|it| it.notes.iter_mut());
        let of_orders = of_orders.filter_map(|note| note.run.as_mut());
        let of_refunds = self.refunds.open.values_mut().filter_map(|it| it.run.as_mut());
        let unsaved: Vec<_> = of_orders
            .chain(of_refunds)
            .filter_map(Run::take_unsaved)
            .collect();
        if unsaved.is_empty() {
            return Ok(());
        }
        let written = self.db.write(|tx| {
            unsaved
                .iter()
                .try_for_each(|(row, last_at, count)| tx.evidence().set_run(*row, *last_at, *count))
        });
        self.saved(written)
    }
}

/// Whether the end of an order that nobody looks at is to be told: that an order was closed which another payment had
/// made needless is what everybody expects.
fn is_news(attempt: &Attempt) -> bool {
    !matches!(
        attempt.state,
        State::Closed {
            why: CloseReason::PaidOtherwise | CloseReason::RestChanged
        }
    )
}

/// What a query would find out again anyway is not worth a write: the time of the next question, the doubts.
fn worth_saving(before: &Sale, after: &Sale) -> bool {
    before.stock != after.stock
        || after.attempts.iter().any(|attempt| {
            before.attempt(&attempt.out_trade_no).is_none_or(|old| {
                old.state != attempt.state
                    || old.is_done() != attempt.is_done()
                    || old.unconfirmed.is_some() != attempt.unconfirmed.is_some()
                    || old.deadline != attempt.deadline
                    || old.placed_at != attempt.placed_at
            })
        })
}

/// One step in one transaction: the sale, its attempts, the stock, the evidence, the journal.
fn write_step(
    tx: &Tx<'_>,
    now: Timestamp,
    number: &OutTradeNo,
    (before, after, effects): (&Sale, &Sale, &[Effect]),
    plan: &Plan,
) -> Result<Option<EvidenceId>, StoreError> {
    tx.sales().save(before, after, effects)?;
    write_states(tx, now, before, after)?;
    write_evidence(tx, number, plan)
}

/// A row in the journal for each order that has come into another state.
pub(crate) fn write_states(
    tx: &Tx<'_>,
    now: Timestamp,
    before: &Sale,
    after: &Sale,
) -> Result<(), StoreError> {
    for attempt in &after.attempts {
        let old = before
            .attempt(&attempt.out_trade_no)
            .map_or("", |old| old.state.word());
        let new = attempt.state.word();
        if old != new {
            let detail = format!("{old} -> {new}");
            tx.journal()
                .add(now, "state", Some(after.id), Some(&attempt.out_trade_no), &detail)?;
        }
    }
    Ok(())
}

/// The evidence as it was planned; gives back the row that was begun.
pub(crate) fn write_evidence(
    tx: &Tx<'_>,
    number: &OutTradeNo,
    plan: &Plan,
) -> Result<Option<EvidenceId>, StoreError> {
    plan.write(tx, |row| tx.evidence().insert(number, row))
}
