//! WeChat tells of a refund by itself: before or after a question, twice, or about a refund that is none of ours.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use notify_bus::Kind;
use scantill_tests::network::later;
use scantill_tests::refunds::is_refunded;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::notify::{Fate, Incoming};
use till_core::{EvidenceKind, Fen, OutRefundNo, OutTradeNo, Part, RefundState};
use wechat_pay::refund_notify;
use wechat_pay::{ApiKey, Fields, Merchant, Nonce, SignType};
use wechat_pay_sim::{Call, Fault, Times};

use super::MINUTE;

async fn wished(line: &Line) -> anyhow::Result<(Shop, OutTradeNo, OutRefundNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let order = shop.sell_paid(line, &[(WATER, 1)], "click").await?;
    let number = shop.wish(&order, Part::Whole { goods_back: true }, "r1")??;
    Ok((shop, order, number))
}

/// The refund notify that WeChat has by now, as the relay would hand it on.
fn told(line: &Line) -> anyhow::Result<Incoming> {
    // The simulator has posted it to nobody already: it comes again.
    let soon = SignedDuration::from_mins(20);
    let posts = line
        .simulator
        .with(|gateway, now| gateway.notifies_due(later(now, soon)));
    let bodies = posts
        .iter()
        .map(|post| Fields::from_xml(&post.body, 64 * 1024))
        .collect::<Result<Vec<_>, _>>()?;
    let refund = bodies.iter().find(|fields| fields.get("req_info").is_some());
    Ok(message(
        refund.ok_or_else(|| anyhow::anyhow!("WeChat tells of a refund"))?,
    ))
}

fn message(fields: &Fields) -> Incoming {
    let fields: BTreeMap<String, String> = fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Incoming {
        message_id: "refund".to_owned(),
        length: 900,
        content: Ok((Kind::Notify, fields)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notify_that_comes_before_any_answer_ends_the_refund() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, _, number) = wished(&line).await?;
    line.fault(Call::Refund, Fault::DropAfter, Times::Count(1));
    line.fault(Call::RefundQuery, Fault::DropBefore, Times::Forever);
    shop.live(MINUTE).await?;
    assert_eq!(
        shop.refund_state(&number)?,
        RefundState::Sending,
        "no answer has come, and no question was answered"
    );
    let news = told(&line)?;
    let now = shop.now();
    assert_eq!(shop.till.take_in(now, &news), Fate::Done, "taken in");
    let state = shop.refund_state(&number)?;
    assert!(is_refunded(&state), "the notify alone proves it: {state:?}");
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "and the goods are back");
    let rows = shop.till.db().read().evidence().of_refund(&number)?;
    assert!(
        rows.iter()
            .any(|(_, row)| row.kind == EvidenceKind::RefundNotify && row.outcome == "SUCCESS"),
        "it stands in the refund's record"
    );
    let before = shop.journal("refund")?.len();
    let now = shop.now();
    assert_eq!(shop.till.take_in(now, &news), Fate::Done, "told again");
    assert_eq!(
        shop.journal("refund")?.len(),
        before,
        "the same news changes nothing"
    );
    line.clear_faults();
    shop.live(MINUTE * 5).await?;
    assert_eq!(line.refunds().len(), 1, "and nothing was sent again");
    assert_eq!(shop.till.next_due(), None, "nothing is left to ask");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notify_that_comes_after_the_query_changes_nothing() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, _, number) = wished(&line).await?;
    shop.live(MINUTE).await?;
    let before = shop.refund_state(&number)?;
    assert!(is_refunded(&before), "found by query");
    let news = told(&line)?;
    let now = shop.now();
    assert_eq!(shop.till.take_in(now, &news), Fate::Done, "taken in");
    assert_eq!(
        shop.refund_state(&number)?,
        before,
        "whichever is second changes nothing"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "the goods came back once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn change_is_told_by_a_notify_too() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, _, number) = wished(&line).await?;
    line.fault(Call::Refund, Fault::RefundChange, Times::Count(1));
    line.fault(Call::RefundQuery, Fault::DropBefore, Times::Forever);
    shop.live(MINUTE).await?;
    let news = told(&line)?;
    let now = shop.now();
    assert_eq!(shop.till.take_in(now, &news), Fate::Done, "taken in");
    let state = shop.refund_state(&number)?;
    assert!(
        matches!(state, RefundState::NeedsPerson { .. }),
        "a person has to see to it: {state:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_another_system_stands_in_the_orders_record_and_moves_nothing() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, order, number) = wished(&line).await?;
    shop.live(MINUTE).await?;
    let before = shop.refund(&number)?;
    let inner = |out_refund_no: &str, fee: &str| {
        Fields::new()
            .with("transaction_id", "4200000001202611231234567890")
            .with("out_trade_no", order.as_str())
            .with("refund_id", "50000000000000000000000000009")
            .with("out_refund_no", out_refund_no)
            .with("total_fee", fee)
            .with("refund_fee", "1")
            .with("refund_status", "SUCCESS")
    };
    let config = shop.config().merchant.clone();
    let merchant = Merchant {
        api_key: ApiKey::parse(scantill_tests::counter::API_KEY)?,
        sign_type: SignType::HmacSha256,
        ..config
    };
    // Asked for at the merchant platform; and one that has our number but another order's amount.
    for (out_refund_no, fee) in [("platform-1", "200"), (number.as_str(), "999")] {
        let outer = refund_notify::write(&inner(out_refund_no, fee), &merchant, &Nonce::random());
        let now = shop.now();
        assert_eq!(shop.till.take_in(now, &message(&outer)), Fate::Done, "taken in");
        assert_eq!(shop.refund(&number)?, before, "our own refund is as it was");
    }
    let rows = shop.evidence(&order)?;
    assert!(
        rows.iter()
            .any(|row| row.kind == EvidenceKind::Notify && row.outcome == "REFUND SUCCESS"),
        "the order's record has it"
    );
    let left = shop.wish(&order, Part::Amount(Fen::new(1)), "r2")?;
    assert!(left.is_err(), "all of it was given back by us: {left:?}");
    Ok(())
}
