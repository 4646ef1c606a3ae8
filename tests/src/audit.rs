//! What must be true of a simulated day: at each change of a state, and in the evening. Nothing here asks the machine
//! what it thinks; everything is held against the gateway's own book and against what was rung up.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use till_app::Till;
use till_core::{
    Attempt, CloseReason, EvidenceKind, Fen, FoundBy, OutTradeNo, ProductId, ReviewReason, SignVerdict,
    State, StockHold,
};
use wechat_pay_sim::{CustomerRefusal, OrderView};

use crate::counter::pieces_at_first;
use crate::network::Network;
use crate::visit::Visit;
use crate::world::{Money, Tally, World, attempt};

/// Checks one change of a state, just saved: `detail` is the journal's "old -> new".
pub fn step(till: &Till, network: &Network, number: &OutTradeNo, detail: &str) -> anyhow::Result<()> {
    let sale = till
        .db()
        .read()
        .sales()
        .by_order(number)?
        .context("an order belongs to a sale")?
        .sale;
    // A person may take money over whose goods are gone, or give it back: the customer has paid then.
    let decided = |it: &Attempt| it.adopted.is_some() || matches!(it.state, State::GivenBack { .. });
    if detail.ends_with("-> paid") && !sale.attempts.iter().any(decided) {
        let paid = sale
            .attempts
            .iter()
            .filter(|it| matches!(it.state, State::Paid(_)))
            .count();
        ensure!(paid == 1, "{number}: a sale is sold once, not {paid} times");
        ensure!(
            sale.stock == StockHold::Sold,
            "{number}: goods that are paid for are sold in the same step"
        );
    }
    let undecided = sale.attempts.iter().filter(|it| !decided(it));
    for order in undecided.map(|it| &it.out_trade_no) {
        let Some(view) = network.with(|gateway, now| gateway.order(now, order.as_str())) else {
            continue;
        };
        if sale.stock == StockHold::Returned {
            ensure!(
                matches!(view.unpayable, Some(CustomerRefusal::OrderClosed)),
                "{order}: goods go back on the shelf only when WeChat can't be paid for them any more ({detail}), \
                 but its order is {:?} and a customer would be told {:?}",
                view.state,
                view.unpayable
            );
        }
        let final_unpaid = sale
            .attempt(order)
            .is_some_and(|it| matches!(it.state, State::Closed { .. } | State::Refused { .. }));
        if final_unpaid {
            ensure!(
                matches!(view.unpayable, Some(CustomerRefusal::OrderClosed)),
                "{order}: an order counts as closed only when it can't be paid any more ({detail}), \
                 but a customer would be told {:?}",
                view.unpayable
            );
        }
    }
    Ok(())
}

/// Checks everything once all is over.
pub fn evening(world: &mut World) -> anyhow::Result<()> {
    let mut tally = world.tally;
    for n in 0..world.counters.len() {
        let till = world.counters[n]
            .till
            .as_ref()
            .context("the power is on in the evening")?;
        let visits: Vec<&Visit> = world.visits.iter().filter(|visit| visit.counter == n).collect();
        let mut shelf = Shelf::default();
        let mut money = Money::default();
        for visit in visits.iter().filter(|visit| !visit.sold.is_empty()) {
            let attempts = orders_of(world, till, visit, &mut money.takings, &mut tally)?;
            shelf.count(world, visit, &attempts)?;
            money.count_cash(visit, &attempts);
        }
        shelf.compare(till)?;
        world.day_figures(n, &money, &mut tally)?;
        let drift = till.db().read().stock().drift()?;
        ensure!(
            drift.is_empty(),
            "the stock follows from the sales, but: {drift:?}"
        );
        ensure!(till.next_due().is_none(), "nothing is left to ask in the evening");
        let check = till.db().read().self_check();
        ensure!(check.holds(), "the shop's own proof holds, but: {check:?}");
    }
    no_strangers(world)?;
    world.tally = tally;
    Ok(())
}

/// The orders of one visit, each held against the gateway's book.
fn orders_of(
    world: &World,
    till: &Till,
    visit: &Visit,
    takings: &mut Vec<(Timestamp, Fen)>,
    tally: &mut Tally,
) -> anyhow::Result<Vec<Attempt>> {
    let mut attempts = Vec::new();
    for number in &visit.numbers {
        let ours = attempt(till, number)?;
        ensure!(
            ours.is_done(),
            "{number}: no order is left open after the faults have stopped: {:?}",
            ours.state
        );
        let theirs = world
            .network
            .with(|gateway, now| gateway.order(now, number.as_str()));
        same_money(&ours, theirs.as_ref())?;
        if let (State::Paid(_), Some(paid_at)) = (&ours.state, theirs.as_ref().and_then(|it| it.paid_at)) {
            takings.push((paid_at, gateways_fen(theirs.as_ref())?));
            proven(till, &ours)?;
            tally.found_by_notify += u64::from(by_notify(&ours));
        }
        reason(world, visit, &ours, theirs.as_ref(), tally)?;
        attempts.push(ours);
    }
    let paid = attempts
        .iter()
        .filter(|it| matches!(it.state, State::Paid(_)))
        .count();
    ensure!(
        paid <= 1,
        "{:?}: one sale, one payment that counts, not {paid}",
        visit.numbers
    );
    let twice = attempts.iter().any(|it| {
        matches!(
            it.state,
            State::Review {
                why: ReviewReason::PaidTwice,
                ..
            }
        )
    });
    ensure!(
        !twice || paid == 1 || visit.in_cash,
        "{:?}: paid twice means that it was paid once before",
        visit.numbers
    );
    Ok(attempts)
}

/// Our money is the gateway's money, order by order, to the fen.
fn same_money(ours: &Attempt, theirs: Option<&OrderView>) -> anyhow::Result<()> {
    let number = &ours.out_trade_no;
    let payment = ours.payment();
    let transaction = theirs.and_then(|it| it.transaction_id.as_deref());
    ensure!(
        payment.map(|it| it.transaction_id.as_str()) == transaction,
        "{number}: WeChat has taken money ({transaction:?}) if and only if our ledger says so ({:?})",
        ours.state
    );
    let (Some(payment), Some(theirs)) = (payment, theirs) else {
        return Ok(());
    };
    let total = gateways_fen(Some(theirs))?;
    ensure!(
        payment.total_fee == total,
        "{number}: {} fen in our ledger, {total} at WeChat",
        payment.total_fee
    );
    ensure!(ours.total_fee == total, "{number}: paid is what was asked for");
    let cash = theirs.cash_fee.context("a paid order has a cash part")?;
    ensure!(
        u64::try_from(payment.cash_fee.get()) == Ok(cash.get()),
        "{number}: the part paid in money is WeChat's to the fen"
    );
    ensure!(
        payment.cash_fee.plus(payment.coupon_fee)? == payment.total_fee,
        "{number}: money and coupons make the total"
    );
    Ok(())
}

fn gateways_fen(order: Option<&OrderView>) -> anyhow::Result<Fen> {
    let fen = order.context("a paid order is in WeChat's book")?.total_fee.get();
    Ok(Fen::new(i64::try_from(fen)?))
}

fn by_notify(order: &Attempt) -> bool {
    order
        .payment()
        .is_some_and(|payment| payment.found_by == FoundBy::Notify)
}

/// Paid is only what a rightly signed answer said; what a notify said first was confirmed by one.
fn proven(till: &Till, order: &Attempt) -> anyhow::Result<()> {
    let number = &order.out_trade_no;
    let rows = till.db().read().evidence().of_order(number)?;
    let says = |kind| {
        rows.iter()
            .any(|(_, row)| row.kind == kind && row.outcome == "SUCCESS" && row.sign == SignVerdict::Right)
    };
    // So quickly refunded that WeChat was first asked after that: it says so, and what was refunded had been paid.
    let refunded = rows.iter().any(|(_, row)| {
        row.kind == EvidenceKind::Orderquery && row.outcome == "REFUND" && row.sign == SignVerdict::Right
    });
    ensure!(
        (says(EvidenceKind::Orderquery) || refunded) && order.unconfirmed.is_none(),
        "{number}: paid rests on a rightly signed answer that is kept"
    );
    ensure!(
        !by_notify(order) || says(EvidenceKind::Notify),
        "{number}: the notify that was first is kept"
    );
    Ok(())
}

/// An order ends for the reason that really was, and is counted by it.
fn reason(
    world: &World,
    visit: &Visit,
    ours: &Attempt,
    theirs: Option<&OrderView>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let number = &ours.out_trade_no;
    let cancelled = visit.cancelled.iter().find(|it| it.number == *number);
    let paid_at = theirs.and_then(|it| it.paid_at);
    let clocks = &world.counters[visit.counter].clocks;
    match &ours.state {
        State::Paid(payment) => {
            tally.paid += 1;
            // What WeChat's clock and the till's say is compared as it is: nobody knows which of them is right.
            let given_up_at = match cancelled {
                Some(it) => Some(it.shown),
                None => world.was_given_up(number).then_some(ours.deadline),
            };
            ensure!(
                given_up_at.is_none_or(|at| payment.time_end <= at),
                "{number}: paid at {} and given up at {given_up_at:?}: that is late, and for a person to decide",
                payment.time_end
            );
            let late = given_up_at.is_some_and(|at| payment.time_end > clocks.time_of(at));
            tally.time.late_by_another_clock += u64::from(late);
        }
        State::Closed {
            why: CloseReason::Deadline,
        } => tally.closed_by_deadline += 1,
        State::Closed { why } => {
            ensure!(
                *why != CloseReason::Cancelled || cancelled.is_some(),
                "{number}: nobody has cancelled it"
            );
            tally.closed_otherwise += 1;
        }
        State::Refused { .. } => {
            ensure!(
                theirs.is_none(),
                "{number}: what WeChat refused is not in its book"
            );
            tally.refused += 1;
            tally.time.times_refused += u64::from(!clocks.is_wechats());
        }
        State::Review { why, payment } => {
            ensure!(
                payment.is_some(),
                "{number}: with a gateway that does not lie only money brings a review ({why:?})"
            );
            match why {
                ReviewReason::PaidAfterCancel => {
                    let cancelled = cancelled.context("paid after a cancel that nobody made")?;
                    let late = |at: Timestamp| at > cancelled.at || at > cancelled.shown;
                    ensure!(
                        paid_at.is_some_and(late) || clocks.was_set_back(),
                        "{number}: cancelled at {cancelled:?}, but paid at {paid_at:?} already"
                    );
                    tally.paid_after_cancel += 1;
                }
                ReviewReason::PaidAfterDeadline => {
                    ensure!(
                        paid_at.is_some_and(|at| at > ours.deadline) || clocks.was_set_back(),
                        "{number}: its time was up at {}, and it was paid at {paid_at:?}",
                        ours.deadline
                    );
                    tally.other_reviews += 1;
                }
                ReviewReason::PaidTwice => tally.paid_twice += 1,
                ReviewReason::AmountDiffers
                | ReviewReason::PaidAfterClosed
                | ReviewReason::RestChanged
                | ReviewReason::RefundedElsewhere
                | ReviewReason::StateUnknown => tally.other_reviews += 1,
                ReviewReason::NotConfirmed => {
                    bail!("{number}: WeChat has the money, and the till does not believe its notify")
                }
            }
        }
        State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } | State::GivenBack { .. } => {}
    }
    Ok(())
}

/// The shelf as it follows from what was rung up and how it ended.
#[derive(Debug, Default)]
struct Shelf {
    sold: BTreeMap<ProductId, i64>,
    held: BTreeMap<ProductId, i64>,
}

impl Shelf {
    fn count(&mut self, world: &World, visit: &Visit, attempts: &[Attempt]) -> anyhow::Result<()> {
        let paid = visit.in_cash || attempts.iter().any(|it| matches!(it.state, State::Paid(_)));
        let review = attempts.iter().any(|it| matches!(it.state, State::Review { .. }));
        let pile = match (paid, review) {
            (true, _) => &mut self.sold,
            (false, true) => &mut self.held,
            // Half paid in cash: the goods wait for the rest, or until the cash goes back.
            (false, false) if visit.cash.is_some() => &mut self.held,
            (false, false) => return Ok(()),
        };
        for product in &visit.sold {
            *pile.entry(*product).or_default() += 1;
        }
        if let Some((number, goods)) = &visit.refund {
            let refunds = world.network.with(|gateway, now| gateway.refunds(now));
            ensure!(
                refunds.iter().any(|it| it.out_refund_no == number.as_str()),
                "{number}: a refund that was wished for is at WeChat in the evening"
            );
            for product in goods {
                *pile.entry(*product).or_default() -= 1;
            }
        }
        for (_, _, goods) in &visit.cash_refunds {
            for product in goods {
                *pile.entry(*product).or_default() -= 1;
            }
        }
        Ok(())
    }

    fn compare(&self, till: &Till) -> anyhow::Result<()> {
        let rows = till.db().read().stock().all()?;
        for (product, first) in pieces_at_first() {
            let row = rows
                .iter()
                .find(|row| row.product == product)
                .context("every product has a stock row")?;
            let of = |pile: &BTreeMap<ProductId, i64>| pile.get(&product).copied().unwrap_or(0);
            ensure!(
                row.sold == of(&self.sold),
                "{product:?}: sold {} by the sales {}",
                row.sold,
                of(&self.sold)
            );
            ensure!(
                row.reserved == of(&self.held),
                "{product:?}: held {}, but only reviews and cash in hand may hold goods in the evening: {}",
                row.reserved,
                of(&self.held)
            );
            let left = first.map(|first| first - row.sold - row.reserved);
            ensure!(
                row.available() == left,
                "{product:?}: on the shelf is what there was less sold and held: {left:?}, not {:?}",
                row.available()
            );
            ensure!(
                left.is_none_or(|left| left >= 0),
                "{product:?}: no piece is sold that is not there"
            );
        }
        Ok(())
    }
}

/// WeChat has no order that the shop does not know.
fn no_strangers(world: &World) -> anyhow::Result<()> {
    let known: Vec<&str> = world
        .visits
        .iter()
        .flat_map(|it| &it.numbers)
        .map(OutTradeNo::as_str)
        .collect();
    for order in world.network.with(|gateway, now| gateway.orders(now)) {
        ensure!(
            known.contains(&order.out_trade_no.as_str()),
            "{}: in WeChat's book but not in ours",
            order.out_trade_no
        );
    }
    Ok(())
}
