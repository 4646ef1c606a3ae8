//! The kills that the fault catalogue names, each at its exact place, and what must be true between death and restart.

use anyhow::ensure;
use scantill_tests::till_process::{Says, TillProcess, Told};
use till_core::{Cart, State, StockHold};
use wechat_pay_sim::{ExpiredReads, TradeState};

use super::shop::{CLICK, Story, TILL, World};

/// A till with the goods in the cart that will die at that place of the payment that follows.
async fn rung_up(story: Story, point: &str, nth: u32) -> anyhow::Result<World> {
    let mut world = World::open(1, story, Vec::new()).await?;
    world.fill_cart().await?;
    world.arm(point, nth).await?;
    Ok(world)
}

/// 收款, and death.
async fn pay_and_die(world: &mut World) -> anyhow::Result<()> {
    match world.ask(&Told::Pay(CLICK.to_owned())).await? {
        Some(_) => world.see_it_die().await,
        None => Ok(()),
    }
}

async fn finish(mut world: World) -> anyhow::Result<()> {
    world.play().await?;
    world.compare().await
}

#[tokio::test]
async fn fault_1_killed_before_the_order_is_saved_nothing_was_sold_and_the_cart_is_there()
-> anyhow::Result<()> {
    let mut world = rung_up(Story::Paid, "store.before_commit", 1).await?;
    let answer = world.ask(&Told::Pay(CLICK.to_owned())).await?;
    assert!(
        answer.is_none(),
        "no number was given out for a sale that is not saved"
    );
    let ledger = world.ledger()?;
    assert!(ledger.orders()?.is_empty(), "there is no order");
    assert_eq!(ledger.available()?, 15, "no goods are held for it");
    let cart: Option<Cart> = ledger.db.read().settings().get("cart")?;
    assert_eq!(
        cart.map(|cart| cart.pieces()),
        Some(3),
        "the goods need not be rung up again"
    );
    assert!(world.tap.heard().is_empty(), "WeChat was not asked for anything");
    finish(world).await
}

#[tokio::test]
async fn fault_2_killed_before_unifiedorder_the_same_order_is_placed_at_the_next_start() -> anyhow::Result<()>
{
    let mut world = rung_up(Story::Paid, "store.after_commit", 1).await?;
    pay_and_die(&mut world).await?;
    let saved = world.ledger()?.orders()?;
    assert!(
        matches!(&saved[..], [order] if order.state == State::Placing),
        "the sale is saved before anything is sent: {saved:?}"
    );
    assert!(world.tap.heard().is_empty(), "nothing was sent yet");
    let picture = world.see("the code", |it| it.on_show.is_some()).await?;
    assert_eq!(
        picture.on_show.as_deref(),
        Some(saved[0].out_trade_no.as_str()),
        "the code on show is of the very order that was saved"
    );
    let paths: Vec<_> = world.tap.heard().into_iter().map(|it| it.path).take(2).collect();
    assert_eq!(
        paths,
        ["/pay/orderquery", "/pay/unifiedorder"],
        "a till that does not know what it has sent asks first"
    );
    finish(world).await
}

#[tokio::test]
async fn fault_3_killed_before_the_answer_is_saved_the_same_request_brings_the_code() -> anyhow::Result<()> {
    let mut world = rung_up(Story::Paid, "driver.before_finish", 1).await?;
    pay_and_die(&mut world).await?;
    let saved = world.ledger()?.orders()?;
    assert!(
        matches!(&saved[..], [order] if order.state == State::Placing),
        "the ledger does not know the answer: {saved:?}"
    );
    assert!(
        matches!(&world.at_wechat()[..], [order] if order.unpayable.is_none()),
        "WeChat has the order and could be paid"
    );
    // The body of a new request would have the shop's new name in it.
    let file = world.folder.path().join("till.toml");
    let config = std::fs::read_to_string(&file)?.replace("小满便利店", "大满便利店");
    std::fs::write(&file, config)?;
    world.see("the code", |it| it.on_show.is_some()).await?;
    let paths: Vec<_> = world.tap.heard().into_iter().map(|it| it.path).take(3).collect();
    assert_eq!(
        paths,
        ["/pay/unifiedorder", "/pay/orderquery", "/pay/unifiedorder"],
        "asked first, then placed again; that both requests are the same is compared at the end"
    );
    assert_eq!(world.at_wechat().len(), 1, "one click, one order at WeChat");
    finish(world).await
}

#[tokio::test]
async fn fault_4_killed_before_the_code_is_seen_it_is_shown_at_the_next_start() -> anyhow::Result<()> {
    let mut world = rung_up(Story::Paid, "store.after_commit", 2).await?;
    pay_and_die(&mut world).await?;
    let saved = world.ledger()?.orders()?;
    assert!(
        matches!(&saved[..], [order] if matches!(order.state, State::AwaitingPayment { .. })),
        "the code is saved: {saved:?}"
    );
    let first = world.look().await?.expect("nobody kills it");
    assert_eq!(
        first.on_show.as_deref(),
        Some(saved[0].out_trade_no.as_str()),
        "the first picture of the new life has the code that the customer is waiting for"
    );
    finish(world).await
}

#[tokio::test]
async fn fault_5_killed_between_the_answer_paid_and_its_commit_it_is_found_again() -> anyhow::Result<()> {
    let mut world = World::open(1, Story::Paid, Vec::new()).await?;
    world.fill_cart().await?;
    world.told(Told::Pay(CLICK.to_owned())).await?;
    world.see("the code", |it| it.on_show.is_some()).await?;
    asked_twice_more(&mut world).await?;
    world.arm("store.before_commit", 1).await?;
    world.customer_pays(None);
    world.see_it_die().await?;
    let ledger = world.ledger()?;
    assert!(
        matches!(&ledger.orders()?[..], [order] if order.payment().is_none()),
        "the answer was heard and not saved"
    );
    assert!(
        matches!(&world.at_wechat()[..], [order] if order.state == TradeState::Success),
        "the money is taken"
    );
    let picture = world
        .see("the payment", |it| {
            it.orders.iter().all(till_core::Attempt::is_final)
        })
        .await?;
    assert!(
        matches!(picture.orders[0].state, State::Paid(_)),
        "the next start finds it without a person: {picture:?}"
    );
    finish(world).await
}

/// The deadline passes while the till runs; WeChat leaves the order open, so that the till has to close it. Death at every
/// commit from there on.
#[tokio::test]
async fn fault_7_killed_anywhere_on_the_way_from_the_deadline_to_the_stock() -> anyhow::Result<()> {
    let mut between = 0;
    for point in [
        "store.before_commit",
        "store.after_commit",
        "driver.before_finish",
    ] {
        for nth in 1..=4 {
            between += u32::from(dies_closing(point, nth).await?);
        }
    }
    assert!(
        between >= 2,
        "some deaths came between WeChat's close and the goods' way back: {between}"
    );
    Ok(())
}

/// Whether the death came after WeChat had closed the order and before the goods were given back.
async fn dies_closing(point: &str, nth: u32) -> anyhow::Result<bool> {
    let mut world = World::open(1, Story::DeadlineWhileDead, Vec::new()).await?;
    let simulator = world.gateway.simulator().clone();
    simulator.with(|gateway, _| gateway.rules_mut().expired_reads = ExpiredReads::NotPay);
    world.fill_cart().await?;
    world.told(Told::Pay(CLICK.to_owned())).await?;
    world.see("the code", |it| it.on_show.is_some()).await?;
    asked_twice_more(&mut world).await?;
    world.arm(point, nth).await?;
    world.advance(jiff::SignedDuration::from_mins(31)).await?;
    let mut over = false;
    while let Some(picture) = world.look().await? {
        // Fewer steps than that: it was done before the number was reached.
        over = picture.orders.iter().all(till_core::Attempt::is_final);
        if over {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let ledger = world.ledger()?;
    ensure!(
        ledger.db.read().stock().drift()?.is_empty(),
        "the goods follow the sale at any moment"
    );
    let sale = ledger
        .db
        .read()
        .sales()
        .by_click(CLICK)?
        .map(|stored| stored.sale);
    let held = sale.is_some_and(|sale| sale.stock == StockHold::Held);
    let closed = world
        .at_wechat()
        .iter()
        .all(|order| order.state == TradeState::Closed);
    ensure!(
        closed || held,
        "{point}:{nth}: goods given back while the order could still be paid"
    );
    finish(world).await?;
    Ok(!over && closed && held)
}

#[tokio::test]
async fn fault_10_a_second_process_on_the_folder_is_refused_and_the_first_sells_on() -> anyhow::Result<()> {
    let mut world = World::open(1, Story::Paid, Vec::new()).await?;
    world.fill_cart().await?;
    let second = TillProcess::start(std::path::Path::new(TILL), world.folder.path(), world.ahead, None).await;
    assert!(
        second.is_err(),
        "two writers of one ledger are not allowed: {second:?}"
    );
    let answer = world.ask(&Told::Pay(CLICK.to_owned())).await?;
    assert!(
        matches!(answer, Some(Says::Order(_))),
        "the first one has not noticed anything: {answer:?}"
    );
    finish(world).await
}

/// Two more answers of the same kind: from here on, waiting saves nothing.
async fn asked_twice_more(world: &mut World) -> anyhow::Result<()> {
    let asked = |world: &World| {
        let heard = world.tap.heard();
        heard.iter().filter(|it| it.path == "/pay/orderquery").count()
    };
    let before = asked(world);
    while asked(world) < before + 3 {
        world.see("more questions", |_| true).await?;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    Ok(())
}
