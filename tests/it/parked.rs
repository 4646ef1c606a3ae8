//! Payments that wait in the background, and those that were settled there: what the cashier's list has of them, on the
//! real chain.

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_core::{OutTradeNo, State};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The numbers in the list, in its order.
fn listed(shop: &Shop) -> Vec<OutTradeNo> {
    let waiting = shop.till.snapshot().waiting;
    waiting.into_iter().map(|it| it.attempt.out_trade_no).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_payment_that_is_paid_stays_listed_until_it_was_seen_or_is_old() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let seen = shop.park(WATER, "seen").await?;
    let unseen = shop.park(WATER, "unseen").await?;
    line.pay(&seen)?;
    line.pay(&unseen)?;
    shop.live(SECOND * 4).await?;
    assert!(
        shop.till
            .snapshot()
            .waiting
            .iter()
            .all(|it| matches!(it.attempt.state, State::Paid(_))),
        "both are told as paid"
    );
    assert_eq!(listed(&shop).len(), 2, "and nobody has looked at either");
    shop.till.to_front(&seen)?;
    shop.till.done();
    assert_eq!(listed(&shop), [unseen], "one was looked at, the other was not");
    shop.live(MINUTE * 11).await?;
    assert_eq!(listed(&shop), [], "what nobody looks at leaves by itself");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_of_settled_payments_hides_what_waits_or_needs_a_person() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    for nth in 0..230 {
        let number = shop.park(WATER, &format!("early {nth}")).await?;
        line.pay(&number)?;
        shop.live(SECOND * 4).await?;
    }
    let review = shop.park(WATER, "cancelled").await?;
    let live = shop.park(WATER, "waits").await?;
    shop.till.cancel(shop.now(), &review)?;
    // WeChat's time has whole seconds: a payment in the second of the cancel counts as in time.
    shop.live(SECOND * 2).await?;
    line.pay(&review)?;
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&review)?, State::Review { .. }),
        "paid after the cancel is for a person"
    );
    let listed = listed(&shop);
    assert_eq!(
        listed.iter().take(2).collect::<Vec<_>>(),
        [&review, &live],
        "what needs a person comes first, then what still waits, however many were paid before"
    );
    assert!(
        listed.len() <= 22,
        "of the paid ones there is a list's worth, not {}",
        listed.len()
    );
    Ok(())
}
