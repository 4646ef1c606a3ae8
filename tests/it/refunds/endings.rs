//! How a refund can end: arrived, back at the merchant, closed, refused and tried again, given up.

use scantill_tests::refunds::{SETTLED, is_refunded, note_of};
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_core::{Fen, OutRefundNo, OutTradeNo, Part, PersonReason, RefundRefusal, RefundState};
use wechat_pay_sim::{Call, Fault, Times};

use super::{MINUTE, SECOND};

/// A sale of 2.00 that is wished back while WeChat does this.
async fn wished(line: &Line, fault: Fault, times: Times) -> anyhow::Result<(Shop, OutTradeNo, OutRefundNo)> {
    let mut shop = Shop::open(line, "T01").await?;
    let order = shop.sell_paid(line, &[(WATER, 1)], "click").await?;
    line.fault(Call::Refund, fault, times);
    let number = shop.wish(&order, Part::Whole { goods_back: true }, "r1")??;
    shop.live(SETTLED).await?;
    Ok((shop, order, number))
}

/// What the list of what needs a person has.
fn listed(shop: &Shop) -> Vec<String> {
    let open = shop.till.snapshot().refunds.into_iter();
    open.filter(|it| it.refund.needs_person())
        .map(|it| it.refund.out_refund_no.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_that_wechats_xml_can_not_carry_is_refused_in_words() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop.sell_paid(&line, &[(WATER, 1)], "click").await?;
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    let whole = Part::Whole { goods_back: false };
    let refused = shop.till.refund(now, &order, whole, "瑕疵\u{fffe}", "r1", yes);
    assert!(
        matches!(refused, Err(Refusal::Refund(RefundRefusal::Reason))),
        "told that it is the reason: {refused:?}"
    );
    assert!(
        !shop.till.snapshot().disk_trouble,
        "nothing is wrong with the disk"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn change_stays_on_the_list_until_a_person_has_seen_to_it() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (shop, order, number) = wished(&line, Fault::RefundChange, Times::Count(1)).await?;
    let state = shop.refund_state(&number)?;
    assert!(
        matches!(
            state,
            RefundState::NeedsPerson {
                why: PersonReason::Change,
                settled: None,
                ..
            }
        ),
        "the card is void, the money is back at the merchant: {state:?}"
    );
    assert_eq!(listed(&shop), [number.as_str()], "a person is told");
    let mut shop = shop.restart(MINUTE * 60)?;
    assert_eq!(listed(&shop), [number.as_str()], "and is told after a restart");
    shop.live(MINUTE * 10).await?;
    let day = shop.till.day(shop.till.day_of(shop.now()), true)?.figures;
    assert_eq!(
        day.refunds_by_hand.sum,
        Fen::new(200),
        "the day's figures tell it apart"
    );

    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    let empty = shop.till.settle_refund(now, &number, " ", yes);
    assert!(
        matches!(empty, Err(Refusal::NoteWrong)),
        "it is settled with a word on how: {empty:?}"
    );
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    shop.till.settle_refund(now, &number, "已退现金 2.00", yes)?;
    assert!(listed(&shop).is_empty(), "off the list");
    let state = shop.refund_state(&number)?;
    assert_eq!(
        note_of(&state).map(|note| note.text.as_str()),
        Some("已退现金 2.00"),
        "and how it was settled is kept: {state:?}"
    );
    let again = shop.wish(&order, Part::Amount(Fen::new(1)), "r2")?;
    assert!(again.is_err(), "the money was given back, by hand: {again:?}");
    assert_eq!(line.refunds().len(), 1, "WeChat was asked once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_refund_frees_the_money_but_not_the_goods_twice() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, order, number) = wished(&line, Fault::RefundClose, Times::Count(1)).await?;
    let state = shop.refund_state(&number)?;
    assert!(
        matches!(state, RefundState::Closed { settled: None, .. }),
        "REFUNDCLOSE: the money stayed: {state:?}"
    );
    assert_eq!(listed(&shop), [number.as_str()], "a person is told");
    assert_eq!(shop.shelf(WATER)?, (Some(500), 0, 0), "the goods had come back");
    let day = shop.till.day(shop.till.day_of(shop.now()), true)?.figures;
    assert_eq!(
        (day.refunded.sum, day.refunds_closed.sum),
        (Fen::ZERO, Fen::new(200)),
        "nothing was given back"
    );
    shop.live(MINUTE).await?;
    let goods = shop.wish(&order, Part::Whole { goods_back: true }, "r2")?;
    assert!(goods.is_err(), "one bottle does not come back twice: {goods:?}");
    let second = shop.wish(&order, Part::Whole { goods_back: false }, "r2")??;
    assert_ne!(second, number, "a new wish has a new number");
    shop.live(MINUTE * 2).await?;
    assert!(is_refunded(&shop.refund_state(&second)?), "this one arrives");
    assert_eq!(line.given_back(), 200, "once");
    assert_eq!(
        shop.shelf(WATER)?,
        (Some(500), 0, 0),
        "and the shelf is as it was"
    );
    let (yes, now) = (shop.yes(Act::Refund)?, shop.now());
    shop.till.settle_refund(now, &number, "已重新退款", yes)?;
    assert!(listed(&shop).is_empty(), "off the list");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn notenough_waits_for_a_person_and_is_tried_again_under_the_same_number() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (mut shop, _, number) = wished(&line, Fault::NotEnough, Times::Count(2)).await?;
    let refused = RefundState::Refused {
        code: "NOTENOUGH".to_owned(),
    };
    assert_eq!(
        shop.refund_state(&number)?,
        refused,
        "the merchant's balance is short"
    );
    assert_eq!(shop.shelf(WATER)?, (Some(499), 0, 1), "no goods have moved");
    assert_eq!(shop.till.next_due(), None, "nothing is tried without a person");
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    shop.till.try_refund_again(now, &number, yes)?;
    shop.live(MINUTE * 2).await?;
    assert_eq!(shop.refund_state(&number)?, refused, "still short");
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    shop.till.try_refund_again(now, &number, yes)?;
    shop.live(MINUTE * 2).await?;
    assert!(
        is_refunded(&shop.refund_state(&number)?),
        "the third time it goes through"
    );
    let book = line.refunds();
    assert_eq!(
        (book.len(), book[0].out_refund_no.as_str()),
        (1, number.as_str()),
        "under the number of the first wish"
    );
    let said = format!("{number}: approved by confirmed, no users; at the till: no users");
    assert_eq!(
        shop.journal("refund_again")?,
        [said.clone(), said],
        "and the journal names the refund, who approved each try and who was at the till"
    );
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    let again = shop.till.try_refund_again(now, &number, yes);
    assert!(
        matches!(again, Err(Refusal::NotThisRefund)),
        "what was done is not done again: {again:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_given_up_only_when_nothing_of_it_can_arrive_any_more() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop.sell_paid(&line, &[(WATER, 1)], "click").await?;
    // The first request is lost on its way, the second is refused.
    line.fault(Call::Refund, Fault::DropBefore, Times::Count(1));
    line.fault(Call::Refund, Fault::NotEnough, Times::Forever);
    let number = shop.wish(&order, Part::Whole { goods_back: false }, "r1")??;
    shop.live(MINUTE).await?;
    assert!(
        matches!(shop.refund_state(&number)?, RefundState::Refused { .. }),
        "refused"
    );
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    let early = shop.till.withdraw_refund(now, &number, yes);
    assert!(
        matches!(early, Err(Refusal::NotThisRefund)),
        "the lost request may still be on its way: {early:?}"
    );
    let other = shop.wish(&order, Part::Whole { goods_back: false }, "r2")?;
    assert!(other.is_err(), "so no other is begun: {other:?}");
    shop.live(MINUTE * 16).await?;
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    shop.till.withdraw_refund(now, &number, yes)?;
    assert!(
        matches!(shop.refund_state(&number)?, RefundState::Withdrawn { .. }),
        "after a quarter of an hour it can be given up"
    );
    assert_eq!(
        shop.journal("refund_withdrawn")?,
        [format!(
            "{number}: approved by confirmed, no users; at the till: no users"
        )],
        "and the journal names who did"
    );
    line.clear_faults();
    let second = shop.wish(&order, Part::Whole { goods_back: false }, "r2")??;
    shop.live(MINUTE * 2).await?;
    assert!(is_refunded(&shop.refund_state(&second)?), "and wished anew");
    assert_eq!(line.given_back(), 200, "given back once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_never_left_is_given_up_at_once() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let order = shop.sell_paid(&line, &[(WATER, 1)], "click").await?;
    shop.wish(&order, Part::Amount(Fen::new(50)), "r1")??;
    shop.live(SECOND * 5).await?;
    let waiting = shop.wish(&order, Part::Amount(Fen::new(50)), "r2")??;
    let now = shop.now();
    let yes = shop.yes(Act::Refund)?;
    shop.till.withdraw_refund(now, &waiting, yes)?;
    shop.live(MINUTE * 2).await?;
    assert_eq!(line.given_back(), 50, "what was taken back in time never left");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_takes_no_money_is_told_in_wechats_word() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let (shop, _, number) = wished(&line, Fault::UserAccountAbnormal, Times::Count(1)).await?;
    assert_eq!(
        shop.refund_state(&number)?,
        RefundState::Refused {
            code: "USER_ACCOUNT_ABNORMAL".to_owned()
        },
        "a person has to find another way"
    );
    assert_eq!(listed(&shop), [number.as_str()], "and is told");
    Ok(())
}
