//! One refund: what was asked for, what it gives back, how it ends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::beijing::spaced;
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::{Coupon, CouponKind, Order, Payment};
use crate::wire::{self, Params};

/// Where the money arrives, as WeChat words it.
pub(crate) const RECEIVED_BY: &str = "支付用户零钱";

/// How a refund ends once it is no longer PROCESSING.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Success,
    /// The bank card is void: the money is back at the merchant and a person has to act.
    Change,
    /// Closed without money moving.
    Close,
}

impl Outcome {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Change => "CHANGE",
            Self::Close => "REFUNDCLOSE",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) refund_id: String,
    pub(crate) out_refund_no: String,
    pub(crate) out_trade_no: String,
    /// `refund_fee`, what was asked for.
    pub(crate) asked: Fen,
    /// The part of it that goes back in cash; the rest goes back as coupons.
    pub(crate) cash: Fen,
    /// `settlement_refund_fee`: what it costs the merchant.
    pub(crate) settlement: Fen,
    /// The coupons' parts, in the order of the payment's coupons, zeros included.
    pub(crate) coupons: Vec<Coupon>,
    /// The fee that WeChat gives back with it.
    pub(crate) fee: Fen,
    pub(crate) account: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) requested: Timestamp,
    /// From then on it has its outcome.
    pub(crate) settles: Timestamp,
    pub(crate) outcome: Outcome,
}

/// A refund as WeChat's book has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundView {
    /// WeChat's number of it.
    pub refund_id: String,
    /// The merchant's number.
    pub out_refund_no: String,
    /// The order's number.
    pub out_trade_no: String,
    /// What was asked for, in fen.
    pub refund_fee: Fen,
    /// `refund_status`.
    pub status: &'static str,
    /// When it was taken on.
    pub requested: Timestamp,
}

impl Refund {
    /// `refund_status` at that instant.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if now < self.settles {
            "PROCESSING"
        } else {
            self.outcome.wire()
        }
    }

    /// Whether it takes up a part of the order's amount: only a closed refund gives it free again.
    pub(crate) fn counts(&self, now: Timestamp) -> bool {
        now < self.settles || self.outcome != Outcome::Close
    }

    /// The fee that WeChat has given back with it by then: none with a refund that is closed, for the payment stays.
    pub(crate) fn fee_back(&self, now: Timestamp) -> Fen {
        if self.counts(now) { self.fee } else { Fen::ZERO }
    }

    pub(crate) fn coupon_fee(&self) -> Fen {
        self.asked.saturating_sub(self.cash)
    }

    /// The part that goes back as recharge coupons.
    pub(crate) fn recharge_fee(&self) -> Fen {
        let recharge = self
            .coupons
            .iter()
            .filter(|coupon| coupon.kind == CouponKind::Cash);
        Fen::total(recharge.map(|coupon| coupon.fee))
    }
}

impl Gateway {
    /// All refunds, by the time they were taken on.
    pub fn refunds(&self, now: Timestamp) -> Vec<RefundView> {
        let mut refunds: Vec<RefundView> = self
            .book
            .refunds
            .values()
            .map(|refund| RefundView {
                refund_id: refund.refund_id.clone(),
                out_refund_no: refund.out_refund_no.clone(),
                out_trade_no: refund.out_trade_no.clone(),
                refund_fee: refund.asked,
                status: refund.status(now),
                requested: refund.requested,
            })
            .collect();
        refunds.sort_by(|a, b| (a.requested, &a.out_refund_no).cmp(&(b.requested, &b.out_refund_no)));
        refunds
    }

    /// Enters an admitted refund.
    pub(crate) fn accept_refund(&mut self, refund: Refund) {
        if let Some(order) = self.book.orders.get_mut(&refund.out_trade_no) {
            order.refunds.push(refund.refund_id.clone());
        }
        self.book
            .refund_numbers
            .insert(refund.out_refund_no.clone(), refund.refund_id.clone());
        self.book
            .settling
            .insert((refund.settles, refund.refund_id.clone()));
        self.book.refunds.insert(refund.refund_id.clone(), refund);
        self.changed();
    }

    /// Queues the notifications of refunds whose outcome is there by now.
    pub(crate) fn settle_refunds(&mut self, now: Timestamp) {
        while let Some((settles, _)) = self.book.settling.first()
            && *settles <= now
        {
            let Some((_, refund_id)) = self.book.settling.pop_first() else {
                break;
            };
            self.changed();
            let nonce = self.book.dice.text(32);
            let Some(refund) = self.book.refunds.get(&refund_id) else {
                continue;
            };
            let Some(url) = refund.notify_url.clone() else {
                continue;
            };
            let Some((order, payment)) = self.book.paid(&refund.out_trade_no) else {
                continue;
            };
            let out_trade_no = refund.out_trade_no.clone();
            let inner = told(refund, order, payment);
            let body = wire::refund_notify(&self.config, &nonce, &inner).into_bytes();
            self.notify(&out_trade_no, &url, body, now);
        }
    }
}

/// What a refund notification tells, before encryption.
fn told(refund: &Refund, order: &Order, payment: &Payment) -> Params {
    let mut told = Params::new();
    let mut add = |name: &str, value: String| told.insert(name.to_owned(), value);
    add("transaction_id", payment.transaction_id.clone());
    add("out_trade_no", refund.out_trade_no.clone());
    add("refund_id", refund.refund_id.clone());
    add("out_refund_no", refund.out_refund_no.clone());
    add("total_fee", order.total.to_string());
    add("refund_fee", refund.asked.to_string());
    add("settlement_refund_fee", refund.settlement.to_string());
    add("cash_refund_fee", refund.cash.to_string());
    add("refund_status", refund.outcome.wire().to_owned());
    add("refund_account", refund.account.clone());
    add("refund_request_source", "API".to_owned());
    // Misspelt on WeChat's wire.
    add("refund_recv_accout", RECEIVED_BY.to_owned());
    if payment.has_no_cash_coupon() {
        add("settlement_total_fee", payment.settlement.to_string());
    }
    if refund.outcome == Outcome::Success {
        add("success_time", spaced(refund.settles));
    }
    told
}
