//! A ledger that takes nothing while notifies come: held, never lost, never half done.

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop};
use till_app::notify::Fate;
use till_app::{Database, Till};
use till_core::State;
use till_store::{Options, StoreError};

use super::ground::{books, notify, on_show, right};

#[tokio::test(flavor = "multi_thread")]
async fn fault_71_a_full_disk_keeps_the_message_for_later() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let message = notify(&line, &number)?;
    let strange = right(&message, |fields| {
        fields
            .with("mch_id", "1900000200")
            .with("attach", "a".repeat(5000))
    })?;
    let (now, config) = (shop.now(), shop.config().clone());
    let (till, _client, folder) = shop.into_parts();
    till.db().checkpoint()?;
    drop(till);
    let file = folder.path().join("scantill.db");
    let open = |pages_max| -> anyhow::Result<Till> {
        let options = Options {
            pages_max,
            ..Options::default()
        };
        let db = Database::open_with(&file, options)?;
        Ok(Till::open(config.clone(), db, now, [3; 32])?)
    };

    let mut full = open(Some(1))?;
    let before = books(&full)?;
    for nth in 1..=3 {
        assert_eq!(
            full.take_in(now, &message),
            Fate::Later,
            "try {nth}: not lost, not acknowledged"
        );
        assert_eq!(
            full.take_in(now, &strange),
            Fate::Later,
            "try {nth}: not even thrown away unwritten"
        );
    }
    assert_eq!(books(&full)?, before, "and nothing is half done");
    assert!(full.snapshot().disk_trouble, "the cashier is told");
    assert!(
        matches!(
            full.snapshot().front.map(|front| front.attempt.state),
            Some(State::AwaitingPayment { .. })
        ),
        "nothing is shown that is not saved"
    );
    drop(full);

    let mut room = open(None)?;
    assert_eq!(room.take_in(now, &message), Fate::Done, "there is room again");
    let state = room
        .db()
        .read()
        .attempts()
        .get(&number)?
        .map(|attempt| attempt.state);
    assert!(matches!(state, Some(State::Paid(_))), "paid: {state:?}");
    assert!(!room.snapshot().disk_trouble, "and the lamp is out");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_73_a_locked_ledger_keeps_the_message_for_later() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let message = notify(&line, &number)?;
    let (now, config) = (shop.now(), shop.config().clone());
    let (till, _client, folder) = shop.into_parts();
    drop(till);
    let file = folder.path().join("scantill.db");
    let options = Options {
        busy_timeout: std::time::Duration::from_millis(50),
        ..Options::default()
    };
    let mut till = Till::open(config, Database::open_with(&file, options)?, now, [3; 32])?;
    let mut somebody = Database::open(&file)?;
    let nothing = StoreError::Unreadable {
        table: "nothing",
        what: "rolled back on purpose".to_owned(),
    };
    let mut fate = None;
    let held: Result<(), StoreError> = somebody.write(|_| {
        fate = Some(till.take_in(now, &message));
        Err(nothing)
    });
    assert!(held.is_err(), "the other one has let go again");
    assert_eq!(
        fate,
        Some(Fate::Later),
        "another process has the ledger: not lost"
    );
    assert_eq!(
        till.take_in(now + SignedDuration::from_secs(1), &message),
        Fate::Done,
        "the next try goes through"
    );
    Ok(())
}
