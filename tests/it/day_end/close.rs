//! Closing the day: once, always, with what is not settled by name; and what a Z and the next one have in them.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use jiff::civil::time;
use scantill_tests::refunds::SETTLED;
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use till_app::approval::{Act, Credential};
use till_app::backup::RestoreError;
use till_app::report::ExportFormat;
use till_app::{Database, Locale, Refusal, Till, backup};
use till_core::self_check::Check;
use till_core::{Fen, GivenUp, Opened, OutTradeNo, Part, Report, State, Tally, ZNumber, ZsAside, bill_date};
use wechat_pay_sim::{Call, Fault, Times};

use crate::cash::users::{CASHIER, journal, pin, staffed};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn close(shop: &mut Shop, click: &str) -> Report {
    let now = shop.now();
    shop.till.close_day(now, click, "").unwrap().report
}

fn net(report: &Report) -> String {
    report.takings.net().unwrap().to_string()
}

fn cash_sale(shop: &mut Shop, click: &str) {
    shop.till.add(WATER, None).unwrap();
    let now = shop.now();
    shop.till.take_cash(now, click, None, yuan("10")).unwrap();
}

fn zs(till: &Till) -> Vec<u32> {
    let all = till.z_reports(None, 99).unwrap();
    all.iter().map(|z| z.number.0).collect()
}

fn holds(till: &Till) {
    let check = till.db().read().self_check();
    assert!(check.holds(), "the shop's own proof holds: {check:?}");
}

#[tokio::test]
async fn fault_77_two_presses_with_one_click_are_one_z() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.sell_paid(&line, &[(WATER, 3)], "sale").await.unwrap();
    let now = shop.now();
    let first = shop.till.close_day(now, "click", "都好").unwrap();
    cash_sale(&mut shop, "in between");
    let again = shop
        .till
        .close_day(shop.now() + seconds(1), "click", "again")
        .unwrap();
    assert_eq!(
        first.report, again.report,
        "the second press shows the Z that the first has made"
    );
    assert_eq!(first.seal, again.seal, "under the same seal");
    assert_eq!(zs(&shop.till), [1], "there is one Z");
    assert_eq!(
        (net(&first.report).as_str(), first.report.head.note.as_str()),
        ("6.00", "都好"),
        "with three bottles and what was said"
    );
    assert_eq!(journal(&shop, "z_made").len(), 1, "the journal tells of one");
    let x = shop.till.x_report(shop.now()).unwrap().report;
    assert_eq!(net(&x), "2.00", "what was sold after it waits for the next one");
    holds(&shop.till);
}

#[tokio::test]
async fn once_a_z_is_in_the_ledger_the_answer_is_that_z_whatever_can_not_be_read_then() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    cash_sale(&mut shop, "one");
    close(&mut shop, "z1");
    cash_sale(&mut shop, "two");
    // The disk gives the Z before back as something else, from the moment at which the second is written.
    let ledger = rusqlite::Connection::open(shop.till.db().path().unwrap()).unwrap();
    ledger
        .execute_batch(
            "DROP TRIGGER z_reports_are_not_changed;
             CREATE TRIGGER failing_disk AFTER INSERT ON z_reports
             BEGIN UPDATE z_reports SET body = 'x' WHERE number = NEW.number - 1; END;",
        )
        .unwrap();
    drop(ledger);
    let now = shop.now();
    let closed = shop.till.close_day(now, "z2", "").unwrap();
    assert_eq!(
        (closed.report.head.number, net(&closed.report).as_str()),
        (Some(ZNumber(2)), "2.00"),
        "the day is closed, and the answer says so"
    );
    assert!(closed.seal.is_some(), "with its seal");
    assert!(
        matches!(shop.till.z_report(ZNumber(2)), Err(Refusal::NotSaved(_))),
        "what can't be read is told to whoever looks at it"
    );
    assert_eq!(journal(&shop, "z_made").len(), 2, "there is no third, empty one");
}

#[tokio::test]
async fn an_x_and_the_z_of_the_same_instant_have_the_same_figures() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let order = shop.sell_paid(&line, &[(WATER, 3)], "sale").await.unwrap();
    cash_sale(&mut shop, "cash");
    shop.wish(&order, Part::Amount(yuan("1.15")), "r1")
        .unwrap()
        .unwrap();
    shop.live(SETTLED).await.unwrap();
    let waiting = shop.sell(LAST_PIECE, "waits").unwrap();
    let now = shop.now();
    let x = shop.till.x_report(now).unwrap();
    assert_eq!(zs(&shop.till), [0_u32; 0], "looking makes nothing");
    assert!(x.seal.is_none(), "and seals nothing");
    let z = shop.till.close_day(now, "click", "").unwrap();
    let mut numbered = x.report.clone();
    numbered.head.number = Some(ZNumber(1));
    assert_eq!(numbered, z.report, "the number is all that closing adds");
    assert_eq!(net(&z.report), "6.85", "6.00 by WeChat, 2.00 in cash, 1.15 back");
    assert_eq!(z.report.carried[0].number, waiting.to_string(), "one waits");
}

#[tokio::test]
async fn closing_with_unsettled_payments_names_them_and_the_next_z_has_their_money() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let waiting = shop.sell(WATER, "waits").unwrap();
    shop.catch_up().await.unwrap();
    let cancelled = shop.sell(LAST_PIECE, "cancelled").unwrap();
    shop.catch_up().await.unwrap();
    let now = shop.now();
    shop.till.cancel(now, &cancelled).unwrap();
    shop.live(seconds(5)).await.unwrap();
    line.pay(&cancelled).unwrap();
    shop.live(seconds(10)).await.unwrap();
    assert!(
        matches!(shop.state(&cancelled).unwrap(), State::Review { .. }),
        "paid after the cancel: for a person"
    );
    let paid = shop.sell_paid(&line, &[(WATER, 1)], "paid").await.unwrap();
    shop.wish(&paid, Part::Whole { goods_back: true }, "r1")
        .unwrap()
        .unwrap();
    let refund_of = |number: &OutTradeNo| format!("{number}-R1");
    let first = close(&mut shop, "one");
    let named: Vec<(&str, Opened, String)> = first
        .carried
        .iter()
        .map(|it| (it.number.as_str(), it.what, it.amount.to_string()))
        .collect();
    assert_eq!(
        named,
        [
            (waiting.as_str(), Opened::Payment, "2.00".to_owned()),
            (cancelled.as_str(), Opened::Review, "199.00".to_owned()),
            (refund_of(&paid).as_str(), Opened::Refund, "2.00".to_owned()),
        ],
        "whatever goes on is named: the payment, the money to decide about, the refund"
    );
    assert_eq!(net(&first), "2.00", "none of it is in the money of this Z");

    line.pay(&waiting).unwrap();
    shop.live(SETTLED).await.unwrap();
    let now = shop.now();
    let yes = shop
        .till
        .approve(now, Act::Review, Some(&Credential::Confirmed))
        .unwrap();
    shop.till.adopt(now, &cancelled, yes).unwrap();
    let second = close(&mut shop, "two");
    assert_eq!(second.carried, [], "all of it is settled now");
    assert_eq!(
        (
            second.takings.wechat_paid,
            second.takings.wechat_late,
            second.takings.refunds
        ),
        (
            Tally {
                count: 1,
                sum: yuan("2")
            },
            Tally {
                count: 1,
                sum: yuan("199")
            },
            Tally {
                count: 1,
                sum: yuan("2")
            }
        ),
        "and stands in the next: what was paid, what was taken over late, what went back"
    );
    assert_eq!(
        first.totals.net.plus(yuan("199")).unwrap(),
        second.totals.net,
        "the sums over all Zs go on"
    );
    let kept = shop.till.z_report(ZNumber(1)).unwrap().report;
    assert_eq!(
        kept, first,
        "the first Z is what it was, the carried ones still in it"
    );
    holds(&shop.till);
}

#[tokio::test]
async fn fault_31_a_refund_that_wechat_gives_up_is_named_with_its_order_and_its_goods() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let order = shop.sell_paid(&line, &[(WATER, 2)], "sale").await.unwrap();
    line.fault(Call::Refund, Fault::RefundClose, Times::Count(1));
    let refund = shop
        .wish(&order, Part::Whole { goods_back: true }, "r1")
        .unwrap()
        .unwrap();
    shop.catch_up().await.unwrap();
    let first = close(&mut shop, "one");
    assert_eq!(
        (
            net(&first).as_str(),
            first.given_up.len(),
            first.returned[0].pieces
        ),
        ("0.00", 0, 2),
        "WeChat has taken it on: for this Z the money is back with the customer, and the bottles are here"
    );
    shop.live(SETTLED).await.unwrap();
    let named = GivenUp {
        out_trade_no: order.clone(),
        out_refund_no: refund.clone(),
        amount: yuan("4"),
        at: shop.refund(&refund).unwrap().sent_at.unwrap(),
        pieces_back: 2,
    };
    let x = shop.till.x_report(shop.now()).unwrap().report;
    assert_eq!(
        x.given_up,
        [named],
        "the X names it: the customer has no money, and the bottles are on the shelf"
    );
    let second = close(&mut shop, "two");
    assert_eq!(second.given_up, x.given_up, "and so does the Z, for ever");
    assert_eq!(
        (net(&second).as_str(), second.takings.refunds_closed),
        (
            "4.00",
            Tally {
                count: 1,
                sum: yuan("4")
            }
        ),
        "which takes back what the Z before had as given"
    );
    let now = shop.now();
    let yes = shop.yes(Act::Refund).unwrap();
    shop.till.settle_refund(now, &refund, "已退现金", yes).unwrap();
    assert_eq!(close(&mut shop, "three").given_up, [], "it is named once");
    assert_eq!(
        shop.till.z_report(ZNumber(2)).unwrap().report.given_up,
        second.given_up,
        "and the Z that named it stays as it was"
    );
    holds(&shop.till);
}

#[tokio::test]
async fn cash_is_in_the_z_once_and_the_drawer_beside_it() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    for _ in 0..10 {
        shop.till.add(WATER, None).unwrap();
    }
    let now = shop.now();
    let split = shop.till.take_part(now, "split", None, yuan("7.50")).unwrap();
    shop.catch_up().await.unwrap();
    let first = close(&mut shop, "one");
    assert_eq!(
        (net(&first).as_str(), first.drawer.in_hand),
        (
            "0.00",
            Tally {
                count: 1,
                sum: yuan("7.50")
            }
        ),
        "half a sale is no sale: its cash is in hand"
    );
    line.pay(&split).unwrap();
    shop.live(seconds(4)).await.unwrap();
    cash_sale(&mut shop, "cash");
    let second = close(&mut shop, "two");
    assert_eq!(
        (
            second.takings.sold().unwrap(),
            second.takings.cash_sales,
            second.takings.cash_parts
        ),
        (
            Tally {
                count: 2,
                sum: yuan("22")
            },
            Tally {
                count: 1,
                sum: yuan("2")
            },
            Tally {
                count: 1,
                sum: yuan("7.50")
            }
        ),
        "two sales, one of them in both ways, its cash once"
    );
    assert_eq!(
        second.drawer.in_hand,
        Tally::default(),
        "nothing is in hand any more"
    );
    assert_eq!(
        second
            .items
            .iter()
            .map(|it| (it.pieces, it.sum))
            .collect::<Vec<_>>(),
        [(11, yuan("22"))],
        "eleven bottles, each in one Z"
    );
    holds(&shop.till);
}

#[tokio::test]
async fn a_locked_till_closes_no_day() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.lock(now).unwrap();
    let refused = shop.till.close_day(now, "click", "");
    assert!(
        matches!(refused, Err(Refusal::Locked)),
        "nobody is at it: {refused:?}"
    );
    assert_eq!(zs(&shop.till), [0_u32; 0], "and no Z has come of it");
    shop.till.sign_in(now, CASHIER, &pin("1234")).unwrap();
    let z = shop.till.close_day(now, "click", "").unwrap().report;
    assert_eq!(
        (z.head.number, z.head.by.as_str()),
        (Some(ZNumber(1)), "王敏"),
        "whoever signs in can, and is named"
    );
}

#[tokio::test]
async fn a_reopened_till_goes_on_after_its_last_z() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.sell_paid(&line, &[(WATER, 2)], "one").await.unwrap();
    let first = close(&mut shop, "z1");
    let mut shop = shop.restart(seconds(3600)).unwrap();
    shop.sell_paid(&line, &[(WATER, 1)], "two").await.unwrap();
    let again = close(&mut shop, "z1");
    assert_eq!(
        again, first,
        "a click from before the restart is still the same Z"
    );
    let second = close(&mut shop, "z2");
    assert_eq!(zs(&shop.till), [2, 1], "the numbers go on");
    assert_eq!(second.head.from, first.head.to, "and so does the time");
    assert_eq!(net(&second), "2.00", "with what was sold since");
    let previous = shop.till.z_report(ZNumber(2)).unwrap().previous.unwrap();
    assert_eq!(
        previous,
        (
            ZNumber(1),
            shop.till.z_report(ZNumber(1)).unwrap().seal.unwrap().digest
        ),
        "each names the seal before it"
    );
    assert!(
        matches!(shop.till.z_report(ZNumber(3)), Err(Refusal::NoSuchZ)),
        "there is no third"
    );
    holds(&shop.till);
}

#[tokio::test]
async fn fault_76_a_ledger_put_back_gives_no_number_again() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.sell_paid(&line, &[(WATER, 2)], "one").await.unwrap();
    let first = close(&mut shop, "z1");
    let now = shop.now();
    let made = shop.till.begin_backup(now).unwrap().carry_out();
    let name = made.as_ref().unwrap().name.clone();
    shop.till.finish_backup(now, made);
    cash_sale(&mut shop, "lost");
    close(&mut shop, "z2");
    let config = shop.config().clone();
    let (till, _, folder) = shop.into_parts();
    drop(till);
    let (ledger, copies) = (folder.path().join("scantill.db"), folder.path().join("backups"));
    let last = backup::last_z(&copies, &name, &ledger).unwrap();
    assert_eq!(
        (last.in_copy, last.found, last.ledger_read),
        (Some(ZNumber(1)), Some(ZNumber(2)), true),
        "who restores is told which was the last Z"
    );
    for (paper, why) in [(0, "none"), (1, "the copy's"), (20_000, "far too many")] {
        let refused = backup::restore(&copies, &name, &ledger, now, "李娜", paper);
        assert!(
            matches!(refused, Err(RestoreError::NotTheLast(_))),
            "{why}: {refused:?}"
        );
    }
    // A third was on paper, made by a ledger that is lost.
    let restored = backup::restore(&copies, &name, &ledger, now, "李娜", 3).unwrap();
    let db = Database::open(&ledger).unwrap();
    let mut till = Till::open(config, db, now, [9; 32]).unwrap();
    assert_eq!(zs(&till), [1], "the copy knows the first Z");
    assert_eq!(till.z_report(ZNumber(1)).unwrap().report, first, "as it was made");
    let two_to_three = [ZsAside {
        first: ZNumber(2),
        last: ZNumber(3),
    }];
    let x = till.x_report(now).unwrap();
    assert_eq!(
        (x.report.aside.as_slice(), x.next),
        (two_to_three.as_slice(), Some(ZNumber(4))),
        "the X says where they are, and which is the next"
    );
    let fourth = till.close_day(now + seconds(60), "z4", "").unwrap();
    assert_eq!(
        (fourth.report.head.number, net(&fourth.report).as_str()),
        (Some(ZNumber(4)), "0.00"),
        "and goes on after those that were issued"
    );
    let seal_of_first = till.z_report(ZNumber(1)).unwrap().seal.unwrap().digest;
    assert_eq!(
        fourth.previous,
        Some((ZNumber(1), seal_of_first)),
        "sealed with the last Z that it has"
    );
    let fifth = till.close_day(now + seconds(90), "z5", "").unwrap().report;
    assert_eq!(fifth.head.number, Some(ZNumber(5)), "from there on one by one");
    assert_eq!(
        (
            till.z_report(ZNumber(4)).unwrap().report.aside.as_slice(),
            till.z_report(ZNumber(4)).unwrap().next,
            fifth.aside.as_slice(),
        ),
        (two_to_three.as_slice(), Some(ZNumber(5)), [].as_slice()),
        "the Z after them says so for ever, and it alone"
    );
    assert!(
        fourth.report.exceptions.iter().any(|it| it.what == "restored"),
        "the Z says that a backup was put back: {:?}",
        fourth.report.exceptions
    );
    for locale in [Locale::ZhCn, Locale::En] {
        till.set_locale(locale).unwrap();
        let job = till.export(now, Some(ZNumber(4)), false).unwrap();
        let paper = format!("{:?}", job.document().unwrap());
        let file = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap().path;
        let csv = std::fs::read_to_string(file).unwrap();
        assert!(
            paper.contains("0002–0003") && csv.contains("0002–0003"),
            "{locale:?}: on paper and in the file: {csv}"
        );
    }
    holds(&till);
    let aside = Database::open(&restored.set_aside.unwrap()).unwrap();
    let zs = aside.read().z_reports().before(None, 9).unwrap();
    assert_eq!(
        zs.len(),
        2,
        "the Z that the copy lacks is in the ledger that was set aside"
    );
    let check = aside.read().self_check();
    assert!(
        check
            .parts
            .iter()
            .any(|part| part.check == Check::Zs && part.holds()),
        "and holds there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_closed_after_midnight_is_the_day_it_was_sold_on() {
    let line = Line::open().await.unwrap();
    line.simulator.set_speed(1e-6);
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.live_until(time(23, 0, 0, 0)).await.unwrap();
    let monday = bill_date(shop.now());
    shop.sell_paid(&line, &[(WATER, 1)], "late").await.unwrap();
    shop.live_until(time(0, 30, 0, 0)).await.unwrap();
    let now = shop.now();
    let picture = shop.till.close_day(now, "z", "").unwrap();
    assert_eq!(
        picture.report.head.day, monday,
        "half an hour after midnight it is still the day of its money"
    );
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(now, Some(ZNumber(1)), false).unwrap();
    let file = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap();
    assert!(
        file.path.to_string_lossy().contains(&format!("Z0001-{monday}")),
        "and so is the file's name: {file:?}"
    );
    let empty = close(&mut shop, "z2");
    assert_ne!(
        empty.head.day, monday,
        "a Z without money is of the day it is made on"
    );
}
