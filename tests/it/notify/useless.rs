//! Messages that a till can't use: each has its reason, none stops the till, none is believed.

use std::collections::BTreeMap;

use notify_bus::{Kind, MessageError};
use scantill_tests::counter::API_KEY;
use scantill_tests::shop::{Line, Shop};
use till_app::notify::{Fate, Incoming, Useless};
use till_app::{Database, Till};
use till_core::State;
use till_store::Became;
use wechat_pay::Fields;

use super::ground::{changed, fields, inbox, message, notify, on_show, right};

const OTHER_KEY: &str = "abcdefghijKLMNOPQRSTUV0123456789";

fn unreadable(error: MessageError) -> Incoming {
    Incoming {
        content: Err(error),
        message_id: "m-1".to_owned(),
        length: 300_000,
    }
}

/// A message that is no fields of WeChat's.
fn odd(pairs: &[(&str, &str)]) -> Incoming {
    let fields: BTreeMap<_, _> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Incoming {
        content: Ok((Kind::Notify, fields)),
        message_id: String::new(),
        length: 20,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_50_51_what_is_of_no_use_is_put_aside_with_its_reason() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let good = notify(&line, &number)?;
    let without = |name: &str| -> anyhow::Result<Incoming> {
        let mut fields = fields(&good)?;
        fields.remove(name);
        Ok(message(Kind::Notify, &fields))
    };
    let with = |name: &str, value: &str| right(&good, |fields| fields.with(name, value));
    let refund = |key: &str| -> anyhow::Result<Incoming> {
        let merchant = wechat_pay::Merchant {
            api_key: wechat_pay::ApiKey::parse(key)?,
            ..shop.config().merchant.clone()
        };
        let inner = Fields::new().with("out_trade_no", number.as_str());
        let nonce = wechat_pay::Nonce::random();
        let fields = wechat_pay::refund_notify::write(&inner, &merchant, &nonce);
        Ok(message(Kind::Notify, &fields))
    };
    let cases = [
        (
            "no map at all",
            unreadable(MessageError::Form),
            Useless::Unreadable,
        ),
        (
            "no kind of ours",
            unreadable(MessageError::Kind),
            Useless::UnknownKind,
        ),
        ("huge", unreadable(MessageError::Length), Useless::TooLong),
        ("an impossible name", odd(&[("<xml>", "")]), Useless::Unreadable),
        ("nothing in it", odd(&[]), Useless::WrongField),
        (
            "return_code FAIL",
            odd(&[("return_code", "FAIL")]),
            Useless::ReturnFail,
        ),
        ("unsigned", without("sign")?, Useless::Unsigned),
        (
            "an empty sign",
            message(Kind::Notify, &fields(&good)?.with("sign", "")),
            Useless::Unsigned,
        ),
        (
            "another amount, not signed again",
            message(Kind::Notify, &fields(&good)?.with("total_fee", "1")),
            Useless::WrongSign,
        ),
        (
            "another key",
            changed(&good, OTHER_KEY, |fields| fields)?,
            Useless::WrongSign,
        ),
        (
            "another merchant",
            with("mch_id", "1900000200")?,
            Useless::OtherMerchant,
        ),
        (
            "another app",
            with("appid", "wx0000000000000000")?,
            Useless::OtherMerchant,
        ),
        ("no amount", with("total_fee", "")?, Useless::WrongField),
        (
            "an amount with a point",
            with("total_fee", "2.00")?,
            Useless::WrongField,
        ),
        (
            "a time that is none",
            with("time_end", "20261332256199")?,
            Useless::WrongField,
        ),
        (
            "another till's order",
            with("out_trade_no", "T02-261123-000001-ABCD")?,
            Useless::OtherTill,
        ),
        (
            "another system's order",
            with("out_trade_no", "order|2026*1")?,
            Useless::OtherTill,
        ),
        (
            "a till whose id begins alike",
            with("out_trade_no", "T012-261123-000001-ABCD")?,
            Useless::OtherTill,
        ),
        (
            "an order nobody knows",
            with("out_trade_no", "T01-261123-999999-ABCD")?,
            Useless::UnknownOrder,
        ),
        (
            "a refund under another key",
            refund(OTHER_KEY)?,
            Useless::WrongCipher,
        ),
        (
            "a refund that says too little",
            refund(API_KEY)?,
            Useless::WrongField,
        ),
        (
            "a deadline of nothing",
            Incoming {
                content: Ok((Kind::Deadline, BTreeMap::new())),
                ..odd(&[])
            },
            Useless::WrongField,
        ),
        (
            "an unsigned probe",
            Incoming {
                content: Ok((Kind::Probe, BTreeMap::new())),
                ..odd(&[])
            },
            Useless::Unsigned,
        ),
    ];
    let count = cases.len();
    for (what, case, why) in cases {
        let fate = shop.till.take_in(shop.now(), &case);
        assert_eq!(fate, Fate::DeadLetter(why), "{what}");
        let row = inbox(&shop.till)?.remove(0);
        let kept = Became::DeadLetter {
            reason: why.word().to_owned(),
        };
        assert_eq!(row.became, kept, "{what}: written down with the reason");
        assert!(
            matches!(shop.state(&number)?, State::AwaitingPayment { .. }),
            "{what}: nothing of it is believed"
        );
    }
    let picture = shop.till.snapshot().notify;
    assert_eq!(
        usize::try_from(picture.dead_letters)?,
        count,
        "the lamp counts them"
    );
    let letters = shop.till.dead_letters()?;
    assert_eq!(
        letters.first().map(|letter| letter.reason),
        Some(Useless::Unsigned),
        "the newest is listed first"
    );
    let journal = shop.till.db().read().journal().after(0, 1000)?;
    let told = journal.iter().filter(|row| row.what == "dead_letter").count();
    assert_eq!(told, count, "each stands in the journal");
    shop.till.dead_letters_seen()?;
    assert_eq!(
        shop.till.snapshot().notify.dead_letters,
        0,
        "seen: the lamp is out"
    );
    let again = shop.restart(jiff::SignedDuration::ZERO)?;
    assert_eq!(
        again.till.snapshot().notify.dead_letters,
        0,
        "and stays out after a start"
    );

    let mut shop = again;
    assert_eq!(
        shop.till.take_in(shop.now(), &good),
        Fate::Done,
        "the true one is of use after all that"
    );
    assert!(matches!(shop.state(&number)?, State::Paid(_)), "and pays");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_restored_ledger_does_not_know_is_put_aside_and_comes_back_of_use()
-> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.db");
    shop.till.db().back_up_to(&copy)?;
    let number = on_show(&mut shop, "after the copy").await?;
    line.pay(&number)?;
    let good = notify(&line, &number)?;

    let mut restored = Till::open(shop.config().clone(), Database::open(&copy)?, shop.now(), [9; 32])?;
    assert_eq!(
        restored.take_in(shop.now(), &good),
        Fate::DeadLetter(Useless::UnknownOrder),
        "money for an order that this ledger does not have"
    );
    assert_eq!(
        restored.snapshot().notify.dead_letters,
        1,
        "that is not passed over in silence"
    );
    let letter = restored.dead_letters()?.remove(0);
    assert_eq!(
        letter.out_trade_no.as_deref(),
        Some(number.as_str()),
        "and it is said which order it is"
    );
    let journal = restored.db().read().journal().after(0, 1000)?;
    assert!(
        journal
            .iter()
            .any(|row| row.what == "dead_letter" && row.out_trade_no.as_ref() == Some(&number)),
        "the journal has it as well"
    );
    drop(restored);
    assert_eq!(
        shop.till.take_in(shop.now(), &good),
        Fate::Done,
        "the right ledger has a use for it"
    );
    assert!(matches!(shop.state(&number)?, State::Paid(_)), "paid");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_sent_again_to_the_right_ledger_is_taken_in() -> anyhow::Result<()> {
    let line = Line::open().await?;
    let mut shop = Shop::open(&line, "T01").await?;
    let number = on_show(&mut shop, "click").await?;
    line.pay(&number)?;
    let good = notify(&line, &number)?;
    let folder = tempfile::tempdir()?;
    let empty = Database::open(&folder.path().join("scantill.db"))?;
    let mut other = Till::open(shop.config().clone(), empty, shop.now(), [9; 32])?;
    for nth in 1..=2 {
        assert_eq!(
            other.take_in(shop.now(), &good),
            Fate::DeadLetter(Useless::UnknownOrder),
            "time {nth}: looked at anew each time"
        );
    }
    assert_eq!(inbox(&other)?.len(), 1, "one piece of news is one row");
    assert_eq!(
        shop.till.take_in(shop.now(), &good),
        Fate::Done,
        "where it is known it is of use"
    );
    Ok(())
}
