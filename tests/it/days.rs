//! Simulated days: real tills, ledgers and gateway on invented time, with seeded faults, crashes and odd customers.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use scantill_tests::world::{self, DeskTally, Tally, TimeTally};

/// Days lived through unless told otherwise; each has seven customers, and an order that lives through a day is an
/// order-day.
const DAYS: u64 = 2_000;
/// What `make test` promises.
const ORDER_DAYS: u64 = 10_000;

/// Lives through one day; a broken promise or a panic names the day and how to see it again.
fn day(seed: u64) -> Result<Tally, String> {
    let again = format!("SCANTILL_SEED={seed} cargo test -p scantill-tests --test it days -- --nocapture");
    match catch_unwind(|| world::live(seed)) {
        Ok(Ok(tally)) => Ok(tally),
        Ok(Err(broken)) => Err(format!("day {seed}: {broken:#}\n  again: {again}")),
        Err(_) => Err(format!("day {seed}: a panic\n  again: {again}")),
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "tells how much faster than the real thing it was"
)]
fn days_of_faults_and_crashes_lose_no_payment_and_no_goods() {
    if let Some(seed) = number("SCANTILL_SEED") {
        let tally = day(seed).unwrap_or_else(|broken| panic!("{broken}"));
        println!("day {seed}: {tally:#?}");
        return;
    }
    let days = number("SCANTILL_DAYS").unwrap_or(DAYS);
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let work = || {
        let (mut all, mut broken) = (Tally::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= days || broken.len() >= 3 {
                return (all, broken);
            }
            match day(seed) {
                Ok(tally) => all.add(&tally),
                Err(text) => broken.push(text),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let (all, broken) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let (mut all, mut broken) = (Tally::default(), Vec::new());
        for worker in workers {
            let (tally, texts) = worker.join().unwrap();
            all.add(&tally);
            broken.extend(texts);
        }
        (all, broken)
    });
    assert!(
        broken.is_empty(),
        "every promise holds on every day, but:\n{}",
        broken.join("\n")
    );
    println!(
        "{days} days in {:.1} s: {all:#?}",
        started.elapsed().as_secs_f64()
    );
    if days >= DAYS {
        enough(&all);
    }
}

fn at_the_desk(desk: &DeskTally) -> Vec<(&'static str, u64, u64)> {
    vec![
        ("counters whose people have PINs", desk.staffed, 500),
        ("people who signed in", desk.signed_in, 2_000),
        ("tills that locked themselves", desk.locked_idle, 500),
        ("wrong PINs", desk.pins_wrong, 500),
        ("PINs that were not looked at", desk.pins_shut, 30),
        ("approvals by a manager's PIN", desk.overrides, 1_000),
        ("acts that were not approved", desk.not_approved, 50),
        ("shifts opened", desk.shifts_opened, 1_000),
        ("floats over the limit", desk.floats_approved, 30),
        ("shifts closed", desk.shifts_closed, 1_000),
        ("counts that were wrong", desk.counted_wrong, 300),
        ("differences that were approved", desk.differences_approved, 150),
        ("blind counts", desk.counted_blind, 300),
        (
            "drawers that should hold less than nothing",
            desk.below_nothing,
            5,
        ),
        ("Zs in the middle of a shift", desk.zs_in_shift, 500),
        ("Zs shown without the drawer", desk.zs_blind, 100),
        ("movements of cash by name", desk.moves_by_name, 500),
    ]
}

fn in_time(time: &TimeTally) -> Vec<(&'static str, u64, u64)> {
    vec![
        ("days of a counter that begin after midnight", time.cut_over, 400),
        ("of them, days with money on both sides", time.both_sides, 200),
        ("payments on another day of WeChat's", time.across_days, 500),
        ("days of 23 hours", time.short, 40),
        ("days of 25 hours", time.long, 40),
        ("sales in an hour that comes twice", time.in_doubled_hour, 100),
        ("clocks that were off all day", time.skewed, 500),
        ("clocks that were off by minutes", time.skewed_far, 100),
        ("clocks set forward", time.set_forward, 30),
        ("clocks set back", time.set_back, 30),
        (
            "customers who paid just after a cancel, unheard",
            time.paid_unheard,
            50,
        ),
        ("orders whose times WeChat refused", time.times_refused, 5),
    ]
}

/// A day on which nothing happens proves nothing.
fn enough(all: &Tally) {
    assert!(
        all.orders >= ORDER_DAYS,
        "at least {ORDER_DAYS} order-days, not {}",
        all.orders
    );
    for (what, count, least) in [
        ("orders paid", all.paid, 5_000),
        ("orders closed at the deadline", all.closed_by_deadline, 300),
        ("orders closed for another reason", all.closed_otherwise, 300),
        ("payments after a cancel", all.paid_after_cancel, 50),
        ("sales paid twice", all.paid_twice, 10),
        ("customers told that something is sold out", all.sold_out, 100),
        ("crashes", all.crashes, 200),
        ("answers that a crash swallowed", all.answers_lost_in_crash, 50),
        ("payments that a notify found first", all.found_by_notify, 2_000),
        ("notifies that were lost", all.posts_lost, 2_000),
        ("messages that reached a till", all.letters, 10_000),
        ("messages that came again", all.letters_again, 50),
        ("sales in cash, or in part", all.cash_sales, 1_000),
        ("sales paid in cash instead of a code", all.cash_instead, 200),
        ("refunds", all.refunds, 1_500),
        ("refunds that did not end well", all.refunds_ill, 200),
        ("refunds in cash", all.cash_refunds, 800),
        ("late payments taken over", all.adopted, 200),
        ("late payments given back", all.given_back, 200),
        ("days closed", all.zs, 5_000),
        ("Zs with something that is not settled", all.zs_carrying, 1_500),
        (
            "Zs that name money of an earlier day",
            all.zs_of_earlier_days,
            100,
        ),
        ("days held against their bill", all.bills, 2_000),
        ("bills that did not come at once", all.bills_troubled, 500),
        ("late payments named by the agreement", all.late_named, 200),
        ("alterations of bills, each named", all.planted, 1_000),
        (
            "fees of refunds and summaries altered, each named",
            all.fees_planted,
            500,
        ),
        ("calls in trouble", all.traffic.troubled, 10_000),
        (
            "requests that arrived after their sender gave up",
            all.traffic.arrived_late,
            100,
        ),
        (
            "payments in the instant of a close",
            all.traffic.paid_at_close,
            50,
        ),
    ]
    .into_iter()
    .chain(at_the_desk(&all.desk))
    .chain(in_time(&all.time))
    {
        assert!(
            count >= least,
            "the days must have seen {least} {what}, not {count}"
        );
    }
}
