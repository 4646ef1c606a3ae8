//! Reports in files and on paper, read back by others than the ones who wrote them.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod files;
mod printing;

use jiff::SignedDuration;
use scantill_tests::shop::{Line, NOODLES, Shop, WATER};
use till_core::{Fen, LineNo, Part, RefundLine, ZNumber};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

/// Two paid by WeChat, one of them partly refunded, one in cash, one cancelled; then the day is closed. Net 13.00 yuan.
async fn closed_day(line: &Line, shop: &mut Shop) -> ZNumber {
    let first = shop
        .sell_paid(line, &[(WATER, 2), (NOODLES, 1)], "first")
        .await
        .unwrap();
    shop.sell_paid(line, &[(WATER, 1)], "second").await.unwrap();
    let part = Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(1),
            pieces: 1,
        }],
        goods_back: true,
    };
    shop.wish(&first, part, "refund").unwrap().unwrap();
    shop.catch_up().await.unwrap();
    shop.till.add(NOODLES, None).unwrap();
    shop.till.take_cash(shop.now(), "cash", None, yuan("10")).unwrap();
    let away = shop.sell(WATER, "away").unwrap();
    shop.catch_up().await.unwrap();
    shop.till.cancel(shop.now(), &away).unwrap();
    shop.live(SignedDuration::from_mins(6)).await.unwrap();
    let closed = shop.till.close_day(shop.now(), "close", "盘点无误").unwrap();
    closed.report.head.number.unwrap()
}
