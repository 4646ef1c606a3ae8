//! What WeChat's bills say to a Z, entry by entry.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::*;

const DAY: Date = date(2026, 11, 23);

/// A Z of no time: only its entries are looked up.
const NO_TIME: Stretch = Stretch {
    from: Timestamp::UNIX_EPOCH,
    to: Timestamp::UNIX_EPOCH,
};

fn said(entries: &[ZEntry], bills: &BTreeMap<Date, Bill>) -> Result<Provider, MoneyError> {
    Provider::of(entries, NO_TIME, bills, Vec::new())
}

fn entry(number: &str, refund: bool, fen: i64, at: Timestamp) -> ZEntry {
    ZEntry {
        number: number.to_owned(),
        refund,
        amount: Fen::new(fen),
        at,
        reversed: false,
    }
}

fn back(entry: &ZEntry) -> ZEntry {
    ZEntry {
        reversed: true,
        ..entry.clone()
    }
}

fn line(number: &str, fee: i64, entry: BillEntry) -> BillLine {
    BillLine {
        at: noon(),
        transaction_id: "4200".to_owned(),
        out_trade_no: number.to_owned(),
        fee_type: "CNY".to_owned(),
        fee: Some(MicroYuan::new(fee)),
        rate: Rate::parse("0.60%").ok_or_else(String::new),
        entry,
    }
}

fn paid_line(number: &str, fen: i64, fee: i64) -> BillLine {
    let amount = Fen::new(fen);
    line(
        number,
        fee,
        BillEntry::Payment {
            amount,
            settled: amount,
        },
    )
}

fn refund_line(number: &str, fen: i64, fee: i64, standing: RefundStanding) -> BillLine {
    let entry = BillEntry::Refund {
        out_refund_no: number.to_owned(),
        amount: Fen::new(fen),
        settled: Fen::new(fen),
        standing,
    };
    line("order of the refund", fee, entry)
}

fn bills(of: &[(Date, Vec<BillLine>)]) -> BTreeMap<Date, Bill> {
    let bill = |lines: &Vec<BillLine>| Bill {
        lines: lines.clone(),
        totals: None,
    };
    of.iter().map(|(day, lines)| (*day, bill(lines))).collect()
}

#[test]
fn a_z_whose_orders_are_on_the_bill_differs_by_nothing_and_shows_the_fee() {
    let entries = [
        entry("a", false, 2_980, noon()),
        entry("b", false, 1, noon()),
        entry("r", true, 980, noon()),
    ];
    let bill = vec![
        paid_line("a", 2_980, 180_000),
        paid_line("b", 1, 0),
        paid_line("of another till", 77, 10_000),
        refund_line("r", 980, -60_000, RefundStanding::Done),
    ];
    let provider = said(&entries, &bills(&[(DAY, bill)])).unwrap();
    assert_eq!(
        provider,
        Provider {
            paid: tally(2, 2_981),
            refunded: tally(1, 980),
            fee: MicroYuan::new(120_000),
            ..Provider::default()
        },
        "the same on both sides, the fee given back taken off, and no other till's row in it"
    );
}

#[test]
fn a_fee_that_is_not_its_rates_or_can_not_be_checked_is_named_beside_the_sum() {
    let entries = [
        entry("a", false, 10_000, noon()),
        entry("b", false, 500, noon()),
        entry("r", true, 5_000, noon()),
    ];
    let mut unread = paid_line("b", 500, 30_000);
    unread.rate = Err("优惠".to_owned());
    let mut silent = refund_line("r", 5_000, 0, RefundStanding::Done);
    silent.fee = None;
    let provider = said(
        &entries,
        &bills(&[(DAY, vec![paid_line("a", 10_000, 610_000), unread, silent])]),
    )
    .unwrap();
    assert_eq!(provider.fee, MicroYuan::new(640_000), "as far as the bill says");
    let in_doubt = |number: &str, refund, fault| FeeInDoubt {
        number: number.to_owned(),
        refund,
        fault,
    };
    let mut named = provider.fees_in_doubt;
    named.sort_by(|one, other| one.number.cmp(&other.number));
    assert_eq!(
        named,
        [
            in_doubt(
                "a",
                false,
                FeeFault::Differs {
                    rate: Rate::parse("0.60%").unwrap(),
                    expected: MicroYuan::new(600_000),
                    charged: MicroYuan::new(610_000),
                },
            ),
            in_doubt(
                "b",
                false,
                FeeFault::RateUnreadable {
                    said: "优惠".to_owned(),
                    charged: MicroYuan::new(30_000),
                },
            ),
            in_doubt("r", true, FeeFault::Missing),
        ],
        "each row by its number and with its fault"
    );
}

#[test]
fn fault_24_what_is_missing_or_of_another_amount_is_the_difference() {
    let entries = [entry("a", false, 2_980, noon()), entry("b", false, 500, noon())];
    let with = |lines| said(&entries, &bills(&[(DAY, lines)])).unwrap();
    let missing = with(vec![paid_line("a", 2_980, 0)]);
    assert_eq!(
        (missing.missing, missing.difference, missing.paid),
        (1, Fen::new(-500), tally(1, 2_980)),
        "an order that WeChat does not have is missing with its money"
    );
    let differs = with(vec![paid_line("a", 2_979, 0), paid_line("b", 500, 0)]);
    assert_eq!(
        (differs.missing, differs.difference, differs.paid.sum),
        (0, Fen::new(-1), Fen::new(3_479)),
        "a fen less at WeChat is a fen of difference, and WeChat's amount is shown"
    );
    let refunds = [entry("r", true, 980, noon())];
    let none = said(&refunds, &bills(&[(DAY, Vec::new())])).unwrap();
    assert_eq!(
        (none.missing, none.difference),
        (1, Fen::new(980)),
        "a refund that WeChat does not have is money that is still there"
    );
    let failed = refund_line("r", 980, 0, RefundStanding::Failed);
    let failed = said(&refunds, &bills(&[(DAY, vec![failed])])).unwrap();
    assert_eq!(
        (failed.not_arrived, failed.missing, failed.difference),
        (tally(1, 980), 0, Fen::new(980)),
        "one that did not arrive is money that is still there too, and its cause is known"
    );
    assert_eq!(
        (failed.unexplained(), none.unexplained()),
        (Ok(Fen::ZERO), Ok(Fen::new(980))),
        "so that nothing of it is left to find out, unlike of the missing one"
    );
}

#[test]
fn until_its_bill_is_there_a_day_is_waited_for_and_differs_by_nothing() {
    let entries = [
        entry("a", false, 2_980, noon()),
        entry("b", false, 500, at("2026-11-24T12:00:00+08:00")),
    ];
    assert_eq!(
        Provider::days(&entries, NO_TIME).into_iter().collect::<Vec<_>>(),
        [DAY, date(2026, 11, 24), date(2026, 11, 25)],
        "the bills of both days are looked into, and of the days after for what came past midnight"
    );
    let provider = said(&entries, &bills(&[(DAY, vec![paid_line("a", 2_980, 0)])])).unwrap();
    assert_eq!(
        (provider.waiting.len(), provider.missing, provider.difference),
        (1, 0, Fen::ZERO),
        "only the second day is waited for, and says nothing yet"
    );
    assert!(
        provider.waiting.contains(&date(2026, 11, 24)),
        "by its date: {:?}",
        provider.waiting
    );
}

#[test]
fn fault_15_a_refund_sent_before_midnight_and_taken_after_it_waits_for_tomorrows_bill() {
    let late = at("2026-11-23T23:59:59+08:00");
    for refund in [true, false] {
        let entries = [entry("x", refund, 980, late)];
        let row = if refund {
            refund_line("x", 980, 0, RefundStanding::Processing)
        } else {
            paid_line("x", 980, 0)
        };
        let today_only = said(&entries, &bills(&[(DAY, Vec::new())])).unwrap();
        assert_eq!(
            (today_only.missing, today_only.difference),
            (0, Fen::ZERO),
            "so close to midnight it may be on the next bill, which is not there yet"
        );
        assert!(
            today_only.waiting.contains(&date(2026, 11, 24)),
            "and that one is waited for: {:?}",
            today_only.waiting
        );
        let both = said(
            &entries,
            &bills(&[(DAY, Vec::new()), (date(2026, 11, 24), vec![row])]),
        )
        .unwrap();
        let found = if refund { both.refunded } else { both.paid };
        assert_eq!(
            (found, both.missing, both.difference),
            (tally(1, 980), 0, Fen::ZERO),
            "there it is found"
        );
        let neither = bills(&[(DAY, Vec::new()), (date(2026, 11, 24), Vec::new())]);
        assert_eq!(
            said(&entries, &neither).unwrap().missing,
            1,
            "when it is on neither it is missing"
        );
    }
    let noon = [entry("x", false, 980, noon())];
    assert_eq!(
        said(&noon, &bills(&[(DAY, Vec::new())])).unwrap().missing,
        1,
        "what was paid at noon waits for no other bill"
    );
}

#[test]
fn what_was_taken_back_within_the_z_is_looked_up_once_or_not_at_all() {
    let first = entry("a", false, 980, noon());
    let bill = bills(&[(DAY, vec![paid_line("a", 980, 60_000)])]);
    let moved = [first.clone(), back(&first), first.clone()];
    let provider = said(&moved, &bill).unwrap();
    assert_eq!(
        (provider.paid, provider.difference),
        (tally(1, 980), Fen::ZERO),
        "booked, taken back and booked otherwise is one payment"
    );
    let gone = said(&[first.clone(), back(&first)], &bill).unwrap();
    assert_eq!(
        gone,
        Provider::default(),
        "what is taken back altogether is nothing to look up"
    );
}

#[test]
fn fault_31_a_refund_taken_back_after_its_z_moves_the_difference_by_its_amount_once() {
    let refund = entry("r", true, 980, noon());
    for (standing, first) in [(RefundStanding::Processing, 0), (RefundStanding::Failed, 980)] {
        let bill = bills(&[(DAY, vec![refund_line("r", 980, -60_000, standing)])]);
        let told = said(std::slice::from_ref(&refund), &bill).unwrap();
        assert_eq!(
            told.difference,
            Fen::new(first),
            "{standing:?}: the first Z has it as given back"
        );
        let taken_back = said(&[back(&refund)], &bill).unwrap();
        assert_eq!(
            (taken_back.refunded, taken_back.fee, taken_back.difference),
            (Tally::default(), MicroYuan::ZERO, Fen::new(-980)),
            "{standing:?}: the next Z takes 9.80 back, for which no bill has a row; it is counted nowhere twice"
        );
        assert_eq!(
            (
                taken_back.taken_back,
                taken_back.missing,
                taken_back.unexplained()
            ),
            (tally(1, -980), 0, Ok(Fen::ZERO)),
            "{standing:?}: and that is said as what it is, not as something missing"
        );
    }
}

#[test]
fn fault_15_a_clock_ahead_at_midnight_looks_into_the_bill_of_the_day_before() {
    let yesterday = date(2026, 11, 22);
    let early = [entry("r", true, 980, at("2026-11-23T00:00:02+08:00"))];
    assert!(
        Provider::days(&early, NO_TIME).contains(&yesterday),
        "taken by WeChat before its midnight, it is on the bill of the day before"
    );
    let today = (DAY, Vec::new());
    let waits = said(&early, &bills(std::slice::from_ref(&today))).unwrap();
    assert_eq!(
        (waits.missing, waits.waiting.into_iter().collect::<Vec<_>>()),
        (0, vec![yesterday]),
        "until that one is here it is waited for"
    );
    let row = refund_line("r", 980, 0, RefundStanding::Done);
    let both = said(&early, &bills(&[(yesterday, vec![row]), today.clone()])).unwrap();
    assert_eq!(
        (both.refunded, both.missing, both.difference),
        (tally(1, 980), 0, Fen::ZERO),
        "and there it is found"
    );
    let neither = said(&early, &bills(&[(yesterday, Vec::new()), today])).unwrap();
    assert_eq!(
        (neither.missing, neither.difference),
        (1, Fen::new(980)),
        "on neither it is missing"
    );
}

const T01: &str = "T01-261123-000001-AAAA";

fn day_of_the_z() -> Stretch {
    Stretch {
        from: at("2026-11-23T08:00:00+08:00"),
        to: at("2026-11-23T22:00:00+08:00"),
    }
}

fn beside(entries: &[ZEntry], bills: &BTreeMap<Date, Bill>) -> Vec<Unbooked> {
    let till = TillId::parse("T01").unwrap();
    Provider::beside(&till, day_of_the_z(), entries, bills).unwrap()
}

#[test]
fn money_at_wechat_that_no_entry_takes_counts_and_is_named() {
    let number = |serial: u32| format!("T01-261123-{serial:06}-AAAA");
    let late = paid_line(&number(2), 500, 30_000);
    let mut refund = refund_line("platform", 300, -20_000, RefundStanding::Done);
    refund.out_trade_no = number(1);
    let mut failed = refund_line("failed", 70, 0, RefundStanding::Failed);
    failed.out_trade_no = number(1);
    let mut before = paid_line(&number(3), 900, 0);
    before.at = at("2026-11-23T07:59:59+08:00");
    let lines = vec![
        paid_line(T01, 2_980, 180_000),
        late,
        paid_line("T02-261123-000001-AAAA", 77, 0),
        refund,
        failed,
        before,
        paid_line(T01, 2_980, 180_000),
    ];
    let bill = bills(&[(DAY, lines)]);
    let entries = [entry(T01, false, 2_980, noon())];
    let rows = beside(&entries, &bill);
    let named: Vec<(&str, bool, i64, bool)> = rows
        .iter()
        .map(|it| (it.number.as_str(), it.refund, it.amount.get(), it.again))
        .collect();
    assert_eq!(
        named,
        [
            (number(2).as_str(), false, 500, false),
            ("platform", true, 300, false),
            (T01, false, 2_980, true),
        ],
        "a payment and a refund without an entry and a row too many; no other till's, no failed refund, none of another time"
    );
    let provider = Provider::of(&entries, day_of_the_z(), &bill, rows.clone()).unwrap();
    assert_eq!(
        (provider.paid, provider.missing, provider.difference),
        (tally(1, 2_980), 0, Fen::new(500 - 300 + 2_980)),
        "the Z's own payment is found, and WeChat holds more by what is beside it"
    );
    assert_eq!(provider.unbooked, rows, "named one by one");
    assert_eq!(
        provider.unexplained(),
        Ok(Fen::ZERO),
        "so that all of the difference has a cause"
    );
    let two = [entries[0].clone(), entry("missing", false, 3_180, noon())];
    let hidden = Provider::of(&two, day_of_the_z(), &bill, rows).unwrap();
    assert_eq!(
        (hidden.missing, hidden.difference, hidden.unexplained()),
        (1, Fen::ZERO, Ok(Fen::new(-3_180))),
        "what is missing stays to be found out, also where rows on no books make up for it"
    );
    assert_eq!(
        provider.fee,
        MicroYuan::new(180_000 + 30_000 - 20_000 + 180_000),
        "with its fee"
    );
}

#[test]
fn a_z_waits_for_the_bill_of_every_day_of_its_time() {
    let none = Provider::of(&[], day_of_the_z(), &BTreeMap::new(), Vec::new()).unwrap();
    assert!(
        none.waiting.contains(&DAY),
        "a Z without an entry can't agree before its bill is here: {:?}",
        none.waiting
    );
    let nothing = bills(&[(DAY, Vec::new())]);
    let there = Provider::of(&[], day_of_the_z(), &nothing, Vec::new()).unwrap();
    assert_eq!(there, Provider::default(), "with a bill without rows it does");
    let midnight = Stretch {
        from: at("2026-11-23T00:00:00+08:00"),
        to: at("2026-11-24T00:00:00+08:00"),
    };
    assert_eq!(
        midnight.days().into_iter().collect::<Vec<_>>(),
        [DAY],
        "a time that ends at midnight is of no other day"
    );
}
