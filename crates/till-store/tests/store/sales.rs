//! Sales and their attempts: saved whole, found again by number, press of the button and state.

use till_core::{CloseReason, Effect, Input, SaleId, State, StockHold, Timing};
use till_store::{NewSale, StoreError};

use crate::{at, feed, lines, number, numbers, paid, placed, refused, ring_up, shop};

#[test]
fn a_sale_comes_back_as_it_was_saved() {
    let mut db = shop();
    let sale = ring_up(&mut db, "click", &[(1, 3), (3, 1)], at(0)).unwrap();
    let sale = feed(&mut db, sale, at(1), placed()).unwrap();
    let stored = db.read().sales().by_id(sale.id).unwrap().unwrap();
    assert_eq!(stored.sale, sale, "the machine goes on where it stopped");
    assert_eq!(
        (stored.click.as_str(), stored.rung_up_at),
        ("click", at(0)),
        "with its press and its time"
    );
    assert_eq!(
        (stored.first.as_str(), stored.pieces),
        ("product 1", 4),
        "and what tells it apart"
    );
    assert_eq!(
        db.read().sales().lines(sale.id).unwrap(),
        lines(&[(1, 3), (3, 1)]),
        "its lines are as they were rung up"
    );
    let order = &sale.attempts[0].out_trade_no;
    assert_eq!(
        db.read().sales().by_order(order).unwrap().unwrap(),
        stored,
        "found by its order"
    );
    assert_eq!(
        db.read().sales().by_click("click").unwrap().unwrap(),
        stored,
        "found by its press"
    );
    assert_eq!(
        db.read().attempts().request(order).unwrap().as_deref(),
        Some("<xml>保存的请求</xml>"),
        "the request is what it was, byte for byte, after the attempt was saved again"
    );
    assert_eq!(
        db.read().sales().by_id(SaleId(99)).unwrap(),
        None,
        "there is no other"
    );
}

#[test]
fn fault_77_one_press_is_one_sale() {
    let mut db = shop();
    ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap();
    let again = ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap_err();
    assert!(
        matches!(again, StoreError::Forbidden(_)),
        "the same press can't make a second sale"
    );
    let row = db.read().stock().all().unwrap()[0];
    assert_eq!(row.reserved, 1, "and holds nothing twice");
}

#[test]
fn live_sales_are_those_with_something_left_to_ask_or_to_decide() {
    let mut db = shop();
    let mut open = Vec::new();
    for click in ["waiting", "refused", "paid", "review"] {
        let sale = ring_up(&mut db, click, &[(1, 1)], at(0)).unwrap();
        open.push(
            feed(
                &mut db,
                sale,
                at(1),
                if click == "refused" { refused() } else { placed() },
            )
            .unwrap(),
        );
    }
    feed(&mut db, open[2].clone(), at(2), paid(100, "4200001", at(2))).unwrap();
    feed(&mut db, open[3].clone(), at(2), paid(99, "4200002", at(2))).unwrap();
    let live = db.read().sales().live().unwrap();
    assert_eq!(
        numbers(&live),
        [1, 4],
        "the one that waits and the one with a wrong amount; not the refused and the paid"
    );
    assert!(
        matches!(live[1].sale.attempts[0].state, State::Review { .. }),
        "a person has to look at the amount"
    );
}

#[test]
fn a_second_attempt_stands_beside_the_first() {
    let mut db = shop();
    let timing = Timing::default();
    let sale = ring_up(&mut db, "click", &[(1, 2)], at(0)).unwrap();
    let refused = feed(&mut db, sale, at(1), refused()).unwrap();
    assert_eq!(
        refused.stock,
        StockHold::Returned,
        "nothing can be paid: the goods are free"
    );
    let second = number("T1-261123-000002-BBBB");
    let (again, effects) = refused.clone().pay_again(second.clone(), at(2), &timing).unwrap();
    assert_eq!(effects, [Effect::Reserve], "the goods are needed again");
    db.write(|tx| {
        tx.sales().save(&refused, &again, &effects)?;
        tx.attempts()
            .insert(again.id, 1, &again.attempts[1], "<xml>2</xml>")
    })
    .unwrap();
    let stored = db.read().sales().by_order(&second).unwrap().unwrap();
    assert_eq!(stored.sale, again, "both attempts, the older first");
    assert_eq!(db.read().stock().all().unwrap()[0].reserved, 2, "held again");
    assert_eq!(
        db.read().stock().drift().unwrap(),
        [],
        "and the self-check agrees"
    );
    let twice = db.write(|tx| tx.attempts().insert(again.id, 1, &again.attempts[1], "<xml/>"));
    assert!(
        matches!(twice, Err(StoreError::Forbidden(_))),
        "no number is used twice"
    );
}

#[test]
fn fault_78_goods_sold_meanwhile_stop_a_second_attempt() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(2, 2)], at(0)).unwrap();
    let refused = feed(&mut db, sale, at(1), refused()).unwrap();
    ring_up(&mut db, "b", &[(2, 1)], at(2)).unwrap();
    let (again, effects) = refused
        .clone()
        .pay_again(number("T1-261123-000009-BBBB"), at(3), &Timing::default())
        .unwrap();
    let error = db
        .write(|tx| {
            tx.sales().save(&refused, &again, &effects)?;
            tx.attempts().insert(again.id, 1, &again.attempts[1], "<xml/>")
        })
        .unwrap_err();
    assert!(
        matches!(error, StoreError::OutOfStock { .. }),
        "somebody else has one of the two"
    );
    let stored = db.read().sales().by_id(refused.id).unwrap().unwrap();
    assert_eq!(stored.sale, refused, "the sale is as it was");
}

#[test]
fn saving_what_is_not_there_is_refused() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let mut strange = sale.attempts[0].clone();
    strange.out_trade_no = number("T1-261123-999999-XXXX");
    let error = db.write(|tx| tx.attempts().save(&strange)).unwrap_err();
    assert!(
        matches!(error, StoreError::Unreadable { .. }),
        "an order that was never placed can't change"
    );
    let mut dearer = sale.attempts[0].clone();
    dearer.total_fee = till_core::Fen::new(9_900);
    let error = db.write(|tx| tx.attempts().save(&dearer)).unwrap_err();
    assert!(
        matches!(error, StoreError::Unreadable { .. }),
        "what an order is for never changes"
    );
    let unknown = lines(&[(77, 1)]);
    let error = db.write(|tx| {
        tx.sales().ring_up(&NewSale {
            click: "b",
            total: till_core::Fen::new(100),
            rung_up_at: at(0),
            lines: &unknown,
            by: None,
            shift: None,
        })
    });
    assert!(
        matches!(error, Err(StoreError::Forbidden(_))),
        "a product that is not there can't be sold"
    );
}

#[test]
fn a_body_that_contradicts_its_row_is_unreadable() {
    let folder = crate::Folder::new();
    let mut db = folder.open();
    crate::stock_shop(&mut db);
    let sale = ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    for change in [
        "UPDATE attempts SET total_fee = 1",
        "UPDATE attempts SET body = replace(body, 'placing', 'paid')",
        "UPDATE attempts SET body = 'x'",
    ] {
        conn.execute_batch(&format!("SAVEPOINT s; {change}; RELEASE s"))
            .unwrap();
        let read = db.read().sales().by_id(sale.id);
        assert!(
            matches!(
                read,
                Err(StoreError::Unreadable {
                    table: "attempts",
                    ..
                })
            ),
            "told, not guessed, after {change}"
        );
    }
}

#[test]
fn a_cancelled_sale_keeps_its_reason() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let sale = feed(&mut db, sale, at(1), placed()).unwrap();
    let sale = feed(&mut db, sale, at(2), Input::Cancel).unwrap();
    let stored = db.read().sales().live().unwrap().remove(0).sale;
    assert_eq!(stored, sale, "still asked after");
    assert!(
        matches!(
            stored.attempts[0].state,
            State::Closing {
                why: CloseReason::Cancelled,
                ..
            }
        ),
        "because the cashier wanted it"
    );
    assert_eq!(
        db.read().stock().all().unwrap()[0].reserved,
        1,
        "and its goods are still held"
    );
}
