//! How a bill comes: through errors, beside payments, after days in the dark, and when WeChat says that there is none.

use till_app::BillTrouble;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_payments_has_an_empty_bill_and_a_day_with_some_has_not() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    let empty = day.tomorrow()?;
    next_morning(&mut shop).await?;
    next_morning(&mut shop).await?;
    let picture = shop.agreement(empty)?;
    let BillStanding::Here(row) = &picture.standing else {
        panic!("\"No Bill Exist\" is an answer: {:?}", picture.standing)
    };
    assert_eq!(row.content, BillContent::Nothing, "nothing happened on that day");
    assert!(
        String::from_utf8(shop.bill_file(empty)?)?.contains("No Bill Exist"),
        "kept in WeChat's words"
    );
    assert_eq!(differences(&picture), [], "and nothing happened here");
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;

    // A WeChat whose books do not have the payment says the same, and is not believed for a day.
    let (line, mut shop, day) = at_noon().await?;
    let number = shop.sell(WATER, "a")?;
    shop.catch_up().await?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    let forgetful = ask_a_forgetful_one(&mut shop).await?;
    shop.live_until(TEN).await?;
    keep_up(&forgetful, &shop);
    shop.fetch_bills().await?;
    let standing = shop.agreement(day)?.standing;
    assert!(
        matches!(
            standing,
            BillStanding::Waiting {
                tries: 1,
                trouble: Some(BillTrouble::SaysNothing),
                ..
            }
        ),
        "this till was paid on that day, so the bill may only be late: {standing:?}"
    );
    shop.live(HOUR * 24).await?;
    keep_up(&forgetful, &shop);
    shop.fetch_bills().await?;
    assert_eq!(
        differences(&shop.agreement(day)?),
        [(order(&number), 200, 0, Cause::OnlyHere)],
        "after a day it is taken at its word, and the payment is only here"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_28_errors_and_broken_answers_are_asked_again_until_the_bill_is_there() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    shop.live_until(TEN).await?;
    let mut tries = 0;
    for (fault, unusable) in [
        (Fault::SystemError, false),
        (Fault::DropBefore, false),
        (Fault::DropAfter, false),
        (Fault::Html502, false),
        (Fault::Redirect, false),
        (Fault::Truncated, true),
        (Fault::EmptyBody, true),
        (Fault::Doctype, false),
    ] {
        line.fault(Call::DownloadBill, fault, Times::Count(1));
        shop.fetch_bills().await?;
        tries += 1;
        let BillStanding::Waiting {
            tries: counted,
            next_at,
            trouble: Some(trouble),
        } = shop.agreement(day)?.standing
        else {
            panic!("{fault:?}: half a bill is no bill")
        };
        assert_eq!(counted, tries, "{fault:?}: each try counts");
        assert_eq!(
            matches!(trouble, BillTrouble::Unusable(_)),
            unusable,
            "{fault:?}: the cashier is told what it was: {trouble:?}"
        );
        // Payments are taken all the while.
        let click = format!("meanwhile-{tries}");
        paid(&line, &mut shop, WATER, &click).await?;
        assert!(
            !shop.till.step_bill(shop.now(), &shop.client).await,
            "{fault:?}: nobody is pestered before the pause is over"
        );
        shop.live(next_at.duration_since(shop.now())).await?;
    }
    shop.fetch_bills().await?;
    let picture = shop.agreement(day)?;
    assert!(
        matches!(picture.standing, BillStanding::Here(_)),
        "then the bill comes: {:?}",
        picture.standing
    );
    assert_eq!(differences(&picture), [], "whole");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_hangs_holds_up_no_payment() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    shop.live_until(TEN).await?;
    line.fault(Call::DownloadBill, Fault::Hang, Times::Count(1));
    let job = shop.till.begin_bill(shop.now()).context("a bill is due")?;
    let number = shop.sell(WATER, "b")?;
    shop.catch_up().await?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "placed, asked after and paid while the bill is under way"
    );
    assert!(shop.till.begin_bill(shop.now()).is_none(), "one bill at a time");
    let reply = till_app::carry_out_bill(&shop.client, job).await;
    shop.till.finish_bill(shop.now(), reply);
    let standing = shop.agreement(day)?.standing;
    assert!(
        matches!(
            standing,
            BillStanding::Waiting {
                trouble: Some(BillTrouble::NoAnswer),
                ..
            }
        ),
        "no answer is no bill: {standing:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_days_in_the_dark_every_missing_bill_is_fetched_and_none_twice() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    shop.live_until(NOON).await?;
    paid(&line, &mut shop, WATER, "b").await?;
    let mut shop = shop.restart(HOUR * 24 * 5)?;
    shop.fetch_bills().await?;
    let kept = shop.till.db().read().bills().since(day)?;
    let days: Vec<(Date, BillContent)> = kept.iter().map(|row| (row.date, row.content)).collect();
    let expected: Vec<(Date, BillContent)> = day
        .series(jiff::Span::new().days(1))
        .take(6)
        .enumerate()
        .map(|(n, date)| {
            let content = if n < 2 {
                BillContent::Table
            } else {
                BillContent::Nothing
            };
            (date, content)
        })
        .collect();
    assert_eq!(
        days, expected,
        "each day since the first order, up to yesterday, and none before"
    );
    let mut shop = shop.restart(MINUTE)?;
    assert!(
        !shop.till.step_bill(shop.now(), &shop.client).await,
        "what is kept is not asked for again after a restart"
    );
    let standing = shop.agreement(day.yesterday()?)?.standing;
    assert_eq!(
        standing,
        BillStanding::OutOfReach,
        "before its first order the till has nothing to agree"
    );
    Ok(())
}
