//! The query after the notify: stale readings, silence, and a start in between.

use jiff::SignedDuration;
use scantill_tests::refunds::is_refunded;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::notify::Fate;
use till_core::{CloseReason, EvidenceKind, OutTradeNo, RefundState, ReviewReason, State};
use wechat_pay_sim::{Call, Fault, Times, TradeState};

use super::ground::{notify, on_show, right};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn fault_27_queries_that_lag_behind_the_notify_take_nothing_back() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    line.fault(Call::OrderQuery, Fault::Stale, Times::Count(6));
    let message = notify(&line, &number)?;
    assert_eq!(
        shop.till.take_in(shop.now(), &message),
        Fate::Done,
        "paid by notify"
    );
    for _ in 0..30 {
        shop.live(SECOND * 3).await?;
        assert!(
            matches!(shop.state(&number)?, State::Paid(_)),
            "an old reading takes nothing back"
        );
        assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "the goods stay sold");
    }
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        1,
        "asked again until the reading had caught up, and then no more"
    );
    assert!(
        shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")? >= 6,
        "what it said before stands in the record"
    );
    assert!(shop.till.next_due().is_none(), "nothing is left to ask");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_27_a_notify_that_wechat_goes_on_denying_goes_to_a_person() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let paid = on_show(&mut shop, "paid").await?;
    line.pay(&paid)?;
    let true_one = notify(&line, &paid)?;
    let number = on_show(&mut shop, "click").await?;
    // Whoever knows the API key can write this; nobody has paid.
    let forged = right(&true_one, |fields| {
        fields
            .with("out_trade_no", number.as_str())
            .with("transaction_id", "4200009999202611230000000001")
    })?;
    assert_eq!(
        shop.till.take_in(shop.now(), &forged),
        Fate::Done,
        "rightly signed: taken in"
    );
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "at first there is no reason to doubt it"
    );
    shop.live(MINUTE * 5).await?;
    let State::Review { why, payment } = shop.state(&number)? else {
        panic!("WeChat has denied it for minutes: a person is told")
    };
    assert_eq!(why, ReviewReason::NotConfirmed, "and why");
    assert!(payment.is_some(), "with what the notify said");
    let day = shop.till.day(shop.till.day_of(shop.now()), true)?.figures;
    assert_eq!(
        (day.paid.count, day.review.count),
        (1, 1),
        "the day's takings are what WeChat has: the true payment alone"
    );
    let asked = shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")?;
    assert!(asked <= 14, "the number of questions has an end, not {asked}");
    assert!(shop.till.next_due().is_none(), "nothing is left to ask");
    Ok(())
}

fn proves_itself(shop: &Shop) {
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "the ledger proves itself: {check:?}");
}

/// An order that a forged notify made paid, and that WeChat has denied until a person was told.
async fn denied(line: &Line) -> anyhow::Result<(Shop, OutTradeNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let other = on_show(&mut shop, "paid").await?;
    line.pay(&other)?;
    let true_one = notify(line, &other)?;
    shop.live(SECOND * 4).await?;
    let number = on_show(&mut shop, "click").await?;
    let forged = right(&true_one, |fields| {
        fields
            .with("out_trade_no", number.as_str())
            .with("transaction_id", "4200009999202611230000000001")
    })?;
    assert_eq!(
        shop.till.take_in(shop.now(), &forged),
        Fate::Done,
        "rightly signed"
    );
    shop.live(MINUTE * 5).await?;
    assert!(
        matches!(
            shop.state(&number)?,
            State::Review {
                why: ReviewReason::NotConfirmed,
                ..
            }
        ),
        "WeChat has denied it for minutes"
    );
    Ok((shop, number))
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_never_came_is_decided_and_its_order_closed() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = denied(&line).await?;
    assert_eq!(shop.shelf(WATER)?, (Some(498), 0, 2), "sold on the notify's word");
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.deny(now, &number, yes)?;
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(498), 1, 1),
        "not sold, and held: the order can still be paid"
    );
    assert_eq!(
        shop.journal("no_money_came")?,
        ["approved by confirmed, no users"],
        "the journal names who decided"
    );
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let again = shop.till.deny(now, &number, yes);
    assert!(
        matches!(again, Err(Refusal::NotNow(_))),
        "decided once: {again:?}"
    );
    shop.live(MINUTE).await?;
    assert_eq!(
        shop.state(&number)?,
        State::Closed {
            why: CloseReason::Cancelled
        },
        "closed at WeChat"
    );
    assert_eq!(
        line.order(&number).map(|it| it.state),
        Some(TradeState::Closed),
        "nobody can pay it any more"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "and now the bottle is free"
    );
    proves_itself(&shop);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_true_payment_takes_the_place_of_a_forged_one() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = denied(&line).await?;
    // The code is still good at WeChat, and the customer pays by it after all.
    line.pay(&number)?;
    let true_one = notify(&line, &number)?;
    assert_eq!(shop.till.take_in(shop.now(), &true_one), Fate::Done, "taken in");
    shop.live(SECOND * 10).await?;
    let State::Paid(payment) = shop.state(&number)? else {
        panic!("WeChat has the money: {:?}", shop.state(&number)?)
    };
    assert_ne!(
        payment.transaction_id, "4200009999202611230000000001",
        "by WeChat's own number"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(498), 0, 2), "sold once");
    proves_itself(&shop);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_of_a_denied_payment_can_bring_its_goods_back() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = denied(&line).await?;
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let refund = shop
        .till
        .refund_review(now, &number, true, "查无此款", "r1", yes)?;
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(498), 0, 2),
        "not before WeChat has taken it"
    );
    proves_itself(&shop);
    shop.live(MINUTE).await?;
    assert!(
        matches!(shop.refund_state(&refund)?, RefundState::Refused { .. }),
        "WeChat has no such payment: {:?}",
        shop.refund_state(&refund)?
    );
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    shop.till.withdraw_refund(now, &refund, yes)?;
    // The money comes after all, and this time it can go back.
    line.pay(&number)?;
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    let refund = shop
        .till
        .refund_review(now, &number, true, "查无此款", "r2", yes)?;
    shop.live(MINUTE * 2).await?;
    assert!(is_refunded(&shop.refund_state(&refund)?), "with the customer");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "and the bottle is on the shelf"
    );
    proves_itself(&shop);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_can_be_had_after_an_older_one_became_a_sale_of_its_own() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let first = on_show(&mut shop, "click").await?;
    let now = shop.now();
    shop.till.cancel(now, &first)?;
    shop.live(SECOND * 4).await?;
    let now = shop.now();
    let second = shop.till.pay_again(now, &first)?;
    shop.catch_up().await?;
    line.pay(&first)?;
    let true_one = notify(&line, &first)?;
    let forged = right(&true_one, |fields| {
        fields
            .with("out_trade_no", second.as_str())
            .with("transaction_id", "4200009999202611230000000001")
    })?;
    assert_eq!(
        shop.till.take_in(shop.now(), &forged),
        Fate::Done,
        "rightly signed"
    );
    shop.live(SECOND * 10).await?;
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.adopt(now, &first, yes)?;
    shop.live(MINUTE * 5).await?;
    let (yes, now) = (shop.yes(Act::Review)?, shop.now());
    shop.till.deny(now, &second, yes)?;
    let now = shop.now();
    let third = shop.till.pay_again(now, &second)?;
    shop.catch_up().await?;
    line.pay(&third)?;
    shop.live(SECOND * 10).await?;
    assert!(
        matches!(shop.state(&third)?, State::Paid(_)),
        "paid by the third code"
    );
    proves_itself(&shop);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_30_silence_after_a_notify_is_sat_out() -> anyhow::Result<()> {
    let mut line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let message = notify(&line, &number)?;
    line.cut().await?;
    assert_eq!(
        shop.till.take_in(shop.now(), &message),
        Fate::Done,
        "the broker's way is open"
    );
    shop.live(MINUTE * 3).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "no answer is no denial"
    );
    line.restore().await?;
    shop.live(SECOND * 20).await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        1,
        "once WeChat answers again it confirms"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_between_notify_and_query_goes_on_with_the_query() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let message = notify(&line, &number)?;
    assert_eq!(shop.till.take_in(shop.now(), &message), Fate::Done, "committed");
    let mut shop = shop.restart(MINUTE)?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "paid before and after the start"
    );
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        0,
        "the power failed before WeChat was asked"
    );
    assert_eq!(
        shop.till.take_in(shop.now(), &message),
        Fate::Done,
        "the broker brings it again"
    );
    shop.live(SECOND * 5).await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        1,
        "asked after the start"
    );
    let shop = shop.restart(MINUTE)?;
    assert!(shop.till.next_due().is_none(), "and not at the next one");
    Ok(())
}
