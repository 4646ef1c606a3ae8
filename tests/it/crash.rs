//! The real till process killed with SIGKILL at any moment, started again, and left to finish without a person.
//!
//! Each run plays one sale to its end against a simulator that lives on, while the till dies at places that the seed names:
//! before or after a commit, before a request leaves, before an answer is taken in. Afterwards the gateway's books and the
//! ledger are compared. `SCANTILL_KILLS=1000` asks for more kills; `SCANTILL_SEED=n` plays one run again.

mod faults;
mod shop;

use std::collections::BTreeMap;

use anyhow::Context;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use scantill_tests::till_process::{KILL_POINTS, Kill};
use tokio::task::JoinSet;

use shop::{STORIES, Story, World};

/// Kills in `make test`; `SCANTILL_KILLS` asks for others.
const KILLS: u32 = 120;
/// Runs at once; a run mostly waits.
const AT_ONCE: usize = 4;

/// What a seed stands for: a story, and where the first lives of the till end.
fn plan(seed: u64) -> (Story, Vec<Kill>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let story = STORIES[usize::try_from(seed).unwrap_or(0) % STORIES.len()];
    let lives = rng.random_range(1..=4);
    let kills = (0..lives).map(|life| {
        let point = (*KILL_POINTS.choose(&mut rng).unwrap_or(&KILL_POINTS[0])).to_owned();
        // Later lives begin with less to do.
        let nth = if life == 0 {
            rng.random_range(1..=8)
        } else {
            rng.random_range(1..=3)
        };
        Kill { point, nth }
    });
    (story, kills.collect())
}

/// Plays one seed; gives back where the till was killed.
async fn run(seed: u64) -> anyhow::Result<Vec<Kill>> {
    let (story, kills) = plan(seed);
    let told = format!("{story:?}, killed at {}", words(&kills));
    let played = async {
        let mut world = World::open(seed, story, kills).await?;
        world.play().await?;
        world.compare().await?;
        anyhow::Ok(world.killed)
    };
    played.await.with_context(|| {
        format!(
            "play it again: SCANTILL_SEED={seed} cargo test -p scantill-tests --test it crash::killed\n{told}"
        )
    })
}

fn words(kills: &[Kill]) -> String {
    let words: Vec<String> = kills.iter().map(Kill::to_string).collect();
    words.join(", ")
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_finishes_by_itself_and_the_books_agree() {
    if let Some(seed) = from_environment("SCANTILL_SEED") {
        let killed = run(seed).await.unwrap();
        println!("seed {seed}: killed at {}", words(&killed));
        return;
    }
    let wanted = from_environment("SCANTILL_KILLS").map_or(KILLS, |kills| u32::try_from(kills).unwrap());
    let mut seed = 0;
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    let mut runs = JoinSet::new();
    let total = |killed: &BTreeMap<String, u32>| killed.values().sum::<u32>();
    while total(&killed) < wanted || !runs.is_empty() {
        while total(&killed) < wanted && runs.len() < AT_ONCE {
            runs.spawn(run(seed));
            seed += 1;
        }
        let Some(done) = runs.join_next().await else {
            continue;
        };
        for kill in done.unwrap().unwrap() {
            *killed.entry(kill.to_string()).or_default() += 1;
        }
    }
    println!(
        "{} kills in {seed} runs (seeds 0 to {}): {killed:?}",
        total(&killed),
        seed - 1
    );
    for point in KILL_POINTS {
        assert!(
            killed.keys().any(|it| it.starts_with(point)),
            "the till was killed at {point} at least once: {killed:?}"
        );
    }
}
