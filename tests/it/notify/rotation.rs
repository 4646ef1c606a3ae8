//! The merchant's key is replaced in the middle of a day: what WeChat made with the one before is believed, and everything
//! of ours goes out under the new one.

use scantill_tests::broker::Broker;
use scantill_tests::counter::API_KEY;
use scantill_tests::relay::Setup;
use scantill_tests::shop::Line;
use scantill_tests::wait::{PATIENCE, until};
use till_app::Config;
use till_app::clock::steady;
use till_core::{EvidenceKind, FoundBy, SignVerdict};
use wechat_pay::ApiKey;
use wechat_pay_sim::{Call, Fault, Times};

use super::chain::{Chain, Counter, NEVER, relay_program};

const NEW_KEY: &str = "NewKeyOfTheMerchantSinceMidday00";

/// The till as it is started again with both keys.
fn with_both_keys(chain: &Chain) -> anyhow::Result<Config> {
    let text = chain.config_text("T01", NEVER, &chain.vhost.amqp_url());
    let old = format!("api_key = \"{API_KEY}\"");
    let both = format!("api_key = \"{NEW_KEY}\"\nprevious_{old}");
    Ok(Config::parse(&text.replacen(&old, &both, 1))?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_32_a_key_replaced_in_the_middle_of_a_day_makes_nothing_of_wechats_unbelievable()
-> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    // As the operator's page has it: first the relay takes both.
    let relay = Setup::new(relay_program(), &vhost.amqp_url())
        .rotated_to(NEW_KEY)
        .start()?;
    relay.until_ready(true).await?;
    let chain = Chain {
        line: Line::open_now().await?,
        relay,
        vhost,
    };
    let counter = chain.counter("T01", NEVER).await?;
    let before = counter.on_show("before").await?;
    // The till is closed to be given both, and the customer pays meanwhile.
    let (_, folder) = counter.stop().await?;
    chain.line.pay(&before)?;
    chain.until_waiting("T01", 1).await?;
    let new_key = ApiKey::parse(NEW_KEY)?;
    chain
        .line
        .simulator
        .with(|gateway, _| gateway.rotate_key(new_key));
    // One of WeChat's own machines is a moment behind.
    chain
        .line
        .fault(Call::OrderQuery, Fault::PreviousKey, Times::Count(1));

    let counter = Counter::open(with_both_keys(&chain)?, folder, steady())?;
    counter.until_paid(&before).await?;
    let after = counter.on_show("after").await?;
    chain.line.pay(&after)?;
    let paid = counter.until_paid(&after).await?;
    assert_eq!(
        paid.payment().map(|payment| payment.found_by),
        Some(FoundBy::Notify),
        "an order that WeChat took under the new key, by a notify made with it"
    );
    for number in [&before, &after] {
        // A till that starts asks WeChat at once, and may know before its queue is read.
        let record = until("the notify in the order's record", PATIENCE, async || {
            let record = counter.evidence(number).await?;
            let is_there = record
                .iter()
                .any(|row| row.kind == EvidenceKind::Notify && row.sign == SignVerdict::Right);
            Ok(is_there.then_some(record))
        })
        .await?;
        let doubted: Vec<_> = record
            .iter()
            .filter(|row| matches!(row.sign, SignVerdict::Wrong | SignVerdict::Missing))
            .collect();
        assert!(
            doubted.is_empty(),
            "{number}: nothing that WeChat made with either key is doubted: {doubted:?}"
        );
        assert!(
            record.iter().any(|row| row.kind == EvidenceKind::Orderquery),
            "{number}: and WeChat's answer confirmed it"
        );
    }
    let dead = counter.with(|till, _| Ok(till.dead_letters()?)).await?;
    assert!(dead.is_empty(), "no notify was of no use: {dead:?}");
    let by_old = chain.relay.counted("scantill_relay_previous_key_total").await?;
    assert_eq!(by_old, 1, "the relay counts what the old key is still needed for");
    Ok(())
}
