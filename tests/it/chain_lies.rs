//! The whole chain when an answer is whole but not true: unsigned, signed wrongly, about something else, of another
//! amount, or out of date.

use anyhow::Context;
use jiff::SignedDuration;
use scantill_tests::shop::{Line, WATER};
use till_app::snapshot::WechatLamp;
use till_core::{CloseReason, EvidenceKind, Fen, ReviewReason, SignVerdict, State};
use wechat_pay_sim::{Call, Coupon, CouponKind, Fault, PayWith, Times};

use crate::chain_faults::{placed, still_waits};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_a_state_that_nobody_knows_is_for_a_person() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    line.fault(Call::OrderQuery, Fault::UnknownState, Times::Count(1));
    shop.live(SECOND * 4).await?;
    let state = shop.state(&number)?;
    let review = matches!(
        state,
        State::Review {
            why: ReviewReason::StateUnknown,
            payment: None
        }
    );
    assert!(review, "neither paid nor closed: {state:?}");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 1, 0),
        "the goods stay held until a person has looked"
    );
    shop.live(MINUTE * 6).await?;
    let state = shop.state(&number)?;
    let closed = matches!(
        state,
        State::Closed {
            why: CloseReason::StateUnknown
        }
    );
    assert!(
        closed,
        "asked after until WeChat spoke plainly, then closed: {state:?}"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "and the goods are back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_24_another_amount_is_never_paid_and_coupons_are() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    line.fault(Call::OrderQuery, Fault::WrongAmount, Times::Count(1));
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    let State::Review {
        why: ReviewReason::AmountDiffers,
        payment: Some(payment),
    } = shop.state(&number)?
    else {
        panic!("a fen too much, rightly signed, is for a person")
    };
    assert_eq!(payment.total_fee, Fen::new(201), "what WeChat said is kept");
    assert_eq!(shop.shelf(WATER)?, (Some(499), 1, 0), "and the goods stay held");

    let second = shop.sell(WATER, "second")?;
    shop.catch_up().await?;
    let coupon = Coupon {
        id: String::new(),
        fee: wechat_pay_sim::Fen::new(150),
        kind: CouponKind::NoCash,
    };
    let with = PayWith {
        coupons: vec![coupon],
        ..PayWith::default()
    };
    line.simulator
        .with(|gateway, now| gateway.pay(now, second.as_str(), &with))?;
    shop.live(SECOND * 4).await?;
    let State::Paid(payment) = shop.state(&second)? else {
        panic!("coupons are a part of the amount")
    };
    assert_eq!(
        (payment.total_fee, payment.cash_fee, payment.coupon_fee),
        (Fen::new(200), Fen::new(50), Fen::new(150)),
        "the total counts; its parts are kept"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_25_an_answer_about_something_else_is_no_answer() -> anyhow::Result<()> {
    for (fault, word) in [
        (Fault::WrongAppid, "other_merchant"),
        (Fault::WrongMchId, "other_merchant"),
        (Fault::WrongOutTradeNo, "other_order"),
    ] {
        let line = Line::open().await?;
        let (mut shop, number) = placed(&line).await?;
        line.fault(Call::OrderQuery, fault, Times::Forever);
        line.pay(&number)?;
        shop.live(MINUTE).await?;
        still_waits(
            &shop,
            &number,
            "rightly signed, but not about this order of this shop",
        )?;
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
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    line.fault(Call::OrderQuery, Fault::WrongFeeType, Times::Count(1));
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    let state = shop.state(&number)?;
    let review = matches!(
        state,
        State::Review {
            why: ReviewReason::AmountDiffers,
            payment: Some(_)
        }
    );
    assert!(review, "200 of another currency are not 200 fen: {state:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_26_nothing_is_paid_on_a_signature_that_is_not_right() -> anyhow::Result<()> {
    for (fault, verdict) in [
        (Fault::WrongSign, SignVerdict::Wrong),
        (Fault::NoSign, SignVerdict::Missing),
        (Fault::OtherSignType, SignVerdict::Wrong),
    ] {
        let line = Line::open().await?;
        let (mut shop, number) = placed(&line).await?;
        line.fault(Call::OrderQuery, fault, Times::Forever);
        line.pay(&number)?;
        shop.live(MINUTE).await?;
        still_waits(&shop, &number, "an answer that WeChat did not sign says nothing")?;
        let rows = shop.evidence(&number)?;
        let last = rows.last().context("evidence")?;
        assert_eq!(last.sign, verdict, "{fault:?}: the verdict is kept with it");
        assert!(
            last.count >= 3,
            "{fault:?}: the same again is counted, not written"
        );
        assert!(
            matches!(shop.till.snapshot().wechat, WechatLamp::Unstable { .. }),
            "{fault:?}: the lamp says so"
        );
        line.clear_faults();
        shop.live(SECOND * 20).await?;
        assert!(
            matches!(shop.state(&number)?, State::Paid(_)),
            "{fault:?}: the true answer pays it"
        );
        assert!(
            matches!(shop.till.snapshot().wechat, WechatLamp::Good { .. }),
            "and the lamp is green again"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_27_a_reading_that_lags_delays_and_undoes_nothing() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, number) = placed(&line).await?;
    line.pay(&number)?;
    line.fault(Call::OrderQuery, Fault::Stale, Times::Count(5));
    shop.live(SECOND * 10).await?;
    still_waits(&shop, &number, "not seen yet")?;
    shop.live(SECOND * 10).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "seen once the reading is up to date"
    );
    line.fault(Call::OrderQuery, Fault::Stale, Times::Forever);
    shop.till.check_now(shop.now(), &number)?;
    shop.live(SECOND * 10).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "paid is never taken back by an older reading"
    );
    Ok(())
}
