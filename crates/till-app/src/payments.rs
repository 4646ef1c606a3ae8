//! The one way in which anything happens to a payment: into the machine, onto the disk, and only then into memory and
//! onto the screens.

use jiff::Timestamp;
use till_core::{Effect, Evidence, EvidenceKind, Input, OutTradeNo, Sale, SaleId, SignVerdict, State};
use till_store::{EvidenceId, StoreError, Tx};

use crate::notify::Heard;
use crate::snapshot::LastCheck;
use crate::till::{Refusal, Run, Till};

/// What is to be written about the evidence of one order.
enum EvidencePlan {
    /// Nothing came, or it goes on with a run that is in memory.
    InMemory(Option<Evidence>),
    /// The run ends here; a new row begins.
    NewRow {
        ended: Option<(EvidenceId, Timestamp, u32)>,
        row: Evidence,
    },
}

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
        let id = *self.orders.get(number).ok_or(Refusal::NoSuchOrder)?;
        let watched = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?;
        let before = watched.sale.clone();
        let (after, effects) = before.clone().handle(now, &self.config.timing, number, input);
        let plan = self.plan_evidence(id, number, evidence);
        let news = heard.is_some() || matches!(plan, EvidencePlan::NewRow { .. });
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
    fn take_sale(&mut self, before: &Sale, after: Sale) {
        let id = after.id;
        let mut on_show = false;
        for attempt in &after.attempts {
            let number = &attempt.out_trade_no;
            let old = before.attempt(number);
            let state_changed = old.is_none_or(|old| old.state != attempt.state);
            on_show |= state_changed || self.front.as_ref() == Some(number);
            if let (true, State::Paid(payment)) = (state_changed, &attempt.state) {
                self.found(payment.found_by);
            }
            if state_changed && attempt.is_final() {
                tracing::info!(out_trade_no = %number, state = attempt.state.word(), "payment settled");
                if self.front.as_ref() != Some(number) {
                    self.unseen.insert(number.clone());
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
    }

    fn plan_evidence(&self, id: SaleId, number: &OutTradeNo, evidence: Option<Evidence>) -> EvidencePlan {
        let Some(row) = evidence else {
            return EvidencePlan::InMemory(None);
        };
        let run = self
            .sales
            .get(&id)
            .and_then(|watched| watched.notes.get(number))
            .and_then(|note| note.run.as_ref());
        let Some(run) = run else {
            return EvidencePlan::NewRow { ended: None, row };
        };
        let mut going_on = run.evidence.clone();
        match going_on.absorb(row) {
            None => EvidencePlan::InMemory(Some(going_on)),
            Some(row) => {
                let unsaved = run.evidence.count > run.saved_count;
                let ended = unsaved.then_some((run.row, run.evidence.last_at, run.evidence.count));
                EvidencePlan::NewRow { ended, row }
            }
        }
    }

    fn take_evidence(
        &mut self,
        id: SaleId,
        number: &OutTradeNo,
        plan: EvidencePlan,
        new_row: Option<EvidenceId>,
    ) {
        let Some(watched) = self.sales.get_mut(&id) else {
            return;
        };
        let note = watched.notes.of(number);
        let newest = match (plan, new_row) {
            (EvidencePlan::InMemory(None), _) | (EvidencePlan::NewRow { .. }, None) => return,
            (EvidencePlan::InMemory(Some(going_on)), _) => {
                if let Some(run) = &mut note.run {
                    run.evidence = going_on.clone();
                }
                going_on
            }
            (EvidencePlan::NewRow { row, .. }, Some(id)) => {
                // The texts are in the store; what waits in memory stays small.
                let slim = Evidence {
                    request: None,
                    answer: None,
                    ..row
                };
                note.run = Some(Run {
                    row: id,
                    saved_count: slim.count,
                    evidence: slim.clone(),
                });
                slim
            }
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
            let slim = Evidence {
                request: None,
                answer: None,
                ..evidence
            };
            let run = Run {
                row,
                saved_count: slim.count,
                evidence: slim,
            };
            watched.notes.of(number).run = Some(run);
        }
        Ok(())
    }

    /// Writes down how often the same was answered, for orders whose run goes on: before the program ends.
    pub fn save_runs(&mut self) -> Result<(), Refusal> {
        let mut unsaved = Vec::new();
        for watched in self.sales.values_mut() {
            for run in watched.notes.iter_mut().filter_map(|note| note.run.as_mut()) {
                if run.evidence.count > run.saved_count {
                    unsaved.push((run.row, run.evidence.last_at, run.evidence.count));
                    run.saved_count = run.evidence.count;
                }
            }
        }
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
    plan: &EvidencePlan,
) -> Result<Option<EvidenceId>, StoreError> {
    tx.sales().save(before, after, effects)?;
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
    match plan {
        EvidencePlan::InMemory(_) => Ok(None),
        EvidencePlan::NewRow { ended, row } => {
            if let Some((id, last_at, count)) = ended {
                tx.evidence().set_run(*id, *last_at, *count)?;
            }
            tx.evidence().insert(number, row).map(Some)
        }
    }
}
