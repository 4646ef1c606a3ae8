//! Late and double payments: taken over as sales, or given back.

use notify_bus::Kind;
use scantill_tests::counter::API_KEY;
use scantill_tests::refunds::{SETTLED, is_refunded};
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use till_app::approval::Act;
use till_app::notify::{Fate, Incoming};
use till_app::{DayPicture, Refusal};
use till_core::{CloseReason, Fen, OutTradeNo, Part, ReviewReason, State};
use wechat_pay::{ApiKey, Fields, SignType, beijing, sign};
use wechat_pay_sim::{Call, Fault, Times};

use super::{MINUTE, SECOND};

fn today(shop: &Shop) -> anyhow::Result<DayPicture> {
    Ok(shop.till.day(shop.till.day_of(shop.now()), true)?)
}

/// WeChat's own notify that this order was paid just now.
fn paid_notify(shop: &Shop, number: &OutTradeNo) -> anyhow::Result<Incoming> {
    let merchant = &shop.config().merchant;
    let fields = Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", "n0nce")
        .with("openid", "oWeP25T9OE1ixbLUgN0DxMuSZ6N4")
        .with("trade_type", "NATIVE")
        .with("bank_type", "OTHERS")
        .with("total_fee", "19900")
        .with("fee_type", "CNY")
        .with("cash_fee", "19900")
        .with("transaction_id", "4200000001202611231234567890")
        .with("out_trade_no", number.as_str())
        .with("time_end", beijing::format_compact(shop.now()));
    let signed = sign::signed(fields, &ApiKey::parse(API_KEY)?, SignType::HmacSha256);
    let fields = signed
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Incoming {
        message_id: "late".to_owned(),
        length: 700,
        content: Ok((Kind::Notify, fields.collect())),
    })
}

fn reviews(shop: &Shop) -> usize {
    let waiting = shop.till.snapshot().waiting;
    let in_review = |state: &State| matches!(state, State::Review { .. });
    waiting.iter().filter(|it| in_review(&it.attempt.state)).count()
}

/// Cancelled, and paid by the code on the phone all the same.
async fn late(line: &Line) -> anyhow::Result<(Shop, OutTradeNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let number = shop.sell(LAST_PIECE, "click")?;
    shop.catch_up().await?;
    line.simulator.advance(SECOND * 5);
    let now = shop.now();
    shop.till.cancel(now, &number)?;
    line.simulator.advance(SECOND * 2);
    line.pay(&number)?;
    shop.live(SECOND * 10).await?;
    assert!(
        matches!(
            shop.state(&number)?,
            State::Review {
                why: ReviewReason::PaidAfterCancel,
                payment: Some(_)
            }
        ),
        "late money is for a person"
    );
    Ok((shop, number))
}

/// Cancelled, a new code asked for, and both paid.
async fn twice(line: &Line) -> anyhow::Result<(Shop, OutTradeNo, OutTradeNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let first = shop.sell(WATER, "click")?;
    shop.catch_up().await?;
    let now = shop.now();
    shop.till.cancel(now, &first)?;
    shop.live(SECOND * 4).await?;
    let now = shop.now();
    let second = shop.till.pay_again(now, &first)?;
    shop.catch_up().await?;
    line.pay(&second)?;
    line.pay(&first)?;
    shop.live(SECOND * 10).await?;
    let is_double = matches!(
        shop.state(&first)?,
        State::Review {
            why: ReviewReason::PaidTwice | ReviewReason::PaidAfterCancel,
            ..
        }
    );
    assert!(is_double, "one of them is the sale's, the other for a person");
    Ok((shop, first, second))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_becomes_a_sale_on_the_day_it_was_paid() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (shop, number) = late(&line).await?;
    assert_eq!(
        today(&shop)?.figures.paid.count,
        0,
        "not counted while nobody has decided"
    );
    // A day later somebody looks at it.
    let paid_on = shop.till.day_of(shop.now());
    let mut shop = shop.restart(MINUTE * (24 * 60))?;
    shop.catch_up().await?;
    assert_eq!(reviews(&shop), 1, "it waits however long");
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &number, yes)?;
    assert!(matches!(shop.state(&number)?, State::Paid(_)), "paid");
    assert_eq!(reviews(&shop), 0, "off the list");
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 0, 1),
        "the piece that was held is sold"
    );
    let day = shop.till.day(paid_on, true)?.figures;
    assert_eq!(
        (day.paid.sum, day.adopted.sum, day.review.count),
        (Fen::new(19_900), Fen::new(19_900), 0),
        "on the day it was paid, and told apart"
    );
    assert_eq!(shop.journal("adopted")?.len(), 1, "with a row in the journal");
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let again = shop.till.adopt(now, &number, yes);
    assert!(
        matches!(again, Err(Refusal::NotNow(_))),
        "decided once: {again:?}"
    );
    let number = shop.wish(&number, Part::Whole { goods_back: true }, "r1")??;
    shop.live(SETTLED).await?;
    assert!(
        is_refunded(&shop.refund_state(&number)?),
        "a sale like any other, that can be given back"
    );
    assert_eq!(shop.shelf(LAST_PIECE)?, (Some(1), 0, 0), "with its goods");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_goes_back_and_its_goods_are_free() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = late(&line).await?;
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let refund = shop
        .till
        .refund_review(now, &number, false, "顾客已离开", "r1", yes)?;
    assert_eq!(reviews(&shop), 0, "off the list");
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(1), 0, 0),
        "the piece is free again"
    );
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let twice = shop
        .till
        .refund_review(now, &number, false, "顾客已离开", "r1", yes)?;
    assert_eq!(twice, refund, "the same click is the same refund");
    shop.live(SETTLED).await?;
    assert!(
        is_refunded(&shop.refund_state(&refund)?),
        "the customer has it back"
    );
    assert_eq!(line.given_back(), 19_900, "all of it, once");
    let day = today(&shop)?.figures;
    assert_eq!(
        (day.paid.sum, day.given_back.sum, day.refunded.sum, day.net()?),
        (Fen::ZERO, Fen::new(19_900), Fen::new(19_900), Fen::ZERO),
        "money in, money out, and no sale"
    );
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let other = shop.till.adopt(now, &number, yes);
    assert!(other.is_err(), "what went back is no sale any more: {other:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_to_nothing_puts_the_payment_back_on_the_list() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = late(&line).await?;
    line.fault(Call::Refund, Fault::RefundClose, Times::Count(1));
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till
        .refund_review(now, &number, false, "顾客已离开", "r1", yes)?;
    shop.live(SETTLED).await?;
    assert_eq!(
        reviews(&shop),
        1,
        "closed by WeChat: the money is here and nobody's"
    );
    let mut shop = shop.restart(SECOND)?;
    shop.catch_up().await?;
    assert_eq!(reviews(&shop), 1, "after a restart too");
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &number, yes)?;
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 0, 1),
        "taken over after all: the piece is taken off the shelf again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_for_a_person_again_is_on_the_list_at_once() -> anyhow::Result<()> {
    // WeChat closes the refund long after everybody has seen how the payment ended.
    let line = Line::open().await?;
    let (mut shop, number) = late(&line).await?;
    line.fault(Call::Refund, Fault::RefundClose, Times::Count(1));
    shop.till.done();
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till
        .refund_review(now, &number, false, "顾客已离开", "r1", yes)?;
    shop.till.seen(&number);
    assert_eq!(reviews(&shop), 0, "decided");
    shop.live(SETTLED).await?;
    assert_eq!(reviews(&shop), 1, "REFUNDCLOSE: it waits for a person again");
    shop.till.seen(&number);
    assert_eq!(reviews(&shop), 1, "and does however often it was looked at");

    // WeChat refuses the refund, and a manager gives it up.
    let line = Line::open().await?;
    let (mut shop, first, second) = twice(&line).await?;
    let double = match shop.state(&first)? {
        State::Review { .. } => first,
        _ => second,
    };
    line.fault(Call::Refund, Fault::NotEnough, Times::Forever);
    shop.till.done();
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let refund = shop
        .till
        .refund_review(now, &double, false, "重复付款", "r1", yes)?;
    shop.till.done();
    shop.live(SETTLED).await?;
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    shop.till.withdraw_refund(now, &refund, yes)?;
    assert_eq!(
        reviews(&shop),
        1,
        "the money is here and nobody's: a person is told"
    );
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &double, yes)?;
    assert_eq!(reviews(&shop), 0, "decided");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_payment_goes_back_or_becomes_a_sale_of_its_own() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, first, second) = twice(&line).await?;
    let double = match shop.state(&first)? {
        State::Review { .. } => first,
        _ => second,
    };
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &double, yes)?;
    assert!(matches!(shop.state(&double)?, State::Paid(_)), "paid");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(498), 0, 2),
        "two bottles for two payments"
    );
    assert_eq!(today(&shop)?.figures.paid.sum, Fen::new(400), "and two sales");
    assert_eq!(reviews(&shop), 0, "off the list");

    let line = Line::open().await?;
    let (mut shop, first, second) = twice(&line).await?;
    let double = match shop.state(&first)? {
        State::Review { .. } => first,
        _ => second,
    };
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let refund = shop
        .till
        .refund_review(now, &double, false, "重复付款", "r1", yes)?;
    shop.live(SETTLED).await?;
    assert!(
        is_refunded(&shop.refund_state(&refund)?),
        "the second payment went back"
    );
    assert_eq!(line.given_back(), 200, "and only that one");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "the sale and its bottle stand"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_after_closing_sells_only_what_is_still_there() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(LAST_PIECE, "click")?;
    shop.catch_up().await?;
    // WeChat calls it closed for a moment, so that the goods go back; then the payment shows.
    let now = shop.now();
    shop.till.cancel(now, &number)?;
    shop.live(MINUTE * 6).await?;
    assert_eq!(
        shop.state(&number)?,
        State::Closed {
            why: CloseReason::Cancelled
        },
        "closed"
    );
    let other = shop.sell_paid(&line, &[(LAST_PIECE, 1)], "click-2").await?;
    assert!(
        matches!(shop.state(&other)?, State::Paid(_)),
        "sold to somebody else"
    );
    // The money for the closed order comes by a notify.
    let told = paid_notify(&shop, &number)?;
    let now = shop.now();
    assert_eq!(shop.till.take_in(now, &told), Fate::Done, "taken in");
    assert_eq!(reviews(&shop), 1, "paid after it was closed");
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &number, yes)?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "the money is a sale's"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 0, 1),
        "but there was one piece, and it is sold once"
    );
    assert!(
        shop.journal("adopted")?[0].contains("not there"),
        "which the journal says"
    );
    Ok(())
}
