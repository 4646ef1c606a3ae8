//! No broker at the start, and none in the middle: polling finishes every payment, and the lamp says so.

use scantill_tests::broker::Broker;
use scantill_tests::proxy::Proxy;
use till_app::clock::steady;
use till_app::notify::{NotifyLink, Trouble};
use till_app::{Config, notify::NotifyPicture};
use till_core::{FoundBy, State};

use super::chain::{Chain, Counter, clock_running, deadline_in};

fn is_down(notify: &NotifyPicture) -> bool {
    matches!(notify.link, NotifyLink::Down { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_40_without_a_broker_at_the_start_the_till_sells_and_asks() -> anyhow::Result<()> {
    let broker = Broker::shared().await?;
    let chain = Chain::on(broker.vhost().await?).await?;
    let wire = Proxy::before(broker.port()).await?;
    wire.accept(false);
    let url = chain.vhost.amqp_url_at(wire.port());
    let config = Config::parse(&chain.config_text("T01", 1, &url))?;
    let counter = Counter::open(config, tempfile::tempdir()?, steady())?;
    let notify = counter.until_notify("the lamp", is_down).await?;
    let NotifyLink::Down { trouble, .. } = &notify.link else {
        panic!("it was just so")
    };
    assert!(
        matches!(trouble, Trouble::Unreachable(_)),
        "the lamp says why: {trouble:?}"
    );
    let number = counter.on_show("click").await?;
    chain.line.pay(&number)?;
    let paid = counter.until_paid(&number).await?;
    assert_eq!(
        paid.payment().map(|payment| payment.found_by),
        Some(FoundBy::Query),
        "asking finds it"
    );
    wire.accept(true);
    counter.until_up().await?;
    chain.until_empty("T01").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_40_without_a_broker_the_tills_own_timer_closes() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let config = Config::parse(&chain.config_text("T01", 1, "amqp://nobody:nothing@127.0.0.1:9/none"))?;
    let config = deadline_in(config, std::time::Duration::from_secs(6))?;
    let counter = Counter::open(config, tempfile::tempdir()?, clock_running(1.0))?;
    let number = counter.sell("click").await?;
    counter
        .until(&number, "the till's own timer", |attempt| {
            matches!(attempt.state, State::Closing { .. })
        })
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_goes_in_the_middle_takes_no_payment_with_it() -> anyhow::Result<()> {
    let broker = Broker::shared().await?;
    let chain = Chain::on(broker.vhost().await?).await?;
    let wire = Proxy::before(broker.port()).await?;
    let url = format!("{}?heartbeat=1", chain.vhost.amqp_url_at(wire.port()));
    let config = Config::parse(&chain.config_text("T01", 1, &url))?;
    let counter = Counter::open(config, tempfile::tempdir()?, steady())?;
    counter.until_up().await?;
    // 0: cut; 1: silent, as a broker that was frozen or a cable that was pulled.
    for how in 0..2 {
        let mut numbers = Vec::new();
        for nth in 0..4 {
            numbers.push(counter.on_show(&format!("click-{how}-{nth}")).await?);
        }
        chain.line.pay(&numbers[0])?;
        if how == 0 {
            wire.accept(false);
            wire.cut();
        } else {
            wire.stop_forwarding();
        }
        for number in &numbers[1..] {
            chain.line.pay(number)?;
        }
        counter.until_notify("the lamp", is_down).await?;
        for number in &numbers {
            counter.until_paid(number).await?;
        }
        wire.accept(true);
        wire.forward();
        counter.until_up().await?;
        chain.until_empty("T01").await?;
        for number in &numbers {
            assert!(
                matches!(counter.attempt(number).await?.state, State::Paid(_)),
                "what comes over the broker afterwards changes nothing"
            );
        }
    }
    let sold = counter
        .with(|till, _| Ok(till.db().read().stock().all()?.first().map(|row| row.sold)))
        .await?;
    assert_eq!(sold, Some(8), "each was sold once");
    Ok(())
}
