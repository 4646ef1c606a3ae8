//! Whether a publisher would work, found out without leaving anything behind.

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use tokio::time::timeout;

use crate::link::{ANSWER_MAX, Link, Turn, silent};
use crate::{Address, Health, Trouble, lane, topology, trouble};

/// No number of milliseconds.
const NO_EXPIRATION: &str = "check";

/// Connects as a [`crate::Publisher`] does, declares or finds what it needs, and tries to publish. [`Health::Up`] when all of
/// it went well, never [`Health::Starting`].
///
/// What it tries to publish has an expiration that is no number. RabbitMQ looks at the right to write first and at that
/// afterwards, so the one refusal tells that the other was passed, and there is no message.
pub async fn check(address: &Address, name: &str) -> Health {
    match look(address, name).await {
        Ok(health) => health,
        Err(trouble) => Health::Down(trouble),
    }
}

async fn look(address: &Address, name: &str) -> Result<Health, Trouble> {
    let mut link = Link::open(address, name).await?;
    topology::declare(&link, None).await?;
    let channel = lane::open(&link).await?;
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
        turn = link.turn() => return match turn {
            Turn::Blocked => Ok(Health::Blocked),
            Turn::Unblocked => Ok(Health::Up),
            Turn::Ended(trouble) => Err(trouble),
        },
    };
    match written {
        Err(error) if trouble::code(&error) != Some(trouble::PRECONDITION_FAILED) => {
            return Err(trouble::running(&error));
        }
        Ok(_) | Err(_) => {}
    }
    link.close().await;
    Ok(Health::Up)
}
