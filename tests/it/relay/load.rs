//! Many senders at once who mean no good, and one who does.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use scantill_tests::caller::{Caller, request};
use scantill_tests::relay::{NOTIFY_PATH, Relay, forged, notify};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::{UNROUTED, relay, relay_with};

/// Nobody may make another wait longer than this.
const STALL_MAX: Duration = Duration::from_secs(1);
/// Headers 5 s, a whole request 8 s, and the time a loaded machine takes to see to it.
const CUT_WITHIN: Duration = Duration::from_secs(12);

/// Posts a right notify every `pause` for `time`; the answers' times, sorted. Each has to be SUCCESS.
async fn good_times(relay: SocketAddr, time: Duration, pause: Duration) -> anyhow::Result<Vec<Duration>> {
    let started = Instant::now();
    let mut ticks = interval(pause);
    let mut times = Vec::new();
    while started.elapsed() < time {
        ticks.tick().await;
        let asked = Instant::now();
        let body = notify(&format!("T01-{}", times.len()));
        let mut caller = Caller::to(relay).await?;
        let answer = caller.post(NOTIFY_PATH, body.as_bytes()).await?;
        anyhow::ensure!(answer.is_success(), "number {}: {answer:?}", times.len());
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn p99(times: &[Duration]) -> Duration {
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

/// Two of [`staller`]'s ways.
const HEADERS_WITHOUT_END: u8 = 0;
const NO_EAR: u8 = 9;

/// A sender who stalls in one of several ways; how long until his connection was cut.
async fn staller(number: u8, relay: SocketAddr) -> anyhow::Result<Duration> {
    // At most 64 connections are one sender's share.
    let own = Ipv4Addr::new(127, 0, 2, 1 + number % 8);
    let body = forged("T01-1");
    let started = Instant::now();
    let pause = Duration::from_millis(250);
    match number % 10 {
        // Headers that never end.
        0..=5 => {
            let mut caller = Caller::from(own, relay).await?;
            caller.drip(&request(NOTIFY_PATH, b"x"), pause).await;
            caller.rest().await?;
        }
        // A body that never ends.
        6 | 7 => {
            let mut caller = Caller::from(own, relay).await?;
            let whole = request(NOTIFY_PATH, body.as_bytes());
            let (head, body) = whole.split_at(whole.len() - body.len());
            caller.send(head).await?;
            caller.drip(body, pause).await;
            caller.rest().await?;
        }
        // One question, and then nothing more.
        8 => {
            let mut caller = Caller::from(own, relay).await?;
            caller.post(NOTIFY_PATH, body.as_bytes()).await?;
            caller.rest().await?;
        }
        // Questions without end and no ear for the answers.
        _ => {
            let mut caller = Caller::deaf(own, relay).await?;
            let whole = request(NOTIFY_PATH, body.as_bytes());
            while caller.send(&whole).await.is_ok() {}
        }
    }
    Ok(started.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_66_slow_senders_are_cut_and_others_do_not_feel_them() -> anyhow::Result<()> {
    let limits = "[limits]\nburst = 1000000\nrequests_per_second = 1000000\nrefusals_per_minute = 1000000";
    let (relay, vhost) = relay_with(|setup| setup.table(limits)).await?;
    let pause = Duration::from_millis(25);
    let before = relay.memory()?;
    let quiet = good_times(relay.address(), Duration::from_secs(1), pause).await?;
    let mut stallers = JoinSet::new();
    for number in 0..200 {
        stallers.spawn(timeout(CUT_WITHIN, staller(number, relay.address())));
    }
    let disturbed = good_times(relay.address(), Duration::from_secs(5), pause).await?;
    let open = relay.counted("scantill_relay_connections").await?;
    let grown = relay.memory()?.saturating_sub(before);
    while let Some(held) = stallers.join_next().await {
        held?.context("a slow sender still holds his connection")??;
    }
    assert!(
        p99(&disturbed) < STALL_MAX,
        "good ones' p99: {:?}, without the slow ones {:?}",
        p99(&disturbed),
        p99(&quiet)
    );
    assert!(
        open >= 20,
        "there were slow ones while it was measured: {open} connections"
    );
    assert!(
        grown < 64 * 1024 * 1024,
        "a slow sender costs little: {grown} bytes in all"
    );
    let queued = usize::try_from(vhost.depth(UNROUTED).await?.0)?;
    assert_eq!(queued, quiet.len() + disturbed.len(), "every good one is there");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_66_headers_have_five_seconds_and_a_whole_request_eight() -> anyhow::Result<()> {
    let limits = "[limits]\nburst = 1000000\nrequests_per_second = 1000000\nrefusals_per_minute = 1000000";
    let (relay, _vhost) = relay_with(|setup| setup.table(limits)).await?;
    let (headers, whole) = tokio::join!(
        timeout(CUT_WITHIN, staller(HEADERS_WITHOUT_END, relay.address())),
        timeout(CUT_WITHIN, staller(NO_EAR, relay.address())),
    );
    let (headers, whole) = (headers??, whole??);
    let about = |seconds: u64| {
        let exact = Duration::from_secs(seconds);
        exact - Duration::from_millis(200)..exact + Duration::from_secs(2)
    };
    assert!(
        about(5).contains(&headers),
        "headers that never end have five seconds: {headers:?}"
    );
    assert!(
        about(8).contains(&whole),
        "a request whose answer nobody takes has eight: {whole:?}"
    );
    Ok(())
}

/// Posts forged notifies as fast as it can; how many were looked at, and how many turned away.
async fn flood(own: Ipv4Addr, relay: SocketAddr, time: Duration) -> anyhow::Result<(u32, u32)> {
    let whole = request(NOTIFY_PATH, forged("T01-1").as_bytes());
    let started = Instant::now();
    let (mut looked_at, mut turned_away) = (0, 0);
    while started.elapsed() < time {
        let Ok(mut caller) = Caller::from(own, relay).await else {
            turned_away += 1;
            continue;
        };
        loop {
            if caller.send(&whole).await.is_err() {
                break;
            }
            match caller.answer().await {
                Ok(answer) if answer.status == 200 => {
                    anyhow::ensure!(answer.is_fail(), "a forged notify was taken: {answer:?}");
                    looked_at += 1;
                }
                Ok(_) | Err(_) => {
                    turned_away += 1;
                    break;
                }
            }
        }
    }
    Ok((looked_at, turned_away))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_67_a_flood_of_forged_notifies_leaves_room_for_good_ones() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let time = Duration::from_secs(4);
    let mut flooders = JoinSet::new();
    for number in 0..16 {
        let own = Ipv4Addr::new(127, 0, 3, 1 + number % 4);
        flooders.spawn(flood(own, relay.address(), time));
    }
    let good = good_times(relay.address(), time, Duration::from_millis(40)).await?;
    let (mut looked_at, mut turned_away) = (0, 0);
    while let Some(flooded) = flooders.join_next().await {
        let (looked, away) = flooded??;
        looked_at += looked;
        turned_away += away;
    }
    assert!(good.len() >= 20, "good ones were sent meanwhile: {}", good.len());
    assert!(p99(&good) < STALL_MAX, "and answered: p99 {:?}", p99(&good));
    let queued = usize::try_from(vhost.depth(UNROUTED).await?.0)?;
    assert_eq!(queued, good.len(), "each lies there, and no other");
    // Four senders with 120 a minute each, and what was under way on their connections when that was reached.
    assert!(
        looked_at <= 4 * (120 + 8),
        "only so many forged ones are looked at: {looked_at}"
    );
    assert!(
        turned_away > 2 * looked_at,
        "the flood itself was turned away: {turned_away} against {looked_at}"
    );
    Ok(())
}

/// Connections that ask nothing.
async fn silent(own: Ipv4Addr, relay: &Relay, count: usize) -> anyhow::Result<Vec<Caller>> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(Caller::from(own, relay.address()).await?);
    }
    Ok(held)
}

#[tokio::test]
async fn fault_67_strangers_together_cannot_keep_out_who_is_known() -> anyhow::Result<()> {
    let limits = "[limits]\nconnections = 40\nconnections_per_sender = 10";
    let (relay, _vhost) = relay_with(|setup| setup.table(limits)).await?;
    let wechat = Ipv4Addr::new(127, 0, 0, 9);
    assert!(
        relay.post_from(wechat, notify("T01-1")).await?.is_success(),
        "an authentic notify makes its sender known"
    );
    let mut held = Vec::new();
    for number in 1..=4 {
        held.extend(silent(Ipv4Addr::new(127, 0, 5, number), &relay, 10).await?);
    }
    let stranger = relay
        .post_from(Ipv4Addr::new(127, 0, 5, 9), notify("T01-2"))
        .await;
    assert!(
        stranger.is_err(),
        "three quarters are taken, one more stranger finds no place: {stranger:?}"
    );
    for _ in 0..5 {
        assert!(
            relay.post_from(wechat, notify("T01-3")).await?.is_success(),
            "the last quarter is for those who are known"
        );
    }
    drop(held);
    let more = silent(Ipv4Addr::new(127, 0, 5, 9), &relay, 12).await?;
    let turned_away = scantill_tests::wait::until("the share's end", STALL_MAX * 5, async || {
        let name = "scantill_relay_turned_away_total{why=\"connections\"}";
        let count = relay.counted(name).await?;
        Ok((count >= 13).then_some(count))
    })
    .await?;
    assert!(
        turned_away >= 13,
        "and one sender has ten and no more: {turned_away}"
    );
    drop(more);
    Ok(())
}
