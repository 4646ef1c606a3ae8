//! The inbox: news is written once, with its effect, and found again.

use std::collections::BTreeMap;

use till_store::{Became, Database, InboxId, Received, StoreError};

use crate::at;

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn notify<'a>(message_id: &'a str, fields: &'a BTreeMap<String, String>) -> Received<'a> {
    Received {
        kind: "notify",
        message_id,
        out_trade_no: Some("T1-261123-000001-AAAA"),
        fields,
    }
}

#[test]
fn news_that_comes_again_is_known() {
    let mut db = Database::in_memory().unwrap();
    let said = fields(&[("total_fee", "200"), ("sign", "ABC")]);
    let first = notify("4200001", &said);
    assert_eq!(
        db.read().inbox().became(first.digest()).unwrap(),
        None,
        "nobody has heard of it"
    );
    db.write(|tx| tx.inbox().put(at(1), &first, &Became::TakenIn))
        .unwrap();
    let again = notify("another number of the broker's", &said);
    assert_eq!(
        db.read().inbox().became(again.digest()).unwrap(),
        Some(Became::TakenIn),
        "what it says names it, not what the broker calls it"
    );
    let row = db.read().inbox().latest(10).unwrap().remove(0);
    assert_eq!(
        (row.received_at, &row.fields, row.message_id.as_str()),
        (at(1), &said, "4200001"),
        "kept as it came"
    );
}

#[test]
fn another_kind_or_another_cut_between_name_and_value_is_other_news() {
    let (one, two) = (fields(&[("ab", "c")]), fields(&[("a", "bc")]));
    assert_ne!(
        notify("", &one).digest(),
        notify("", &two).digest(),
        "no two messages share an encoding"
    );
    let deadline = Received {
        kind: "deadline",
        ..notify("", &one)
    };
    assert_ne!(
        deadline.digest(),
        notify("", &one).digest(),
        "the kind is part of the news"
    );
}

#[test]
fn a_step_that_fails_leaves_no_news_behind() {
    let mut db = Database::in_memory().unwrap();
    let said = fields(&[("total_fee", "200")]);
    let news = notify("4200001", &said);
    db.write(|tx| {
        tx.inbox().put(at(1), &news, &Became::TakenIn)?;
        Err::<(), _>(StoreError::Unreadable {
            table: "attempts",
            what: "the effect could not be saved".to_owned(),
        })
    })
    .unwrap_err();
    assert_eq!(
        db.read().inbox().became(news.digest()).unwrap(),
        None,
        "heard of only if its effect is saved"
    );
}

#[test]
fn dead_letters_are_counted_until_they_are_seen_and_may_come_back() {
    let mut db = Database::in_memory().unwrap();
    let (one, two) = (fields(&[("n", "1")]), fields(&[("n", "2")]));
    let lost = Became::DeadLetter {
        reason: "unknown_order".to_owned(),
    };
    db.write(|tx| {
        tx.inbox().put(at(1), &notify("1", &one), &lost)?;
        tx.inbox().put(at(2), &notify("2", &two), &lost)
    })
    .unwrap();
    let (count, last) = db.read().inbox().dead_letters_after(InboxId(0)).unwrap();
    assert_eq!(count, 2, "two are of no use");
    assert_eq!(
        db.read().inbox().dead_letters_after(last).unwrap(),
        (0, last),
        "both were seen"
    );
    let letters = db.read().inbox().dead_letters(10).unwrap();
    assert_eq!(
        letters
            .iter()
            .map(|row| row.message_id.as_str())
            .collect::<Vec<_>>(),
        ["2", "1"],
        "the newest first"
    );
    assert_eq!(letters[0].became, lost, "with the reason");
    db.write(|tx| tx.inbox().put(at(3), &notify("1", &one), &Became::TakenIn))
        .unwrap();
    let now = db.read().inbox().became(notify("1", &one).digest()).unwrap();
    assert_eq!(
        now,
        Some(Became::TakenIn),
        "of use the second time, one row all the same"
    );
    assert_eq!(
        db.read().inbox().latest(10).unwrap().len(),
        2,
        "no news is there twice"
    );
}
