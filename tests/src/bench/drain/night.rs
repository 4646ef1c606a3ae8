//! What lies in a till's queue after a bad night.
//!
//! The till had lost its way to the broker and had found its payments by asking, and the callback service's answers were lost
//! on their way to WeChat, so that WeChat sent each notify sixteen times, as often as it does. The first of them is news to the
//! till and is kept with the order; the other fifteen find themselves in the inbox. One in a hundred is about an order that is
//! not in this ledger, as after a restored backup: a dead letter. All of them are signed, the orders' own by the simulator, and
//! published as the callback service publishes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;
use notify_bus::{Address, Health, Kind, Message, Publisher, PublisherLimits, Route, Subscription};
use scantill_tests::broker::VirtualHost;
use scantill_tests::counter::{API_KEY, APPID, MCH_ID, config, fast_folder, goods_csv};
use scantill_tests::network::{Network, Weather, later};
use scantill_tests::relay::notify;
use scantill_tests::wait::PATIENCE;
use till_app::{Database, Step, Till};
use till_core::ProductId;
use wechat_pay::pay_notify::CAP;
use wechat_pay::{ApiKey, Client, Fields};
use wechat_pay_sim::{GatewayConfig, PayWith};

use crate::commits::real_time;

/// WeChat's post and its fifteen repeats.
pub(super) const POSTS: u32 = 16;
/// One message of so many is about an order that this ledger does not have.
pub(super) const UNKNOWN_EVERY: u32 = 100;
/// Published, and not yet confirmed.
const ON_THE_WAY: usize = 500;
/// Not counted: never sold out.
const EGG: ProductId = ProductId(5);

/// Sells to so many customers the day before, each payment found by asking; what WeChat has to say about each, signed.
pub(super) async fn day_before(ledger: &Path, orders: u32) -> anyhow::Result<Vec<String>> {
    let folder = fast_folder()?;
    let file = folder.path().join("scantill.db");
    let config = config("T01", "http://127.0.0.1:9", 3, 30)?;
    let mut now = later(real_time(), SignedDuration::from_hours(-12));
    let gateway = GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?);
    let network = Network::new(wechat_pay_sim::Gateway::new(gateway), Weather::default(), now, 1);
    let client = Client::new(config.merchant.clone(), network.clone());
    let mut till = Till::open(config, Database::open(&file)?, now, [1; 32])?;
    till.import(now, &goods_csv())?;
    for order in 0..orders {
        till.add(EGG, None)?;
        let number = till.pay(now, &format!("click-{order}"))?;
        till.step(now, &client).await;
        network.with(|gateway, now| gateway.pay(now, number.as_str(), &PayWith::default()))?;
        while let Some(due) = till.next_due() {
            now = now.max(due);
            network.set_now(now);
            ensure!(
                till.step(now, &client).await == Step::Done,
                "what is due is asked"
            );
        }
        till.done();
        now = later(now, SignedDuration::from_secs(1));
        network.set_now(now);
    }
    till.db().checkpoint()?;
    drop(till);
    std::fs::copy(&file, ledger)?;
    let posts = network.with(|gateway, now| gateway.notifies_due(now));
    ensure!(posts.len() == usize::try_from(orders)?, "one about each order");
    posts
        .into_iter()
        .map(|post| Ok(String::from_utf8(post.body)?))
        .collect()
}

/// The queue's messages in their order.
pub(super) fn messages(bodies: &[String], count: u32) -> anyhow::Result<Vec<Message>> {
    let news: Vec<Message> = bodies
        .iter()
        .map(|body| message(body))
        .collect::<anyhow::Result<_>>()?;
    let mut posts = news.iter().cycle();
    (1..=count)
        .map(|nth| match nth % UNKNOWN_EVERY {
            0 => message(&notify(&format!("T01-{nth}"))),
            _ => posts.next().cloned().context("at least one order"),
        })
        .collect()
}

/// As the callback service makes it.
fn message(notify: &str) -> anyhow::Result<Message> {
    let fields = Fields::from_xml(notify.as_bytes(), CAP)?;
    let fields: BTreeMap<String, String> = fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(Message {
        kind: Kind::Notify,
        route: route()?,
        message_id: fields.get("transaction_id").cloned().unwrap_or_default(),
        fields,
    })
}

pub(super) fn route() -> anyhow::Result<Route> {
    Ok(Route::new(MCH_ID, "T01")?)
}

/// Makes the till's queue as a till does, and fills it.
pub(super) async fn publish(vhost: &VirtualHost, messages: &[Message]) -> anyhow::Result<()> {
    let address = Address::parse(&vhost.amqp_url())?;
    let till = Subscription::start(address.clone(), "bench", &route()?, 1);
    till.health()
        .wait_for(|health| *health == Health::Up)
        .await
        .map(drop)?;
    drop(till);
    let limits = PublisherLimits {
        channels: 4,
        // A confirmed one counts for a moment longer.
        in_flight: 2 * ON_THE_WAY,
    };
    let publisher = Publisher::start(address, "bench", limits);
    publisher
        .health()
        .wait_for(|health| *health == Health::Up)
        .await
        .map(drop)?;
    stream::iter(messages)
        .map(Ok)
        .try_for_each_concurrent(ON_THE_WAY, async |message| {
            publisher.publish(message.clone(), PATIENCE).await
        })
        .await?;
    Ok(())
}
