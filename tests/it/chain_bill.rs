//! The whole chain in the next morning: the till fetches WeChat's bill from the real simulator over HTTP, and its own ledger
//! is held against it, order by order.

mod fetching;
mod files;
mod not_arrived;
mod notes;
mod refunds;
mod z_column;

use anyhow::Context;
use jiff::SignedDuration;
use jiff::civil::{Date, Time, time};
use scantill_tests::bill_text::BillText;
use scantill_tests::elsewhere::order_from_elsewhere;
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use till_app::approval::Act;
use till_app::{AgreementPicture, BillStanding, Refusal};
use till_core::{
    Cause, CloseReason, Difference, Fen, NotPaid, OutTradeNo, ProductId, ReviewReason, State, Subject,
    WayOut, bill_date,
};
use till_store::{BillContent, BillSource};
use wechat_pay::{Nonce, Outcome, UnifiedOrder};
use wechat_pay_sim::{Call, Fault, Times};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const NOON: Time = time(12, 0, 0, 0);
const TEN: Time = time(10, 0, 0, 0);

/// A till at noon, and the day it is.
async fn at_noon() -> anyhow::Result<(Line, Shop, Date)> {
    let line = Line::open().await?;
    // Time goes by when the test says so: a test about seconds must not depend on how fast the machine is.
    line.simulator.set_speed(1e-6);
    let mut shop = Shop::open(&line, "T01").await?;
    shop.live_until(NOON).await?;
    let day = bill_date(shop.now());
    Ok((line, shop, day))
}

/// One piece, sold and paid.
async fn paid(line: &Line, shop: &mut Shop, product: ProductId, click: &str) -> anyhow::Result<OutTradeNo> {
    let number = shop.sell(product, click)?;
    shop.catch_up().await?;
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&number)?, State::Paid(_)),
        "a sale as it goes every day"
    );
    Ok(number)
}

/// The next morning at ten: the bill of the day before is fetched.
async fn next_morning(shop: &mut Shop) -> anyhow::Result<()> {
    shop.live_until(TEN).await?;
    shop.fetch_bills().await
}

/// What differs: about what, what each side counts, why.
fn differences(picture: &AgreementPicture) -> Vec<(Subject, i64, i64, Cause)> {
    let agreement = picture.agreement.as_ref().expect("the bill is there");
    agreement
        .differences
        .iter()
        .map(|it| {
            (
                it.subject.clone(),
                it.here.get(),
                it.there.get(),
                it.cause.clone(),
            )
        })
        .collect()
}

/// The one difference about this.
fn only<'a>(picture: &'a AgreementPicture, subject: &Subject) -> &'a Difference {
    let differences = &picture.agreement.as_ref().expect("the bill is there").differences;
    let mut about = differences.iter().filter(|it| it.subject == *subject);
    let found = about.next().expect("a difference");
    assert!(about.next().is_none(), "one difference about {subject:?}");
    found
}

fn order(number: &OutTradeNo) -> Subject {
    Subject::Order {
        out_trade_no: number.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_is_fetched_at_ten_kept_as_it_came_and_agrees() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let first = paid(&line, &mut shop, WATER, "a").await?;
    paid(&line, &mut shop, LAST_PIECE, "b").await?;
    // Its deadline passes: unpaid orders are on no bill.
    shop.sell(WATER, "c")?;
    shop.live(HOUR).await?;

    let standing = shop.agreement(day)?.standing;
    assert!(
        matches!(standing, BillStanding::TooEarly { .. }),
        "the day is not over: {standing:?}"
    );
    shop.live_until(time(9, 59, 59, 0)).await?;
    shop.fetch_bills().await?;
    let standing = shop.agreement(day)?.standing;
    assert!(
        matches!(standing, BillStanding::TooEarly { .. }),
        "WeChat says after ten: a second before, nobody asks: {standing:?}"
    );
    shop.live(SECOND).await?;
    shop.fetch_bills().await?;
    let picture = shop.agreement(day)?;
    let BillStanding::Here(row) = &picture.standing else {
        panic!("at ten it is here, not {:?}", picture.standing)
    };
    assert_eq!(
        (row.source, row.content, row.received_at),
        (BillSource::Fetched, BillContent::Table, shop.now()),
        "fetched, just now"
    );
    let file = shop.bill_file(day)?;
    assert_eq!(&file[..2], [0x1f, 0x8b], "kept as it came: compressed");
    assert_eq!(
        BillText::read(&file)?.row_of(first.as_str())?,
        0,
        "the first payment is its first row"
    );
    assert_eq!(differences(&picture), [], "every order is the same on both sides");
    let agreement = picture.agreement.as_ref().context("an agreement")?;
    assert_eq!(
        (agreement.here.paid.count, agreement.here.paid.sum),
        (2, Fen::new(200 + 19_900)),
        "what was paid here, and nothing that was not"
    );
    assert_eq!(agreement.here, agreement.there, "to the fen");
    // 0.6 % of 2.00 and of 199.00, each rounded to the fen: 0.01 + 1.19.
    assert_eq!(
        agreement.fee.get(),
        1_200_000,
        "what WeChat keeps of it, in millionths of a yuan"
    );
    assert!(
        !shop.till.step_bill(shop.now(), &shop.client).await,
        "a bill that is here is not asked for again"
    );

    assert!(!picture.is_signed(), "nobody has signed yet");
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;
    assert!(shop.agreement(day)?.is_signed(), "signed as it stands");
    let said = shop.journal("bill_signed_off")?;
    assert!(
        said[0].ends_with("; approved by confirmed, no users; at the till: no users"),
        "and the journal names who approved it: {said:?}"
    );
    let shop = shop.restart(MINUTE)?;
    assert!(shop.agreement(day)?.is_signed(), "and over a restart");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_named_with_its_ways_out_and_keeps_the_day_open() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    let late = shop.sell(WATER, "b")?;
    shop.catch_up().await?;
    shop.till.cancel(shop.now(), &late)?;
    shop.live(SECOND * 2).await?;
    line.pay(&late)?;
    shop.live(SECOND * 4).await?;
    next_morning(&mut shop).await?;

    let picture = shop.agreement(day)?;
    let why = ReviewReason::PaidAfterCancel;
    let cause = Cause::Review {
        why,
        amount: Fen::new(200),
        on_bill: true,
    };
    assert_eq!(
        differences(&picture),
        [(order(&late), 0, 200, cause)],
        "the late payment, and nothing else"
    );
    let difference = only(&picture, &order(&late)).clone();
    assert_eq!(
        difference.ways_out(),
        [WayOut::Adopt, WayOut::Refund, WayOut::Note],
        "to be taken as a sale, or given back"
    );
    let yes = shop.yes(Act::SignOff)?;
    let refused = shop.till.sign_off(shop.now(), &picture, yes);
    assert!(
        matches!(refused, Err(Refusal::DifferencesOpen(1))),
        "a day with an open difference is not signed off: {refused:?}"
    );
    let empty = shop.till.note_difference(shop.now(), day, &difference, "  ");
    assert!(matches!(empty, Err(Refusal::NoteWrong)), "blanks are no note");
    shop.till
        .note_difference(shop.now(), day, &difference, "顾客回来取了货")?;
    let picture = shop.agreement(day)?;
    assert_eq!(
        picture
            .notes_on(&difference)
            .map(|it| it.text.as_str())
            .collect::<Vec<_>>(),
        ["顾客回来取了货"],
        "what was written stands beside it"
    );
    let yes = shop.yes(Act::SignOff)?;
    shop.till.sign_off(shop.now(), &picture, yes)?;
    assert!(shop.agreement(day)?.is_signed(), "with a note it can be signed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_15_midnight_falls_between_two_payments_and_both_bills_agree() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let next = day.tomorrow()?;
    shop.live_until(time(23, 59, 50, 0)).await?;
    let last = shop.sell(WATER, "a")?;
    let first = shop.sell(WATER, "b")?;
    shop.live_until(time(23, 59, 59, 0)).await?;
    line.pay(&last)?;
    shop.live_until(time(0, 0, 1, 0)).await?;
    line.pay(&first)?;
    shop.live(SECOND * 4).await?;
    next_morning(&mut shop).await?;
    next_morning(&mut shop).await?;
    for (date, number) in [(day, &last), (next, &first)] {
        let picture = shop.agreement(date)?;
        assert_eq!(
            differences(&picture),
            [],
            "{date}: each is on its own day on both sides"
        );
        let agreement = picture.agreement.context("an agreement")?;
        assert_eq!(
            (agreement.here.paid.count, agreement.there.paid.count),
            (1, 1),
            "{date}: {number} and not the other"
        );
    }

    // WeChat's books need not turn over in the same second: the last one may come on the next day's bill.
    let (mut today, mut tomorrow) = (
        BillText::read(&shop.bill_file(day)?)?,
        BillText::read(&shop.bill_file(next)?)?,
    );
    let late = today.rows.remove(0);
    // Its time stays, a second before midnight.
    tomorrow.rows.push(late);
    // Another till's row stays: a bill without any is of no day.
    today.rows.push(tomorrow.rows[0].clone());
    today.set(0, "商户订单号", "T02-260101-000001-AAAA")?;
    today.set(0, "交易时间", &format!("{day} 12:00:00"))?;
    shop.import_bill(&today.gzip()?)?;
    shop.import_bill(tomorrow.text()?.as_bytes())?;
    let boundary = Cause::DayBoundary {
        here: day,
        there: Some(next),
    };
    let picture = shop.agreement(day)?;
    assert_eq!(
        differences(&picture),
        [(order(&last), 200, 0, boundary.clone())],
        "on the day it was paid: it is on the next day's bill"
    );
    assert_eq!(picture.open(), 0, "that explains itself");
    assert_eq!(
        differences(&shop.agreement(next)?),
        [(order(&last), 0, 200, boundary)],
        "on the day whose bill has it: it was paid the day before"
    );
    Ok(())
}

/// From now on the till asks a WeChat whose books have nothing of what it was paid.
async fn ask_a_forgetful_one(shop: &mut Shop) -> anyhow::Result<Line> {
    let forgetful = Line::open().await?;
    forgetful.simulator.set_speed(1e-6);
    let (_, client, _folder) = Shop::open(&forgetful, "T09").await?.into_parts();
    shop.client = client;
    Ok(forgetful)
}

/// Brings that WeChat's clock up to the till's.
fn keep_up(forgetful: &Line, shop: &Shop) {
    let behind = shop.now().duration_since(forgetful.simulator.now());
    forgetful.simulator.advance(behind);
}

/// Places an order past the till, as another program with the merchant's key would, and pays it.
async fn paid_past_the_till(line: &Line, shop: &Shop, number: &str, fen: i64) -> anyhow::Result<OutTradeNo> {
    let merchant = &shop.config().merchant;
    let request = order_from_elsewhere(number, fen);
    let placed = shop
        .client
        .send(&UnifiedOrder::native(merchant, &request)?, Nonce::random())
        .await;
    assert!(
        matches!(placed.outcome, Outcome::Yes(_)),
        "WeChat takes any order of this merchant"
    );
    let number = OutTradeNo::parse(number)?;
    line.pay(&number)?;
    Ok(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_only_at_wechat_is_named_and_another_tills_is_counted() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    paid(&line, &mut shop, WATER, "a").await?;
    let stranger = paid_past_the_till(&line, &shop, "T01-260101-000001-LOST", 1_999).await?;
    paid_past_the_till(&line, &shop, "T02-260101-000001-AAAA", 500).await?;
    paid_past_the_till(&line, &shop, "T02-260101-000002-AAAA", 29).await?;
    paid_past_the_till(&line, &shop, "webshop20260101", 115).await?;
    next_morning(&mut shop).await?;
    let picture = shop.agreement(day)?;
    assert_eq!(
        differences(&picture),
        [(order(&stranger), 0, 1_999, Cause::OnlyThere)],
        "an order under this till's id that its ledger does not know"
    );
    let agreement = picture.agreement.context("an agreement")?;
    let others: Vec<(&str, u32, i64)> = agreement
        .other_tills
        .iter()
        .map(|(till, side)| (till.as_str(), side.paid.count, side.paid.sum.get()))
        .collect();
    assert_eq!(
        others,
        [("", 1, 115), ("T02", 2, 529)],
        "other tills are on the bill too, and are none of this one's differences"
    );
    assert_eq!(
        agreement.there.paid.sum,
        Fen::new(200 + 1_999),
        "this till's column has this till's orders"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_taken_out_changed_doubled_or_added_are_named_one_by_one() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let mut numbers = Vec::new();
    for n in 0..6 {
        numbers.push(paid(&line, &mut shop, WATER, &format!("click-{n}")).await?);
    }
    let closed = shop.sell(WATER, "closed")?;
    shop.live(HOUR).await?;
    let State::Closed { why } = shop.state(&closed)? else {
        panic!("nobody paid it")
    };
    next_morning(&mut shop).await?;
    let mut bill = BillText::read(&shop.bill_file(day)?)?;
    let row = |bill: &BillText, n: usize| bill.row_of(numbers[n].as_str());
    let place = row(&bill, 0)?;
    bill.rows.remove(place);
    let place = row(&bill, 1)?;
    bill.change_amount(place, 1)?;
    let place = row(&bill, 2)?;
    let twin = bill.rows[place].clone();
    bill.rows.push(twin);
    let place = row(&bill, 3)?;
    bill.set(place, "微信订单号", "4200000000000000000000000000")?;
    let place = row(&bill, 4)?;
    bill.set(place, "手续费", "0.05000")?;
    let mut row = bill.rows[place].clone();
    row[bill.column("商户订单号")?] = closed.to_string();
    row[bill.column("手续费")?] = "0.01000".to_owned();
    bill.rows.push(row);
    shop.import_bill(&bill.gzip()?)?;

    let picture = shop.agreement(day)?;
    let mut found = differences(&picture);
    found.sort_by_key(|(subject, ..)| format!("{subject:?}"));
    let State::Paid(payment) = shop.state(&numbers[3])? else {
        panic!("paid")
    };
    let mut expected = vec![
        (order(&numbers[0]), 200, 0, Cause::OnlyHere),
        (order(&numbers[1]), 200, 201, Cause::AmountDiffers),
        (order(&numbers[2]), 0, 200, Cause::TwiceThere),
        (
            order(&numbers[3]),
            200,
            200,
            Cause::PaymentDiffers {
                here: payment.transaction_id,
                there: "4200000000000000000000000000".to_owned(),
            },
        ),
        (
            order(&numbers[4]),
            200,
            200,
            Cause::FeeDiffers {
                rate: till_core::Rate::parse("0.60%").context("a rate")?,
                expected: till_core::MicroYuan::new(12_000),
                charged: till_core::MicroYuan::new(50_000),
            },
        ),
        (order(&closed), 0, 200, Cause::NotPaidHere(NotPaid::Closed(why))),
    ];
    expected.sort_by_key(|(subject, ..)| format!("{subject:?}"));
    assert_eq!(found, expected, "each with its cause, and the sixth not at all");
    assert_eq!(picture.open(), 6, "none of them explains itself");

    // A bill that was cut or altered without care contradicts itself, and says so whoever reads it.
    let text = bill.text()?;
    let (table, summary) = text.split_once("总交易单数").context("a summary")?;
    let rows: Vec<&str> = table.trim_end().split("\r\n").collect();
    let shortened = format!("{}\r\n总交易单数{summary}", rows[..rows.len() - 1].join("\r\n"));
    shop.import_bill(shortened.as_bytes())?;
    let picture = shop.agreement(day)?;
    let agreement = picture.agreement.as_ref().context("an agreement")?;
    let about_the_bill = agreement.differences.iter();
    let mut words: Vec<&str> = about_the_bill
        .filter(|it| it.subject == Subject::Bill)
        .map(|it| it.cause.word())
        .collect();
    words.sort_unstable();
    assert_eq!(
        words,
        ["count_differs", "fee_total_differs", "totals_differ"],
        "its rows do not make its totals"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_24_an_amount_that_wechat_told_otherwise_is_named_beside_the_bills() -> anyhow::Result<()> {
    let (line, mut shop, day) = at_noon().await?;
    let number = shop.sell(WATER, "a")?;
    shop.catch_up().await?;
    line.fault(Call::OrderQuery, Fault::WrongAmount, Times::Count(1));
    line.pay(&number)?;
    shop.live(SECOND * 4).await?;
    next_morning(&mut shop).await?;
    let why = ReviewReason::AmountDiffers;
    let cause = Cause::Review {
        why,
        amount: Fen::new(200),
        on_bill: true,
    };
    assert_eq!(
        differences(&shop.agreement(day)?),
        [(order(&number), 0, 200, cause)],
        "not counted as paid here, and on the bill with the true amount"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_closed_here_and_paid_on_the_bill_is_asked_about() -> anyhow::Result<()> {
    let (_line, mut shop, day) = at_noon().await?;
    let number = shop.sell(WATER, "a")?;
    shop.catch_up().await?;
    shop.till.cancel(shop.now(), &number)?;
    shop.live(MINUTE * 10).await?;
    assert!(
        matches!(
            shop.state(&number)?,
            State::Closed {
                why: CloseReason::Cancelled
            }
        ),
        "closed, says WeChat"
    );
    // A WeChat that knows better: the same number is paid in its book.
    let knows_better = Line::open().await?;
    knows_better.simulator.set_speed(1e-6);
    let behind = shop.now().duration_since(knows_better.simulator.now());
    knows_better.simulator.advance(behind);
    let other = Shop::open(&knows_better, "T09").await?;
    paid_past_the_till(&knows_better, &other, number.as_str(), 200).await?;
    let (_, client, _folder) = other.into_parts();
    shop.client = client;
    shop.live_until(TEN).await?;
    let behind = shop.now().duration_since(knows_better.simulator.now());
    knows_better.simulator.advance(behind);
    shop.fetch_bills().await?;
    let cause = Cause::NotPaidHere(NotPaid::Closed(CloseReason::Cancelled));
    assert_eq!(
        differences(&shop.agreement(day)?),
        [(order(&number), 0, 200, cause)],
        "the bill has it as paid"
    );
    shop.catch_up().await?;
    let state = shop.state(&number)?;
    assert!(
        matches!(
            state,
            State::Review {
                why: ReviewReason::PaidAfterClosed,
                payment: Some(_)
            }
        ),
        "a bill is not signed: the till asks WeChat by itself, and the signed answer is for a person: {state:?}"
    );
    let cause = Cause::Review {
        why: ReviewReason::PaidAfterClosed,
        amount: Fen::new(200),
        on_bill: true,
    };
    assert_eq!(
        differences(&shop.agreement(day)?),
        [(order(&number), 0, 200, cause)],
        "now it can be taken as a sale or given back"
    );
    Ok(())
}

/// A payment that comes two seconds after its order was cancelled: it waits for a person's decision.
async fn late_payment(line: &Line, shop: &mut Shop, click: &str) -> anyhow::Result<OutTradeNo> {
    let late = shop.sell(WATER, click)?;
    shop.catch_up().await?;
    shop.till.cancel(shop.now(), &late)?;
    shop.live(SECOND * 2).await?;
    line.pay(&late)?;
    shop.live(SECOND * 4).await?;
    assert!(
        matches!(shop.state(&late)?, State::Review { .. }),
        "money that nobody has decided about"
    );
    Ok(late)
}
