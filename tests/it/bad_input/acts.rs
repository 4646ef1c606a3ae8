//! Acts that make no sense, and clicks that come twice.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use scantill_tests::shop::{self, Line, Shop};
use till_app::{Refusal, clock, run};
use till_core::{CartError, LineNo, NotNow, OutTradeNo, PIECES_MAX, ProductId, State};
use till_store::Options;
use wechat_pay::Client;

use super::counter::{Counter, DUMPLINGS, WATER};

/// The act is refused, the reason is the right one, and nothing has changed.
#[track_caller]
fn refused<T: std::fmt::Debug>(
    counter: &mut Counter,
    act: impl FnOnce(&mut Counter) -> Result<T, Refusal>,
    right: impl FnOnce(&Refusal) -> bool,
) {
    let before = counter.everything();
    let error = act(counter).unwrap_err();
    assert!(right(&error), "refused for another reason: {error}");
    assert_eq!(counter.everything(), before, "a refused act changes nothing");
}

const SECONDS: fn(i64) -> SignedDuration = SignedDuration::from_secs;

#[test]
fn an_empty_cart_is_not_paid_and_not_held() {
    let mut counter = Counter::open();
    let empty = |error: &Refusal| matches!(error, Refusal::Cart(CartError::Empty));
    refused(&mut counter, |it| it.till.pay(it.now, "click"), empty);
    refused(&mut counter, |it| it.till.hold(it.now), empty);
    counter.till.scan(WATER).unwrap();
    counter.till.clear_cart(counter.now).unwrap();
    refused(&mut counter, |it| it.till.pay(it.now, "click"), empty);
    assert!(counter.wechat.asked().is_empty(), "WeChat heard of none of it");
}

#[test]
fn what_is_not_on_the_shelf_is_not_rung_up() {
    let mut counter = Counter::open();
    for barcode in ["0000000000000", "", "\u{0}", "' OR 1=1 --", &"9".repeat(10_000)] {
        refused(
            &mut counter,
            |it| it.till.scan(barcode),
            |error| matches!(error, Refusal::NoSuchBarcode(_)),
        );
    }
    for id in [0, -1, 4, i64::MAX] {
        refused(
            &mut counter,
            |it| it.till.add(ProductId(id), None),
            |error| matches!(error, Refusal::NoSuchProduct),
        );
    }
    let case = counter.till.products("手机壳", None)[0].id;
    refused(
        &mut counter,
        |it| it.till.add(case, None),
        |error| matches!(error, Refusal::Cart(CartError::PriceMissing)),
    );
    for fen in [0, -1, i64::MAX, i64::MIN] {
        refused(
            &mut counter,
            |it| it.till.add(case, Some(till_core::Fen::new(fen))),
            |error| {
                matches!(
                    error,
                    Refusal::Cart(CartError::PriceOutOfRange | CartError::TotalOutOfRange)
                )
            },
        );
    }
}

#[test]
fn a_quantity_out_of_range_or_more_than_there_is_changes_nothing() {
    let mut counter = Counter::open();
    counter.till.scan(DUMPLINGS).unwrap();
    let line = counter.till.snapshot().cart.lines()[0].line;
    for pieces in [PIECES_MAX + 1, u32::MAX] {
        refused(
            &mut counter,
            |it| it.till.set_pieces(it.now, line, pieces),
            |error| matches!(error, Refusal::Cart(CartError::QuantityOutOfRange)),
        );
    }
    refused(
        &mut counter,
        |it| it.till.set_pieces(it.now, line, 6),
        |error| matches!(error, Refusal::OutOfStock { name } if name.starts_with("三全")),
    );
    refused(
        &mut counter,
        |it| it.till.set_pieces(it.now, LineNo(99), 1),
        |error| matches!(error, Refusal::Cart(CartError::NoSuchLine)),
    );
    counter.till.set_pieces(counter.now, line, 5).unwrap();
    refused(
        &mut counter,
        |it| it.till.scan(DUMPLINGS),
        |error| matches!(error, Refusal::OutOfStock { .. }),
    );
}

#[tokio::test]
async fn an_order_is_not_cancelled_or_paid_again_when_that_makes_no_sense() {
    let mut counter = Counter::open();
    let number = counter.sell("click").unwrap();
    counter.run(SECONDS(1)).await;
    let waiting = |error: &Refusal| matches!(error, Refusal::NotNow(NotNow::StillWaiting));
    refused(&mut counter, |it| it.till.pay_again(it.now, &number), waiting);
    counter.wechat.pay(&number);
    counter.run(SECONDS(4)).await;
    assert!(
        matches!(counter.order(&number).state, State::Paid(_)),
        "the payment was found"
    );
    for _ in 0..2 {
        refused(
            &mut counter,
            |it| it.till.cancel(it.now, &number),
            |error| matches!(error, Refusal::AlreadyPaid),
        );
        refused(
            &mut counter,
            |it| it.till.pay_again(it.now, &number),
            |error| matches!(error, Refusal::NotNow(NotNow::Settled)),
        );
        // The second time it is not in memory any more.
        counter.till.done();
    }
    let unknown = OutTradeNo::parse("T01-261123-0099-ABCD").unwrap();
    let nowhere = |error: &Refusal| matches!(error, Refusal::NoSuchOrder);
    refused(&mut counter, |it| it.till.cancel(it.now, &unknown), nowhere);
    refused(&mut counter, |it| it.till.pay_again(it.now, &unknown), nowhere);
    refused(&mut counter, |it| it.till.check_now(it.now, &unknown), nowhere);
    refused(&mut counter, |it| it.till.to_front(&unknown), nowhere);
    refused(&mut counter, |it| it.till.picture(&unknown), nowhere);
    refused(&mut counter, |it| it.till.fetch(it.now, 99), nowhere);
}

#[tokio::test]
async fn cancelling_twice_is_cancelling_once() {
    let mut counter = Counter::open();
    let number = counter.sell("click").unwrap();
    counter.run(SECONDS(1)).await;
    counter.till.cancel(counter.now, &number).unwrap();
    let before = counter.everything();
    counter.till.cancel(counter.now, &number).unwrap();
    assert_eq!(counter.everything(), before, "the second press finds it done");
    counter.run(SECONDS(400)).await;
    counter.till.cancel(counter.now, &number).unwrap();
    assert!(
        matches!(counter.order(&number).state, State::Closed { .. }),
        "closed stays closed: {:?}",
        counter.order(&number)
    );
}

#[test]
fn a_day_at_the_end_of_time_is_refused_not_a_panic() {
    let counter = Counter::open();
    for day in [Date::MIN, Date::MAX] {
        for refusal in [
            counter.till.orders_of(day).map(drop),
            counter.till.day(day, true).map(drop),
        ] {
            assert!(
                matches!(refusal, Ok(()) | Err(Refusal::DayWrong)),
                "{day} is an empty day or none: {refusal:?}"
            );
        }
    }
}

#[test]
fn fault_77_two_clicks_on_pay_are_one_sale() {
    let mut counter = Counter::open();
    let first = counter.sell("click").unwrap();
    let before = counter.everything();
    let second = counter.till.pay(counter.now, "click").unwrap();
    assert_eq!(second, first, "the same click is the same order");
    assert_eq!(counter.everything(), before, "and nothing else has happened");
    // The next customer's goods are in the cart already when the click comes once more.
    counter.till.scan(DUMPLINGS).unwrap();
    let late = counter.till.pay(counter.now, "click").unwrap();
    assert_eq!(late, first, "not the next customer's");
    assert_eq!(
        counter.till.snapshot().cart.pieces(),
        1,
        "whose goods stay in the cart"
    );
    let mut counter = counter.reopen(Options::default());
    let again = counter.till.pay(counter.now, "click").unwrap();
    assert_eq!(again, first, "a restart does not make it a new sale");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_77_many_clicks_at_the_same_time_are_one_sale() {
    let mut counter = Counter::open();
    counter.till.scan(WATER).unwrap();
    let file = counter.file();
    let Counter { till, wechat, .. } = &counter;
    let client = Client::new(till.config().merchant.clone(), wechat.clone());
    let wechat = wechat.clone();
    let runtime = tokio::runtime::Handle::current();
    // The folder lives on in what is left of the counter.
    let (till, _folder) = counter.take_apart();
    let running = run::start(till, client, clock::steady(), runtime, |_, _| {}).unwrap();
    let clicks: Vec<_> = (0..16)
        .map(|_| {
            let handle = running.handle.clone();
            tokio::spawn(async move { handle.call(|till, now| till.pay(now, "click")).await })
        })
        .collect();
    let other = running.handle.call(|till, now| till.pay(now, "other click"));
    let mut numbers = std::collections::BTreeSet::new();
    if let Ok(number) = other.await.unwrap() {
        numbers.insert(number.as_str().to_owned());
    }
    let mut refusals = 0;
    for click in clicks {
        match click.await.unwrap().unwrap() {
            Ok(number) => {
                numbers.insert(number.as_str().to_owned());
            }
            Err(Refusal::Cart(CartError::Empty)) => refusals += 1,
            Err(other) => panic!("refused for another reason: {other}"),
        }
    }
    assert_eq!(
        numbers.len(),
        1,
        "one cart, one sale, whichever click was first ({refusals} found an empty cart)"
    );
    tokio::task::spawn_blocking(move || running.stop()).await.unwrap();
    let db = till_app::Database::open(&file).unwrap();
    let orders = db.read().attempts().search("", None).unwrap();
    assert_eq!(orders.len(), 1, "the ledger has one order");
    assert!(wechat.orders() <= 1, "and WeChat no more");
}

#[tokio::test]
async fn fault_12_a_clock_turned_back_is_said_and_keeps_no_code_alive_for_longer() {
    let mut counter = Counter::open();
    let number = counter.sell("click").unwrap();
    counter.run(SECONDS(1)).await;
    let sold_at = counter.now;
    for (back, lamp) in [(60, false), (24 * 3600, true)] {
        counter.now = sold_at - SECONDS(back);
        counter = counter.reopen(Options::default());
        let said = counter.till.snapshot().clock_wrong;
        assert_eq!(
            said, lamp,
            "{back} s back: the cashier is told from two minutes on"
        );
        let picture = counter.till.picture(&number).unwrap();
        assert!(
            picture.attempt.deadline <= counter.now + SignedDuration::from_mins(30),
            "half an hour by any clock, not a day: {:?}",
            picture.attempt
        );
    }
    counter.wechat.pay(&number);
    counter.run(SECONDS(4)).await;
    assert!(
        matches!(counter.order(&number).state, State::Paid(_)),
        "the payment is found whatever the clock says: {:?}",
        counter.order(&number)
    );
}

#[tokio::test]
async fn fault_12_a_clock_that_jumps_a_day_ahead_asks_before_it_gives_anything_up() {
    let mut counter = Counter::open();
    let number = counter.sell("click").unwrap();
    counter.run(SECONDS(1)).await;
    counter.wechat.pay(&number);
    let asked = counter.wechat.asked().len();
    counter.now += SECONDS(24 * 3600);
    let mut counter = counter.reopen(Options::default());
    counter.run(SECONDS(4)).await;
    assert_eq!(
        counter.wechat.asked().get(asked),
        Some(&"/pay/orderquery"),
        "long past its deadline, the order is asked after first"
    );
    assert!(
        matches!(counter.order(&number).state, State::Paid(_)),
        "and the payment, made in time, is the sale's: {:?}",
        counter.order(&number)
    );
    let since: Timestamp = counter.order(&number).placed_at;
    assert!(since < counter.now, "time goes on from where it is now");
}

/// As in training, where the simulator is inside the program and starts with the till.
#[tokio::test(flavor = "multi_thread")]
async fn fault_12_a_clock_turned_back_by_a_day_keeps_nobody_in_training_from_selling() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("simulator.json");
    let mut line = Line::open_on(&state).await?;
    line.simulator.advance(SignedDuration::from_hours(24));
    let mut shop = Shop::open(&line, "T01").await?;
    let waiting = shop.sell(shop::WATER, "tomorrow")?;
    shop.catch_up().await?;
    assert!(
        matches!(shop.state(&waiting)?, State::AwaitingPayment { .. }),
        "placed by a clock that is a day ahead: {:?}",
        shop.state(&waiting)?
    );

    line.start_again(&state).await?;
    let ahead = line.simulator.now().duration_since(clock::steady()());
    assert!(
        ahead.abs() < SignedDuration::from_mins(1),
        "the simulator goes by the machine's clock, as the till does, not {ahead} away from it"
    );
    let mut shop = shop.restart_on(&line)?;
    let number = shop.sell(shop::WATER, "today")?;
    shop.catch_up().await?;
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "sold on by the clock as it is now, not {:?}",
        shop.state(&number)?
    );
    line.pay(&number)?;
    shop.till.cancel(shop.now(), &waiting)?;
    shop.live(SignedDuration::from_mins(6)).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "and paid, not {:?}",
        shop.state(&number)?
    );
    assert!(
        matches!(shop.state(&waiting)?, State::Closed { .. }),
        "what had been left open is closed after five minutes, not after a day: {:?}",
        shop.state(&waiting)?
    );
    assert_eq!(
        shop.shelf(shop::WATER)?,
        (Some(499), 0, 1),
        "its bottle is back on the shelf"
    );
    Ok(())
}
