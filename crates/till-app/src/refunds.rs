//! Refunds: what a person can do with them. The machine is `till-core`'s; how anything happens to one stands in `flow`.

mod flow;
pub(crate) mod order;
mod pictures;
mod review;

use std::collections::BTreeMap;

use jiff::Timestamp;
use till_core::{
    EarlierRefund, Note, OutRefundNo, OutTradeNo, Part, Payment, Refund, RefundBounds, RefundInput,
    RefundReason, RefundRefusal, RefundState, RefundWish, Sale, Sold, State,
};
use till_store::{NewRefund, StoreError, StoredRefund, Tx};

use crate::agreement;
use crate::approval::{Act, Approval};
use crate::config::Config;
use crate::runs::Run;
use crate::till::{Refusal, Till, setting};
use crate::timetable::Timetable;

pub use pictures::{RefundBrief, RefundPicture, Refundable};

/// The refunds that the driver or a person has something left to do about.
#[derive(Debug, Default)]
pub(crate) struct RefundDesk {
    pub(crate) open: BTreeMap<OutRefundNo, Watched>,
    pub(crate) timetable: Timetable<OutRefundNo>,
}

/// A refund in memory.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) stored: StoredRefund,
    pub(crate) run: Option<Run>,
}

impl From<StoredRefund> for Watched {
    fn from(stored: StoredRefund) -> Self {
        Self { stored, run: None }
    }
}

impl Till {
    /// Gives a part of a paid order back, with a manager's approval: saved with its whole request, and sent as soon as the
    /// order's parts are a minute apart. The same `click` is the same refund, however often it comes.
    pub fn refund(
        &mut self,
        now: Timestamp,
        number: &OutTradeNo,
        part: Part,
        reason: &str,
        click: &str,
        approval: Approval,
    ) -> Result<OutRefundNo, Refusal> {
        if let Some(known) = self.refund_of_click(click)? {
            return Ok(known);
        }
        let reason = reason_of(reason)?;
        self.can_refund()?;
        let (sale, payment) = self.paid_order(number)?;
        let bounds = self.bounds(now, &sale, number, &payment)?;
        let wish = bounds.wish(part)?;
        let approved_by = approval.spend(Act::Refund)?;
        let refund = Refund::new(&wish, now);
        let config = &self.config;
        let written = self.db.write(|tx| {
            let new = Wished {
                wish: &wish,
                refund: &refund,
                reason: &reason,
                click,
                approved_by: &approved_by,
            };
            write_wish(tx, config, &sale, &new, now)
        });
        let stored = self.saved(written)?;
        Ok(self.take_up_refund(stored))
    }

    /// Sends a refused refund again, under its number, with a manager's approval.
    pub fn try_refund_again(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let refund = self.recall_refund(number)?;
        if !refund.can_try_again() {
            return Err(Refusal::NotThisRefund);
        }
        self.can_refund()?;
        let earlier = self.earlier_refunds(&refund.out_trade_no)?;
        if earlier
            .iter()
            .any(|it| it.refund.out_refund_no != *number && it.refund.under_way())
        {
            return Err(RefundRefusal::EarlierUnderWay.into());
        }
        let not_before = till_core::next_part(now, &earlier);
        let input = RefundInput::TryAgain { not_before };
        let by = approval.spend(Act::Refund)?;
        self.apply_refund_decided(now, number, input, "refund_again", &by)
    }

    /// Gives a refund up that WeChat does not have, with a manager's approval.
    pub fn withdraw_refund(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let refund = self.recall_refund(number)?;
        if !refund.can_withdraw() || self.refunds.timetable.is_asking(number) {
            return Err(Refusal::NotThisRefund);
        }
        let by = approval.spend(Act::Refund)?;
        self.apply_refund_decided(now, number, RefundInput::Withdraw, "refund_withdrawn", &by)
    }

    /// Marks a refund that WeChat could not finish as seen to, with a manager's word on how.
    pub fn settle_refund(
        &mut self,
        now: Timestamp,
        number: &OutRefundNo,
        text: &str,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let refund = self.recall_refund(number)?;
        if !refund.can_settle() {
            return Err(Refusal::NotThisRefund);
        }
        let text = note(text)?;
        let by = approval.spend(Act::Refund)?;
        let note = Note {
            text,
            by: by.clone(),
            at: now,
        };
        self.apply_refund_decided(now, number, RefundInput::Settle(note), "refund_settled", &by)
    }

    /// Asks WeChat now how a refund stands.
    pub fn check_refund_now(&mut self, now: Timestamp, number: &OutRefundNo) -> Result<(), Refusal> {
        self.recall_refund(number)?;
        if !self.refunds.timetable.is_asking(number) {
            self.apply_refund(now, number, RefundInput::CheckNow, None)?;
        }
        Ok(())
    }

    /// The refund that this press of the button has made already.
    fn refund_of_click(&mut self, click: &str) -> Result<Option<OutRefundNo>, Refusal> {
        let known = self.db.read().refunds().by_click(click);
        Ok(self.saved(known)?.map(|stored| stored.refund.out_refund_no))
    }

    /// Without a certificate WeChat takes no refund; only the simulator on this machine does.
    fn can_refund(&self) -> Result<(), Refusal> {
        if self.config.gateway.can_refund() {
            Ok(())
        } else {
            Err(Refusal::NoClientCertificate)
        }
    }

    fn paid_order(&self, number: &OutTradeNo) -> Result<(Sale, Payment), Refusal> {
        let sale = self.sale_of(number)?;
        let attempt = sale.attempt(number).ok_or(Refusal::NoSuchOrder)?;
        match &attempt.state {
            State::Paid(payment) => {
                let payment = payment.clone();
                Ok((sale, payment))
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => Err(RefundRefusal::NotPaid.into()),
        }
    }

    /// The sale of an order, watched or not.
    fn sale_of(&self, number: &OutTradeNo) -> Result<Sale, Refusal> {
        if let Some(watched) = self.orders.get(number).and_then(|id| self.sales.get(id)) {
            return Ok(watched.sale.clone());
        }
        let stored = self.db.read().sales().by_order(number);
        let stored = stored.map_err(Refusal::NotSaved)?;
        Ok(stored.ok_or(Refusal::NoSuchOrder)?.sale)
    }

    fn bounds(
        &self,
        now: Timestamp,
        sale: &Sale,
        number: &OutTradeNo,
        payment: &Payment,
    ) -> Result<RefundBounds, Refusal> {
        let lines = self.db.read().sales().lines(sale.id).map_err(Refusal::NotSaved)?;
        let sold = Sold {
            lines: &lines,
            stock: sale.stock,
            refunds: &self.earlier_refunds(number)?,
            cash_refunds: &self.cash_refunds_of(sale.id)?,
        };
        Ok(RefundBounds::of(now, number, payment, &sold)?)
    }

    pub(crate) fn earlier_refunds(&self, number: &OutTradeNo) -> Result<Vec<EarlierRefund>, Refusal> {
        let stored = self.db.read().refunds().of_order(number);
        let stored = stored.map_err(Refusal::NotSaved)?.into_iter();
        stored
            .map(|stored| {
                // What is in memory may know a little more.
                let refund = match self.refunds.open.get(&stored.refund.out_refund_no) {
                    Some(watched) => watched.stored.refund.clone(),
                    None => stored.refund,
                };
                Ok(EarlierRefund {
                    on_bill: matches!(refund.state, RefundState::Withdrawn { .. })
                        && agreement::has_taken(self.db.read(), &refund)?,
                    refund,
                    lines: stored.lines,
                })
            })
            .collect()
    }

    /// Takes a refund that was just saved into memory.
    fn take_up_refund(&mut self, stored: StoredRefund) -> OutRefundNo {
        let number = stored.refund.out_refund_no.clone();
        tracing::info!(
            out_refund_no = %number,
            refund_fee = stored.refund.refund_fee.get(),
            "refund wished"
        );
        self.refunds.open.insert(number.clone(), stored.into());
        self.schedule_refund(&number);
        self.changed();
        number
    }
}

/// A refund about to be written down.
struct Wished<'a> {
    wish: &'a RefundWish,
    refund: &'a Refund,
    reason: &'a RefundReason,
    click: &'a str,
    approved_by: &'a str,
}

/// Saves a refund with the whole request that will be sent for it.
fn write_wish(
    tx: &Tx<'_>,
    config: &Config,
    sale: &Sale,
    new: &Wished<'_>,
    now: Timestamp,
) -> Result<StoredRefund, StoreError> {
    let unwritable = |what: String| StoreError::Unreadable {
        table: "refunds",
        what,
    };
    let request = order::compose(config, new.refund, new.reason);
    let request = request.map_err(|error| unwritable(error.to_string()))?;
    let request = serde_json::to_string(request.saved()).map_err(|error| unwritable(error.to_string()))?;
    tx.refunds().insert(&NewRefund {
        wish: new.wish,
        refund: new.refund,
        click: new.click,
        reason: new.reason,
        approved_by: new.approved_by,
        request: &request,
    })?;
    tx.settings().set(setting::LAST_SEEN, &now.as_millisecond())?;
    let detail = format!(
        "{} {} of {}: {}; approved by {}",
        new.refund.out_refund_no, new.refund.refund_fee, new.refund.total_fee, new.reason, new.approved_by
    );
    tx.journal().add(
        now,
        "refund_wished",
        Some(sale.id),
        Some(&new.refund.out_trade_no),
        &detail,
    )?;
    Ok(StoredRefund {
        refund: new.refund.clone(),
        lines: new.wish.lines().to_vec(),
        click: new.click.to_owned(),
        reason: new.reason.clone(),
        approved_by: new.approved_by.to_owned(),
    })
}

/// A person's reason, if WeChat's XML carries it too: what was written down has to be sent.
pub(crate) fn reason_of(text: &str) -> Result<RefundReason, Refusal> {
    let reason = RefundReason::parse(text)?;
    if reason.as_str().chars().all(wechat_pay::is_text_char) {
        Ok(reason)
    } else {
        Err(RefundRefusal::Reason.into())
    }
}

/// A person's words on how something was seen to: 1 to 500 characters.
fn note(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if (1..=500).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(Refusal::NoteWrong)
    }
}
