//! Settings, carts put aside, evidence, products: what goes in comes out.

use till_core::{Cart, Evidence, EvidenceKind, Fen, Price, ProductId, SignVerdict};
use till_store::{Database, NewProduct, NewStock, StoreError};

use crate::{at, goods, number, ring_up, shop};

#[test]
fn settings_keep_values_and_counters_count() {
    let mut db = Database::in_memory().unwrap();
    db.write(|tx| tx.settings().set("locale", "zh-CN")).unwrap();
    db.write(|tx| tx.settings().set("locale", "en")).unwrap();
    let locale: Option<String> = db.read().settings().get("locale").unwrap();
    assert_eq!(locale.as_deref(), Some("en"), "the last value counts");
    for expected in 1..=12 {
        let number = db.write(|tx| tx.settings().next_number("sequence")).unwrap();
        assert_eq!(number, expected, "a counter counts from 1, past 9 too");
    }
    db.write(|tx| {
        tx.settings().next_number("sequence")?;
        Err::<(), _>(StoreError::OutOfStock {
            product: ProductId(1),
        })
    })
    .unwrap_err();
    let number = db.write(|tx| tx.settings().next_number("sequence")).unwrap();
    assert_eq!(number, 13, "a number that was rolled back was never used");
    let wrong = db.read().settings().get::<u32>("locale");
    assert!(
        matches!(
            wrong,
            Err(StoreError::Unreadable {
                table: "settings",
                ..
            })
        ),
        "a word is no number, and it is said where it stands"
    );
    db.write(|tx| tx.settings().remove("locale")).unwrap();
    assert_eq!(
        db.read().settings().get::<String>("locale").unwrap(),
        None,
        "what is removed is gone"
    );
}

#[test]
fn a_cart_put_aside_comes_back_once() {
    let mut db = shop();
    let mut cart = Cart::default();
    for product in db.read().products().all().unwrap() {
        cart.add(&product, None).unwrap();
    }
    let id = db.write(|tx| tx.held_carts().put(at(7), &cart)).unwrap();
    let held = db.read().held_carts().all().unwrap();
    assert_eq!((held[0].id, held[0].held_at), (id, at(7)), "it is listed");
    let taken = db.write(|tx| tx.held_carts().take(id)).unwrap().unwrap();
    assert_eq!(taken.cart, cart, "line for line");
    let again = db.write(|tx| tx.held_carts().take(id)).unwrap();
    assert_eq!(again, None, "and can't be taken twice");
}

#[test]
fn a_run_of_answers_is_one_row() {
    let mut db = shop();
    let order = number("T1-261123-000001-AAAA");
    let asked = |second: i64, outcome: &str| Evidence {
        first_at: at(second),
        last_at: at(second),
        count: 1,
        kind: EvidenceKind::Orderquery,
        outcome: outcome.to_owned(),
        sign: SignVerdict::Right,
        request: Some("<xml>问</xml>".to_owned()),
        answer: None,
    };
    let orphan = db.write(|tx| tx.evidence().insert(&order, &asked(0, "NOTPAY")));
    assert!(
        matches!(orphan, Err(StoreError::Forbidden(_))),
        "evidence of an order that is not there can't be written"
    );
    ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap();
    let run = db
        .write(|tx| tx.evidence().insert(&order, &asked(3, "NOTPAY")))
        .unwrap();
    db.write(|tx| {
        tx.evidence().set_run(run, at(9), 3)?;
        tx.evidence().insert(&order, &asked(12, "SUCCESS"))
    })
    .unwrap();
    let rows = db.read().evidence().of_order(&order).unwrap();
    assert_eq!(
        rows.len(),
        2,
        "three answers of one kind and one of another are two rows"
    );
    assert_eq!(
        (rows[0].1.first_at, rows[0].1.last_at, rows[0].1.count),
        (at(3), at(9), 3),
        "first time, last time and count of the run"
    );
    assert_eq!(
        rows[1].1,
        asked(12, "SUCCESS"),
        "the other comes out as it went in"
    );
    let last = db.read().evidence().last_of_order(&order).unwrap();
    assert_eq!(
        last.as_ref(),
        rows.last(),
        "the last row is the one that a run goes on with"
    );
}

#[test]
fn an_import_replaces_by_barcode_and_leaves_what_is_held_and_sold() {
    let mut db = shop();
    ring_up(&mut db, "click", &[(1, 4)], at(0)).unwrap();
    let renamed = NewProduct {
        name: "矿泉水".to_owned(),
        category: "水".to_owned(),
        ..goods("", Some("6900001"), 250, NewStock::Available(20))
    };
    let new = goods("新货", Some("6900009"), 100, NewStock::Unsaid);
    let egg = goods("茶叶蛋", None, 200, NewStock::Unsaid);
    let count = db.write(|tx| tx.products().import(&[renamed, new, egg])).unwrap();
    assert_eq!(count, 3, "three rows went in");
    let products = db.read().products().all().unwrap();
    assert_eq!(
        products.len(),
        4,
        "two were known, by barcode and by name; one is new"
    );
    let water = &products[0];
    assert_eq!(
        (water.name.as_str(), water.category.as_str(), water.price),
        ("矿泉水", "水", Price::Fixed(Fen::new(250))),
        "name, category and price are the new ones"
    );
    assert_eq!(
        water.available,
        Some(20),
        "what can be sold is what the file says"
    );
    let row = db.read().stock().all().unwrap()[0];
    assert_eq!(
        (row.received, row.reserved),
        (24, 4),
        "the four that are held are on top of it"
    );
    assert_eq!(
        products[1].available,
        Some(2),
        "what the file does not name stays"
    );
    assert_eq!(
        products[2].price,
        Price::Fixed(Fen::new(200)),
        "the egg was known by its name"
    );
    assert_eq!(
        products[3].available, None,
        "a new product of which nothing is said is not counted"
    );
    assert_eq!(
        db.read().stock().drift().unwrap(),
        [],
        "stock and sales still agree"
    );
}

#[test]
fn an_import_is_all_or_nothing() {
    let mut db = shop();
    let before = db.read().products().all().unwrap();
    let bad = goods("坏", None, 0, NewStock::Unsaid);
    let good = goods("好", None, 100, NewStock::Unsaid);
    let error = db.write(|tx| tx.products().import(&[good, bad])).unwrap_err();
    assert!(
        matches!(error, StoreError::Forbidden(_)),
        "a price of nothing is against the rules"
    );
    assert_eq!(
        db.read().products().all().unwrap(),
        before,
        "the good row before it did not go in"
    );
}

#[test]
fn readers_see_finished_transactions() {
    let folder = crate::Folder::new();
    for mut db in [folder.open(), Database::in_memory().unwrap()] {
        let reader = db.reader().unwrap();
        assert_eq!(
            reader.read().products().count().unwrap(),
            0,
            "nothing is there yet"
        );
        db.write(|tx| tx.settings().set("locale", "en")).unwrap();
        let seen: Option<String> = reader.read().settings().get("locale").unwrap();
        assert_eq!(seen.as_deref(), Some("en"), "what is finished is seen at once");
    }
}
