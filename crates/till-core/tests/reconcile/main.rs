//! The agreement with WeChat's bill: planted differences are named exactly, nothing else is, and the sums work out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use proptest::prelude::*;
use till_core::*;

use world::*;

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
        let revoked = world.bill.lines.iter().any(|line| matches!(line.entry, BillEntry::Other(_)));
        if off != 0 && revoked {
            totals.paid = None;
        } else if off != 0 {
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

#[test]
fn a_bill_with_another_count_or_fee_than_its_rows_says_so_also_with_a_row_that_is_neither() {
    let mut revoked = line(2, 200, noon(2));
    revoked.entry = BillEntry::Other("REVOKED".to_owned());
    let mut bill = Bill {
        lines: vec![line(1, 100, noon(1)), revoked],
        totals: None,
    };
    let right = totals(&bill);
    let rows = right.fee.unwrap();
    let fee = rows.plus(MicroYuan::FEN).unwrap();
    bill.totals = Some(BillTotals {
        count: 3,
        fee: Some(fee),
        ..right
    });
    let agreement = alone(&[paid(1, 100, noon(1))], &bill, None, None);
    let about_the_bill: Vec<Cause> = agreement
        .differences
        .into_iter()
        .filter(|it| it.subject == Subject::Bill)
        .map(|it| it.cause)
        .collect();
    assert_eq!(
        about_the_bill,
        [
            Cause::CountDiffers { rows: 2, said: 3 },
            Cause::FeeTotalDiffers { rows, said: fee },
        ],
        "a row was cut out, and its fee stands in the summary"
    );
}

#[test]
fn the_fees_of_a_day_make_the_summarys_to_the_fen_and_a_summary_without_them_says_nothing() {
    let orders = [paid(1, 10_000, noon(1)), paid(2, 5_000, noon(2))];
    let said_of = |said: Option<i64>| {
        let mut bill = Bill {
            lines: vec![line(1, 10_000, noon(1)), line(2, 5_000, noon(2))],
            totals: None,
        };
        bill.totals = Some(BillTotals {
            fee: said.map(MicroYuan::new),
            ..totals(&bill)
        });
        let agreement = alone(&orders, &bill, None, None);
        agreement
            .differences
            .into_iter()
            .map(|it| it.cause)
            .collect::<Vec<_>>()
    };
    assert_eq!(said_of(Some(900_000)), [], "0.60 and 0.30 are 0.90");
    assert_eq!(said_of(None), [], "a summary without fees contradicts nothing");
    for said in [890_000, 910_000, 900_010] {
        assert_eq!(
            said_of(Some(said)),
            [Cause::FeeTotalDiffers {
                rows: MicroYuan::new(900_000),
                said: MicroYuan::new(said),
            }],
            "rows of whole fen are held against it to the last decimal"
        );
    }
}

#[test]
fn a_fee_with_all_decimals_or_rounded_is_the_rates_and_a_fen_to_either_side_is_not() {
    let of = |fen: i64, micro: i64| {
        let mut row = line(1, fen, noon(1));
        row.fee = Some(MicroYuan::new(micro));
        let bill = Bill {
            lines: vec![row],
            totals: None,
        };
        alone(&[paid(1, fen, noon(1))], &bill, None, None)
            .differences
            .len()
    };
    // A row of a real bill: 60.00 at 0.54 % is 0.324, and 0.32 was taken; ours is of 0.60 %: 54.00 makes 0.324.
    assert_eq!(of(5_400, 320_000), 0, "rounded to the fen, as on real bills");
    assert_eq!(
        of(5_400, 324_000),
        0,
        "with all decimals, as the column has room for"
    );
    assert_eq!(
        of(5_400, 330_000),
        1,
        "the fen above is another fee, though less than a fen away"
    );
    assert_eq!(of(5_400, 310_000), 1, "and so is the fen below");
    assert_eq!(of(83, 0), 0, "0.83 costs nothing");
    assert_eq!(of(84, 0), 1, "0.84 costs a fen");
}

#[test]
fn a_refund_that_failed_on_both_sides_asks_nobody_for_a_note() {
    let failed = |here| Difference {
        subject: Subject::Bill,
        at: noon(1),
        here: Fen::ZERO,
        there: Fen::new(100),
        cause: Cause::RefundDiffers {
            here,
            there: RefundStanding::Failed,
        },
    };
    assert!(
        failed(RefundStanding::Failed).explains_itself(),
        "both sides say the same"
    );
    assert!(
        !failed(RefundStanding::Done).explains_itself(),
        "given up there and done here is another matter"
    );
}
