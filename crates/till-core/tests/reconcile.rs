//! The agreement with WeChat's bill: planted differences are named exactly, nothing else is, and the sums work out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::*;

const DAY: Date = date(2026, 11, 22);
const RATE: u32 = 6_000;

fn till() -> TillId {
    TillId::parse("T01").unwrap()
}

/// That many seconds after the day's first.
fn at(seconds: i64) -> Timestamp {
    bill_bounds(DAY).unwrap().0 + SignedDuration::from_secs(seconds)
}

fn noon(nth: usize) -> Timestamp {
    at(12 * 3600 + i64::try_from(nth).unwrap())
}

fn number(nth: usize) -> String {
    format!("T01-261122-{nth:06}-7F3K")
}

fn order(nth: usize, fen: i64, state: State) -> Attempt {
    Attempt {
        out_trade_no: OutTradeNo::parse(&number(nth)).unwrap(),
        total_fee: Fen::new(fen),
        placed_at: noon(nth),
        deadline: noon(nth),
        state,
        next: None,
        doubts: 0,
    }
}

fn payment(nth: usize, fen: i64, time_end: Timestamp) -> Payment {
    Payment {
        transaction_id: format!("42000000000000000000{nth:08}"),
        total_fee: Fen::new(fen),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(fen),
        coupon_fee: Fen::ZERO,
        time_end,
        found_by: FoundBy::Query,
    }
}

fn paid(nth: usize, fen: i64, time_end: Timestamp) -> Attempt {
    order(nth, fen, State::Paid(payment(nth, fen, time_end)))
}

/// WeChat's fee on that many fen, rounded half up to the fen.
fn fee(fen: i64) -> MicroYuan {
    MicroYuan::new((fen * 60 + 5_000) / 10_000 * 10_000)
}

fn line(nth: usize, fen: i64, at: Timestamp) -> BillLine {
    BillLine {
        at,
        transaction_id: payment(nth, fen, at).transaction_id,
        out_trade_no: number(nth),
        fee_type: "CNY".to_owned(),
        fee: fee(fen),
        rate: Rate::parse("0.60%"),
        entry: BillEntry::Payment {
            amount: Fen::new(fen),
            settled: Fen::new(fen),
        },
    }
}

fn refund_here(nth: usize, fen: i64, standing: RefundStanding) -> RefundHere {
    RefundHere {
        out_refund_no: format!("R{nth}"),
        out_trade_no: OutTradeNo::parse(&number(nth)).unwrap(),
        amount: Fen::new(fen),
        at: noon(nth),
        standing,
    }
}

fn refund_line(nth: usize, fen: i64, standing: RefundStanding) -> BillLine {
    BillLine {
        fee: MicroYuan::new(-fee(fen).get()),
        entry: BillEntry::Refund {
            out_refund_no: format!("R{nth}"),
            amount: Fen::new(fen),
            standing,
        },
        ..line(nth, fen, noon(nth))
    }
}

/// What is planted in one place of a day.
#[derive(Debug, Clone, Copy)]
enum Plant {
    Same,
    SameInTheLastSecond,
    OnlyHere,
    OnlyHereInTheNight,
    OnlyThere,
    NotPaid(NotPaid),
    Review(ReviewReason, bool),
    Amount(i64),
    OtherPayment,
    Currency,
    Revoked,
    OnTomorrowsBill,
    OnYesterdaysBill,
    PaidYesterday,
    PaidTomorrow,
    ReviewOnTomorrowsBill,
    Fee,
    Twice,
    OtherTill,
    OtherSystem,
    ClosedAndNotThere,
    Refunded,
    RefundUnderWayThere,
    RefundOnlyHere,
    RefundOnlyThere,
    RefundAmount(i64),
    RefundUnheard,
    RefundFailedThere,
    RefundNotTaken,
    RefundTwice,
    RefundOnTomorrowsBill,
}

fn plant() -> impl Strategy<Value = Plant> {
    let standing = prop_oneof![
        Just(NotPaid::Waiting),
        Just(NotPaid::Refused),
        Just(NotPaid::Closed(CloseReason::Deadline)),
        Just(NotPaid::Closed(CloseReason::Cancelled)),
    ];
    let why = prop_oneof![
        Just(ReviewReason::PaidAfterCancel),
        Just(ReviewReason::PaidTwice),
        Just(ReviewReason::RefundedElsewhere),
    ];
    let by = || (-99i64..100).prop_filter("an amount that differs", |by| *by != 0);
    let plain = prop::sample::select(vec![
        Plant::SameInTheLastSecond,
        Plant::OnlyHere,
        Plant::OnlyHereInTheNight,
        Plant::OnlyThere,
        Plant::OtherPayment,
        Plant::Currency,
        Plant::Revoked,
        Plant::OnTomorrowsBill,
        Plant::OnYesterdaysBill,
        Plant::PaidYesterday,
        Plant::PaidTomorrow,
        Plant::ReviewOnTomorrowsBill,
        Plant::Fee,
        Plant::Twice,
        Plant::OtherTill,
        Plant::OtherSystem,
        Plant::ClosedAndNotThere,
        Plant::Refunded,
        Plant::RefundUnderWayThere,
        Plant::RefundOnlyHere,
        Plant::RefundOnlyThere,
        Plant::RefundUnheard,
        Plant::RefundFailedThere,
        Plant::RefundNotTaken,
        Plant::RefundTwice,
        Plant::RefundOnTomorrowsBill,
    ]);
    prop_oneof![
        20 => Just(Plant::Same),
        26 => plain,
        2 => standing.prop_map(Plant::NotPaid),
        2 => (why, any::<bool>()).prop_map(|(why, there)| Plant::Review(why, there)),
        1 => by().prop_map(Plant::Amount),
        1 => by().prop_map(Plant::RefundAmount),
    ]
}

/// A day with what was planted in it, and the differences that must be named.
#[derive(Debug, Default)]
struct World {
    orders: Vec<Attempt>,
    refunds: Vec<RefundHere>,
    bill: Bill,
    yesterday: Bill,
    tomorrow: Bill,
    expected: Vec<Difference>,
}

impl World {
    fn expect(&mut self, subject: Subject, at: Timestamp, here: i64, there: i64, cause: Cause) {
        let (here, there) = (Fen::new(here), Fen::new(there));
        self.expected.push(Difference {
            subject,
            at,
            here,
            there,
            cause,
        });
    }

    fn both(&mut self, nth: usize, fen: i64, at: Timestamp) {
        self.orders.push(paid(nth, fen, at));
        self.bill.lines.push(line(nth, fen, at));
    }

    fn plant(&mut self, nth: usize, fen: i64, plant: Plant) {
        let noon = noon(nth);
        let night = at(24 * 3600 - 120);
        let subject = Subject::Order {
            out_trade_no: number(nth),
        };
        let boundary = |here: Date, there: Option<Date>| Cause::DayBoundary { here, there };
        let (tomorrow, yesterday) = (DAY.tomorrow().unwrap(), DAY.yesterday().unwrap());
        match plant {
            Plant::Same => self.both(nth, fen, noon),
            Plant::SameInTheLastSecond => self.both(nth, fen, at(24 * 3600 - 1)),
            Plant::OnlyHere => {
                self.orders.push(paid(nth, fen, noon));
                self.expect(subject, noon, fen, 0, Cause::OnlyHere);
            }
            // The next day's bill is there and does not have it either.
            Plant::OnlyHereInTheNight => {
                self.orders.push(paid(nth, fen, night));
                self.expect(subject, night, fen, 0, Cause::OnlyHere);
            }
            Plant::OnlyThere => {
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::OnlyThere);
            }
            Plant::NotPaid(how) => {
                let state = match how {
                    NotPaid::Waiting => State::Placing,
                    NotPaid::Closed(why) => State::Closed { why },
                    NotPaid::Refused => State::Refused {
                        code: "NOAUTH".to_owned(),
                    },
                };
                self.orders.push(order(nth, fen, state));
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::NotPaidHere(how));
            }
            Plant::Review(why, on_bill) => {
                let payment = Some(payment(nth, fen, noon));
                self.orders.push(order(nth, fen, State::Review { why, payment }));
                if on_bill {
                    self.bill.lines.push(line(nth, fen, noon));
                }
                let cause = Cause::Review {
                    why,
                    amount: Fen::new(fen),
                    on_bill,
                };
                self.expect(subject, noon, 0, if on_bill { fen } else { 0 }, cause);
            }
            Plant::Amount(by) => {
                self.orders.push(paid(nth, fen, noon));
                self.bill.lines.push(line(nth, fen + by, noon));
                self.expect(subject, noon, fen, fen + by, Cause::AmountDiffers);
            }
            Plant::OtherPayment => {
                self.both(nth, fen, noon);
                let line = self.bill.lines.last_mut().unwrap();
                line.transaction_id = "another".to_owned();
                let here = payment(nth, fen, noon).transaction_id;
                let there = "another".to_owned();
                self.expect(subject, noon, fen, fen, Cause::PaymentDiffers { here, there });
            }
            Plant::Currency => {
                self.both(nth, fen, noon);
                self.bill.lines.last_mut().unwrap().fee_type = "USD".to_owned();
                let there = "USD".to_owned();
                self.expect(subject, noon, fen, fen, Cause::CurrencyDiffers { there });
            }
            Plant::Revoked => {
                self.both(nth, fen, noon);
                self.bill.lines.last_mut().unwrap().entry = BillEntry::Other("REVOKED".to_owned());
                let there = "REVOKED".to_owned();
                self.expect(subject, noon, fen, 0, Cause::StateDiffers { there });
            }
            Plant::OnTomorrowsBill => {
                self.orders.push(paid(nth, fen, night));
                self.tomorrow.lines.push(line(nth, fen, at(24 * 3600)));
                self.expect(subject, night, fen, 0, boundary(DAY, Some(tomorrow)));
            }
            Plant::OnYesterdaysBill => {
                self.orders.push(paid(nth, fen, at(0)));
                self.yesterday.lines.push(line(nth, fen, at(-1)));
                self.expect(subject, at(0), fen, 0, boundary(DAY, Some(yesterday)));
            }
            Plant::PaidYesterday => {
                self.orders.push(paid(nth, fen, at(-1)));
                self.bill.lines.push(line(nth, fen, at(0)));
                self.expect(subject, at(0), 0, fen, boundary(yesterday, Some(DAY)));
            }
            Plant::PaidTomorrow => {
                self.orders.push(paid(nth, fen, at(24 * 3600)));
                self.bill.lines.push(line(nth, fen, at(24 * 3600 - 1)));
                self.expect(subject, at(24 * 3600 - 1), 0, fen, boundary(tomorrow, Some(DAY)));
            }
            // Named by the day whose bill it is on.
            Plant::ReviewOnTomorrowsBill => {
                let state = State::Review {
                    why: ReviewReason::PaidAfterCancel,
                    payment: Some(payment(nth, fen, night)),
                };
                self.orders.push(order(nth, fen, state));
                self.tomorrow.lines.push(line(nth, fen, at(24 * 3600)));
            }
            Plant::Fee => {
                self.both(nth, fen, noon);
                let line = self.bill.lines.last_mut().unwrap();
                line.fee = fee(fen).plus(MicroYuan::new(20_000)).unwrap();
                let cause = Cause::FeeDiffers {
                    rate: Rate::parse("0.60%").unwrap(),
                    expected: MicroYuan::new(fen * i64::from(RATE) / 100),
                    charged: line.fee,
                };
                self.expect(subject, noon, fen, fen, cause);
            }
            Plant::Twice => {
                self.both(nth, fen, noon);
                self.bill.lines.push(line(nth, fen, noon));
                self.expect(subject, noon, 0, fen, Cause::TwiceThere);
            }
            Plant::OtherTill | Plant::OtherSystem => {
                let out_trade_no = match plant {
                    Plant::OtherTill => format!("T02-{nth}"),
                    _ => format!("ticket|{nth}"),
                };
                self.bill.lines.push(BillLine {
                    out_trade_no,
                    ..line(nth, fen, noon)
                });
            }
            Plant::ClosedAndNotThere => {
                let why = CloseReason::Deadline;
                self.orders.push(order(nth, fen, State::Closed { why }));
            }
            Plant::Refunded
            | Plant::RefundUnderWayThere
            | Plant::RefundOnlyHere
            | Plant::RefundOnlyThere
            | Plant::RefundAmount(_)
            | Plant::RefundUnheard
            | Plant::RefundFailedThere
            | Plant::RefundNotTaken
            | Plant::RefundTwice
            | Plant::RefundOnTomorrowsBill => {
                self.both(nth, fen, noon);
                self.plant_refund(nth, fen, plant);
            }
        }
    }

    /// In a paid order that both sides have.
    fn plant_refund(&mut self, nth: usize, fen: i64, plant: Plant) {
        use RefundStanding::{Asked, Done, Failed, Processing};
        let noon = noon(nth);
        let subject = Subject::Refund {
            out_refund_no: format!("R{nth}"),
            out_trade_no: number(nth),
        };
        let here = |standing| refund_here(nth, fen, standing);
        let there = |standing| refund_line(nth, fen, standing);
        match plant {
            Plant::RefundUnderWayThere => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Processing));
            }
            Plant::RefundOnlyHere => {
                self.refunds.push(here(Done));
                self.expect(subject, noon, fen, 0, Cause::OnlyHere);
            }
            Plant::RefundOnlyThere => {
                self.bill.lines.push(there(Done));
                self.expect(subject, noon, 0, fen, Cause::OnlyThere);
            }
            Plant::RefundAmount(by) => {
                self.refunds.push(here(Done));
                self.bill.lines.push(refund_line(nth, fen + by, Done));
                self.expect(subject, noon, fen, fen + by, Cause::AmountDiffers);
            }
            Plant::RefundUnheard => {
                self.refunds.push(here(Asked));
                self.bill.lines.push(there(Done));
                let cause = Cause::RefundDiffers {
                    here: Asked,
                    there: Done,
                };
                self.expect(subject, noon, 0, fen, cause);
            }
            Plant::RefundFailedThere => {
                self.refunds.push(here(Done));
                self.bill.lines.push(there(Failed));
                let cause = Cause::RefundDiffers {
                    here: Done,
                    there: Failed,
                };
                self.expect(subject, noon, fen, fen, cause);
            }
            Plant::RefundNotTaken => self.refunds.push(here(Asked)),
            Plant::RefundTwice => {
                self.refunds.push(here(Done));
                self.bill.lines.extend([there(Done), there(Done)]);
                self.expect(subject, noon, 0, fen, Cause::TwiceThere);
            }
            Plant::RefundOnTomorrowsBill => {
                let mut refund = here(Done);
                refund.at = at(24 * 3600 - 1);
                self.refunds.push(refund);
                self.tomorrow.lines.push(there(Done));
                let cause = Cause::DayBoundary {
                    here: DAY,
                    there: Some(DAY.tomorrow().unwrap()),
                };
                self.expect(subject, at(24 * 3600 - 1), fen, 0, cause);
            }
            _ => {
                self.refunds.push(here(Processing));
                self.bill.lines.push(there(Processing));
            }
        }
    }

    fn reconcile(&self) -> Agreement {
        let here = Here {
            orders: &self.orders,
            refunds: &self.refunds,
        };
        let bills = Bills {
            of_day: &self.bill,
            day_before: Some(&self.yesterday),
            day_after: Some(&self.tomorrow),
        };
        reconcile(DAY, &till(), here, bills).unwrap()
    }
}

fn totals(bill: &Bill) -> BillTotals {
    let (mut paid, mut refunded) = (0, 0);
    for line in &bill.lines {
        match &line.entry {
            BillEntry::Payment { amount, .. } => paid += amount.get(),
            BillEntry::Refund { amount, .. } => refunded += amount.get(),
            BillEntry::Other(_) => {}
        }
    }
    BillTotals {
        paid: Some(Fen::new(paid)),
        refunded: Some(Fen::new(refunded)),
    }
}

fn sorted(mut differences: Vec<Difference>) -> Vec<String> {
    differences.sort_by(|a, b| (a.at, &a.subject).cmp(&(b.at, &b.subject)));
    let mut texts: Vec<String> = differences.iter().map(|it| format!("{it:?}")).collect();
    texts.sort();
    texts
}

fn sums(differences: &[Difference], of: impl Fn(&Difference) -> Fen, refunds: bool) -> Fen {
    let chosen = differences
        .iter()
        .filter(|it| refunds == matches!(it.subject, Subject::Refund { .. }));
    Fen::sum(chosen.map(of)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn planted_differences_are_named_exactly_and_the_sums_work_out(
        plants in prop::collection::vec((plant(), 100i64..1_000_000), 0..60),
        turn in any::<prop::sample::Index>(),
        off in prop_oneof![4 => Just(0i64), 1 => -5i64..6],
    ) {
        let mut world = World::default();
        for (nth, (plant, fen)) in plants.iter().enumerate() {
            world.plant(nth, *fen, *plant);
        }
        // The order of rows means nothing.
        let middle = turn.index(world.bill.lines.len() + 1);
        world.bill.lines.rotate_left(middle);
        world.orders.reverse();
        let mut totals = totals(&world.bill);
        if off != 0 {
            let rows = totals.paid.unwrap();
            let said = rows.plus(Fen::new(off)).unwrap();
            totals.paid = Some(said);
            world.expect(Subject::Bill, at(24 * 3600), 0, 0, Cause::TotalsDiffer { rows, said });
        }
        world.bill.totals = Some(totals);

        let agreement = world.reconcile();
        prop_assert_eq!(
            sorted(agreement.differences.clone()),
            sorted(world.expected),
            "each planted difference is named with its cause, and nothing else is"
        );
        let differences = &agreement.differences;
        for (refunds, of) in [(false, (|side| side.paid) as fn(Side) -> CountAndSum), (true, |side| side.refunded)] {
            let (same, here, there) = (of(agreement.same), of(agreement.here), of(agreement.there));
            prop_assert_eq!(
                same.sum.plus(sums(differences, |it| it.here, refunds)).unwrap(), here.sum,
                "what is counted here is the same or named, to the fen"
            );
            prop_assert_eq!(
                same.sum.plus(sums(differences, |it| it.there, refunds)).unwrap(), there.sum,
                "what the bill counts is the same or named, to the fen"
            );
        }
        let others: usize = agreement.other_tills.values().map(|side| side.paid.count as usize).sum();
        let planted = plants.iter().filter(|(it, _)| matches!(it, Plant::OtherTill | Plant::OtherSystem)).count();
        prop_assert_eq!(others, planted, "other tills' payments are counted and are no differences of this one");
        prop_assert!(
            differences.iter().all(|it| !it.ways_out().is_empty()),
            "there is a way out of everything"
        );
        prop_assert!(
            differences.is_sorted_by(|a, b| a.at <= b.at),
            "a list to be worked through by time"
        );
    }
}

fn alone(orders: &[Attempt], bill: &Bill, day_before: Option<&Bill>, day_after: Option<&Bill>) -> Agreement {
    let here = Here { orders, refunds: &[] };
    let bills = Bills {
        of_day: bill,
        day_before,
        day_after,
    };
    reconcile(DAY, &till(), here, bills).unwrap()
}

#[test]
fn fault_15_a_payment_at_midnight_waits_for_tomorrows_bill_and_one_at_noon_does_not() {
    let orders = [
        paid(1, 100, at(24 * 3600 - 1)),
        paid(2, 200, at(12 * 3600)),
        paid(3, 300, at(1)),
    ];
    let (empty, late) = (Bill::default(), DAY.tomorrow().unwrap());
    let causes = |agreement: &Agreement| -> Vec<Cause> {
        agreement.differences.iter().map(|it| it.cause.clone()).collect()
    };
    let wait = Cause::DayBoundary {
        here: DAY,
        there: None,
    };
    let before = alone(&orders, &empty, None, None);
    assert_eq!(
        causes(&before),
        [wait.clone(), Cause::OnlyHere, wait],
        "a bill that is not there yet may still have what was paid close to it, and nothing else"
    );
    assert_eq!(
        before.differences[2].ways_out()[0],
        WayOut::Wait,
        "tomorrow's bill will tell"
    );
    let after = Bill {
        lines: vec![line(1, 100, at(24 * 3600 + 1))],
        totals: None,
    };
    let known = alone(&orders, &empty, Some(&empty), Some(&after));
    let found = Cause::DayBoundary {
        here: DAY,
        there: Some(late),
    };
    assert_eq!(
        causes(&known),
        [Cause::OnlyHere, Cause::OnlyHere, found],
        "once both neighbours' bills are there it is on one of them or on none"
    );
    assert!(
        known.differences[2].explains_itself() && !known.differences[1].explains_itself(),
        "what is found on the next day's bill needs nobody, what is on none does"
    );
}

#[test]
fn sums_over_a_hundred_thousand_orders_are_exact() {
    let mut world = World::default();
    for nth in 0..100_000 {
        let fen = [1, 29, 115, 1999][nth % 4];
        let at = at(i64::try_from(nth).unwrap() % 86_400);
        world.both(nth, fen, at);
    }
    world.bill.totals = Some(totals(&world.bill));
    let agreement = world.reconcile();
    assert_eq!(agreement.differences, [], "all of them are the same");
    assert_eq!(
        (agreement.same.paid.count, agreement.same.paid.sum),
        (100_000, Fen::new(25_000 * (1 + 29 + 115 + 1999))),
        "0.01, 0.29, 1.15 and 19.99, a hundred thousand of them, to the fen"
    );
    assert_eq!(
        agreement
            .rates
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["0.60%"],
        "one rate"
    );
}

#[test]
fn sums_that_do_not_fit_are_an_error_and_no_panic() {
    let bill = Bill {
        lines: vec![line(1, 1, noon(1)), line(2, 1, noon(2))]
            .into_iter()
            .map(|mut line| {
                line.entry = BillEntry::Payment {
                    amount: Fen::new(i64::MAX),
                    settled: Fen::new(1),
                };
                line
            })
            .collect(),
        totals: None,
    };
    let here = Here {
        orders: &[],
        refunds: &[],
    };
    let bills = Bills {
        of_day: &bill,
        day_before: None,
        day_after: None,
    };
    assert_eq!(
        reconcile(DAY, &till(), here, bills),
        Err(MoneyError::OutOfRange),
        "a hostile bill must not wrap round"
    );
}
