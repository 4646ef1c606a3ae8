//! Whether a publisher would work, found out without leaving anything behind.

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use tokio::time::timeout;

use crate::link::{ANSWER_MAX, Link, Turn, silent};
use crate::topology::OnlyFound;
use crate::{Address, Health, Trouble, lane, topology, trouble};

/// No number of milliseconds.
const NO_EXPIRATION: &str = "check";

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// [`Health::Up`] when all of it went well, never [`Health::Starting`].
    pub health: Health,
    /// Exchanges and queues that are there but that this user may not declare, in words. Looking for one tells nothing of its
    /// settings, and nothing at all of bindings.
    pub only_found: Vec<String>,
}

/// Connects as a [`crate::Publisher`] does, of a cluster to the first node named, declares or finds what it needs, and tries to publish.
///
/// What it tries to publish has an expiration that is no number. RabbitMQ looks at the right to write first and at that
/// afterwards, so the one refusal tells that the other was passed, and there is no message.
pub async fn check(address: &Address, name: &str) -> Checked {
    let mut only_found = OnlyFound::default();
    let health = match look(address, name, &mut only_found).await {
        Ok(health) => health,
        Err(trouble) => Health::Down(trouble),
    };
    Checked {
        health,
        only_found: only_found.0,
    }
}

async fn look(address: &Address, name: &str, only_found: &mut OnlyFound) -> Result<Health, Trouble> {
    let mut link = Link::open(address, name).await?;
    *only_found = topology::declare(&link, None).await?;
    let channel = lane::open(&link).await?;
    let last = link.channel().await?;
    let writing = async {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default().with_expiration(NO_EXPIRATION.into());
        channel
            .basic_publish(topology::NOTIFY.into(), "check".into(), options, b"", properties)
            .await?
            .await
    };
    // An alarmed broker says so and then answers nothing more.
    let written = tokio::select! {
        written = timeout(ANSWER_MAX, writing) => written.map_err(|_| silent())?,
        turn = link.turn() => return after(turn),
    };
    match written {
        Err(error) if trouble::code(&error) != Some(trouble::PRECONDITION_FAILED) => {
            return Err(trouble::running(&error));
        }
        Ok(_) | Err(_) => {}
    }
    // The refusal may have been quicker than that word. Another answer it gives only when it still reads.
    tokio::select! {
        closed = timeout(ANSWER_MAX, last.close(200, "OK".into())) => {
            closed.map_err(|_| silent())?.map_err(|error| trouble::running(&error))?;
        }
        turn = link.turn() => return after(turn),
    }
    link.close().await;
    Ok(Health::Up)
}

fn after(turn: Turn) -> Result<Health, Trouble> {
    match turn {
        Turn::Blocked => Ok(Health::Blocked),
        Turn::Unblocked => Ok(Health::Up),
        Turn::Ended(trouble) => Err(trouble),
    }
}
