//! A disk that does not take it while the till sells: full, or held by another process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use jiff::SignedDuration;
use till_app::{Database, Refusal};
use till_core::{Cart, OutTradeNo, Product, State};
use till_store::Options;

use super::counter::{Counter, WATER};

const PAGE: u64 = 2048;

/// A till on a disk on which so many pages are left.
fn short_of_room(counter: Counter, left: u32) -> Counter {
    // Closing brings everything into the one file.
    let counter = counter.reopen(Options::default());
    counter.till.db().checkpoint().unwrap();
    let pages = u32::try_from(fs::metadata(counter.file()).unwrap().len() / PAGE).unwrap();
    counter.reopen(Options {
        pages_max: Some(pages + left),
        busy_timeout: Duration::from_millis(100),
    })
}

/// Something that takes room and can be thrown away by somebody else: a held cart with many lines.
fn ballast(counter: &Counter) -> i64 {
    let mut db = Database::open(&counter.file()).unwrap();
    let mut cart = Cart::default();
    for nth in 0..200 {
        let product = Product {
            id: till_core::ProductId(1_000_000 + nth),
            name: "占地方".repeat(30),
            barcode: None,
            price: till_core::Price::Fixed(till_core::Fen::new(1)),
            category: String::new(),
            available: None,
        };
        cart.add(&product, None).unwrap();
    }
    db.write(|tx| tx.held_carts().put(counter.now, &cart)).unwrap()
}

fn make_room(counter: &Counter, ballast: i64) {
    let mut db = Database::open(&counter.file()).unwrap();
    let thrown_away = db.write(|tx| tx.held_carts().take(ballast)).unwrap();
    assert!(thrown_away.is_some(), "there was something to throw away");
}

/// Sells until the disk is full, and gives back how many sales were made and the refusal.
async fn sell_until_full(counter: &mut Counter) -> (u32, Refusal) {
    for nth in 0..500 {
        let before = counter.everything();
        let asked = counter.wechat.asked().len();
        if counter.till.snapshot().cart.is_empty()
            && let Err(refusal) = counter.till.scan(WATER)
        {
            assert_eq!(
                counter.everything(),
                before,
                "what was not rung up has left nothing"
            );
            return (nth, refusal);
        }
        let rung_up = counter.everything();
        match counter.till.pay(counter.now, &format!("{}-{nth}", counter.now)) {
            Ok(_) => counter.run(SignedDuration::from_millis(10)).await,
            Err(refusal) => {
                assert_eq!(
                    counter.everything(),
                    rung_up,
                    "a sale that was not saved has left nothing, and its goods are in the cart"
                );
                assert_eq!(
                    counter.wechat.asked().len(),
                    asked,
                    "nothing is sent that is not saved"
                );
                return (nth, refusal);
            }
        }
    }
    panic!("the disk never got full");
}

#[tokio::test]
async fn fault_71_a_full_disk_refuses_the_sale_says_so_and_sells_on_when_there_is_room() {
    for left in 0..8 {
        let counter = Counter::open();
        let ballast = ballast(&counter);
        let mut counter = short_of_room(counter, left);
        let (sold, refusal) = sell_until_full(&mut counter).await;
        assert!(
            matches!(&refusal, Refusal::NotSaved(error) if error.is_disk_full()),
            "told as a full disk: {refusal}"
        );
        assert!(counter.till.snapshot().disk_trouble, "the lamp is on");
        let waiting = counter.orders();
        assert_eq!(
            waiting.len(),
            usize::try_from(sold).unwrap(),
            "every sale that was answered is in the ledger, and no other"
        );
        make_room(&counter, ballast);
        counter.sell("room again").unwrap();
        counter.run(SignedDuration::from_secs(30)).await;
        assert!(!counter.till.snapshot().disk_trouble, "the lamp is off again");
        assert!(
            counter
                .orders()
                .iter()
                .all(|order| matches!(order.state, State::AwaitingPayment { .. })),
            "every order has its code, those too whose answer had found no room: {:?}",
            counter.orders()
        );
        assert!(
            counter.till.db().read().stock().drift().unwrap().is_empty(),
            "stock and sales agree"
        );
        assert_eq!(
            counter.wechat.orders(),
            counter.orders().len(),
            "WeChat has what the ledger has"
        );
    }
}

#[tokio::test]
async fn fault_71_an_answer_that_finds_no_room_is_asked_for_again_until_it_is_saved() {
    let counter = Counter::open();
    let ballast = ballast(&counter);
    let mut counter = short_of_room(counter, 40);
    let number = counter.sell("first").unwrap();
    counter.run(SignedDuration::from_secs(4)).await;
    sell_until_full(&mut counter).await;
    counter.wechat.pay(&number);
    let before = asked(&counter);
    counter.run(SignedDuration::from_secs(30)).await;
    assert!(
        counter.order(&number).payment().is_none(),
        "the answer did not fit: {:?}",
        counter.order(&number)
    );
    assert!(
        matches!(
            counter.till.picture(&number).unwrap().attempt.state,
            State::AwaitingPayment { .. }
        ),
        "the screen says no more than the ledger: what is not saved is not shown as paid"
    );
    assert!(counter.till.snapshot().disk_trouble, "the lamp is on");
    assert!(asked(&counter) >= before + 8, "it is asked for all the time");
    make_room(&counter, ballast);
    counter.run(SignedDuration::from_secs(4)).await;
    assert!(
        matches!(counter.order(&number).state, State::Paid(_)),
        "one poll after there is room it is paid: {:?}",
        counter.order(&number)
    );
}

/// Not a test: the other process of `fault_73`. Holds the ledger until its standard input ends.
#[test]
fn holder_of_the_ledger() {
    let Some(path) = std::env::var_os("SCANTILL_TEST_HOLD") else {
        return;
    };
    let mut db = Database::open(&PathBuf::from(path)).unwrap();
    db.write(|tx| {
        // A write, so that the lock is certainly taken.
        tx.settings().set("held", "yes")?;
        println!("\nheld");
        let _ = std::io::stdin().lines().next();
        Ok(())
    })
    .unwrap();
}

/// The other process, and its output, which must stay open.
fn hold(counter: &Counter) -> (Child, BufReader<ChildStdout>) {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bad_input::disk::holder_of_the_ledger", "--nocapture"])
        .env("SCANTILL_TEST_HOLD", counter.file())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    assert!(
        output.by_ref().lines().any(|line| line.unwrap() == "held"),
        "the other process has the ledger before we go on"
    );
    (holder, output)
}

#[tokio::test]
async fn fault_73_a_ledger_held_by_another_process_stops_nothing_for_good() {
    let mut counter = Counter::open().reopen(Options {
        busy_timeout: Duration::from_millis(50),
        ..Options::default()
    });
    let number: OutTradeNo = counter.sell("first").unwrap();
    counter.run(SignedDuration::from_secs(4)).await;
    counter.till.scan(WATER).unwrap();
    let (mut holder, _output) = hold(&counter);
    let before = counter.everything();
    let asked_before = counter.wechat.asked().len();
    let refusal = counter.till.pay(counter.now, "second").unwrap_err();
    assert!(
        matches!(&refusal, Refusal::NotSaved(error) if error.is_locked()),
        "told as locked: {refusal}"
    );
    assert_eq!(
        counter.everything(),
        before,
        "the cart is as it was, and no sale was made"
    );
    assert_eq!(counter.wechat.asked().len(), asked_before, "nothing was sent");
    assert!(counter.till.snapshot().disk_trouble, "the lamp is on");
    counter.wechat.pay(&number);
    counter.run(SignedDuration::from_secs(20)).await;
    assert!(
        counter.order(&number).payment().is_none() && counter.wechat.asked().len() >= asked_before + 5,
        "the payment can't be saved, and is asked for again and again"
    );
    holder.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(holder.wait().unwrap().success(), "the other process lets go");
    counter.run(SignedDuration::from_secs(4)).await;
    assert!(
        matches!(counter.order(&number).state, State::Paid(_)),
        "one poll later it is saved: {:?}",
        counter.order(&number)
    );
    counter.till.pay(counter.now, "second").unwrap();
    assert!(!counter.till.snapshot().disk_trouble, "the lamp is off again");
    assert_eq!(counter.orders().len(), 2, "the same click is now a sale, one");
}

fn asked(counter: &Counter) -> usize {
    counter.wechat.asked().len()
}
