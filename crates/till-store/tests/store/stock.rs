//! Stock: on hand = received − sold − reserved, never below zero, and it follows from the sales.

use proptest::prelude::*;
use rusqlite::Connection;
use till_core::{CloseAnswer, Effect, Input, ProductId, QueryAnswer, Sale, StockHold};
use till_store::{Database, StockRow, StoreError};

use crate::{Folder, at, feed, paid, placed, refused, ring_up, shop, stock_shop};

fn row(db: &Database, product: i64) -> StockRow {
    let rows = db.read().stock().all().unwrap();
    *rows.iter().find(|row| row.product.0 == product).unwrap()
}

fn figures(db: &Database, product: i64) -> (i64, i64, i64) {
    let row = row(db, product);
    (row.received, row.sold, row.reserved)
}

#[test]
fn goods_are_held_then_sold_or_given_back() {
    let mut db = shop();
    let first = ring_up(&mut db, "a", &[(1, 3)], at(0)).unwrap();
    assert_eq!(
        figures(&db, 1),
        (10, 0, 3),
        "three are held while the customer has not paid"
    );
    let first = feed(&mut db, first, at(1), placed()).unwrap();
    let first = feed(&mut db, first, at(2), paid(300, "4200", at(2))).unwrap();
    assert_eq!(figures(&db, 1), (10, 3, 0), "paid: three are sold, none held");
    feed(&mut db, first, at(3), paid(300, "4200", at(2))).unwrap();
    assert_eq!(figures(&db, 1), (10, 3, 0), "told again: nothing is sold twice");
    let second = ring_up(&mut db, "b", &[(1, 2), (1, 1)], at(4)).unwrap();
    assert_eq!(
        row(&db, 1).available(),
        Some(4),
        "two lines of one product are held together"
    );
    feed(&mut db, second, at(5), refused()).unwrap();
    assert_eq!(figures(&db, 1), (10, 3, 0), "refused: they are free again");
    assert_eq!(db.read().stock().drift().unwrap(), [], "stock and sales agree");
}

#[test]
fn more_than_there_is_can_not_be_held_and_nothing_of_the_sale_stays() {
    let mut db = shop();
    let error = ring_up(&mut db, "a", &[(1, 1), (2, 1), (2, 2)], at(0)).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::OutOfStock {
                product: ProductId(2)
            }
        ),
        "the product that runs short is named, its lines taken together: {error}"
    );
    assert_eq!(
        figures(&db, 1),
        (10, 0, 0),
        "the other product of the sale is not held either"
    );
    assert_eq!(
        db.read().sales().by_click("a").unwrap(),
        None,
        "there is no such sale"
    );
    assert!(
        db.read().journal().after(0, 10).unwrap().is_empty(),
        "and the journal knows of none"
    );
    ring_up(&mut db, "b", &[(3, 9_999)], at(0)).unwrap();
    assert_eq!(row(&db, 3).available(), None, "what is not counted can't run out");
    assert_eq!(row(&db, 3).reserved, 9_999, "but what is held is known");
}

#[test]
fn the_schema_itself_refuses_to_go_below_zero() {
    let folder = Folder::new();
    stock_shop(&mut folder.open());
    let conn = Connection::open(folder.path()).unwrap();
    for statement in [
        "UPDATE stock SET sold = 11 WHERE product_id = 1",
        "UPDATE stock SET reserved = 11 WHERE product_id = 1",
        "UPDATE stock SET received = -1 WHERE product_id = 1",
        "UPDATE stock SET reserved = -1 WHERE product_id = 3",
        "UPDATE stock SET sold = -1 WHERE product_id = 3",
    ] {
        assert!(
            conn.execute(statement, []).is_err(),
            "whoever tries it: {statement}"
        );
    }
}

#[test]
fn an_effect_that_was_never_due_is_refused() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 3)], at(0)).unwrap();
    db.write(|tx| tx.stock().apply(Effect::GiveBack, sale.id))
        .unwrap();
    let twice = db.write(|tx| tx.stock().apply(Effect::GiveBack, sale.id));
    assert!(
        matches!(twice, Err(StoreError::Forbidden(_))),
        "what is not held can't be given back"
    );
    let drift = db.read().stock().drift().unwrap();
    assert_eq!(
        drift.len(),
        1,
        "giving back behind the sale's back shows in the self-check"
    );
    assert_eq!(
        (drift[0].row.reserved, drift[0].held_in_sales),
        (0, 3),
        "with both figures"
    );
}

#[test]
fn fault_78_the_last_piece_is_sold_once_from_two_tills_on_one_ledger() {
    let folder = Folder::new();
    let mut one = folder.open();
    stock_shop(&mut one);
    let mut other = folder.open();
    let threads: Vec<_> = (0..2)
        .map(|till| {
            let mut db = folder.open();
            std::thread::spawn(move || {
                (0..5)
                    .filter(
                        |click| match ring_up(&mut db, &format!("{till}-{click}"), &[(2, 1)], at(0)) {
                            Ok(_) => true,
                            Err(StoreError::OutOfStock { product }) => {
                                assert_eq!(product, ProductId(2), "the tea has run out");
                                false
                            }
                            Err(error) => panic!("neither sold nor sold out: {error}"),
                        },
                    )
                    .count()
            })
        })
        .collect();
    let sold: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(sold, 2, "ten presses from two tills: the two pieces there were");
    for db in [&mut one, &mut other] {
        assert_eq!(
            row(db, 2).available(),
            Some(0),
            "every connection sees that none is left"
        );
        assert!(
            matches!(
                ring_up(db, "late", &[(2, 1)], at(1)),
                Err(StoreError::OutOfStock { .. })
            ),
            "and none can sell a third"
        );
    }
}

#[test]
fn goods_that_come_in_can_be_sold() {
    let mut db = shop();
    db.write(|tx| tx.stock().receive(ProductId(2), 5)).unwrap();
    assert_eq!(row(&db, 2).available(), Some(7), "five more");
    let error = db.write(|tx| tx.stock().receive(ProductId(2), -8)).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::OutOfStock {
                product: ProductId(2)
            }
        ),
        "more can't go out than there is"
    );
    ring_up(&mut db, "a", &[(3, 2)], at(0)).unwrap();
    db.write(|tx| tx.stock().receive(ProductId(3), 5)).unwrap();
    assert_eq!(
        row(&db, 3).available(),
        Some(5),
        "counting starts with what came in, beside what was held before"
    );
}

/// What a run of the shop does next.
#[derive(Debug, Clone)]
enum Act {
    RingUp { product: i64, pieces: u32 },
    Receive { product: i64, pieces: i64 },
    Pay { nth: usize },
    Refuse { nth: usize },
    CancelAndClose { nth: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..=3_i64, 1..=4_u32).prop_map(|(product, pieces)| Act::RingUp { product, pieces }),
        1 => (1..=2_i64, -3..=6_i64).prop_map(|(product, pieces)| Act::Receive { product, pieces }),
        2 => (0..20_usize).prop_map(|nth| Act::Pay { nth }),
        1 => (0..20_usize).prop_map(|nth| Act::Refuse { nth }),
        2 => (0..20_usize).prop_map(|nth| Act::CancelAndClose { nth }),
    ]
}

/// Goes on with the sale of this number, if there is one.
fn go_on(db: &mut Database, sales: &mut [Sale], nth: usize, inputs: &[Input]) {
    let Some(sale) = sales.get_mut(nth) else {
        return;
    };
    for input in inputs {
        *sale = feed(db, sale.clone(), at(1000), input.clone()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn on_hand_is_received_less_sold_less_reserved_whatever_happens(acts in prop::collection::vec(act(), 1..60)) {
        let mut db = shop();
        let mut sales: Vec<Sale> = Vec::new();
        let mut received = [0, 10, 2, 0];
        for (step, act) in acts.into_iter().enumerate() {
            match act {
                Act::RingUp { product, pieces } => {
                    let free = row(&db, product).available();
                    match ring_up(&mut db, &format!("{step}"), &[(product, pieces)], at(0)) {
                        Ok(sale) => {
                            prop_assert!(free.is_none_or(|free| free >= i64::from(pieces)), "there were enough");
                            sales.push(sale);
                        }
                        Err(StoreError::OutOfStock { .. }) => {
                            prop_assert!(free.is_some_and(|free| free < i64::from(pieces)), "there were too few");
                        }
                        Err(error) => prop_assert!(false, "neither sold nor sold out: {error}"),
                    }
                }
                Act::Receive { product, pieces } => {
                    if db.write(|tx| tx.stock().receive(ProductId(product), pieces)).is_ok() {
                        received[usize::try_from(product).unwrap()] += pieces;
                    }
                }
                Act::Pay { nth } => {
                    let total = sales.get(nth).map_or(1, |sale| sale.total.get());
                    go_on(&mut db, &mut sales, nth, &[placed(), paid(total, "4200", at(0))]);
                }
                Act::Refuse { nth } => go_on(&mut db, &mut sales, nth, &[refused()]),
                Act::CancelAndClose { nth } => go_on(
                    &mut db,
                    &mut sales,
                    nth,
                    &[
                        Input::Cancel,
                        Input::Close(CloseAnswer::Closed),
                        Input::Query(QueryAnswer::Closed),
                    ],
                ),
            }
            for row in db.read().stock().all().unwrap() {
                prop_assert!(row.available().is_none_or(|free| free >= 0), "never below zero");
                let pieces = |stock: StockHold| -> i64 {
                    sales
                        .iter()
                        .filter(|sale| sale.stock == stock)
                        .flat_map(|sale| db.read().sales().lines(sale.id).unwrap())
                        .filter(|line| line.product == row.product)
                        .map(|line| i64::from(line.pieces))
                        .sum()
                };
                prop_assert_eq!(row.sold, pieces(StockHold::Sold), "what is sold is in sold sales");
                prop_assert_eq!(row.reserved, pieces(StockHold::Held), "what is held is in held sales");
                let came_in = received[usize::try_from(row.product.0).unwrap()];
                prop_assert!(!row.counted || row.received == came_in, "only receiving receives");
            }
            prop_assert_eq!(db.read().stock().drift().unwrap(), vec![], "the self-check finds nothing");
        }
        let live: Vec<Sale> = db.read().sales().live().unwrap().into_iter().map(|it| it.sale).collect();
        let open: Vec<Sale> = sales
            .into_iter()
            .filter(|sale| !sale.is_final() || sale.attempts.iter().any(|it| it.state_is_review()))
            .collect();
        prop_assert_eq!(live, open, "what is read back is what was saved, no more and no less");
    }
}

/// For telling sales that wait for a person.
trait InReview {
    fn state_is_review(&self) -> bool;
}

impl InReview for till_core::Attempt {
    fn state_is_review(&self) -> bool {
        matches!(self.state, till_core::State::Review { .. })
    }
}
