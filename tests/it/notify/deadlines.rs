//! Two timers bring an order's deadline: the till's own and the broker's. Either may be first or missing.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use notify_bus::Kind;
use scantill_tests::shop::{Line, Shop, WATER};
use scantill_tests::world::attempt;
use till_app::notify::{Fate, Incoming};
use till_core::{CloseReason, OutTradeNo, State};

use super::ground::{books, inbox, notify, on_show};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn deadline(number: &OutTradeNo) -> Incoming {
    let fields = BTreeMap::from([("out_trade_no".to_owned(), number.to_string())]);
    Incoming {
        content: Ok((Kind::Deadline, fields)),
        message_id: number.to_string(),
        length: 100,
    }
}

fn closing(state: &State) -> bool {
    matches!(
        state,
        State::Closing {
            why: CloseReason::Deadline,
            ..
        }
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_timer_first_does_the_work_and_the_tills_own_changes_nothing() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    shop.live(MINUTE * 30 - SECOND * 40).await?;
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "the till's own timer has not gone off"
    );
    assert_eq!(
        shop.till.take_in(shop.now(), &deadline(&number)),
        Fate::Done,
        "the broker's clock is ahead"
    );
    assert!(closing(&shop.state(&number)?), "time is up");
    assert!(
        shop.till.snapshot().front.is_some_and(|front| front.qr.is_none()),
        "no code on any screen"
    );
    shop.live(MINUTE * 2).await?;
    assert!(
        matches!(
            shop.state(&number)?,
            State::Closed {
                why: CloseReason::Deadline
            }
        ),
        "closed at WeChat, once"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "the goods are back, once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tills_own_timer_first_leaves_the_brokers_nothing_to_do() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    shop.live(MINUTE * 31).await?;
    assert!(
        matches!(shop.state(&number)?, State::Closed { .. }),
        "the till needs no broker for it"
    );
    let before = books(&shop.till)?;
    assert_eq!(
        shop.till.take_in(shop.now(), &deadline(&number)),
        Fate::Done,
        "the broker's comes second"
    );
    assert_eq!(
        books(&shop.till)?,
        before,
        "and changes nothing, not even the inbox"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_far_too_early_is_another_deadline() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    shop.live(MINUTE * 28).await?;
    assert_eq!(
        shop.till.take_in(shop.now(), &deadline(&number)),
        Fate::Done,
        "acknowledged"
    );
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "the customer has two minutes left"
    );
    line.pay(&number)?;
    shop.live(SECOND * 5).await?;
    assert!(matches!(shop.state(&number)?, State::Paid(_)), "and uses them");
    let before = books(&shop.till)?;
    assert_eq!(
        shop.till.take_in(shop.now(), &deadline(&number)),
        Fate::Done,
        "after the payment"
    );
    assert_eq!(
        books(&shop.till)?,
        before,
        "a deadline is nothing to a paid order"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_14_poll_notify_and_both_timers_in_one_instant_in_any_order() -> anyhow::Result<()> {
    // Paid in the last seconds. 0: a poll, 1: the notify, 2: the broker's deadline, 3: the till's own.
    for order in permutations(4) {
        let line = Line::open().await?;
        let mut shop = Shop::open(&line, "T01").await?;
        let number = on_show(&mut shop, "click").await?;
        shop.live(MINUTE * 30 - SECOND * 10).await?;
        line.pay(&number)?;
        let message = notify(&line, &number)?;
        // The till has not looked since; everything is due at once.
        let deadline_at = attempt(&shop.till, &number)?.deadline;
        line.simulator.advance(deadline_at.duration_since(shop.now()));
        for what in &order {
            match what {
                0 => {
                    shop.till.check_now(shop.now(), &number)?;
                    shop.catch_up().await?;
                }
                1 => assert_eq!(shop.till.take_in(shop.now(), &message), Fate::Done, "{order:?}"),
                2 => assert_eq!(
                    shop.till.take_in(shop.now(), &deadline(&number)),
                    Fate::Done,
                    "{order:?}"
                ),
                _ => shop.catch_up().await?,
            }
        }
        shop.live(MINUTE * 2).await?;
        assert!(
            matches!(shop.state(&number)?, State::Paid(_)),
            "{order:?}: who paid up to the deadline paid in time: {:?}",
            shop.state(&number)?
        );
        assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "{order:?}: sold once");
        assert!(
            inbox(&shop.till)?.len() <= 2,
            "{order:?}: each piece of news once"
        );
    }
    Ok(())
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    permutations(count - 1)
        .into_iter()
        .flat_map(|shorter| {
            (0..count).map(move |place| {
                let mut longer = shorter.clone();
                longer.insert(place, count - 1);
                longer
            })
        })
        .collect()
}
