//! What the screens are told of refunds.

use jiff::Timestamp;
use till_core::{Evidence, OutRefundNo, OutTradeNo, Refund, RefundBounds, RefundRefusal, State};
use till_store::StoredRefund;

use crate::till::{Refusal, Till};

/// A refund whole.
#[derive(Debug, Clone)]
pub struct RefundPicture {
    /// The refund with its lines, its reason and who approved it.
    pub stored: StoredRefund,
    /// Everything sent and received about it, oldest first.
    pub evidence: Vec<Evidence>,
    /// A request is under way.
    pub asking: bool,
}

/// A refund in a list.
#[derive(Debug, Clone)]
pub struct RefundBrief {
    /// The refund.
    pub refund: Refund,
}

/// What may be given back of an order, or why nothing may.
pub type Refundable = Result<RefundBounds, RefundRefusal>;

impl Till {
    /// Refunds that WeChat is still asked about, or that a person has to see to; those first.
    pub(crate) fn open_refunds(&self) -> Vec<RefundBrief> {
        let mut open: Vec<&Refund> = self
            .refunds
            .open
            .values()
            .map(|watched| &watched.stored.refund)
            .filter(|refund| !refund.is_final())
            .collect();
        open.sort_by_key(|refund| (!refund.needs_person(), refund.wished_at));
        open.into_iter()
            .map(|refund| RefundBrief {
                refund: refund.clone(),
            })
            .collect()
    }

    /// All refunds of an order, oldest first.
    pub(crate) fn refunds_of(&self, number: &OutTradeNo) -> Result<Vec<RefundPicture>, Refusal> {
        let stored = self.db.read().refunds().of_order(number);
        stored
            .map_err(Refusal::NotSaved)?
            .into_iter()
            .map(|stored| self.refund_picture(stored))
            .collect()
    }

    /// What may be given back of an order; `None`: no money was taken by it, or it waits for a decision first.
    pub fn refundable(&self, now: Timestamp, number: &OutTradeNo) -> Result<Option<Refundable>, Refusal> {
        let sale = self.sale_of(number)?;
        let Some(State::Paid(payment)) = sale.attempt(number).map(|it| &it.state) else {
            return Ok(None);
        };
        match self.bounds(now, &sale, number, payment) {
            Ok(bounds) => Ok(Some(Ok(bounds))),
            Err(Refusal::Refund(why)) => Ok(Some(Err(why))),
            Err(other) => Err(other),
        }
    }

    fn refund_picture(&self, mut stored: StoredRefund) -> Result<RefundPicture, Refusal> {
        let number: OutRefundNo = stored.refund.out_refund_no.clone();
        let rows = self.db.read().evidence().of_refund(&number);
        let rows = rows.map_err(Refusal::NotSaved)?;
        let watched = self.refunds.open.get(&number);
        let run = watched.and_then(|watched| watched.run.as_ref());
        if let Some(watched) = watched {
            // The time of the next question, and the doubts.
            stored.refund = watched.stored.refund.clone();
        }
        let evidence = rows
            .into_iter()
            .map(|(id, row)| match run {
                Some(run) => run.brought_up_to_date(id, row),
                None => row,
            })
            .collect();
        Ok(RefundPicture {
            asking: self.refunds.timetable.is_asking(&number),
            evidence,
            stored,
        })
    }
}
