//! Refunds: kept with their request, never more than was paid, and their goods back on the shelf once.

use till_core::{
    EarlierRefund, Evidence, EvidenceKind, Goods, LineNo, Part, Refund, RefundAnswer, RefundBounds,
    RefundInput, RefundLine, RefundReason, RefundRefusal, RefundState, RefundWish, Sale, SaleId, Shelf,
    SignVerdict, Sold, State, StockHold,
};
use till_store::{NewRefund, StoredRefund};

use super::*;

/// A paid sale of 3 × product 1 and 2 × product 2, at 1.00 each.
pub(super) fn paid_sale(db: &mut Database) -> Sale {
    let sale = ring_up(db, "a", &[(1, 3), (2, 2)], at(0)).unwrap();
    let sale = feed(db, sale, at(1), placed()).unwrap();
    feed(db, sale, at(2), paid(500, "4200", at(2))).unwrap()
}

pub(super) fn wish(
    db: &Database,
    sale: &Sale,
    now: Timestamp,
    part: Part,
) -> Result<RefundWish, RefundRefusal> {
    let order = &sale.attempts[0].out_trade_no;
    let earlier: Vec<EarlierRefund> = db
        .read()
        .refunds()
        .of_order(order)
        .unwrap()
        .into_iter()
        .map(|stored| EarlierRefund {
            refund: stored.refund,
            lines: stored.lines,
            on_bill: false,
        })
        .collect();
    let lines = db.read().sales().lines(sale.id).unwrap();
    let payment = sale.attempts[0].payment().unwrap();
    let sold = Sold {
        lines: &lines,
        stock: sale.stock,
        refunds: &earlier,
        cash_refunds: &[],
    };
    RefundBounds::of(now, order, payment, &sold)?.wish(part)
}

pub(super) fn insert(
    db: &mut Database,
    wish: &RefundWish,
    now: Timestamp,
    click: &str,
) -> Result<Refund, StoreError> {
    let refund = Refund::new(wish, now);
    db.write(|tx| {
        tx.refunds().insert(&NewRefund {
            wish,
            refund: &refund,
            click,
            reason: &RefundReason::parse("商品有瑕疵").unwrap(),
            approved_by: "店长",
            request: "{\"out_refund_no\":\"保存的请求\"}",
        })
    })?;
    Ok(refund)
}

pub(super) fn feed_refund(db: &mut Database, refund: Refund, now: Timestamp, input: RefundInput) -> Refund {
    let (after, effect) = refund.handle(now, &Timing::default(), input);
    db.write(|tx| tx.refunds().save(&after, effect)).unwrap();
    after
}

pub(super) fn accepted() -> RefundInput {
    RefundInput::Sent(RefundAnswer::Accepted {
        refund_id: "50000000000000000000000000001".to_owned(),
    })
}

pub(super) fn of_line(line: u32, pieces: u32, goods_back: bool) -> Part {
    Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(line),
            pieces,
        }],
        goods_back,
    }
}

fn sold(db: &Database) -> Vec<i64> {
    let rows = db.read().stock().all().unwrap();
    rows.iter().map(|row| row.sold).collect()
}

#[test]
fn a_refund_is_kept_whole_and_its_goods_come_back_when_wechat_has_it() {
    let mut db = shop();
    let sale = paid_sale(&mut db);
    assert_eq!(sold(&db), [3, 2, 0], "five pieces are sold");
    let wished = wish(&db, &sale, at(10), of_line(1, 2, true)).unwrap();
    let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
    assert_eq!(sold(&db), [3, 2, 0], "a wish alone moves no goods");
    let read = db.read().refunds();
    assert_eq!(
        read.by_click("r1").unwrap(),
        Some(StoredRefund {
            refund: refund.clone(),
            lines: wished.lines().to_vec(),
            click: "r1".to_owned(),
            reason: RefundReason::parse("商品有瑕疵").unwrap(),
            approved_by: "店长".to_owned(),
        }),
        "found again by its click, with its lines, its reason and who approved it"
    );
    assert_eq!(
        read.request(&refund.out_refund_no).unwrap().as_deref(),
        Some("{\"out_refund_no\":\"保存的请求\"}"),
        "the request byte for byte"
    );
    let refund = feed_refund(&mut db, refund, at(11), RefundInput::Leaving);
    let refund = feed_refund(&mut db, refund, at(12), accepted());
    assert_eq!(sold(&db), [1, 2, 0], "two pieces can be sold again");
    assert_eq!(
        db.read().stock().drift().unwrap(),
        [],
        "stock, sales and refunds agree"
    );
    assert_eq!(refund.goods, Goods::Back, "and the refund says so");
    let again = db.read().refunds().get(&refund.out_refund_no).unwrap().unwrap();
    assert_eq!(again.refund, refund, "what was saved is what is read");
    assert_eq!(
        db.read().refunds().open().unwrap().len(),
        1,
        "it is asked after until the money has arrived"
    );
    assert_eq!(
        db.read().refunds().of_day(at(0), at(11)).unwrap().len(),
        1,
        "on the day it was wished"
    );
    assert_eq!(
        db.read().refunds().of_day(at(11), at(12)).unwrap().len(),
        1,
        "and on the day it was sent"
    );
    assert_eq!(
        db.read().refunds().of_day(at(12), at(99)).unwrap(),
        [],
        "and on no other"
    );
}

#[test]
fn fault_31_the_schema_has_the_last_word_on_what_was_paid() {
    let mut db = shop();
    let sale = paid_sale(&mut db);
    // Two wishes held against the same bounds: as two clicks in the same instant would be.
    let first = wish(&db, &sale, at(10), Part::Amount(Fen::new(300))).unwrap();
    insert(&mut db, &first, at(10), "r1").unwrap();
    let number = insert(&mut db, &first, at(10), "r2").unwrap_err();
    assert!(
        matches!(number, StoreError::Forbidden(_)),
        "one number is one refund: {number}"
    );
    let order = &sale.attempts[0].out_trade_no;
    // The second of two wishes comes under a number of its own and asks for more than is left.
    let mut withdrawn = db.read().refunds().of_order(order).unwrap().remove(0).refund;
    let counted = withdrawn.clone();
    withdrawn = withdrawn
        .handle(at(11), &Timing::default(), RefundInput::Withdraw)
        .0;
    db.write(|tx| tx.refunds().save(&withdrawn, None)).unwrap();
    let second = wish(&db, &sale, at(12), Part::Amount(Fen::new(300))).unwrap();
    // Between bounds and saving, the first one counts again.
    db.write(|tx| tx.refunds().save(&counted, None)).unwrap();
    let error = insert(&mut db, &second, at(12), "r3").unwrap_err();
    assert!(
        matches!(error, StoreError::Forbidden(_)),
        "3.00 and 3.00 are more than 5.00: {error}"
    );
    assert_eq!(
        db.read().refunds().of_order(order).unwrap().len(),
        1,
        "nothing of it stays"
    );
}

#[test]
fn evidence_of_a_refund_stands_with_the_refund() {
    let mut db = shop();
    let sale = paid_sale(&mut db);
    let wished = wish(&db, &sale, at(10), Part::Whole { goods_back: false }).unwrap();
    let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
    let row = Evidence {
        first_at: at(11),
        last_at: at(11),
        count: 1,
        kind: EvidenceKind::Refund,
        outcome: "SUCCESS".to_owned(),
        sign: SignVerdict::Right,
        request: None,
        answer: None,
    };
    db.write(|tx| tx.evidence().insert_of_refund(&refund, &row))
        .unwrap();
    let rows = db.read().evidence().of_refund(&refund.out_refund_no).unwrap();
    assert_eq!(
        rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(),
        [row],
        "with the refund"
    );
    assert_eq!(
        db.read().evidence().of_order(&refund.out_trade_no).unwrap(),
        [],
        "and not among the order's own"
    );
}

#[test]
fn a_refund_given_up_frees_its_money_and_moves_no_goods() {
    let mut db = shop();
    let sale = paid_sale(&mut db);
    let wished = wish(&db, &sale, at(10), Part::Whole { goods_back: true }).unwrap();
    let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
    let refund = feed_refund(&mut db, refund, at(11), RefundInput::Withdraw);
    assert!(
        matches!(refund.state, RefundState::Withdrawn { .. }),
        "it had never left"
    );
    assert_eq!(sold(&db), [3, 2, 0], "the goods stay with the customer");
    let wished = wish(&db, &sale, at(12), Part::Whole { goods_back: true }).unwrap();
    let again = insert(&mut db, &wished, at(12), "r2").unwrap();
    assert_ne!(
        again.out_refund_no, refund.out_refund_no,
        "a new wish has a new number"
    );
    assert_eq!(
        db.read().refunds().open().unwrap().len(),
        1,
        "the one that was given up is off the list"
    );
}

#[test]
fn a_double_payment_that_is_taken_over_is_a_sale_of_its_own() {
    let mut db = shop();
    let first = ring_up(&mut db, "a", &[(1, 2)], at(0)).unwrap();
    let first = feed(&mut db, first, at(1), placed()).unwrap();
    let cancelled = feed(&mut db, first, at(2), Input::Cancel).unwrap();
    let order = number("T1-261123-000099-AAAA");
    let (both, effects) = cancelled
        .clone()
        .pay_again(order, at(3), &Timing::default())
        .unwrap();
    db.write(|tx| {
        tx.attempts().insert(both.id, 1, &both.attempts[1], "<xml/>")?;
        tx.sales().save(&cancelled, &both, &effects)
    })
    .unwrap();
    let sale = feed(&mut db, both, at(4), paid(200, "4201", at(4))).unwrap();
    let old = sale.attempts[0].out_trade_no.clone();
    let (twice, _) = sale
        .clone()
        .handle(at(5), &Timing::default(), &old, paid(200, "4202", at(5)));
    db.write(|tx| tx.sales().save(&sale, &twice, &[])).unwrap();

    let rest = twice
        .clone()
        .adopt_apart(&old, SaleId(0), Shelf::Stocked)
        .unwrap()
        .0;
    let apart = db
        .write(|tx| {
            let apart = tx.sales().put_apart(sale.id, &old, at(6), |id| {
                let (_, apart, effects) = twice.clone().adopt_apart(&old, id, Shelf::Stocked).unwrap();
                (apart, effects)
            })?;
            tx.sales().save(&twice, &rest, &[])?;
            Ok(apart)
        })
        .unwrap();
    assert_ne!(apart.id, sale.id, "under a number of its own");
    let stored = db.read().sales().by_order(&old).unwrap().unwrap();
    assert_eq!(stored.sale, apart, "its order is found there");
    assert!(
        matches!(stored.sale.attempts[0].state, State::Paid(_)) && stored.sale.stock == StockHold::Sold,
        "paid, and its goods sold"
    );
    assert_eq!(
        db.read().sales().by_id(sale.id).unwrap().unwrap().sale,
        rest,
        "the first sale has kept its own payment"
    );
    assert_eq!(sold(&db), [4, 0, 0], "two pieces, twice");
    assert_eq!(db.read().stock().drift().unwrap(), [], "stock and sales agree");
}
