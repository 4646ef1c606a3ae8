//! Posts notifications to the merchant, as WeChat does: five seconds for a reply, no redirects.

use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use tokio::task::JoinSet;

use crate::notify::NotifyPost;
use crate::simulator::Simulator;
use crate::wire::LONGEST_BODY;

/// How long the merchant has for its reply; real seconds, whatever the clock's speed.
const REPLY_WITHIN: Duration = Duration::from_secs(5);
/// The longest sleep: a wake-up too many costs nothing.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(REPLY_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Posts what is due for ever; ends by being aborted, posts under way with it.
pub(super) async fn run(simulator: Simulator, client: reqwest::Client) {
    let mut posts = JoinSet::new();
    loop {
        let (due, next, now) =
            simulator.with(|gateway, now| (gateway.notifies_due(now), gateway.next_notify(), now));
        for post in due {
            posts.spawn(deliver(simulator.clone(), client.clone(), post, now));
        }
        let sleep = next.map_or(LONGEST_SLEEP, |at| simulator.real_until(at).min(LONGEST_SLEEP));
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = simulator.changed() => {}
            Some(_) = posts.join_next() => {}
        }
    }
}

async fn deliver(simulator: Simulator, client: reqwest::Client, post: NotifyPost, sent: Timestamp) {
    let reply = reply(&client, &post).await;
    // The client has measured the five real seconds; the core is told the time of the post, since a fast simulated
    // clock would have left them far behind.
    let accepted = match post.id {
        Some(id) => simulator.with(|gateway, _| gateway.notify_answered(sent, id, reply.as_deref())),
        None => false,
    };
    tracing::info!(
        out_trade_no = post.out_trade_no,
        url = post.url,
        attempt = post.attempt,
        forged = post.id.is_none(),
        replied = reply.is_some(),
        accepted,
        "notify"
    );
}

/// The body of an HTTP 200; nothing for anything else.
async fn reply(client: &reqwest::Client, post: &NotifyPost) -> Option<Bytes> {
    let request = client
        .post(&post.url)
        .header(CONTENT_TYPE, "text/xml")
        .body(post.body.clone());
    let response = request.send().await.ok()?;
    if response.status() != reqwest::StatusCode::OK
        || response
            .content_length()
            .is_some_and(|length| length > LONGEST_BODY as u64)
    {
        return None;
    }
    response.bytes().await.ok()
}
