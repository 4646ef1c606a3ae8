//! WeChat's own notifies out of the simulator, as messages of the broker.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::SignedDuration;
use notify_bus::Kind;
use scantill_tests::counter::API_KEY;
use scantill_tests::network::later;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Till;
use till_app::notify::Incoming;
use till_core::{OutTradeNo, State};
use till_store::InboxRow;
use wechat_pay::{ApiKey, Fields, SignType, sign};

/// More rows than any test's till has.
const ROWS_MAX: u32 = 10_000;

/// The notify that WeChat has for this order now, as the relay would hand it on.
pub(super) fn notify(line: &Line, number: &OutTradeNo) -> anyhow::Result<Incoming> {
    notifies(line, number)?
        .pop()
        .with_context(|| format!("WeChat has a notify for {number}"))
}

/// All posts that go out for this order, in their order.
pub(super) fn notifies(line: &Line, number: &OutTradeNo) -> anyhow::Result<Vec<Incoming>> {
    // The first goes out a moment after the payment.
    let posts = posts(line, SignedDuration::from_secs(1))?;
    let of_order = posts.into_iter().filter(|(order, _)| order == number.as_str());
    Ok(of_order.map(|(_, message)| message).collect())
}

/// All posts that are due after that time, each with its order; nobody answers them, so that more follow.
pub(super) fn posts(line: &Line, after: SignedDuration) -> anyhow::Result<Vec<(String, Incoming)>> {
    let posts = line
        .simulator
        .with(|gateway, now| gateway.notifies_due(later(now, after)));
    posts
        .into_iter()
        .map(|post| {
            let fields = Fields::from_xml(&post.body, 64 * 1024)?;
            Ok((post.out_trade_no, message(Kind::Notify, &fields)))
        })
        .collect()
}

/// A message of these fields.
pub(super) fn message(kind: Kind, fields: &Fields) -> Incoming {
    let fields: BTreeMap<String, String> = fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Incoming {
        message_id: fields.get("transaction_id").cloned().unwrap_or_default(),
        length: fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 6)
            .sum(),
        content: Ok((kind, fields)),
    }
}

/// What a message says.
pub(super) fn fields(message: &Incoming) -> anyhow::Result<Fields> {
    let (_, fields) = message
        .content
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Fields::try_from_iter(fields)?)
}

/// The same with something changed, and signed again as its writer would.
pub(super) fn changed(
    message: &Incoming,
    key: &str,
    change: impl FnOnce(Fields) -> Fields,
) -> anyhow::Result<Incoming> {
    let fields = change(fields(message)?);
    let signed = sign::signed(fields, &ApiKey::parse(key)?, SignType::HmacSha256);
    Ok(self::message(Kind::Notify, &signed))
}

/// The same with something changed, and signed with the right key.
pub(super) fn right(message: &Incoming, change: impl FnOnce(Fields) -> Fields) -> anyhow::Result<Incoming> {
    changed(message, API_KEY, change)
}

/// Sells a bottle of water and shows its code.
pub(super) async fn on_show(shop: &mut Shop, click: &str) -> anyhow::Result<OutTradeNo> {
    let number = shop.sell(WATER, click)?;
    shop.catch_up().await?;
    anyhow::ensure!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "the code is on show"
    );
    Ok(number)
}

/// Everything in the inbox, the newest first.
pub(super) fn inbox(till: &Till) -> anyhow::Result<Vec<InboxRow>> {
    Ok(till.db().read().inbox().latest(ROWS_MAX)?)
}

/// Everything that a message without effect must leave as it is.
pub(super) fn books(till: &Till) -> anyhow::Result<String> {
    let read = till.db().read();
    let orders: Vec<_> = read
        .attempts()
        .search("", None)?
        .into_iter()
        .map(|row| row.attempt)
        .collect();
    let stock = read.stock().all()?;
    let journal = read.journal().after(0, ROWS_MAX)?.len();
    Ok(format!("{orders:?} {stock:?} {journal} {}", inbox(till)?.len()))
}
