//! What a notify does: paid at once, once, whatever the order in which things come.

use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use till_app::notify::Fate;
use till_core::{EvidenceKind, FoundBy, ReviewReason, SignVerdict, State};
use till_store::Became;
use wechat_pay_sim::{NotifyFault, Times};

use super::ground::{books, fields, inbox, notifies, notify, on_show, posts};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_notify_pays_before_the_next_poll_and_the_query_after_it_is_recorded() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    shop.live(SECOND * 10).await?;
    let receipt = line.pay(&number)?;
    let message = notify(&line, &number)?;
    let openid = fields(&message)?.get("openid").unwrap_or_default().to_owned();
    assert!(!openid.is_empty(), "the simulator's notifies name the payer");

    let fate = shop.till.take_in(shop.now(), &message);
    assert_eq!(fate, Fate::Done, "taken in, the broker may forget it");
    let State::Paid(payment) = shop.state(&number)? else {
        panic!("a verified notify is proof enough")
    };
    assert_eq!(
        (payment.transaction_id.as_str(), payment.found_by),
        (receipt.transaction_id.as_str(), FoundBy::Notify),
        "it is WeChat's payment, and the notify was first"
    );
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(499), 0, 1),
        "the goods are sold in the same step"
    );
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        0,
        "no query has seen it yet"
    );
    let rows = inbox(&shop.till)?;
    assert_eq!(rows.len(), 1, "the message is in the inbox");
    assert_eq!(
        (&rows[0].became, rows[0].out_trade_no.as_deref()),
        (&Became::TakenIn, Some(number.as_str())),
        "with what became of it"
    );

    shop.catch_up().await?;
    let told: Vec<_> = shop
        .evidence(&number)?
        .iter()
        .map(|row| (row.kind, row.outcome.clone(), row.sign))
        .collect();
    assert_eq!(
        told[told.len() - 2..],
        [
            (EvidenceKind::Notify, "SUCCESS".to_owned(), SignVerdict::Right),
            (EvidenceKind::Orderquery, "SUCCESS".to_owned(), SignVerdict::Right)
        ],
        "WeChat was asked at once, and its answer is the second piece of evidence"
    );
    for row in shop.evidence(&number)? {
        assert!(
            !row.answer.unwrap_or_default().contains(&openid),
            "nobody reads the payer's number in the record"
        );
    }
    shop.live(SECOND * 60).await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        1,
        "asked once, then never again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_was_first_is_not_asked_again() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let message = notify(&line, &number)?;
    shop.live(SECOND * 4).await?;
    let before = shop.state(&number)?;
    assert_eq!(
        shop.till.take_in(shop.now(), &message),
        Fate::Done,
        "late, but of use as evidence"
    );
    assert_eq!(
        shop.state(&number)?,
        before,
        "whichever is second changes nothing"
    );
    assert_eq!(
        shop.times(&number, EvidenceKind::Notify, "SUCCESS")?,
        1,
        "the notify stands in the record"
    );
    shop.live(SECOND * 60).await?;
    assert_eq!(
        shop.times(&number, EvidenceKind::Orderquery, "SUCCESS")?,
        1,
        "WeChat has said so already: there is nothing to confirm"
    );
    Ok(())
}

/// Orders of the shuffled hour.
const ORDERS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn fault_49_doubled_shuffled_redelivered_and_a_day_late_each_is_sold_once() -> anyhow::Result<()> {
    let mut rng = StdRng::seed_from_u64(49);
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let mut numbers = Vec::new();
    for nth in 0..ORDERS {
        numbers.push(on_show(&mut shop, &format!("click-{nth}")).await?);
    }
    for number in &numbers {
        line.pay(number)?;
    }
    let mut post_bag = Vec::new();
    for round in 1..=4 {
        let due = posts(&line, SECOND * 20 * round)?;
        post_bag.extend(due.into_iter().map(|(_, message)| message));
    }
    assert!(post_bag.len() >= ORDERS * 3, "each was posted several times");
    post_bag.shuffle(&mut rng);
    let (today, tomorrow) = post_bag.split_at(post_bag.len() / 2);
    for message in today {
        assert_eq!(
            shop.till.take_in(shop.now(), message),
            Fate::Done,
            "of use or known, never an error"
        );
        if rng.random_bool(0.3) {
            shop.catch_up().await?;
        }
    }
    shop.live(SECOND * 30).await?;
    for number in &numbers {
        assert!(
            matches!(shop.state(number)?, State::Paid(_)),
            "{number}: by notify or by query"
        );
    }
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(500 - ORDERS as i64), 0, ORDERS as i64),
        "as many sold as were paid"
    );

    // A day later, after a start, everything comes once more: settled orders are looked up in the ledger.
    let mut shop = shop.restart(SignedDuration::from_hours(24))?;
    for message in tomorrow {
        assert_eq!(
            shop.till.take_in(shop.now(), message),
            Fate::Done,
            "a day late is not too late"
        );
    }
    shop.live(SECOND * 30).await?;
    let before = books(&shop.till)?;
    for message in &post_bag {
        assert_eq!(
            shop.till.take_in(shop.now(), message),
            Fate::Done,
            "redelivered: acknowledged again"
        );
    }
    shop.live(SECOND * 30).await?;
    assert_eq!(books(&shop.till)?, before, "and nothing whatever has changed");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(500 - ORDERS as i64), 0, ORDERS as i64),
        "nothing was sold twice"
    );
    assert!(shop.till.next_due().is_none(), "nothing is left to ask");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_a_replay_after_close_is_for_a_person_and_after_paid_changes_nothing() -> anyhow::Result<()>
{
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let paid = on_show(&mut shop, "paid").await?;
    line.pay(&paid)?;
    let message = notify(&line, &paid)?;
    assert_eq!(shop.till.take_in(shop.now(), &message), Fate::Done, "paid");
    shop.live(SECOND * 5).await?;
    let before = books(&shop.till)?;
    assert_eq!(
        shop.till.take_in(shop.now(), &message),
        Fate::Done,
        "the replay is acknowledged"
    );
    assert_eq!(books(&shop.till)?, before, "and changes nothing");

    let closed = shop.sell(LAST_PIECE, "closed")?;
    shop.catch_up().await?;
    shop.till.cancel(shop.now(), &closed)?;
    shop.live(SignedDuration::from_mins(6)).await?;
    assert!(
        matches!(shop.state(&closed)?, State::Closed { .. }),
        "closed at WeChat"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(1), 0, 0),
        "the goods are back on the shelf"
    );
    let replay = super::ground::right(&message, |fields| {
        fields
            .with("out_trade_no", closed.as_str())
            .with("total_fee", "19900")
            .with("cash_fee", "19900")
    })?;
    assert_eq!(
        shop.till.take_in(shop.now(), &replay),
        Fate::Done,
        "rightly signed: taken in"
    );
    let State::Review { why, payment } = shop.state(&closed)? else {
        panic!("money for a closed order is neither dropped nor believed blindly")
    };
    assert_eq!(
        why,
        ReviewReason::PaidAfterClosed,
        "a person is told what contradicts"
    );
    assert!(payment.is_some(), "with the money that the notify names");
    shop.live(SECOND * 10).await?;
    assert!(
        shop.times(&closed, EvidenceKind::Orderquery, "CLOSED")? > 0,
        "and with what WeChat itself says of the order"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE)?,
        (Some(1), 0, 0),
        "no goods are moved without a decision"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notify_of_another_amount_goes_to_a_person() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.simulator.with(|gateway, _| {
        gateway
            .faults_mut()
            .notify
            .set(NotifyFault::WrongAmount, Times::Count(1));
    });
    line.pay(&number)?;
    let posts = notifies(&line, &number)?;
    assert_eq!(
        posts.len(),
        2,
        "one with a fen too many, rightly signed, and the true one"
    );
    assert_eq!(
        shop.till.take_in(shop.now(), &posts[0]),
        Fate::Done,
        "rightly signed: taken in"
    );
    let State::Review { why, .. } = shop.state(&number)? else {
        panic!("another amount is never paid")
    };
    assert_eq!(why, ReviewReason::AmountDiffers, "and the reason is said");
    assert_eq!(shop.shelf(WATER)?, (Some(499), 1, 0), "the goods stay held");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_refund_stand_in_the_record_and_wechat_is_asked() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let paid = notify(&line, &number)?;
    let refusal = super::ground::right(&paid, |fields| {
        fields.with("result_code", "FAIL").with("err_code", "SYSTEMERROR")
    })?;
    assert_eq!(
        shop.till.take_in(shop.now(), &refusal),
        Fate::Done,
        "authentic, no payment"
    );
    assert!(
        matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
        "result_code FAIL pays nothing, whatever else it says"
    );
    shop.catch_up().await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "but WeChat was asked at once how the order stands"
    );
    let config = shop.config().clone();
    let inner = wechat_pay::Fields::new()
        .with(
            "transaction_id",
            fields(&paid)?.get("transaction_id").unwrap_or_default(),
        )
        .with("out_trade_no", number.as_str())
        .with("refund_id", "50000000000000000000000000001")
        .with("out_refund_no", "R-1")
        .with("total_fee", "200")
        .with("refund_fee", "200")
        .with("refund_status", "SUCCESS");
    let nonce = wechat_pay::Nonce::random();
    let refund = wechat_pay::refund_notify::write(&inner, &config.merchant, &nonce);
    let refund = super::ground::message(notify_bus::Kind::Notify, &refund);
    assert_eq!(
        shop.till.take_in(shop.now(), &refund),
        Fate::Done,
        "our key opens it"
    );
    assert_eq!(
        shop.times(&number, EvidenceKind::Notify, "REFUND SUCCESS")?,
        1,
        "the refund stands in the order's record"
    );
    let rows = inbox(&shop.till)?;
    assert!(
        rows.iter().all(|row| row.became == Became::Kept),
        "both are kept, nothing followed from them: {rows:?}"
    );
    Ok(())
}
