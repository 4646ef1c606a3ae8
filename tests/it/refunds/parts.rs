//! In full, by line, by amount, in several parts; and what is out of bounds.

use scantill_tests::refunds::{SETTLED, is_refunded};
use scantill_tests::shop::{LAST_PIECE, Line, NOODLES, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_core::{EvidenceKind, Fen, LineNo, Part, RefundLine, RefundRefusal, RefundState, SignVerdict};

use super::{MINUTE, SECOND};

fn of_line(line: u32, pieces: u32, goods_back: bool) -> Part {
    Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(line),
            pieces,
        }],
        goods_back,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_given_back_in_full_and_its_goods_with_it() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop
        .sell_paid(&line, &[(WATER, 2), (NOODLES, 1)], "click")
        .await?;
    assert_eq!(shop.shelf(WATER)?, (Some(498), 0, 2), "two bottles are sold");

    let number = shop.wish(&order, Part::Whole { goods_back: true }, "r1")??;
    assert_eq!(
        shop.refund_state(&number)?,
        RefundState::Waiting,
        "saved before anything is sent"
    );
    assert!(line.refunds().is_empty(), "WeChat knows nothing yet");
    shop.catch_up().await?;
    assert!(
        matches!(shop.refund_state(&number)?, RefundState::Processing { .. }),
        "taken on by WeChat, and not called done"
    );
    assert_eq!(
        (shop.shelf(WATER)?, shop.shelf(NOODLES)?),
        ((Some(500), 0, 0), (Some(40), 0, 0)),
        "the goods are back on the shelf"
    );
    shop.live(SETTLED).await?;
    let state = shop.refund_state(&number)?;
    assert!(is_refunded(&state), "the money has arrived: {state:?}");

    let book = line.refunds();
    assert_eq!(book.len(), 1, "one wish is one refund at WeChat");
    assert_eq!(
        (
            book[0].out_refund_no.as_str(),
            book[0].refund_fee.get(),
            book[0].status
        ),
        (number.as_str(), 850, "SUCCESS"),
        "under our number, of all that was paid"
    );
    let rows = shop.till.picture(&order)?.refunds.remove(0);
    let told: Vec<_> = rows
        .evidence
        .iter()
        .map(|row| (row.kind, row.outcome.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (EvidenceKind::Refund, "SUCCESS"),
            (EvidenceKind::Refundquery, "PROCESSING"),
            (EvidenceKind::Refundquery, "SUCCESS")
        ],
        "sent, on its way for a while (one row), arrived"
    );
    assert!(
        rows.evidence
            .iter()
            .all(|row| row.sign == SignVerdict::Right && row.request.is_some() && row.answer.is_some()),
        "each row keeps what was sent and received"
    );
    assert_eq!(rows.stored.reason.as_str(), "商品有瑕疵", "with its reason");

    let day = shop.till.day(shop.till.day_of(shop.now()), true)?;
    assert_eq!(
        (day.figures.paid.sum, day.figures.refunded.sum, day.figures.net()?),
        (Fen::new(850), Fen::new(850), Fen::ZERO),
        "a refund is a row of its own and does not undo the sale"
    );
    assert!(
        day.text.contains("退款"),
        "and is on the day's paper:\n{}",
        day.text
    );
    assert_eq!(shop.till.next_due(), None, "nothing is left to ask");
    assert_eq!(
        shop.journal("refund_wished")?.len(),
        1,
        "the wish is in the journal"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_by_line_and_by_amount_are_a_minute_apart_and_never_more_than_was_paid() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    // 4.00 and 9.00.
    let order = shop
        .sell_paid(&line, &[(WATER, 2), (NOODLES, 2)], "click")
        .await?;
    let first = shop.wish(&order, of_line(1, 1, true), "r1")??;
    shop.catch_up().await?;
    assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "one bottle is back");
    let second = shop.wish(&order, Part::Amount(Fen::new(150)), "r2")??;
    shop.catch_up().await?;
    assert_eq!(
        shop.refund_state(&second)?,
        RefundState::Waiting,
        "WeChat wants a minute between two parts"
    );
    let third = shop.wish(&order, of_line(2, 1, false), "r3")?;
    assert!(
        matches!(third, Err(Refusal::Refund(RefundRefusal::EarlierUnderWay))),
        "one at a time is on its way: {third:?}"
    );
    shop.live(MINUTE + SECOND * 10).await?;
    let third = shop.wish(&order, of_line(2, 1, false), "r3")??;
    shop.live(MINUTE * 2).await?;
    for number in [&first, &second, &third] {
        let state = shop.refund_state(number)?;
        assert!(is_refunded(&state), "{number}: {state:?}");
    }
    let requested: Vec<_> = line.refunds().iter().map(|it| it.requested).collect();
    assert!(
        requested
            .windows(2)
            .all(|pair| pair[1].duration_since(pair[0]) >= MINUTE),
        "WeChat has them at least a minute apart: {requested:?}"
    );
    assert_eq!(line.given_back(), 200 + 150 + 450, "to the fen");

    let rest = 1300 - 800;
    let too_much = shop.wish(&order, Part::Amount(Fen::new(rest + 1)), "r4")?;
    assert!(
        matches!(too_much, Err(Refusal::Refund(RefundRefusal::MoreThanLeft { left })) if left == Fen::new(rest)),
        "a fen more than is left: {too_much:?}"
    );
    let pieces = shop.wish(&order, of_line(1, 2, true), "r5")?;
    assert!(
        matches!(
            pieces,
            Err(Refusal::Refund(RefundRefusal::MorePiecesThanLeft { left: 1 }))
        ),
        "two bottles were sold and one is back: {pieces:?}"
    );
    let last = shop.wish(&order, Part::Whole { goods_back: true }, "r6")??;
    shop.live(MINUTE * 3).await?;
    assert_eq!(
        shop.refund(&last)?.refund_fee,
        Fen::new(rest),
        "the rest is what is left, whatever the prices say"
    );
    assert_eq!(line.given_back(), 1300, "all that was paid and not a fen more");
    let nothing = shop.wish(&order, Part::Amount(Fen::new(1)), "r7")?;
    assert!(
        matches!(nothing, Err(Refusal::Refund(RefundRefusal::NothingLeft))),
        "and nothing is left: {nothing:?}"
    );
    assert_eq!(line.refunds().len(), 4, "what is refused never reaches WeChat");
    assert_eq!(
        (shop.shelf(WATER)?, shop.shelf(NOODLES)?),
        ((Some(500), 0, 0), (Some(39), 0, 1)),
        "the noodles that were kept are sold, all else is back"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_pressed_twice_is_one_refund() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop.sell_paid(&line, &[(WATER, 1)], "click").await?;
    let once = shop.wish(&order, Part::Amount(Fen::new(50)), "r1")??;
    let twice = shop.wish(&order, Part::Amount(Fen::new(50)), "r1")??;
    assert_eq!(once, twice, "the same click is the same refund");
    let mut shop = shop.restart(SECOND)?;
    shop.live(MINUTE).await?;
    let later = shop.wish(&order, Part::Amount(Fen::new(50)), "r1")??;
    assert_eq!(later, once, "even after a restart, and long after it was done");
    assert_eq!(line.refunds().len(), 1, "WeChat was asked for one");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_given_back_is_refused_and_nothing_is_saved() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let unpaid = shop.sell(WATER, "click")?;
    shop.catch_up().await?;
    let refused = shop.wish(&unpaid, Part::Whole { goods_back: false }, "r1")?;
    assert!(
        matches!(refused, Err(Refusal::Refund(RefundRefusal::NotPaid))),
        "nobody has paid: {refused:?}"
    );
    let order = shop.sell_paid(&line, &[(LAST_PIECE, 1)], "click-2").await?;
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    let empty = shop
        .till
        .refund(now, &order, Part::Whole { goods_back: false }, "  ", "r2", yes);
    assert!(
        matches!(empty, Err(Refusal::Refund(RefundRefusal::Reason))),
        "money is given back for a reason: {empty:?}"
    );
    let (wrong, now) = (shop.yes(Act::Users)?, shop.now());
    let whole = Part::Whole { goods_back: false };
    let other = shop.till.refund(now, &order, whole.clone(), "理由", "r3", wrong);
    assert!(
        matches!(other, Err(Refusal::NeedsManager)),
        "a yes to something else is no yes to this: {other:?}"
    );
    assert!(
        shop.till.db().read().refunds().of_order(&order)?.is_empty(),
        "nothing of it was saved"
    );
    // A year and a day later.
    let mut shop = shop.restart(MINUTE * (366 * 24 * 60))?;
    let late = shop.wish(&order, whole, "r4")?;
    assert!(
        matches!(late, Err(Refusal::Refund(RefundRefusal::TooLate))),
        "WeChat gives back within a year: {late:?}"
    );
    Ok(())
}
