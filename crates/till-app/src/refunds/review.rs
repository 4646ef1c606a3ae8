//! Late and double payments: a person takes them over as sales, gives them back, or has seen that no money came.

use jiff::Timestamp;
use till_core::{
    Effect, NotNow, OutRefundNo, OutTradeNo, Part, Refund, RefundBounds, Sale, Shelf, Sold, StockHold,
};

use super::{Wished, reason_of, write_wish};
use crate::approval::{Act, Approval};
use crate::payments::write_states;
use crate::till::{Refusal, Till};

impl Till {
    /// Takes the money of an order in review over as a sale, on the day it was paid. Its goods are sold now, if they are
    /// there. A second payment of a sale becomes a sale of its own.
    pub fn adopt(&mut self, now: Timestamp, number: &OutTradeNo, approval: Approval) -> Result<(), Refusal> {
        let sale = self.sale_of(number)?;
        self.check_decidable(&sale, number)?;
        let by = approval.spend(Act::Review)?;
        match self.adopt_with(now, &sale, number, &by, Shelf::Stocked) {
            // Nothing was written: the same again, without the goods.
            Err(Refusal::OutOfStock { .. }) => self.adopt_with(now, &sale, number, &by, Shelf::Empty),
            done => done,
        }
    }

    fn adopt_with(
        &mut self,
        now: Timestamp,
        sale: &Sale,
        number: &OutTradeNo,
        by: &str,
        shelf: Shelf,
    ) -> Result<(), Refusal> {
        let timing = self.config.timing;
        let detail = match shelf {
            Shelf::Stocked => format!("approved by {by}"),
            Shelf::Empty => format!("approved by {by}; its goods were not there to be counted"),
        };
        match sale.clone().adopt(number, now, &timing, shelf) {
            Ok((after, effects)) => {
                let written = self.db.write(|tx| {
                    tx.sales().save(sale, &after, &effects)?;
                    write_states(tx, now, sale, &after)?;
                    tx.journal()
                        .add(now, "adopted", Some(after.id), Some(number), &detail)
                });
                self.saved(written)?;
                self.take_decided(sale, after, &effects);
                Ok(())
            }
            Err(NotNow::Settled) => self.adopt_apart(now, sale, number, &detail, shelf),
            Err(not_now) => Err(not_now.into()),
        }
    }

    fn adopt_apart(
        &mut self,
        now: Timestamp,
        sale: &Sale,
        number: &OutTradeNo,
        detail: &str,
        shelf: Shelf,
    ) -> Result<(), Refusal> {
        // The new sale's number is the ledger's to give.
        let (rest, apart, effects) = sale.clone().adopt_apart(number, sale.id, shelf)?;
        let written = self.db.write(|tx| {
            let apart = tx.sales().put_apart(sale.id, number, now, |id| {
                let apart = Sale { id, ..apart.clone() };
                (apart, effects.clone())
            })?;
            tx.sales().save(sale, &rest, &[])?;
            write_states(tx, now, sale, &apart)?;
            tx.journal()
                .add(now, "adopted", Some(apart.id), Some(number), detail)?;
            Ok(apart)
        });
        let apart = self.saved(written)?;
        self.orders.insert(number.clone(), apart.id);
        self.unseen.remove(number);
        if let Some(watched) = self.sales.get_mut(&sale.id) {
            watched.sale = rest;
        }
        self.forget_settled(sale.id);
        // The ledger has it; nothing is left to ask about it.
        self.orders.remove(number);
        self.refresh_stock_of_sale(&apart);
        self.changed();
        Ok(())
    }

    /// No money came by an order of which a notify alone had told: it is closed at WeChat, and its goods are free when it is.
    pub fn deny(&mut self, now: Timestamp, number: &OutTradeNo, approval: Approval) -> Result<(), Refusal> {
        let id = self.recall(number)?;
        let sale = self.sales.get(&id).ok_or(Refusal::NoSuchOrder)?.sale.clone();
        let (after, effects) = sale.clone().deny(number, now, &self.config.timing)?;
        let earlier = self.earlier_refunds(number)?;
        if earlier.iter().any(|it| it.refund.counts()) {
            // What WeChat gives back it has had.
            return Err(till_core::RefundRefusal::EarlierUnderWay.into());
        }
        let by = approval.spend(Act::Review)?;
        let written = self.db.write(|tx| {
            tx.sales().save(&sale, &after, &effects)?;
            write_states(tx, now, &sale, &after)?;
            let detail = format!("approved by {by}");
            tx.journal()
                .add(now, "no_money_came", Some(after.id), Some(number), &detail)
        });
        self.saved(written)?;
        self.take_decided(&sale, after, &effects);
        Ok(())
    }

    /// Gives the money of an order in review back, all of it. The same `click` is the same refund. `goods_back`: the goods that
    /// went with a notify's word can be sold again; of any other order in review none went.
    pub fn refund_review(
        &mut self,
        now: Timestamp,
        number: &OutTradeNo,
        goods_back: bool,
        reason: &str,
        click: &str,
        approval: Approval,
    ) -> Result<OutRefundNo, Refusal> {
        if let Some(known) = self.refund_of_click(click)? {
            return Ok(known);
        }
        let reason = reason_of(reason)?;
        self.can_refund()?;
        let sale = self.sale_of(number)?;
        let (after, effects) = sale.clone().give_back(number)?;
        let attempt = sale.attempt(number).ok_or(Refusal::NoSuchOrder)?;
        let payment = attempt.payment().ok_or(NotNow::NothingToDecide)?;
        let earlier = self.earlier_refunds(number)?;
        let went = attempt.sold_on_a_word() && !after.is_paid();
        let lines = if went {
            self.db.read().sales().lines(sale.id).map_err(Refusal::NotSaved)?
        } else {
            Vec::new()
        };
        let sold = Sold {
            lines: &lines,
            stock: if went { after.stock } else { StockHold::Returned },
            refunds: &earlier,
            cash_refunds: &[],
        };
        let bounds = RefundBounds::of(now, number, payment, &sold)?;
        let wish = bounds.wish(Part::Whole { goods_back })?;
        let approved_by = approval.spend(Act::Review)?;
        let refund = Refund::new(&wish, now);
        let config = &self.config;
        let written = self.db.write(|tx| {
            tx.sales().save(&sale, &after, &effects)?;
            write_states(tx, now, &sale, &after)?;
            let new = Wished {
                wish: &wish,
                refund: &refund,
                reason: &reason,
                click,
                approved_by: &approved_by,
            };
            write_wish(tx, config, &after, &new, now)
        });
        let stored = self.saved(written)?;
        self.take_decided(&sale, after, &effects);
        Ok(self.take_up_refund(stored))
    }

    fn check_decidable(&self, sale: &Sale, number: &OutTradeNo) -> Result<(), Refusal> {
        let (decided, _) = sale.clone().give_back(number)?;
        let payment = decided.attempt(number).and_then(|it| it.payment());
        match payment {
            // A sale in yuan can't be made of other money.
            Some(payment) if payment.fee_type != "CNY" => Err(till_core::RefundRefusal::OtherCurrency.into()),
            Some(_) => Ok(()),
            None => Err(NotNow::NothingToDecide.into()),
        }
    }

    /// Takes a sale over that a person has decided about.
    fn take_decided(&mut self, before: &Sale, after: Sale, effects: &[Effect]) {
        if !effects.is_empty() {
            self.refresh_stock_of_sale(&after);
        }
        let decided: Vec<OutTradeNo> = after.attempts.iter().map(|it| it.out_trade_no.clone()).collect();
        self.take_sale(before, after);
        // Whoever decided has seen it.
        for number in &decided {
            self.unseen.remove(number);
        }
        if let Some(id) = decided
            .first()
            .and_then(|number| self.orders.get(number))
            .copied()
        {
            self.forget_settled(id);
        }
        self.changed();
    }
}
