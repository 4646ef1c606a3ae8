//! The whole chain when WeChat, or the way to it, fails: no answer is a no, and nothing but a verified answer is a yes.

use std::time::Duration;

use jiff::SignedDuration;
use scantill_tests::elsewhere::order_from_elsewhere;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::snapshot::WechatLamp;
use till_core::{CloseReason, EvidenceKind, OutTradeNo, ReviewReason, State};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wechat_pay::client::HttpConfig;
use wechat_pay::{Client, HttpTransport, Nonce, Outcome, UnifiedOrder};
use wechat_pay_sim::{Call, Fault, OtherParameters, Times, TradeState};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The order is waiting for its payment, and no answer has said otherwise.
pub(crate) fn still_waits(shop: &Shop, number: &OutTradeNo, why: &str) -> anyhow::Result<()> {
    let state = shop.state(number)?;
    assert!(
        matches!(state, State::AwaitingPayment { .. }),
        "{why}, not {state:?}"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(499), 1, 0), "the goods stay held");
    Ok(())
}

/// A shop with an order that waits for its payment.
pub(crate) async fn placed(line: &Line) -> anyhow::Result<(Shop, OutTradeNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.catch_up().await?;
    still_waits(&shop, &number, "placed")?;
    Ok((shop, number))
}

/// The customer pays and it is seen; WeChat has one order, sold once.
async fn ends_paid(line: &Line, shop: &mut Shop, number: &OutTradeNo) -> anyhow::Result<()> {
    line.pay(number)?;
    shop.live(SECOND * 20).await?;
    let state = shop.state(number)?;
    assert!(matches!(state, State::Paid(_)), "it ends paid, not {state:?}");
    assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "sold once");
    let orders = line.simulator.with(|gateway, now| gateway.orders(now));
    assert_eq!(orders.len(), 1, "under one number");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_an_order_whose_answer_is_lost_is_asked_after_and_placed_again() -> anyhow::Result<()> {
    for fault in [
        Fault::DropAfter,
        Fault::Hang,
        Fault::EmptyBody,
        Fault::SystemErrorAfter,
    ] {
        let line = Line::open().await?;
        line.fault(Call::UnifiedOrder, fault, Times::Count(1));
        let mut shop = Shop::open(&line, "T01").await?;
        let number = shop.sell(WATER, "click")?;
        shop.catch_up().await?;
        assert!(line.order(&number).is_some(), "{fault:?}: WeChat has the order");
        assert_eq!(
            shop.state(&number)?,
            State::Placing,
            "{fault:?}: the till does not know"
        );
        shop.live(SECOND * 10).await?;
        still_waits(&shop, &number, "the code is got by the same request again")?;
        assert!(
            shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")? >= 1,
            "{fault:?}: asked first, for it might have been paid"
        );
        ends_paid(&line, &mut shop, &number).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_an_answer_that_comes_too_late_is_as_good_as_lost() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let late = Duration::from_secs(30);
    line.simulator.with(|gateway, _| {
        gateway
            .faults_mut()
            .delay(Call::UnifiedOrder, late, Times::Count(1))
    });
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.catch_up().await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Unifiedorder, "timeout")?,
        1,
        "given up after a while"
    );
    shop.live(SECOND * 10).await?;
    still_waits(&shop, &number, "and placed again")?;
    ends_paid(&line, &mut shop, &number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_a_request_that_never_arrived_is_sent_again_unchanged() -> anyhow::Result<()> {
    for fault in [Fault::DropBefore, Fault::HangBefore] {
        let line = Line::open().await?;
        line.fault(Call::UnifiedOrder, fault, Times::Count(2));
        let mut shop = Shop::open(&line, "T01").await?;
        let number = shop.sell(WATER, "click")?;
        shop.catch_up().await?;
        assert!(line.order(&number).is_none(), "{fault:?}: WeChat has no order");
        shop.live(SECOND * 20).await?;
        still_waits(&shop, &number, "a lost request is no refusal")?;
        assert!(
            shop.times(&number, EvidenceKind::Orderquery, "ORDERNOTEXIST")? >= 1,
            "{fault:?}: asked first"
        );
        ends_paid(&line, &mut shop, &number).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_after_too_many_calls_wechat_is_left_alone_for_ten_seconds() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    shop.live(SECOND * 2).await?;
    line.fault(Call::OrderQuery, Fault::FrequencyLimited, Times::Count(1));
    // Asked at the third second.
    shop.live(SECOND * 10).await?;
    let answers = |word| shop.times(&number, EvidenceKind::Orderquery, word);
    assert_eq!(answers("FREQUENCY_LIMITED")?, 1, "told once");
    assert_eq!(
        answers("NOTPAY")?,
        0,
        "and not asked since, at the twelfth second"
    );
    shop.live(SECOND * 8).await?;
    let seen = shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")?;
    assert_eq!(seen, 3, "at the 13th, 16th and 19th second, as before");
    ends_paid(&line, &mut shop, &number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_a_system_error_is_no_answer_whatever_was_asked() -> anyhow::Result<()> {
    for fault in [Fault::SystemError, Fault::SystemErrorAfter] {
        let line = Line::open().await?;
        for call in [Call::UnifiedOrder, Call::OrderQuery, Call::CloseOrder] {
            line.fault(call, fault, Times::Count(4));
        }
        let mut shop = Shop::open(&line, "T01").await?;
        let number = shop.sell(WATER, "click")?;
        shop.live(MINUTE * 3).await?;
        still_waits(&shop, &number, "after enough tries it is placed")?;
        line.fault(Call::OrderQuery, fault, Times::Count(4));
        shop.till.cancel(shop.now(), &number)?;
        shop.live(MINUTE * 5).await?;
        assert_eq!(
            shop.state(&number)?,
            State::Closed {
                why: CloseReason::Cancelled
            },
            "{fault:?}: after enough tries it is closed"
        );
        assert!(
            shop.times(&number, EvidenceKind::Closeorder, "SYSTEMERROR")? >= 1,
            "and the tries are kept"
        );
        assert_eq!(
            line.order(&number).map(|it| it.state),
            Some(TradeState::Closed),
            "WeChat agrees"
        );
        assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "the goods are back");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_19_paid_at_the_moment_of_the_close_is_paid() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    shop.live(MINUTE * 29 + SECOND * 58).await?;
    line.pay(&number)?;
    // The question before the close is answered by a part of WeChat that has not heard of it.
    line.fault(Call::OrderQuery, Fault::Stale, Times::Count(2));
    shop.live(SECOND * 10).await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Closeorder, "ORDERPAID")?,
        1,
        "the close came too late"
    );
    let state = shop.state(&number)?;
    assert!(
        matches!(state, State::Paid(_)),
        "the customer paid in time: {state:?}"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "the goods were never given back"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_20_a_close_without_an_answer_closes_nothing() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    shop.live(SECOND * 5).await?;
    shop.till.cancel(shop.now(), &number)?;
    line.fault(Call::CloseOrder, Fault::DropBefore, Times::Forever);
    shop.live(MINUTE * 8).await?;
    assert!(
        matches!(shop.state(&number)?, State::Closing { .. }),
        "lost closes close nothing"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(499), 1, 0), "the goods stay held");
    line.pay(&number)?;
    shop.live(SECOND * 20).await?;
    let state = shop.state(&number)?;
    let review = matches!(
        state,
        State::Review {
            why: ReviewReason::PaidAfterCancel,
            payment: Some(_)
        }
    );
    assert!(
        review,
        "and the customer could still pay, which a person sees: {state:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_22_a_number_taken_by_another_order_is_closed_or_put_before_a_person() -> anyhow::Result<()> {
    for (rule, pays) in [
        (OtherParameters::InvalidRequest, false),
        (OtherParameters::OutTradeNoUsed, false),
        (OtherParameters::OutTradeNoUsed, true),
    ] {
        let line = Line::open().await?;
        line.simulator
            .with(|gateway, _| gateway.rules_mut().other_parameters = rule);
        let mut shop = Shop::open(&line, "T01").await?;
        let number = shop.sell(WATER, "click")?;
        place_on_other_terms(&shop, &number).await?;
        shop.live(SECOND * 5).await?;
        let why = CloseReason::NumberTaken;
        let state = shop.state(&number)?;
        assert!(
            matches!(state, State::Closing { why: it, .. } if it == why),
            "{rule:?}: not ours: {state:?}"
        );
        assert!(
            shop.till.snapshot().front.is_some_and(|it| it.qr.is_none()),
            "no code of it is shown"
        );
        if pays {
            line.pay(&number)?;
            shop.live(SECOND * 10).await?;
            let state = shop.state(&number)?;
            let review = matches!(
                state,
                State::Review {
                    why: ReviewReason::AmountDiffers,
                    payment: Some(_)
                }
            );
            assert!(review, "somebody paid another amount under our number: {state:?}");
        } else {
            shop.live(MINUTE * 6).await?;
            assert_eq!(
                shop.state(&number)?,
                State::Closed { why },
                "{rule:?}: then the number is burnt"
            );
            assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "and the goods are back");
            let next = shop.till.pay_again(shop.now(), &number)?;
            shop.catch_up().await?;
            still_waits(&shop, &next, "a new number gets a code")?;
        }
    }
    Ok(())
}

/// Somebody else, with the same key, uses the number first.
async fn place_on_other_terms(shop: &Shop, number: &OutTradeNo) -> anyhow::Result<()> {
    let other = order_from_elsewhere(number.as_str(), 12_345);
    let request = UnifiedOrder::native(&shop.config().merchant, &other)?;
    let exchange = shop.client.send(&request, Nonce::random()).await;
    assert!(
        matches!(exchange.outcome, Outcome::Yes(_)),
        "the number is free as yet"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_what_is_not_wechat_s_answer_is_no_answer() -> anyhow::Result<()> {
    for (fault, word) in [
        (Fault::Html502, "http_502"),
        (Fault::Redirect, "redirected"),
        (Fault::Truncated, "unreadable"),
        (Fault::EmptyBody, "unreadable"),
        (Fault::Doctype, "unreadable"),
        (Fault::DoubledField, "unreadable"),
    ] {
        let line = Line::open().await?;
        line.fault(Call::UnifiedOrder, fault, Times::Count(1));
        let mut shop = Shop::open(&line, "T01").await?;
        let number = shop.sell(WATER, "click")?;
        shop.live(SECOND * 10).await?;
        still_waits(&shop, &number, "placing got over it")?;
        line.fault(Call::OrderQuery, fault, Times::Forever);
        line.pay(&number)?;
        shop.live(MINUTE).await?;
        still_waits(&shop, &number, "a page says nothing")?;
        assert!(
            shop.times(&number, EvidenceKind::Orderquery, word)? >= 3,
            "{fault:?}: kept as {word}"
        );
        line.clear_faults();
        shop.live(SECOND * 20).await?;
        assert!(
            matches!(shop.state(&number)?, State::Paid(_)),
            "{fault:?}: the true answer pays it"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_an_endless_answer_is_cut_short() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let flood = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let heard = stream.read(&mut [0; 4096]).await?;
        anyhow::ensure!(heard > 0, "the till asks before it hears");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await?;
        let mut sent = 0_usize;
        // Until the till hangs up.
        while stream
            .write_all(format!("1000\r\n{}\r\n", "x".repeat(4096)).as_bytes())
            .await
            .is_ok()
        {
            sent += 4096;
            anyhow::ensure!(sent < 100_000_000, "the till reads without an end");
        }
        Ok(())
    });
    let transport = HttpTransport::new(&HttpConfig::new(&base))?;
    let elsewhere = Client::new(shop.config().merchant.clone(), transport);
    shop.till.check_now(shop.now(), &number)?;
    shop.till.step(shop.now(), &elsewhere).await;
    flood.await??;
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "too_large")?,
        1,
        "no more is read than an answer has"
    );
    still_waits(&shop, &number, "and it says nothing")?;
    shop.live(SECOND * 10).await?;
    ends_paid(&line, &mut shop, &number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_30_forty_dark_minutes_across_the_deadline_give_no_goods_back() -> anyhow::Result<()> {
    for paid_in_the_dark in [false, true] {
        let mut line = Line::open().await?;
        let (mut shop, number) = placed(&line).await?;
        shop.live(SECOND * 10).await?;
        line.cut().await?;
        shop.live(MINUTE * 10).await?;
        still_waits(&shop, &number, "no answer is no answer")?;
        assert!(
            matches!(shop.till.snapshot().wechat, WechatLamp::Unstable { .. }),
            "the lamp says so"
        );
        if paid_in_the_dark {
            line.pay(&number)?;
        }
        shop.live(MINUTE * 30).await?;
        let state = shop.state(&number)?;
        let waits = matches!(
            state,
            State::Closing {
                why: CloseReason::Deadline,
                ..
            }
        );
        assert!(waits, "past its deadline it is watched, not closed: {state:?}");
        assert_eq!(
            shop.shelf(WATER)?,
            (Some(499), 1, 0),
            "no goods go back on a silence"
        );
        let rows = shop.evidence(&number)?.len();
        assert!(
            rows < 10,
            "forty minutes of silence are a run with a count, not {rows} rows"
        );
        line.restore().await?;
        shop.live(SECOND * 40).await?;
        if paid_in_the_dark {
            assert!(
                matches!(shop.state(&number)?, State::Paid(_)),
                "paid in time is paid"
            );
            assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "and sold");
        } else {
            let why = CloseReason::Deadline;
            assert_eq!(
                shop.state(&number)?,
                State::Closed { why },
                "now WeChat has said so"
            );
            assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "and the goods are back");
        }
    }
    Ok(())
}
