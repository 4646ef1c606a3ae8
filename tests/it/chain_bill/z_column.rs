//! What the bill says to a Z in the next morning: money at WeChat that no Z tells of, and sign-offs that hold no longer.

use till_app::ProviderColumn;
use till_app::approval::Act;
use till_core::ZNumber;

use super::*;

fn column(shop: &Shop) -> anyhow::Result<ProviderColumn> {
    Ok(shop.till.provider(ZNumber(1))?.run()?)
}

fn unbooked(column: &ProviderColumn) -> Vec<(&str, bool, i64)> {
    let rows = column.provider.unbooked.iter();
    rows.map(|it| (it.number.as_str(), it.refund, it.amount.get()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_that_nobody_decided_about_is_the_zs_difference() -> anyhow::Result<()> {
    let (line, mut shop, _) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    let late = late_payment(&line, &mut shop, "b").await?;
    let now = shop.now();
    shop.till.close_day(now, "z", "")?;
    let waiting = column(&shop)?;
    assert!(
        !waiting.provider.waiting.is_empty(),
        "the bill comes tomorrow, and nothing is said before"
    );
    next_morning(&mut shop).await?;
    let at_ten = column(&shop)?;
    assert_eq!(
        (
            at_ten.provider.difference.get(),
            at_ten.provider.missing,
            at_ten.provider.waiting.len()
        ),
        (200, 0, 0),
        "WeChat holds 2.00 more than the Z says"
    );
    assert_eq!(
        unbooked(&at_ten),
        [(late.as_str(), false, 200)],
        "and it is named"
    );

    let yes = shop.yes(Act::Review)?;
    let now = shop.now();
    shop.till.adopt(now, &late, yes)?;
    let adopted = column(&shop)?;
    assert_eq!(
        (adopted.provider.difference, unbooked(&adopted).len()),
        (Fen::ZERO, 0),
        "taken as a sale it is on the books, and the next Z tells of it"
    );
    let now = shop.now();
    shop.till.close_day(now, "z2", "")?;
    let second = shop.till.provider(ZNumber(2))?.run()?.provider;
    assert_eq!(
        (second.paid.sum.get(), unbooked(&column(&shop)?).len()),
        (200, 0),
        "in that one it is found on the bill, and in no other"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_unknown_here_and_a_z_without_entries_are_no_agreement() -> anyhow::Result<()> {
    let (line, mut shop, _) = at_noon().await?;
    // Placed and walked away from: the till exists for WeChat, and its Z has no money.
    shop.sell(WATER, "away")?;
    shop.live(HOUR).await?;
    let stranger = paid_past_the_till(&line, &shop, "T01-260101-000001-LOST", 1_999).await?;
    paid_past_the_till(&line, &shop, "T02-260101-000001-AAAA", 500).await?;
    shop.live(SECOND).await?;
    let now = shop.now();
    shop.till.close_day(now, "z", "")?;
    assert!(
        !column(&shop)?.provider.waiting.is_empty(),
        "a Z without a single payment waits for its bill too"
    );
    next_morning(&mut shop).await?;
    let there = column(&shop)?;
    assert_eq!(
        unbooked(&there),
        [(stranger.as_str(), false, 1_999)],
        "an order under this till's id that its ledger does not know; another till's is none of this one's"
    );
    assert_eq!(there.provider.difference.get(), 1_999, "with its money");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_before_the_first_order_is_named_by_the_first_z_and_by_no_other() -> anyhow::Result<()> {
    let (line, mut shop, _) = at_noon().await?;
    // As it looks where the till's clock is ahead of WeChat's: paid before the order was placed.
    let early = paid_past_the_till(&line, &shop, "T01-260101-000001-LOST", 1_999).await?;
    shop.live(HOUR).await?;
    paid(&line, &mut shop, WATER, "a").await?;
    for click in ["z", "z2"] {
        let now = shop.now();
        shop.till.close_day(now, click, "")?;
    }
    next_morning(&mut shop).await?;
    assert_eq!(
        unbooked(&column(&shop)?),
        [(early.as_str(), false, 1_999)],
        "there is no Z before that could name it"
    );
    let second = shop.till.provider(ZNumber(2))?.run()?;
    assert_eq!(unbooked(&second), [], "and it is named once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_a_time_that_two_zs_tell_of_by_a_clock_set_back_is_named_once() -> anyhow::Result<()> {
    let (line, mut shop, _) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    // Closed while the clock was three hours ahead, and again once it was right.
    let ahead = shop.now() + HOUR * 3;
    shop.till.close_day(ahead, "z1", "")?;
    shop.live(MINUTE).await?;
    let now = shop.now();
    shop.till.close_day(now, "z2", "")?;
    shop.live(MINUTE).await?;
    let late = late_payment(&line, &mut shop, "b").await?;
    shop.live(HOUR * 4).await?;
    let now = shop.now();
    shop.till.close_day(now, "z3", "")?;
    next_morning(&mut shop).await?;
    let mut named = Vec::new();
    for number in 1..=3 {
        let column = shop.till.provider(ZNumber(number))?.run()?;
        let rows = unbooked(&column).into_iter();
        named.extend(rows.map(|(row, ..)| (number, row.to_owned())));
        assert_eq!(
            column.provider.unexplained()?,
            Fen::ZERO,
            "Z {number}: each fen of its difference has a cause"
        );
    }
    assert_eq!(
        named,
        [(1, late.to_string())],
        "its time is the first Z's, by whose clock it was not over; the third begins where that one ends"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_off_that_holds_no_longer_is_not_shown_on_the_z() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let number = paid(&line, &mut shop, WATER, "a").await?;
    let now = shop.now();
    shop.till.close_day(now, "z", "")?;
    next_morning(&mut shop).await?;
    let picture = shop.agreement(day)?;
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;
    assert!(column(&shop)?.signed, "signed as it stands");
    let mut bill = BillText::read(&shop.bill_file(day)?)?;
    let row = bill.row_of(number.as_str())?;
    bill.change_amount(row, 100)?;
    shop.import_bill(&bill.gzip()?)?;
    let changed = column(&shop)?;
    assert!(
        !shop.agreement(day)?.is_signed() && !changed.signed,
        "with another bill neither the day nor the Z is signed off"
    );
    assert_eq!(
        changed.by_hand.into_iter().collect::<Vec<_>>(),
        [day],
        "and the Z says whose bill it is held against"
    );
    Ok(())
}
