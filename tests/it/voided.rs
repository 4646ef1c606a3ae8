//! Lines taken out of a cart before it was paid: counted with what was asked for them, in the transaction that takes them out.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{Line, NOODLES, Shop, WATER};
use till_core::self_check::{About, Check};
use till_core::{Fen, LineNo, PriceWish, Tally, VoidedSums, ZNumber};

use crate::cash::users::{journal, staffed};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

fn voided(shop: &Shop) -> VoidedSums {
    shop.till.x_report(shop.now()).unwrap().report.voided
}

fn sums(lines: (i64, &str), pieces: (i64, &str)) -> VoidedSums {
    let tally = |(count, sum): (i64, &str)| Tally {
        count,
        sum: yuan(sum),
    };
    VoidedSums {
        lines: tally(lines),
        pieces: tally(pieces),
    }
}

#[tokio::test]
async fn what_is_taken_out_of_a_cart_is_counted_and_what_is_laid_aside_or_paid_is_not() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let water = shop.ring(WATER, 3).unwrap();
    let noodles = shop.ring(NOODLES, 2).unwrap();
    assert_eq!(
        voided(&shop),
        sums((0, "0"), (0, "0")),
        "more pieces are none too few"
    );
    shop.till.set_pieces(shop.now(), water, 1).unwrap();
    assert_eq!(
        voided(&shop),
        sums((0, "0"), (1, "4")),
        "a quantity that was corrected is told apart"
    );
    shop.till
        .reprice(shop.now(), noodles, PriceWish::Each(yuan("4.10")), None)
        .unwrap();
    shop.till.set_pieces(shop.now(), noodles, 0).unwrap();
    assert_eq!(
        voided(&shop),
        sums((1, "8.20"), (1, "4")),
        "a line that goes counts with what was asked for it"
    );
    shop.till.hold(shop.now()).unwrap();
    let held = shop.till.snapshot().held[0].id;
    shop.ring(NOODLES, 1).unwrap();
    shop.ring(WATER, 1).unwrap();
    shop.till.fetch(shop.now(), held).unwrap();
    assert_eq!(
        voided(&shop),
        sums((1, "8.20"), (1, "4")),
        "a cart laid aside is not gone"
    );
    shop.till.clear_cart(shop.now()).unwrap();
    shop.till.clear_cart(shop.now()).unwrap();
    assert_eq!(
        voided(&shop),
        sums((2, "10.20"), (1, "4")),
        "a cart that is cleared counts each of its lines, and an empty one none"
    );
    assert_eq!(
        (journal(&shop, "line_voided"), journal(&shop, "pieces_voided")),
        (
            vec![
                "8.20: 2 × 康师傅红烧牛肉面; 王敏".to_owned(),
                "2.00: 1 × 农夫山泉 550ml; 王敏, cart cleared".to_owned()
            ],
            vec!["4.00: 2 × 农夫山泉 550ml; 王敏".to_owned()]
        ),
        "the journal has each, and by whom"
    );
}

#[tokio::test]
async fn a_refused_correction_counts_nothing_and_an_acknowledged_one_outlives_a_power_cut() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let water = shop.ring(WATER, 2).unwrap();
    assert!(
        shop.till.set_pieces(shop.now(), LineNo(99), 0).is_err(),
        "there is no such line"
    );
    assert_eq!(voided(&shop), VoidedSums::default(), "and nothing was taken out");
    shop.till.set_pieces(shop.now(), water, 0).unwrap();
    let mut shop = shop.restart(SignedDuration::from_secs(1)).unwrap();
    assert!(shop.till.snapshot().cart.is_empty(), "the line is gone for good");
    assert_eq!(voided(&shop), sums((1, "4"), (0, "0")), "and counted for good");

    // A disk that does not take the journal's row keeps the line in the cart.
    let water = shop.ring(WATER, 1).unwrap();
    let ledger = rusqlite::Connection::open(shop.till.db().path().unwrap()).unwrap();
    ledger
        .execute_batch(
            "CREATE TRIGGER failing_disk BEFORE INSERT ON journal WHEN NEW.what = 'line_voided'
             BEGIN SELECT RAISE(ABORT, 'no'); END;",
        )
        .unwrap();
    let now = shop.now();
    assert!(shop.till.set_pieces(now, water, 0).is_err(), "it can not be told");
    assert_eq!(shop.till.snapshot().cart.pieces(), 1, "so it does not happen");
}

#[tokio::test]
async fn each_z_has_its_own_and_is_held_against_the_journal() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let close = |shop: &mut Shop, click: &str| {
        let now = shop.now();
        shop.till.close_day(now, click, "").unwrap().report.voided
    };
    shop.ring(WATER, 2).unwrap();
    shop.till.clear_cart(shop.now()).unwrap();
    assert_eq!(
        close(&mut shop, "z1"),
        sums((1, "4"), (0, "0")),
        "the first Z has the first"
    );
    let noodles = shop.ring(NOODLES, 2).unwrap();
    shop.till.set_pieces(shop.now(), noodles, 1).unwrap();
    assert_eq!(
        close(&mut shop, "z2"),
        sums((0, "0"), (1, "4.50")),
        "the second one the rest"
    );
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "the ledger proves itself: {check:?}");

    let ledger = rusqlite::Connection::open(shop.till.db().path().unwrap()).unwrap();
    ledger
        .execute_batch(
            "DROP TRIGGER journal_is_not_changed;
             UPDATE journal SET detail = replace(detail, '4.00: 2', '2.00: 1') WHERE what = 'line_voided';",
        )
        .unwrap();
    let check = shop.till.db().read().self_check();
    let of_zs = check.parts.iter().find(|part| part.check == Check::Zs).unwrap();
    let wrong: Vec<_> = of_zs
        .wrong
        .iter()
        .map(|it| (it.about.clone(), it.expected.as_str(), it.found.as_str()))
        .collect();
    assert_eq!(
        wrong,
        [(
            About::Z(ZNumber(1)),
            "voided 1: 2.00, 0: 0.00",
            "voided 1: 4.00, 0: 0.00"
        )],
        "a row that was made smaller behind the till's back makes another Z"
    );
}
