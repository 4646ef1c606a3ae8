//! Cash and refunds of a simulated day, and what a person decides about late and double payments.

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use rand::RngExt as _;
use till_app::Refusal;
use till_app::approval::Act as Approved;
use till_core::{Fen, OutTradeNo, Part, RefundLine, State};
use wechat_pay_sim::Fault;

use super::acts::click;
use super::drawer::Hand;
use super::{World, attempt};
use crate::visit::Manner;

impl World {
    /// The cart is paid, or an order is made for it or for its rest.
    pub(super) fn collect(&mut self, which: usize) -> anyhow::Result<Option<OutTradeNo>> {
        let counter = self.visits[which].counter;
        let now = self.clock(counter);
        let manner = self.visits[which].manner;
        let more = self.rng.random_range(0..500);
        let share = self.rng.random_range(1..100);
        let till = self.till(counter)?;
        let total = till.snapshot().cart.total()?;
        let part = Fen::new((total.get() * share / 100).max(1));
        match manner {
            Manner::Cash => {
                let tendered = total.plus(Fen::new(more))?;
                till.take_cash(now, &click(which), None, tendered)
                    .context("cash")?;
                self.paid_in_cash(counter, tendered, more);
                self.visits[which].cash = Some((total, now));
                self.visits[which].in_cash = true;
                self.tally.cash_sales += 1;
                self.plan_cash_refunds(which);
                Ok(None)
            }
            Manner::Split if part < total => {
                let number = till
                    .take_part(now, &click(which), None, part)
                    .context("a part in cash")?;
                self.paid_in_cash(counter, part, 0);
                self.visits[which].cash = Some((part, now));
                self.tally.cash_sales += 1;
                self.plan_cash_refunds(which);
                Ok(Some(number))
            }
            _ => Ok(Some(till.pay(now, &click(which)).context("收款")?)),
        }
    }

    /// The customer of an order that waits pays in cash after all.
    pub(super) fn cash_instead(&mut self, which: usize) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let (time, now) = (self.now, self.clock(counter));
        let Some(number) = self.visits[which].numbers.last().cloned() else {
            return Ok(());
        };
        let due = self.visits[which].total;
        let taken = self
            .till(counter)?
            .take_cash(now, &format!("cash {which}"), Some(&number), due);
        match taken {
            Ok(_) => {}
            // Paid meanwhile; closed at its deadline, it can be paid in cash as well, if its goods are there.
            Err(Refusal::NotNow(_) | Refusal::OutOfStock { .. }) => return Ok(()),
            Err(error) => return Err(error).context("cash instead of a code"),
        }
        self.paid_in_cash(counter, due, 0);
        self.visits[which].cash = Some((due, now));
        self.visits[which].in_cash = true;
        self.tally.cash_sales += 1;
        self.tally.cash_instead += 1;
        self.plan_cash_refunds(which);
        self.last_trouble = self.last_trouble.max(time);
        Ok(())
    }

    fn paid_in_cash(&mut self, counter: usize, tendered: Fen, change: i64) {
        let tendered = tendered.get();
        self.handed(counter, Hand::Paid { tendered, change }, "");
    }

    /// A customer who has paid wants all of it back, or a part, or a piece of the goods.
    pub(super) fn refund(&mut self, which: usize) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let (time, now) = (self.now, self.clock(counter));
        let Some(number) = self.visits[which].numbers.last().cloned() else {
            return Ok(());
        };
        let kind = self.rng.random_range(0..3);
        let ending = match self.rng.random_range(0..8) {
            0 => Some(Fault::RefundChange),
            1 => Some(Fault::RefundClose),
            _ => None,
        };
        let sold = self.visits[which].sold.clone();
        let split = self.visits[which].cash.is_some();
        let till = self.till(counter)?;
        let State::Paid(payment) = attempt(till, &number)?.state else {
            return Ok(());
        };
        let (part, goods) = match kind {
            0 if !split => (Part::Whole { goods_back: true }, sold),
            1 if !split => {
                let sale = till
                    .db()
                    .read()
                    .sales()
                    .by_order(&number)?
                    .context("a sale")?
                    .sale;
                let lines = till.db().read().sales().lines(sale.id)?;
                let line = lines.first().context("a sale has lines")?;
                let back = RefundLine {
                    line: line.line,
                    pieces: 1,
                };
                let part = Part::Lines {
                    lines: vec![back],
                    goods_back: true,
                };
                (part, vec![line.product])
            }
            _ => {
                let half = (payment.total_fee.get() / 2).max(1);
                (Part::Amount(Fen::new(half)), Vec::new())
            }
        };
        let Some(yes) = self.approval(counter, Approved::Refund)? else {
            return Ok(());
        };
        let wished = self
            .till(counter)?
            .refund(now, &number, part, "退货", &format!("refund {which}"), yes)
            .context("a refund")?;
        if let Some(ending) = ending {
            self.network.refund_ends(wished.as_str(), ending);
        }
        self.visits[which].refund = Some((wished, goods));
        self.last_trouble = self.last_trouble.max(time);
        Ok(())
    }

    /// A person goes through the reviews of a counter, and through the cash that no sale came of.
    pub(super) fn decide(&mut self, counter: usize) -> anyhow::Result<()> {
        self.go_on_duty(counter)?;
        let now = self.clock(counter);
        let mine = |world: &Self, which: usize| world.visits[which].counter == counter;
        for which in 0..self.visits.len() {
            if !mine(self, which) {
                continue;
            }
            for number in self.visits[which].numbers.clone() {
                let decision = self.rng.random_range(0..3);
                let till = self.till(counter)?;
                if !matches!(attempt(till, &number)?.state, State::Review { .. }) {
                    continue;
                }
                if decision > 1 {
                    continue;
                }
                let Some(yes) = self.approval(counter, Approved::Review)? else {
                    continue;
                };
                let till = self.till(counter)?;
                let done = match decision {
                    0 => till.adopt(now, &number, yes),
                    _ => till
                        .refund_review(now, &number, false, "重复付款", &format!("back {number}"), yes)
                        .map(drop),
                };
                match (done, decision) {
                    (Ok(()), 0) => self.tally.adopted += 1,
                    (Ok(()), _) => self.tally.given_back += 1,
                    // A part beside cash is no price of a sale of its own.
                    (Err(Refusal::NotNow(_)), 0) => {}
                    (Err(error), _) => return Err(error).context("a decision"),
                }
            }
            self.cash_back(which)?;
        }
        self.look_into_journal(counter)
    }

    /// Cash whose sale was never paid in full goes back to its customer, unless its customer has gone.
    fn cash_back(&mut self, which: usize) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let now = self.clock(counter);
        let visit = &self.visits[which];
        let Some(number) = visit.numbers.last().cloned() else {
            return Ok(());
        };
        if visit.cash.is_none() || visit.in_cash || self.rng.random_bool(0.3) {
            return Ok(());
        }
        let till = self.till(counter)?;
        match till.give_cash_back(now, &format!("cash back {which}"), &number) {
            Ok(amount) => {
                let (handed_over, _) = self.visits[which].cash.context("it was handed over")?;
                ensure!(
                    amount <= handed_over,
                    "{number}: nobody gets back more than they gave"
                );
                let left = handed_over.minus(amount)?;
                self.visits[which].cash = (left > Fen::ZERO).then_some((left, now));
                self.handed(counter, Hand::GivenBack(amount.get()), "");
                Ok(())
            }
            Err(Refusal::NotNow(_) | Refusal::NoSuchOrder) => Ok(()),
            Err(error) => Err(error).context("cash back"),
        }
    }

    /// Days end when somebody presses the button: at any moment, several times, or in the instant in which the next begins.
    pub(super) fn plan_closings(&mut self, span: i64) -> anyhow::Result<()> {
        for counter in 0..self.counters.len() {
            for _ in 0..self.rng.random_range(0..4) {
                let after = self.rng.random_range(0..span + 1_800_000);
                let at = super::later(self.began, SignedDuration::from_millis(after));
                self.plan(at, super::Event::Close { counter });
            }
            let next = self.place.start_of(self.place.day_of(self.began).tomorrow()?)?;
            // By the till's own clock.
            let at = self.counters[counter].clocks.time_of(next);
            self.plan(at, super::Event::Close { counter });
        }
        Ok(())
    }
}
