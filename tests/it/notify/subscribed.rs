//! A till at a real broker: paid by notify, messages of no use, the two timers, two tills of one id, the probe.

use std::time::Duration;

use jiff::SignedDuration;
use notify_bus::{Kind, topology};
use scantill_tests::broker::VirtualHost;
use scantill_tests::counter::{API_KEY, MCH_ID};
use scantill_tests::relay::{OTHER_KEY, Setup};
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use till_app::clock::steady;
use till_app::notify::probe::{self, Probed};
use till_app::notify::{NotifyLink, Trouble, Useless};
use till_core::{CloseReason, EvidenceKind, FoundBy, State};
use wechat_pay::{ApiKey, Fields, SignType, sign};

use super::chain::{Chain, Counter, NEVER, clock_running, deadline_in, queue, relay_program};
use super::ground;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notify_over_relay_and_broker_pays_before_the_next_poll() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", NEVER).await?;
    let number = counter.on_show("click").await?;
    let asked = counter.times(&number, EvidenceKind::Orderquery, "NOTPAY").await?;
    assert_eq!(asked, 0, "the first poll is a minute away");
    let receipt = chain.line.pay(&number)?;
    let attempt = counter.until_paid(&number).await?;
    let payment = attempt.payment().expect("it is paid");
    assert_eq!(
        (payment.found_by, payment.transaction_id.as_str()),
        (FoundBy::Notify, receipt.transaction_id.as_str()),
        "told by the notify, and it is WeChat's payment"
    );
    let told: Vec<_> = counter
        .evidence(&number)
        .await?
        .into_iter()
        .map(|row| (row.kind, row.outcome))
        .collect();
    assert_eq!(
        told,
        [
            (EvidenceKind::Unifiedorder, "SUCCESS".to_owned()),
            (EvidenceKind::Notify, "SUCCESS".to_owned()),
            (EvidenceKind::Orderquery, "SUCCESS".to_owned()),
        ],
        "placed, told, and confirmed by a question that went out at once"
    );
    let notify = counter
        .until_notify("the time of the message", |notify| notify.last_message.is_some())
        .await?;
    assert!(
        matches!(notify.link, NotifyLink::Up { .. }),
        "and the lamp is green"
    );
    let (_, folder) = counter.stop().await?;
    assert_eq!(
        chain.waiting("T01").await?,
        0,
        "acknowledged: nothing is left in the queue when the till is gone"
    );
    drop(folder);
    Ok(())
}

/// What lies in the queue of dead letters: the reason and the body of each.
async fn dead(vhost: &VirtualHost, count: usize) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut letters = Vec::new();
    until("the dead letters", PATIENCE, async || {
        for letter in vhost.take(topology::DEAD, 100).await? {
            let reason = letter.header("reason").unwrap_or_default().to_owned();
            letters.push((reason, letter.body));
        }
        Ok((letters.len() >= count).then_some(()))
    })
    .await?;
    Ok(letters)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_50_51_poison_goes_to_the_dead_letters_and_the_rest_goes_on() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", NEVER).await?;
    let other = chain.counter("T02", NEVER).await?;
    let (mine, theirs) = (counter.on_show("mine").await?, other.on_show("theirs").await?);
    chain.line.pay(&theirs)?;
    other.until_paid(&theirs).await?;

    let foreign = ground::notify(&chain.line, &theirs);
    let foreign = match foreign {
        Ok(message) => ground::fields(&message)?,
        // Accepted by the callback service already: one with the same numbers.
        Err(_) => sign::signed(
            Fields::new()
                .with("return_code", "SUCCESS")
                .with("result_code", "SUCCESS")
                .with("appid", &counter.config.merchant.appid)
                .with("mch_id", MCH_ID)
                .with("nonce_str", "n")
                .with("total_fee", "200")
                .with("transaction_id", "4200000000000000000000000001")
                .with("out_trade_no", theirs.as_str())
                .with("time_end", "20261123120000"),
            &ApiKey::parse(API_KEY)?,
            SignType::HmacSha256,
        ),
    };
    let body = |fields: &Fields| -> anyhow::Result<Vec<u8>> {
        let map: std::collections::BTreeMap<_, _> = fields.iter().collect();
        Ok(serde_json::to_vec(&map)?)
    };
    let notify = json!({ "type": "wechat.notify", "delivery_mode": 2 });
    let forged = foreign.clone().with("out_trade_no", mine.as_str());
    let poison = [
        (b"{".to_vec(), notify.clone(), Useless::Unreadable),
        (b"[1,2,3]".to_vec(), notify.clone(), Useless::Unreadable),
        (br#"{"a":1}"#.to_vec(), notify.clone(), Useless::Unreadable),
        (
            br#"{"a":"1","a":"2"}"#.to_vec(),
            notify.clone(),
            Useless::Unreadable,
        ),
        (
            b"{}".to_vec(),
            json!({ "type": "somebody.elses" }),
            Useless::UnknownKind,
        ),
        (b"{}".to_vec(), json!({}), Useless::UnknownKind),
        (vec![b' '; 400_000], notify.clone(), Useless::TooLong),
        (body(&forged)?, notify.clone(), Useless::WrongSign),
        (body(&foreign)?, notify.clone(), Useless::OtherTill),
    ];
    for (body, properties, _) in &poison {
        let routed = chain
            .vhost
            .publish(
                topology::NOTIFY,
                &format!("{MCH_ID}.T01"),
                body,
                properties.clone(),
            )
            .await?;
        assert!(routed, "it lies in the till's queue");
    }
    chain.line.pay(&mine)?;
    counter.until_paid(&mine).await?;

    let letters = dead(&chain.vhost, poison.len()).await?;
    let reasons: Vec<_> = letters.iter().map(|(reason, _)| reason.as_str()).collect();
    let expected: Vec<_> = poison.iter().map(|(_, _, why)| why.word()).collect();
    assert_eq!(
        reasons, expected,
        "each with its reason, in the order in which they came"
    );
    assert!(
        letters
            .iter()
            .zip(&poison)
            .all(|((_, kept), (sent, ..))| kept == sent),
        "and byte for byte as it was"
    );
    counter
        .until_notify("all of them on the lamp", |notify| {
            notify.dead_letters as usize == poison.len()
        })
        .await?;
    chain.until_empty("T01").await?;
    assert!(
        dead(&chain.vhost, 0).await?.is_empty(),
        "none goes round in circles"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_brokers_deadline_closes_for_a_till_whose_clock_stands_still() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let config = deadline_in(chain.config("T01", NEVER)?, Duration::from_secs(4))?;
    let counter = Counter::open(config, tempfile::tempdir()?, clock_running(0.01))?;
    counter.until_up().await?;
    let number = counter.sell("click").await?;
    let attempt = counter
        .until(&number, "the broker's word", |attempt| {
            matches!(
                attempt.state,
                State::Closing {
                    why: CloseReason::Deadline,
                    ..
                }
            )
        })
        .await?;
    let now = counter.with(|_, now| Ok(now)).await?;
    assert!(
        now < attempt.deadline,
        "the till's own timer has not gone off: {now} of {}",
        attempt.deadline
    );
    let kinds: Vec<String> = counter
        .with(|till, _| Ok(ground::inbox(till)?.into_iter().map(|row| row.kind).collect()))
        .await?;
    assert_eq!(kinds, [Kind::Deadline.as_str()], "what closed it is in the inbox");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tills_own_deadline_leaves_the_brokers_nothing_to_do() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let config = deadline_in(chain.config("T01", NEVER)?, Duration::from_secs(5))?;
    let counter = Counter::open(config, tempfile::tempdir()?, clock_running(2.0))?;
    counter.until_up().await?;
    let number = counter.sell("click").await?;
    counter
        .until(&number, "the till's own timer", |attempt| !attempt.can_cancel())
        .await?;
    let heard_before = counter
        .with(|till, _| Ok(till.snapshot().notify.last_message))
        .await?;
    counter
        .until_notify("the broker's message", |notify| {
            notify.last_message != heard_before
        })
        .await?;
    let rows = counter.with(|till, _| Ok(ground::inbox(till)?.len())).await?;
    assert_eq!(rows, 0, "it came second and changed nothing");
    chain.until_empty("T01").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_till_of_the_same_id_is_refused_and_told() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let first = chain.counter("T01", NEVER).await?;
    let second = Counter::open(chain.config("T01", 1)?, tempfile::tempdir()?, steady())?;
    let notify = second
        .until_notify("the refusal", |notify| {
            matches!(notify.link, NotifyLink::Down { .. })
        })
        .await?;
    let NotifyLink::Down { trouble, .. } = notify.link else {
        panic!("it was just so")
    };
    assert!(
        matches!(trouble, Trouble::QueueTaken { .. }),
        "the reason is told: {trouble:?}"
    );
    let number = first.on_show("click").await?;
    chain.line.pay(&number)?;
    first.until_paid(&number).await?;
    let number = second.on_show("click").await?;
    chain.line.pay(&number)?;
    let paid = second.until_paid(&number).await?;
    assert_eq!(
        paid.payment().map(|payment| payment.found_by),
        Some(FoundBy::Query),
        "the second one finds its payments by asking"
    );
    drop(first.stop().await?);
    second.until_up().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_only_queries_find_light_the_lamp_until_a_notify_comes() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", 1).await?;
    chain.relay.kill()?;
    let mut last = None;
    for nth in 0..3 {
        let number = counter.on_show(&format!("click-{nth}")).await?;
        chain.line.pay(&number)?;
        counter.until_paid(&number).await?;
        last = Some(number);
    }
    let notify = counter
        .until_notify("the warning", |notify| notify.callback_broken.is_some())
        .await?;
    assert_eq!(notify.callback_broken, Some(3), "three in a row");
    assert!(
        matches!(notify.link, NotifyLink::Up { .. }),
        "although the till is subscribed"
    );

    let number = last.expect("there were three");
    let transaction = counter.attempt(&number).await?;
    let transaction = transaction
        .payment()
        .map(|payment| payment.transaction_id.clone());
    let transaction = transaction.unwrap_or_default();
    let tell = async |number: &str| {
        let late = Fields::new()
            .with("return_code", "SUCCESS")
            .with("result_code", "SUCCESS")
            .with("appid", &counter.config.merchant.appid)
            .with("mch_id", MCH_ID)
            .with("nonce_str", "n")
            .with("total_fee", "200")
            .with("transaction_id", &transaction)
            .with("out_trade_no", number)
            .with("time_end", "20261123120000");
        let late = sign::signed(late, &ApiKey::parse(API_KEY)?, SignType::HmacSha256);
        let map: std::collections::BTreeMap<_, _> = late.iter().collect();
        let (to, body) = (format!("{MCH_ID}.T01"), serde_json::to_vec(&map)?);
        let properties = json!({ "type": "wechat.notify", "delivery_mode": 2 });
        chain
            .vhost
            .publish(topology::NOTIFY, &to, &body, properties)
            .await
    };
    tell("T01-261123-000999-ABCD").await?;
    let notify = counter
        .until_notify("the notify of an order that nobody knows", |notify| {
            notify.dead_letters == 1
        })
        .await?;
    assert_eq!(
        notify.callback_broken,
        Some(3),
        "that is not the way by which this till's payments should be told"
    );
    tell(number.as_str()).await?;
    counter
        .until_notify("the all-clear", |notify| notify.callback_broken.is_none())
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_probe_goes_round_or_says_on_which_leg_it_was_lost() -> anyhow::Result<()> {
    let chain = Chain::open().await?;
    let counter = chain.counter("T01", NEVER).await?;
    let config = counter.config.clone();
    let sent = probe::send(&counter.till, &config).await?;
    let Probed::Back { took } = sent else {
        panic!("everything is up: {sent:?}")
    };
    println!("a probe went round in {took:#}");
    assert!(
        took > SignedDuration::ZERO && took < SignedDuration::from_secs(5),
        "the time of one round: {took}"
    );

    // A stale one, and another till's: acknowledged and forgotten.
    let stale = Fields::new()
        .with("return_code", "SUCCESS")
        .with("out_trade_no", "T01-probe")
        .with("scantill_probe", "of-yesterday");
    let stale = sign::signed(stale, &config.merchant.api_key, SignType::HmacSha256);
    let map: std::collections::BTreeMap<_, _> = stale.iter().collect();
    chain
        .vhost
        .publish(
            topology::NOTIFY,
            &format!("{MCH_ID}.T01"),
            &serde_json::to_vec(&map)?,
            json!({ "type": "scantill.probe" }),
        )
        .await?;
    chain.until_empty("T01").await?;
    let (dead, _) = chain.vhost.depth(topology::DEAD).await?;
    assert_eq!(dead, 0, "a probe that nobody waits for is no dead letter");
    let rows = counter.with(|till, _| Ok(ground::inbox(till)?.len())).await?;
    assert_eq!(rows, 0, "nor does it stand in the inbox");

    let at = |url: String| {
        let mut config = config.clone();
        config.gateway.notify_url = url;
        config
    };
    let nobody = probe::send(
        &counter.till,
        &at("http://127.0.0.1:9/weixin/pay/notify/url".to_owned()),
    )
    .await?;
    assert_eq!(nobody, Probed::RelayNotReached, "nobody listens there");
    let strange = probe::send(&counter.till, &at(format!("{}/phone", chain.line.base()))).await?;
    assert_eq!(strange, Probed::NotARelay, "somebody else listens there");
    let mut other_key = config.clone();
    other_key.merchant.api_key = ApiKey::parse(OTHER_KEY)?;
    let refused = probe::send(&counter.till, &other_key).await?;
    assert_eq!(
        refused,
        Probed::RelayRefused,
        "signed with another key than the relay's"
    );

    let elsewhere = chain.vhost.broker().vhost().await?;
    let relay = Setup::new(relay_program(), &elsewhere.amqp_url()).start()?;
    relay.until_ready(true).await?;
    let path = scantill_tests::relay::NOTIFY_PATH;
    let lost = probe::send(&counter.till, &at(format!("http://{}{path}", relay.address()))).await?;
    assert_eq!(lost, Probed::NotBack, "that relay publishes at another place");

    let mut alone = config.clone();
    alone.broker = None;
    assert_eq!(
        probe::send(&counter.till, &alone).await?,
        Probed::PollingOnly,
        "there is nothing to test"
    );
    chain.vhost.close_connections("reading").await?;
    counter
        .until_notify("the loss", |notify| {
            matches!(notify.link, NotifyLink::Down { .. })
        })
        .await?;
    let early = probe::send(&counter.till, &config).await?;
    assert!(
        matches!(early, Probed::NotSubscribed | Probed::Back { .. }),
        "not sent while it could not come back: {early:?}"
    );
    let depth = chain.vhost.depth(&queue("T01")?).await?;
    assert_eq!(depth.0, 0, "nothing was left behind");
    Ok(())
}
