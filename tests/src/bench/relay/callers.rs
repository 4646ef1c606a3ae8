//! WeChat's side of the measurement: connections that post signed notifies, one after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use scantill_tests::caller::{Caller, request};
use scantill_tests::relay::NOTIFY_PATH;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Notifies made beforehand, given out in turn.
pub(super) struct Letters {
    /// Whole requests.
    requests: Vec<Vec<u8>>,
    /// What the relay makes of them, and their ids.
    messages: Vec<(Vec<u8>, String)>,
    next: AtomicUsize,
}

impl Letters {
    pub(super) fn new(bodies: impl Iterator<Item = String>) -> Self {
        let bodies: Vec<String> = bodies.collect();
        Self {
            requests: bodies
                .iter()
                .map(|body| request(NOTIFY_PATH, body.as_bytes()))
                .collect(),
            messages: bodies.iter().map(|body| super::message(body)).collect(),
            next: AtomicUsize::new(0),
        }
    }

    fn next_request(&self) -> &[u8] {
        &self.requests[self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len()]
    }

    pub(super) fn next_message(&self) -> (Vec<u8>, String) {
        self.messages[self.next.fetch_add(1, Ordering::Relaxed) % self.messages.len()].clone()
    }
}

/// Posts one and insists on SUCCESS.
async fn post(caller: &mut Caller, letters: &Letters) -> anyhow::Result<()> {
    caller.send(letters.next_request()).await?;
    let answer = caller.answer().await?;
    anyhow::ensure!(answer.is_success(), "a good notify was answered {answer:?}");
    Ok(())
}

/// So many connections post for so long, each as soon as it has its answer; answers a second.
pub(super) async fn as_fast_as_possible(
    server: SocketAddr,
    letters: &Arc<Letters>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let mut callers = Vec::new();
    for _ in 0..connections {
        callers.push(Caller::to(server).await?);
    }
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for mut caller in callers {
        let letters = Arc::clone(letters);
        workers.spawn(async move {
            let mut answered = 0_u32;
            while started.elapsed() < time {
                post(&mut caller, &letters).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        });
    }
    let mut sum = 0;
    while let Some(answered) = workers.join_next().await {
        sum += answered??;
    }
    Ok(f64::from(sum) / started.elapsed().as_secs_f64())
}

/// Posts so many a second for so long, whether or not the answers keep up; seconds from each post to its answer. A post
/// that had to wait for a free connection counts from when it was due.
pub(super) async fn at_a_rate(
    server: SocketAddr,
    letters: &Arc<Letters>,
    connections: usize,
    per_second: f64,
    time: Duration,
) -> anyhow::Result<Vec<f64>> {
    /// The timer's grain.
    const ON_TIME: Duration = Duration::from_millis(3);
    let started = Instant::now();
    let turn = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (letters, turn) = (Arc::clone(letters), Arc::clone(&turn));
        workers.spawn(async move {
            let mut times = Vec::new();
            let mut caller = Caller::to(server).await?;
            loop {
                let due = f64::from(turn.fetch_add(1, Ordering::Relaxed)) / per_second;
                if due >= time.as_secs_f64() {
                    return anyhow::Ok(times);
                }
                let due = started + Duration::from_secs_f64(due);
                sleep_until(due).await;
                let now = Instant::now();
                let from = if now - due < ON_TIME { now } else { due };
                post(&mut caller, &letters).await?;
                times.push(from.elapsed().as_secs_f64());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(worker) = workers.join_next().await {
        times.extend(worker??);
    }
    Ok(times)
}
