//! The customer display on the real chain: it shows whoever stands there their own order and nobody else's, and comes to
//! rest by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;

use jiff::SignedDuration;
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use scantill_tests::wait::PATIENCE;
use till_app::snapshot::CustomerStage;
use till_app::{clock, run};
use till_core::{Fen, State};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The next customer's goods are on the display, at this price.
fn shows_cart(shop: &Shop, total: i64) -> bool {
    matches!(shop.till.customer().stage, CustomerStage::Cart { total: shown, .. } if shown == Fen::new(total))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_s_paid_order_is_never_shown() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.park(WATER, "first").await?;
    shop.till.add(LAST_PIECE, None)?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "the first customer's payment was found"
    );
    assert!(
        shows_cart(&shop, 19_900),
        "the second customer sees the own goods"
    );
    shop.till.to_front(&number)?;
    assert!(
        shop.till
            .snapshot()
            .front
            .is_some_and(|it| it.attempt.out_trade_no == number),
        "the cashier looks at what was paid"
    );
    assert!(
        shows_cart(&shop, 19_900),
        "the customer does not: {:?}",
        shop.till.customer().stage
    );
    shop.till.done();
    assert!(shows_cart(&shop, 19_900), "nor afterwards");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_s_order_in_doubt_is_never_shown() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.park(WATER, "first").await?;
    shop.till.cancel(shop.now(), &number)?;
    shop.till.add(LAST_PIECE, None)?;
    shop.till.to_front(&number)?;
    assert!(
        shows_cart(&shop, 19_900),
        "a cancelled order is for the cashier to look at: {:?}",
        shop.till.customer().stage
    );
    shop.till.to_background();
    // WeChat's time has whole seconds: a payment in the second of the cancel counts as in time.
    shop.live(SECOND * 2).await?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    shop.till.to_front(&number)?;
    assert!(
        matches!(shop.state(&number)?, State::Review { .. }),
        "money after the cancel is for a person"
    );
    assert!(
        shows_cart(&shop, 19_900),
        "and none of the second customer's business: {:?}",
        shop.till.customer().stage
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_code_fetched_for_its_customer_is_thanked_for() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.park(WATER, "first").await?;
    shop.till.add(LAST_PIECE, None)?;
    shop.till.to_front(&number)?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Scan { .. }),
        "its customer has come back and scans"
    );
    line.pay(&number)?;
    shop.live(SECOND * 3).await?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Paid { total, .. } if total == Fen::new(200)),
        "and sees that it is paid"
    );
    shop.live(SECOND * 6).await?;
    assert!(shows_cart(&shop, 19_900), "then it is the next one's turn");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn thanks_end_by_themselves_whatever_the_cashier_looks_at() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.catch_up().await?;
    line.pay(&number)?;
    shop.live(SECOND * 3).await?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Paid { .. }),
        "the customer sees the payment"
    );
    let version = shop.till.version();
    shop.live(SECOND * 6).await?;
    assert_eq!(
        shop.till.customer().stage,
        CustomerStage::Idle,
        "five seconds later the display is free, though nobody has pressed anything"
    );
    assert!(shop.till.version() > version, "and the window is told so");
    assert!(
        shop.till.snapshot().front.is_some(),
        "the cashier, who may be looking at another page, still has it before them"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_leaves_the_display_by_itself_too() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    shop.till.add(WATER, None)?;
    shop.till.open_cash(None)?;
    shop.till.take_cash(shop.now(), "click", None, Fen::new(500))?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::PaidCash { .. }),
        "the customer sees the change"
    );
    shop.live(SECOND * 31).await?;
    assert_eq!(
        shop.till.customer().stage,
        CustomerStage::Idle,
        "half a minute later it has been counted out"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_drawn_past_its_deadline_while_a_question_is_under_way() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.live(MINUTE * 30 - SECOND * 4).await?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Scan { .. }),
        "four seconds before the end it may be scanned"
    );
    // The last question before the deadline has no answer yet.
    line.simulator.advance(SECOND * 3);
    let asked = shop.till.begin(shop.now());
    assert!(asked.is_some(), "a question is under way");
    line.simulator.advance(SECOND * 5);
    assert!(shop.till.begin(shop.now()).is_none(), "and nothing else is asked");
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "the deadline waits for that answer"
    );
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Wait { .. }),
        "the code does not: {:?}",
        shop.till.customer().stage
    );
    assert!(
        shop.till.snapshot().front.is_some_and(|it| it.qr.is_none()),
        "nor on the till"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_turned_back_while_the_till_runs_is_said_until_it_is_put_right() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let shop = Shop::open(&line, "T01").await?;
    let (till, client, _folder) = shop.into_parts();
    let (show, pictures) = mpsc::channel();
    // The machine's clock stands that far behind the till's, which never goes back.
    let behind = Arc::new(AtomicI64::new(0));
    let (steady, machine) = (clock::steady(), Arc::clone(&behind));
    let running = run::start(
        till,
        client,
        Box::new(move || steady() + SignedDuration::from_secs(machine.load(Ordering::Relaxed))),
        tokio::runtime::Handle::current(),
        move |picture, _| {
            // The test may have seen enough.
            let _ = show.send(picture.clock_wrong);
        },
    )?;
    let said = |wrong: bool, why: &str| -> anyhow::Result<()> {
        while pictures
            .recv_timeout(PATIENCE)
            .map_err(|_| anyhow::anyhow!("{why}"))?
            != wrong
        {}
        Ok(())
    };
    said(false, "an honest clock is not complained about")?;
    behind.store(3600, Ordering::Relaxed);
    said(true, "an hour back is told while the till runs")?;
    behind.store(0, Ordering::Relaxed);
    said(false, "and no longer when it was put right")?;
    tokio::task::spawn_blocking(move || running.stop()).await?;
    Ok(())
}
