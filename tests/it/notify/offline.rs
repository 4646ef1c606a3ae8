//! A till that is away while notifies come: they wait, and are taken in in their order, a few in hand at a time.

use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use notify_bus::topology;
use scantill_tests::counter::MCH_ID;
use scantill_tests::shop::WATER;
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use till_app::Database;
use till_app::clock::{Clock, steady};
use till_app::run::SHOW_EVERY;
use till_core::{CloseReason, FoundBy, OutTradeNo, State};

use super::chain::{Chain, Counter, NEVER, queue};
use super::ground;

/// Orders that are paid while the till is away.
const ORDERS: usize = 30;
/// Other tills' messages among them, of no use here.
const NIGHT: u32 = 1_500;
/// As the chain's configuration has it.
const PREFETCH: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "tells how long it really took")]
async fn fault_53_a_night_of_notifies_is_taken_in_in_order_with_few_in_hand() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", NEVER).await?;
    let mut numbers = Vec::new();
    for nth in 0..ORDERS {
        numbers.push(counter.on_show(&format!("click-{nth}")).await?);
    }
    let (config, folder) = counter.stop().await?;
    for number in &numbers {
        chain.line.pay(number)?;
        // One after the other, so that the queue's order is that of the payments.
        until("the callback service to take it", PATIENCE, async || {
            let open = chain.line.order(number).map(|order| order.notifies_open);
            Ok((open == Some(0)).then_some(()))
        })
        .await?;
    }
    let in_the_night = u32::try_from(ORDERS)?;
    chain.until_waiting("T01", in_the_night).await?;

    // The ledger is held by somebody else, so that the till has to keep what it was given.
    let file = folder.path().join("scantill.db");
    let (take, taken) = std::sync::mpsc::channel();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || -> anyhow::Result<()> {
        let mut somebody = Database::open(&file)?;
        taken.recv()?;
        let ended: Result<(), _> = somebody.write(|_| {
            let _ = held.recv();
            Err(till_store::StoreError::Unreadable {
                table: "nothing",
                what: "rolled back on purpose".to_owned(),
            })
        });
        drop(ended);
        Ok(())
    });
    let counter = Counter::open(config, folder, steady())?;
    take.send(())?;
    counter.until_up().await?;
    let look = format!(
        "{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{}\">>, queue, <<\"{}\">>)), \
         [{{_, Count}}] = rabbit_amqqueue:info(Queue, [messages_unacknowledged]), Count.",
        chain.vhost.name(),
        queue("T01")?
    );
    let in_hand = until(
        "the broker to say what is in hand",
        Duration::from_secs(60),
        async || {
            let count: u64 = chain.vhost.broker().evaluate(&look).await?.trim().parse()?;
            Ok((count > 0).then_some(count))
        },
    )
    .await?;
    assert!(
        in_hand <= PREFETCH,
        "{in_hand} in hand, but no more than {PREFETCH} were asked for"
    );
    let_go.send(())?;
    holder
        .join()
        .map_err(|_| anyhow::anyhow!("the holder panicked"))??;

    for number in &numbers {
        counter.until_paid(number).await?;
    }
    chain.until_empty("T01").await?;
    let taken_in: Vec<OutTradeNo> = counter
        .with(|till, _| {
            let rows = ground::inbox(till)?;
            rows.into_iter()
                .rev()
                .filter_map(|row| row.out_trade_no)
                .map(|number| Ok(OutTradeNo::parse(&number)?))
                .collect()
        })
        .await?;
    let mut once = taken_in.clone();
    once.dedup();
    assert_eq!(once, numbers, "in the order in which they were paid");

    // And now a long queue of no use: the screens are not choked by it.
    let properties = json!({ "type": "wechat.notify", "delivery_mode": 2 });
    let (config, folder) = counter.stop().await?;
    for nth in 0..NIGHT {
        let body = format!("{{\"nth\":\"{nth}\",\"return_code\":\"FAIL\"}}");
        chain
            .vhost
            .publish(
                topology::NOTIFY,
                &format!("{MCH_ID}.T01"),
                body.as_bytes(),
                properties.clone(),
            )
            .await?;
    }
    let counter = Counter::open(config, folder, steady())?;
    let started = Instant::now();
    counter
        .until_notify("the last of them", |notify| notify.dead_letters == NIGHT)
        .await?;
    let took = started.elapsed();
    let pictures = counter.pictures();
    println!("{NIGHT} messages in {took:?}, {pictures} pictures");
    let most = took.as_millis() / SHOW_EVERY.as_millis() + 2;
    assert!(
        u128::from(pictures) <= most,
        "{pictures} pictures in {took:?}: at most one every {SHOW_EVERY:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_was_away_is_told_of_payments_before_it_asks() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", NEVER).await?;
    let number = counter.on_show("click").await?;
    let (config, folder) = counter.stop().await?;
    chain.line.pay(&number)?;
    chain.until_waiting("T01", 1).await?;
    let counter = Counter::open(config, folder, steady())?;
    let paid = counter.until_paid(&number).await?;
    // The start asks as well: whichever was first, the other changed nothing.
    let found_by = paid.payment().map(|payment| payment.found_by);
    assert!(
        matches!(found_by, Some(FoundBy::Notify | FoundBy::Query)),
        "paid, once"
    );
    chain.until_empty("T01").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_was_away_over_the_deadline_ends_every_order_as_wechat_has_it() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    // One clock for WeChat and the till: it can be put on by half an hour.
    let clock = || -> Clock {
        let simulator = chain.line.simulator.clone();
        Box::new(move || {
            let now = simulator.now();
            Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
        })
    };
    let counter = Counter::open(chain.config("T01", 1)?, tempfile::tempdir()?, clock())?;
    counter.until_up().await?;
    let left = counter.on_show("a").await?;
    let paid = counter.on_show("b").await?;
    let (config, folder) = counter.stop().await?;

    chain.line.pay(&paid)?;
    chain.until_waiting("T01", 1).await?;
    for number in [&left, &paid] {
        // The broker's own half hour is real; so this is what it brings back after it.
        let body = json!({ "out_trade_no": number.as_str() }).to_string();
        let properties = json!({ "type": "payment.deadline", "delivery_mode": 2 });
        let key = format!("{MCH_ID}.T01");
        let published = chain
            .vhost
            .publish(topology::NOTIFY, &key, body.as_bytes(), properties);
        assert!(published.await?, "a till's queue outlives the till");
    }
    chain.line.simulator.advance(SignedDuration::from_mins(31));

    let counter = Counter::open(config, folder, clock())?;
    counter.until_paid(&paid).await?;
    counter
        .until(&left, "the unpaid one to be closed at WeChat", |attempt| {
            matches!(
                attempt.state,
                State::Closed {
                    why: CloseReason::Deadline
                }
            )
        })
        .await?;
    chain.until_empty("T01").await?;
    assert!(
        chain.line.pay(&left).is_err(),
        "nobody can pay it any more: WeChat has closed it"
    );
    let shelf = counter
        .with(|till, _| {
            let rows = till.db().read().stock().all()?;
            let water = rows.iter().find(|row| row.product == WATER).context("water")?;
            Ok((water.available(), water.reserved, water.sold))
        })
        .await?;
    assert_eq!(shelf, (Some(499), 0, 1), "one bottle sold, the other back");
    let notify = counter.with(|till, _| Ok(till.snapshot().notify)).await?;
    assert_eq!(notify.dead_letters, 0, "nothing of it was of no use");
    Ok(())
}
