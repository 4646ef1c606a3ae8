//! Refunds that the bill has and this till has not: WeChat is asked, and the same money does not go back twice meanwhile.

use till_app::BillTrouble;
use till_core::{OutRefundNo, Part, RefundRefusal, RefundState};
use wechat_pay::Fields;

use super::*;

/// A refund that WeChat refused and a person gave up, and whose request reaches WeChat all the same.
async fn taken_after_all(line: &Line, shop: &mut Shop, order: &OutTradeNo) -> anyhow::Result<OutRefundNo> {
    line.fault(Call::Refund, Fault::NotEnough, Times::Forever);
    let number = shop.wish(order, Part::Whole { goods_back: false }, "r1")??;
    shop.live(MINUTE).await?;
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    shop.till.withdraw_refund(now, &number, yes)?;
    line.clear_faults();
    let saved = shop.till.db().read().refunds().request(&number)?;
    let fields: Fields = serde_json::from_str(&saved.context("a saved request")?)?;
    let request = wechat_pay::Refund::from_saved(fields)?;
    let sent = shop.client.send(&request, Nonce::random()).await;
    assert!(
        matches!(sent.outcome, Outcome::Yes(_)),
        "WeChat takes it: {:?}",
        sent.outcome
    );
    Ok(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_given_up_here_and_taken_on_the_bill_is_asked_about() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let order = paid(&line, &mut shop, WATER, "a").await?;
    let refund = taken_after_all(&line, &mut shop, &order).await?;
    shop.live_until(TEN).await?;
    assert!(
        matches!(shop.refund_state(&refund)?, RefundState::Withdrawn { .. }),
        "nobody has asked since"
    );
    shop.fetch_bills().await?;
    let picture = shop.agreement(day)?;
    let subject = Subject::Refund {
        out_refund_no: refund.to_string(),
        out_trade_no: order.to_string(),
    };
    assert_eq!(
        only(&picture, &subject).ways_out(),
        [WayOut::Ask, WayOut::Note],
        "a bill is not signed, an answer is"
    );
    let again = shop.wish(&order, Part::Whole { goods_back: false }, "r2")?;
    assert!(
        matches!(again, Err(Refusal::Refund(RefundRefusal::NothingLeft))),
        "while the bill says that it was taken, the money is not given back again: {again:?}"
    );
    shop.catch_up().await?;
    let state = shop.refund_state(&refund)?;
    assert!(
        matches!(state, RefundState::Refunded { .. }),
        "the till asks WeChat by itself, and believes the signed answer: {state:?}"
    );
    assert_eq!(line.given_back(), 200, "given back once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bill_is_not_believed_of_a_day_with_refunds_alone() -> anyhow::Result<()> {
    let (line, mut shop, first) = at_noon().await?;
    let order = paid(&line, &mut shop, WATER, "a").await?;
    shop.live_until(NOON).await?;
    let day = bill_date(shop.now());
    assert_ne!(first, day, "the next day, on which nobody pays");
    shop.wish(&order, Part::Whole { goods_back: false }, "r1")??;
    shop.live(MINUTE * 2).await?;

    let forgetful = ask_a_forgetful_one(&mut shop).await?;
    shop.live_until(TEN).await?;
    keep_up(&forgetful, &shop);
    shop.fetch_bills().await?;
    let standing = shop.agreement(day)?.standing;
    assert!(
        matches!(
            standing,
            BillStanding::Waiting {
                trouble: Some(BillTrouble::SaysNothing),
                ..
            }
        ),
        "money went back on that day, so the bill may only be late: {standing:?}"
    );
    Ok(())
}
