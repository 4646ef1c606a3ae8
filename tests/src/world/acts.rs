//! What people do in a simulated day, done to the real till and the real gateway.

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use till_app::Refusal;
use till_core::State;
use wechat_pay_sim::{Call, CustomerRefusal, Fault, Gateway, Times};

use super::{World, attempt};
use crate::visit::{Act, Cancelled, Manner};

/// So many questions go unheard after such a cancel: the next one comes after the payment.
const UNHEARD: u32 = 2;

impl World {
    pub(super) fn act(&mut self, which: usize, act: Act) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let at_counter = !matches!(act, Act::Pay { .. } | Act::Decline | Act::WalkAway);
        if at_counter && self.counters[counter].till.is_none() {
            self.plan_act(which, SignedDuration::from_secs(20), act);
            return Ok(());
        }
        if at_counter {
            self.go_on_duty(counter)?;
        }
        match act {
            Act::Arrive => self.arrive(which)?,
            Act::Look { tried } => self.look(which, tried)?,
            Act::Pay { nth } => self.pay(which, nth),
            Act::Decline => self.customer(which, |gateway, now, number| gateway.decline(now, number)),
            Act::WalkAway => self.customer(which, |gateway, now, number| gateway.walk_away(now, number)),
            Act::Cancel => self.cancel(which)?,
            Act::PayAgain => self.pay_again(which)?,
            Act::CheckNow => {
                let now = self.clock(counter);
                if let Some(number) = self.visits[which].numbers.last().cloned() {
                    self.till(counter)?.check_now(now, &number)?;
                }
            }
            Act::Shuffle => {
                let number = self.visits[which].numbers.last().cloned();
                let back = self.rng.random_bool(0.5);
                let till = self.till(counter)?;
                till.to_background();
                if let (true, Some(number)) = (back, number) {
                    till.to_front(&number)?;
                }
            }
            Act::SecondClick => {
                let now = self.clock(counter);
                let first = self.visits[which].numbers.first().cloned();
                let again = self.till(counter)?.pay(now, &click(which))?;
                ensure!(
                    first == Some(again),
                    "the same click is the same sale, however often it comes"
                );
            }
            Act::CashInstead => self.cash_instead(which)?,
            Act::Refund => self.refund(which)?,
            Act::RefundCash { nth } => self.refund_cash(which, nth)?,
        }
        if at_counter {
            self.look_into_journal(counter)?;
            self.lights_out(counter)?;
        }
        Ok(())
    }

    fn arrive(&mut self, which: usize) -> anyhow::Result<()> {
        let (now, counter) = (self.now, self.visits[which].counter);
        let basket = self.visits[which].basket.clone();
        let mut sold = Vec::new();
        let till = self.till(counter)?;
        till.clear_cart(now)?;
        let mut refused = 0;
        for product in basket {
            match till.add(product, None) {
                Ok(()) => sold.push(product),
                Err(Refusal::OutOfStock { .. }) => refused += 1,
                Err(error) => return Err(error).context("ringing up"),
            }
        }
        self.tally.sold_out += refused;
        self.visits[which].sold.clone_from(&sold);
        if sold.is_empty() {
            return Ok(());
        }
        self.lower_a_price(which)?;
        let Some(number) = self.collect(which)? else {
            return Ok(());
        };
        let total = attempt(self.till(counter)?, &number)?.total_fee;
        self.tally.orders += 1;
        self.last_trouble = self.last_trouble.max(now);
        let placed = attempt(self.till(counter)?, &number)?;
        self.hand_deadline_over(counter, &placed);
        let visit = &mut self.visits[which];
        visit.total = total;
        visit.numbers.push(number);
        for (after, act) in self.visits[which].after_click(&mut self.rng) {
            self.plan_act(which, after, act);
        }
        Ok(())
    }

    /// The customer scans what is on the display, if it is the code of the newest order.
    fn look(&mut self, which: usize, tried: u32) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let Some(number) = self.visits[which].numbers.last().cloned() else {
            return Ok(());
        };
        let attempt = attempt(self.till(counter)?, &number)?;
        let State::AwaitingPayment { code_url, .. } = &attempt.state else {
            if attempt.can_cancel() && tried < 400 {
                self.plan_act(
                    which,
                    SignedDuration::from_secs(5),
                    Act::Look { tried: tried + 1 },
                );
            }
            return Ok(());
        };
        if self.visits[which].manner != Manner::Leaves {
            let scanned = self.network.with(|gateway, now| gateway.scan(now, code_url));
            if scanned.is_err() {
                // Its time is over, or a request that was given up has replaced it.
                return Ok(());
            }
        }
        let nth = self.visits[which].codes.len();
        self.visits[which].codes.push((number, code_url.clone()));
        let left = attempt.deadline.duration_since(self.clock(counter));
        for (after, act) in self.visits[which].after_scan(&mut self.rng, nth, left) {
            self.plan_act(which, after.max(SignedDuration::ZERO), act);
        }
        Ok(())
    }

    fn pay(&mut self, which: usize, nth: usize) {
        let Some((number, code_url)) = self.visits[which].codes.get(nth).cloned() else {
            return;
        };
        let with = self.visits[which].purse(&mut self.rng, &code_url);
        // Refused where it is too late, or paid already: then no money has moved.
        drop(
            self.network
                .with(|gateway, now| gateway.pay(now, number.as_str(), &with)),
        );
    }

    fn customer(
        &mut self,
        which: usize,
        act: impl FnOnce(&mut Gateway, Timestamp, &str) -> Result<(), CustomerRefusal>,
    ) {
        if let Some((number, _)) = self.visits[which].codes.last() {
            // Refused where the order has ended meanwhile: nothing to do then.
            let _ = self
                .network
                .with(|gateway, now| act(gateway, now, number.as_str()));
        }
    }

    fn cancel(&mut self, which: usize) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let (time, now) = (self.now, self.clock(counter));
        let Some(number) = self.visits[which].numbers.last().cloned() else {
            return Ok(());
        };
        let till = self.till(counter)?;
        let wanted = attempt(till, &number)?.can_cancel();
        match till.cancel(now, &number) {
            Ok(()) => {}
            Err(Refusal::AlreadyPaid) => return Ok(()),
            Err(error) => return Err(error).context("cancelling"),
        }
        if wanted {
            let state = attempt(till, &number)?.state;
            ensure!(
                matches!(state, State::Closing { .. }),
                "a cancelled order is watched until WeChat has closed it, not {state:?}"
            );
            self.visits[which].cancelled.push(Cancelled {
                number: number.clone(),
                at: time,
                shown: now,
            });
        }
        if self.visits[which].manner == Manner::PaysAfterCancel && self.rng.random_bool(0.5) {
            self.pays_unheard(which);
        }
        if self.visits[which].manner == Manner::PaysAtClose
            && let Some((number, code_url)) = self.visits[which].codes.last()
        {
            self.network.pay_at_close(number.as_str(), code_url);
        }
        Ok(())
    }

    /// The line fails as the cashier cancels, and the customer pays before it is there again: the till first hears of the order
    /// that it is paid, and only the times say that it was too late.
    fn pays_unheard(&mut self, which: usize) {
        let Some(nth) = self.visits[which].codes.len().checked_sub(1) else {
            return;
        };
        self.network.with(|gateway, _| {
            gateway
                .faults_mut()
                .set(Call::OrderQuery, Fault::DropBefore, Times::Count(UNHEARD));
        });
        self.last_trouble = self.last_trouble.max(self.now);
        let soon = SignedDuration::from_millis(self.rng.random_range(1_000..2_500));
        self.plan_act(which, soon, Act::Pay { nth });
        self.tally.time.paid_unheard += 1;
    }

    fn pay_again(&mut self, which: usize) -> anyhow::Result<()> {
        let counter = self.visits[which].counter;
        let (time, now) = (self.now, self.clock(counter));
        let Some(number) = self.visits[which].numbers.last().cloned() else {
            return Ok(());
        };
        match self.till(counter)?.pay_again(now, &number) {
            Ok(next) => {
                self.tally.orders += 1;
                self.last_trouble = self.last_trouble.max(time);
                let placed = attempt(self.till(counter)?, &next)?;
                self.hand_deadline_over(counter, &placed);
                self.visits[which].numbers.push(next);
                let after = SignedDuration::from_millis(self.rng.random_range(1_000..6_000));
                self.plan_act(which, after, Act::Look { tried: 0 });
                Ok(())
            }
            // Paid meanwhile, or another customer has taken the goods since they were given back.
            Err(Refusal::NotNow(_) | Refusal::OutOfStock { .. }) => Ok(()),
            Err(error) => Err(error).context("a new code"),
        }
    }
}

pub(super) fn click(which: usize) -> String {
    format!("click-{which}")
}
