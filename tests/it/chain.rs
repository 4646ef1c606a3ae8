//! The whole chain: real till, real file, real simulator over HTTP. How a payment goes when nothing is in the way, and
//! how it ends when nobody pays.

use std::sync::mpsc;

use jiff::SignedDuration;
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use scantill_tests::wait::PATIENCE;
use till_app::snapshot::{CustomerStage, Snapshot, WechatLamp};
use till_app::{Refusal, run};
use till_core::{CloseReason, EvidenceKind, Fen, ReviewReason, SignVerdict, State};
use wechat_pay_sim::TradeState;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_found_by_a_query() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Wait { .. }),
        "nothing to scan before WeChat has the order"
    );
    shop.catch_up().await?;
    let front = shop.till.snapshot().front.expect("a payment in front");
    assert!(front.qr.is_some(), "the cashier sees the code");
    let CustomerStage::Scan {
        out_trade_no, total, ..
    } = shop.till.customer().stage
    else {
        panic!("the customer sees the code")
    };
    assert_eq!(
        (out_trade_no.as_str(), total),
        (number.as_str(), Fen::new(200)),
        "the code is that of this order and names its amount"
    );
    shop.live(SECOND * 10).await?;
    let receipt = line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    let State::Paid(payment) = shop.state(&number)? else {
        panic!("one question every three seconds finds it")
    };
    assert_eq!(
        payment.transaction_id, receipt.transaction_id,
        "it is WeChat's payment"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "one piece is sold, none is held"
    );
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Paid { .. }),
        "the customer sees it"
    );
    assert!(
        matches!(shop.till.snapshot().wechat, WechatLamp::Good { .. }),
        "the lamp is green"
    );
    let rows = shop.evidence(&number)?;
    let told: Vec<(EvidenceKind, &str)> = rows.iter().map(|row| (row.kind, row.outcome.as_str())).collect();
    assert_eq!(
        told,
        [
            (EvidenceKind::Unifiedorder, "SUCCESS"),
            (EvidenceKind::Orderquery, "NOTPAY"),
            (EvidenceKind::Orderquery, "SUCCESS")
        ],
        "placed, not paid for a while (one row), paid"
    );
    assert!(
        rows.iter()
            .all(|row| row.sign == SignVerdict::Right && row.request.is_some() && row.answer.is_some()),
        "each row keeps what was sent and received, and what its signature was worth"
    );
    let day = shop.till.day(shop.till.day_of(shop.now()), true)?.figures;
    assert_eq!(
        (day.paid.count, day.paid.sum),
        (1, Fen::new(200)),
        "the day has it"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_one_row_of_evidence_and_no_write() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.live(SECOND * 10).await?;
    let (log, journal) = (shop.log()?, shop.till.db().read().journal().after(0, 1000)?.len());
    let before = shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")?;
    shop.live(MINUTE * 10).await?;
    let after = shop.times(&number, EvidenceKind::Orderquery, "NOTPAY")?;
    assert!(
        (190..=201).contains(&(after - before)),
        "a question every three seconds, not {}",
        after - before
    );
    assert_eq!(
        shop.evidence(&number)?.len(),
        2,
        "placed, and one run of NOTPAY with its count"
    );
    assert!(
        shop.log()? == log,
        "waiting commits nothing: the write-ahead log is the same to the byte"
    );
    assert_eq!(
        shop.till.db().read().journal().after(0, 1000)?.len(),
        journal,
        "nor is there anything to journal"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_until_the_deadline() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.live(MINUTE * 29 + SECOND * 50).await?;
    assert!(
        shop.till.snapshot().front.is_some_and(|it| it.qr.is_some()),
        "the code lives half an hour"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 1, 0),
        "as long the goods are held"
    );
    shop.live(SECOND * 20).await?;
    assert_eq!(
        shop.state(&number)?,
        State::Closed {
            why: CloseReason::Deadline
        },
        "after half an hour it is closed"
    );
    assert_eq!(
        line.order(&number).map(|it| it.state),
        Some(TradeState::Closed),
        "and WeChat has closed it, too"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "now the goods are back");
    assert_eq!(shop.till.next_due(), None, "nothing is left to ask");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_21_a_cancel_is_remembered_until_wechat_lets_close() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(LAST_PIECE, "click")?;
    shop.live(SECOND * 30).await?;
    shop.till.cancel(shop.now(), &number)?;
    let front = shop.till.snapshot().front.expect("it stays in front");
    assert!(front.qr.is_none(), "the cashier's code is gone at once");
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Wait { .. }),
        "and the customer's"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 1, 0),
        "the goods stay held: the customer may still pay"
    );
    shop.live(MINUTE * 4).await?;
    assert!(
        matches!(shop.state(&number)?, State::Closing { .. }),
        "WeChat closes nothing within five minutes"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 1, 0),
        "so the goods are still held"
    );
    // What the cashier asked for outlives the program.
    let mut shop = shop.restart(SECOND)?;
    shop.live(MINUTE * 2).await?;
    assert_eq!(
        shop.state(&number)?,
        State::Closed {
            why: CloseReason::Cancelled
        },
        "then it is closed"
    );
    assert_eq!(
        line.order(&number).map(|it| it.state),
        Some(TradeState::Closed),
        "at WeChat, too"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(1), 0, 0),
        "and the piece can be sold again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_after_a_cancel_is_put_before_the_cashier() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.live(SECOND * 30).await?;
    shop.till.cancel(shop.now(), &number)?;
    shop.live(MINUTE).await?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    let State::Review { why, payment } = shop.state(&number)? else {
        panic!("money after a cancel is for a person to decide")
    };
    assert_eq!(why, ReviewReason::PaidAfterCancel, "and says why");
    assert_eq!(
        payment.map(|it| it.total_fee),
        Some(Fen::new(200)),
        "the money is not dropped"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 1, 0),
        "nor are its goods sold to another"
    );
    let waiting = shop.till.snapshot().waiting;
    assert!(
        waiting.iter().any(|it| it.attempt.out_trade_no == number),
        "the cashier sees it at once"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_waiting_asks_before_it_expires_anything() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    shop.live(SECOND * 30).await?;
    let code = line.order(&number).map(|it| it.code_url);
    let mut shop = shop.restart(SECOND * 5)?;
    let front = shop
        .till
        .snapshot()
        .front
        .expect("the only payment under way comes back to the front");
    assert!(front.qr.is_some(), "with its code");
    assert_eq!(
        line.order(&number).map(|it| it.code_url),
        code,
        "which is the one the customer sees"
    );
    line.pay(&number)?;
    // Off for longer than the order lives.
    shop = shop.restart(MINUTE * 45)?;
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "nothing was expired in the dark"
    );
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "it was paid in time, and is"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "sold once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tills_share_a_gateway_and_nothing_else() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut one = Shop::open(&line, "T01").await?;
    let mut two = Shop::open(&line, "T02").await?;
    let (first, second) = (one.sell(LAST_PIECE, "click")?, two.sell(WATER, "click")?);
    one.catch_up().await?;
    two.catch_up().await?;
    assert_ne!(
        first, second,
        "each till has numbers of its own, the same click or not"
    );
    line.pay(&second)?;
    for _ in 0..4 {
        one.live(SECOND).await?;
        two.live(SECOND).await?;
    }
    assert!(
        matches!(two.state(&second)?, State::Paid(_)),
        "the second till's customer has paid"
    );
    assert!(
        matches!(one.state(&first)?, State::AwaitingPayment { .. }),
        "the first till's has not"
    );
    assert!(
        one.till.picture(&second).is_err(),
        "a till knows its own orders only"
    );
    assert_eq!(one.shelf(WATER)?, (Some(500), 0, 0), "and its own shelf");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_77_two_clicks_are_one_sale() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = shop.sell(WATER, "click")?;
    assert_eq!(
        shop.till.pay(shop.now(), "click")?,
        number,
        "the second click is the first"
    );
    shop.catch_up().await?;
    assert_eq!(
        shop.till.pay(shop.now(), "click")?,
        number,
        "also once WeChat has answered"
    );
    assert!(
        matches!(shop.till.pay(shop.now(), "other"), Err(Refusal::Cart(_))),
        "another click finds an empty cart"
    );
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    assert_eq!(shop.till.pay(shop.now(), "click")?, number, "and once it is paid");
    let orders = line.simulator.with(|gateway, now| gateway.orders(now));
    assert_eq!(orders.len(), 1, "WeChat was asked for one order");
    assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "one piece went");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_78_the_last_piece_is_sold_once() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let first = shop.sell(LAST_PIECE, "first")?;
    shop.live(SECOND * 5).await?;
    assert!(
        matches!(shop.till.add(LAST_PIECE, None), Err(Refusal::OutOfStock { .. })),
        "the piece is held for the customer who is paying"
    );
    shop.till.cancel(shop.now(), &first)?;
    assert!(
        matches!(shop.till.add(LAST_PIECE, None), Err(Refusal::OutOfStock { .. })),
        "also after a cancel, as long as it may still be paid"
    );
    shop.live(MINUTE * 6).await?;
    let second = shop.sell(LAST_PIECE, "second")?;
    assert!(
        matches!(
            shop.till.pay_again(shop.now(), &first),
            Err(Refusal::OutOfStock { .. })
        ),
        "the first customer comes too late now"
    );
    shop.catch_up().await?;
    line.pay(&second)?;
    shop.live(SECOND * 4).await?;
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(0), 0, 1),
        "sold once, none left, none held"
    );
    Ok(())
}

/// Waits for a picture that shows it.
fn shown(
    pictures: &mpsc::Receiver<Snapshot>,
    what: &str,
    is_it: impl Fn(&Snapshot) -> bool,
) -> anyhow::Result<Snapshot> {
    loop {
        let picture = pictures.recv_timeout(PATIENCE);
        let picture = picture.map_err(|_| anyhow::anyhow!("waited {PATIENCE:?} for {what}"))?;
        if is_it(&picture) {
            return Ok(picture);
        }
    }
}

fn front_state(picture: &Snapshot) -> Option<&State> {
    picture.front.as_ref().map(|front| &front.attempt.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_till_s_own_thread_takes_a_payment() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let shop = Shop::open(&line, "T01").await?;
    let simulator = line.simulator.clone();
    let (till, client, folder) = shop.into_parts();
    let (show, pictures) = mpsc::channel();
    let running = run::start(
        till,
        client,
        Box::new(move || simulator.now()),
        tokio::runtime::Handle::current(),
        move |picture, _| drop(show.send(picture)),
    )?;
    let number = running
        .handle
        .call(|till, now| till.add(WATER, None).and_then(|()| till.pay(now, "click")))
        .await??;
    shown(&pictures, "the code", |it| {
        it.front.as_ref().is_some_and(|front| front.qr.is_some())
    })?;
    line.pay(&number)?;
    let paid = shown(&pictures, "the payment", |it| {
        matches!(front_state(it), Some(State::Paid(_)))
    })?;
    assert!(paid.waiting.is_empty(), "nothing waits any more");
    tokio::task::spawn_blocking(move || running.stop()).await?;
    let log = folder.path().join("scantill.db-wal");
    let left = std::fs::metadata(log).map_or(0, |it| it.len());
    assert_eq!(
        left, 0,
        "a clean stop leaves no write-ahead log to check at the next start"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_takes_the_code_off_while_an_answer_is_under_way() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let shop = Shop::open(&line, "T01").await?;
    let simulator = line.simulator.clone();
    let (till, client, _folder) = shop.into_parts();
    // The answer with the code comes after the cashier has lost patience.
    line.simulator.with(|gateway, _| {
        let (call, by) = (
            wechat_pay_sim::Call::UnifiedOrder,
            std::time::Duration::from_millis(250),
        );
        gateway
            .faults_mut()
            .delay(call, by, wechat_pay_sim::Times::Count(1));
    });
    let (show, pictures) = mpsc::channel();
    let running = run::start(
        till,
        client,
        Box::new(move || simulator.now()),
        tokio::runtime::Handle::current(),
        move |picture, customer| drop(show.send((picture, customer))),
    )?;
    let act = |till: &mut till_app::Till, now| till.add(WATER, None).and_then(|()| till.pay(now, "click"));
    let number = running.handle.call(act).await??;
    let cancelled = number.clone();
    running
        .handle
        .call(move |till, now| till.cancel(now, &cancelled))
        .await??;
    let asked = |it: &Snapshot| {
        let rows = it.front.as_ref().map_or(&[][..], |front| &front.evidence);
        rows.iter().any(|row| row.kind == EvidenceKind::Orderquery)
    };
    loop {
        let (picture, customer) = pictures.recv_timeout(PATIENCE)?;
        assert!(
            picture.front.as_ref().is_none_or(|front| front.qr.is_none()),
            "a code that comes after the cancel is never shown to the cashier"
        );
        assert!(
            customer.is_none_or(|it| !matches!(it.stage, CustomerStage::Scan { .. })),
            "nor to the customer"
        );
        if asked(&picture) {
            break;
        }
    }
    assert!(
        line.order(&number).is_some(),
        "WeChat has the order, so it is watched"
    );
    tokio::task::spawn_blocking(move || running.stop()).await?;
    Ok(())
}
