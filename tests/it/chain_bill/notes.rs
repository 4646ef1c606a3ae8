//! Notes on differences: each settles the one it was written on, and no other.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn two_differences_about_one_order_are_settled_one_by_one() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let late = late_payment(&line, &mut shop, "late").await?;
    next_morning(&mut shop).await?;
    let mut bill = BillText::read(&shop.bill_file(day)?)?;
    let twin = bill.rows[bill.row_of(late.as_str())?].clone();
    bill.rows.push(twin);
    shop.import_bill(&bill.gzip()?)?;

    let picture = shop.agreement(day)?;
    let differences = picture.agreement.context("an agreement")?.differences;
    let causes: Vec<&str> = differences.iter().map(|it| it.cause.word()).collect();
    assert_eq!(
        causes,
        ["review", "twice_there"],
        "one order: money in review, and a row too many"
    );
    for (nth, difference) in differences.iter().enumerate() {
        let picture = shop.agreement(day)?;
        assert_eq!(picture.open(), 2 - nth, "each is settled by its own note");
        let found = picture
            .difference(&difference.subject, &difference.as_of())?
            .clone();
        assert_eq!(&found, difference, "each can be opened");
        shop.till.note_difference(shop.now(), day, &found, "已核对")?;
    }
    let picture = shop.agreement(day)?;
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;
    assert!(shop.agreement(day)?.is_signed(), "then the day can be signed off");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_on_a_fen_settles_no_hundred_yuan() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let number = paid(&line, &mut shop, WATER, "a").await?;
    next_morning(&mut shop).await?;
    let bill = BillText::read(&shop.bill_file(day)?)?;
    for (by, open_before) in [(1, 1), (10_000, 1)] {
        let mut changed = bill.clone();
        let row = changed.row_of(number.as_str())?;
        changed.change_amount(row, by)?;
        shop.import_bill(&changed.gzip()?)?;
        let picture = shop.agreement(day)?;
        assert_eq!(
            picture.open(),
            open_before,
            "{by} fen too many: no note on another amount settles it"
        );
        let difference = only(&picture, &order(&number)).clone();
        shop.till
            .note_difference(shop.now(), day, &difference, "一分钱")?;
        let picture = shop.agreement(day)?;
        assert_eq!(picture.open(), 0, "{by} fen: its own note does");
        let earlier = picture.earlier_notes_on(&difference);
        let earlier: Vec<(&str, bool)> = earlier
            .map(|it| (it.text.as_str(), it.at <= shop.now()))
            .collect();
        let before = if by == 1 { &[][..] } else { &[("一分钱", true)] };
        assert_eq!(
            earlier, before,
            "{by} fen: what was written on the bill before is still read, with its time"
        );
    }
    Ok(())
}
