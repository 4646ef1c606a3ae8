//! What tests of refunds share: a sale that is paid, a wish with its approval, and WeChat's book of refunds.

use anyhow::Context;
use jiff::SignedDuration;
use till_app::Refusal;
use till_app::approval::{Act, Approval, Credential};
use till_core::{Note, OutRefundNo, OutTradeNo, Part, ProductId, Refund, RefundState, State};
use wechat_pay_sim::RefundView;

use crate::shop::{Line, Shop};

/// Longer than any refund of the simulator is PROCESSING, and than the pause between two questions then.
pub const SETTLED: SignedDuration = SignedDuration::from_secs(60);

impl Line {
    /// WeChat's book of refunds, oldest first.
    pub fn refunds(&self) -> Vec<RefundView> {
        self.simulator.with(|gateway, now| gateway.refunds(now))
    }

    /// What WeChat has given back or is giving back, in fen.
    pub fn given_back(&self) -> u64 {
        let refunds = self.refunds().into_iter();
        let not_closed = refunds.filter(|it| it.status != "REFUNDCLOSE");
        not_closed.map(|it| it.refund_fee.get()).sum()
    }
}

impl Shop {
    /// Sells these goods to a customer who pays at once.
    pub async fn sell_paid(
        &mut self,
        line: &Line,
        goods: &[(ProductId, u32)],
        click: &str,
    ) -> anyhow::Result<OutTradeNo> {
        for (product, pieces) in goods {
            for _ in 0..*pieces {
                self.till.add(*product, None)?;
            }
        }
        let number = self.till.pay(self.now(), click)?;
        self.catch_up().await?;
        line.pay(&number)?;
        self.live(SignedDuration::from_secs(4)).await?;
        let state = self.state(&number)?;
        anyhow::ensure!(matches!(state, State::Paid(_)), "paid, not {state:?}");
        Ok(number)
    }

    /// A yes in a till without users.
    pub fn yes(&mut self, act: Act) -> anyhow::Result<Approval> {
        let now = self.now();
        Ok(self.till.approve(now, act, Some(&Credential::Confirmed))?)
    }

    /// Wishes a refund.
    pub fn wish(
        &mut self,
        number: &OutTradeNo,
        part: Part,
        click: &str,
    ) -> anyhow::Result<Result<OutRefundNo, Refusal>> {
        let yes = self.yes(Act::Refund)?;
        let now = self.now();
        Ok(self.till.refund(now, number, part, "商品有瑕疵", click, yes))
    }

    /// A refund as the till has it.
    pub fn refund(&self, number: &OutRefundNo) -> anyhow::Result<Refund> {
        let stored = self.till.db().read().refunds().get(number)?;
        let order = stored.context("a refund in the ledger")?.refund.out_trade_no;
        let all = self.till.picture(&order)?.refunds;
        let it = all
            .into_iter()
            .find(|it| it.stored.refund.out_refund_no == *number);
        Ok(it.context("a refund of the order")?.stored.refund)
    }

    /// Where a refund stands.
    pub fn refund_state(&self, number: &OutRefundNo) -> anyhow::Result<RefundState> {
        Ok(self.refund(number)?.state)
    }

    /// What a refund was answered, in WeChat's words, one after the other.
    pub fn refund_words(&self, number: &OutRefundNo) -> anyhow::Result<Vec<String>> {
        let rows = self.till.db().read().evidence().of_refund(number)?;
        Ok(rows.into_iter().map(|(_, row)| row.outcome).collect())
    }

    /// What the journal says in this word, oldest first.
    pub fn journal(&self, what: &str) -> anyhow::Result<Vec<String>> {
        let rows = self.till.db().read().journal().after(0, 10_000)?;
        Ok(rows
            .into_iter()
            .filter(|row| row.what == what)
            .map(|row| row.detail)
            .collect())
    }
}

/// WeChat is done with it and the money is with the customer.
pub fn is_refunded(state: &RefundState) -> bool {
    matches!(state, RefundState::Refunded { .. })
}

/// What a person has written about a refund.
pub fn note_of(state: &RefundState) -> Option<&Note> {
    match state {
        RefundState::NeedsPerson { settled, .. } | RefundState::Closed { settled, .. } => settled.as_ref(),
        RefundState::Waiting
        | RefundState::Sending
        | RefundState::Processing { .. }
        | RefundState::Refunded { .. }
        | RefundState::Refused { .. }
        | RefundState::Withdrawn { .. } => None,
    }
}
