//! WeChat, or the way to it, fails: no answer is no refusal, and what may have arrived is asked after before it is sent again.

use scantill_tests::refunds::{SETTLED, is_refunded};
use scantill_tests::shop::{Line, Shop, WATER};
use till_core::{EvidenceKind, Fen, OutRefundNo, OutTradeNo, Part, RefundState, State};
use wechat_pay_sim::{Call, Fault, Times};

use super::{MINUTE, SECOND};

/// A sale of 4.00 of which 1.00 was just wished back.
async fn wished(line: &Line) -> anyhow::Result<(Shop, OutTradeNo, OutRefundNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let order = shop.sell_paid(line, &[(WATER, 2)], "click").await?;
    let number = shop.wish(&order, Part::Amount(Fen::new(100)), "r1")??;
    Ok((shop, order, number))
}

/// It ends with the money at the customer; WeChat has it once.
async fn ends_refunded(line: &Line, shop: &mut Shop, number: &OutRefundNo) -> anyhow::Result<()> {
    shop.live(MINUTE * 5).await?;
    let state = shop.refund_state(number)?;
    assert!(is_refunded(&state), "it ends refunded, not {state:?}");
    let book = line.refunds();
    assert_eq!(
        book.iter()
            .map(|it| it.out_refund_no.as_str())
            .collect::<Vec<_>>(),
        [number.as_str()],
        "one wish, one refund at WeChat, under the first number"
    );
    assert_eq!(line.given_back(), 100, "of the amount that was wished");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_a_refund_whose_answer_is_lost_is_found_and_not_sent_again() -> anyhow::Result<()> {
    for fault in [
        Fault::DropAfter,
        Fault::Hang,
        Fault::EmptyBody,
        Fault::Truncated,
        Fault::WrongSign,
        Fault::NoSign,
        Fault::SystemErrorAfter,
        Fault::WrongAmount,
        Fault::WrongOutTradeNo,
    ] {
        let line = Line::open().await?;
        let (mut shop, _, number) = wished(&line).await?;
        line.fault(Call::Refund, fault, Times::Count(1));
        shop.catch_up().await?;
        assert_eq!(line.refunds().len(), 1, "{fault:?}: WeChat has it");
        assert_eq!(
            shop.refund_state(&number)?,
            RefundState::Sending,
            "{fault:?}: the till does not know"
        );
        ends_refunded(&line, &mut shop, &number).await?;
        let words = shop.refund_words(&number)?;
        assert!(
            !words.contains(&"REFUNDNOTEXIST".to_owned()),
            "{fault:?}: WeChat has it, and is asked: {words:?}"
        );
        let sent = shop.till.db().read().evidence().of_refund(&number)?;
        let sendings: u32 = sent
            .iter()
            .filter(|(_, row)| row.kind == EvidenceKind::Refund)
            .map(|(_, row)| row.count)
            .sum();
        assert_eq!(sendings, 1, "{fault:?}: sent once");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_a_refund_that_never_arrived_is_sent_again_unchanged() -> anyhow::Result<()> {
    for fault in [
        Fault::DropBefore,
        Fault::HangBefore,
        Fault::Html502,
        Fault::Redirect,
    ] {
        let line = Line::open().await?;
        let (mut shop, _, number) = wished(&line).await?;
        line.fault(Call::Refund, fault, Times::Count(2));
        shop.catch_up().await?;
        assert!(line.refunds().is_empty(), "{fault:?}: WeChat has nothing");
        ends_refunded(&line, &mut shop, &number).await?;
        let rows = shop.till.db().read().evidence().of_refund(&number)?;
        let requests: Vec<&str> = rows
            .iter()
            .filter(|(_, row)| row.kind == EvidenceKind::Refund)
            .filter_map(|(_, row)| row.request.as_deref())
            .collect();
        assert!(requests.len() >= 2, "{fault:?}: sent more than once");
        let plain = |text: &str| -> anyhow::Result<wechat_pay::Fields> {
            let fields = wechat_pay::Fields::from_xml(text.as_bytes(), 64 * 1024)?;
            let kept = fields
                .iter()
                .filter(|(name, _)| !["nonce_str", "sign"].contains(name));
            Ok(wechat_pay::Fields::try_from_iter(kept)?)
        };
        for request in &requests[1..] {
            assert_eq!(
                plain(request)?,
                plain(requests[0])?,
                "{fault:?}: the same to the letter but for nonce and sign"
            );
        }
        let words = shop.refund_words(&number)?;
        assert!(
            words.contains(&"REFUNDNOTEXIST".to_owned()),
            "{fault:?}: asked before it was sent again: {words:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_systemerror_is_never_called_failed() -> anyhow::Result<()> {
    for call in [Call::Refund, Call::RefundQuery] {
        let line = Line::open().await?;
        let (mut shop, _, number) = wished(&line).await?;
        line.fault(call, Fault::SystemError, Times::Count(6));
        for _ in 0..20 {
            shop.live(SECOND * 3).await?;
            let state = shop.refund_state(&number)?;
            assert!(
                !matches!(state, RefundState::Refused { .. } | RefundState::Withdrawn { .. }),
                "{call:?}: SYSTEMERROR is no refusal: {state:?}"
            );
        }
        ends_refunded(&line, &mut shop, &number).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_too_many_calls_are_waited_out() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, _, number) = wished(&line).await?;
    line.fault(Call::Refund, Fault::FrequencyLimited, Times::Count(1));
    shop.live(SECOND * 50).await?;
    assert!(
        line.refunds().is_empty(),
        "WeChat blocks for a minute: nothing is sent meanwhile"
    );
    assert_eq!(shop.refund_words(&number)?, ["FREQUENCY_LIMITED"], "nor asked");
    ends_refunded(&line, &mut shop, &number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_30_a_gateway_that_is_away_for_an_hour_changes_nothing() -> anyhow::Result<()> {
    let mut line = Line::open().await?;
    let (mut shop, _, number) = wished(&line).await?;
    line.cut().await?;
    shop.live(MINUTE * 60).await?;
    assert_eq!(
        shop.refund_state(&number)?,
        RefundState::Sending,
        "unknown is shown as unknown"
    );
    line.restore().await?;
    ends_refunded(&line, &mut shop, &number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_31_two_refunds_of_one_order_never_race() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, order, first) = wished(&line).await?;
    line.fault(Call::Refund, Fault::DropAfter, Times::Count(1));
    line.fault(Call::RefundQuery, Fault::DropBefore, Times::Count(3));
    shop.catch_up().await?;
    // As long as WeChat may or may not have the first one, a second is not begun: together they may be too much.
    let second = shop.wish(&order, Part::Amount(Fen::new(400)), "r2")?;
    assert!(
        second.is_err(),
        "more than what is left beside the one in doubt: {second:?}"
    );
    let second = shop.wish(&order, Part::Amount(Fen::new(300)), "r2")?;
    assert!(
        second.is_err(),
        "nor a part, while the first is in doubt: {second:?}"
    );
    shop.live(MINUTE).await?;
    let second = shop.wish(&order, Part::Amount(Fen::new(300)), "r2")??;
    shop.live(MINUTE * 3).await?;
    for number in [&first, &second] {
        let state = shop.refund_state(number)?;
        assert!(is_refunded(&state), "{number}: {state:?}");
    }
    assert_eq!(line.given_back(), 400, "all that was paid");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_23_a_query_of_a_refunded_order_leaves_the_sale_as_it_is() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, order, number) = wished(&line).await?;
    shop.live(SETTLED).await?;
    let now = shop.now();
    shop.till.check_now(now, &order)?;
    shop.catch_up().await?;
    assert!(
        matches!(shop.state(&order)?, State::Paid(_)),
        "WeChat says REFUND of an order of which a part was given back: it was paid all the same"
    );
    assert!(is_refunded(&shop.refund_state(&number)?), "and the refund stands");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_refunds_keep_no_payment_waiting() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let mut orders = Vec::new();
    for nth in 0..6 {
        orders.push(
            shop.sell_paid(&line, &[(WATER, 1)], &format!("click-{nth}"))
                .await?,
        );
    }
    for (nth, order) in orders.iter().enumerate() {
        shop.wish(order, Part::Amount(Fen::new(50)), &format!("r{nth}"))??;
    }
    let waiting = shop.sell(WATER, "click")?;
    let now = shop.now();
    let mut jobs = Vec::new();
    while let Some(job) = shop.till.begin(now) {
        jobs.push(format!("{job:?}"));
    }
    let refunds = jobs.iter().filter(|job| job.contains("Refund(")).count();
    assert_eq!(
        refunds, 4,
        "of sixteen questions at once at most four are about refunds: {jobs:?}"
    );
    assert!(
        jobs.iter()
            .any(|job| job.contains("Place(") && job.contains(waiting.as_str())),
        "and the customer at the counter is served: {jobs:?}"
    );
    Ok(())
}
