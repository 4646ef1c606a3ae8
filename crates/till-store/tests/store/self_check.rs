//! The self-check: silent about what is sound, and names what somebody has changed behind the till's back.

use std::fs;

use rusqlite::Connection;
use till_core::self_check::{About, Check, SelfCheck, Wrong};
use till_core::{Evidence, EvidenceKind, Input, SaleId, SignVerdict};
use till_store::{Database, OpenError, self_check};

use crate::{Folder, at, feed, paid, placed, ring_up, stock_shop, tamper};

/// A shop that has lived: sale 1 paid, 2 waiting, 3 refused, 4 being closed. The ledger is closed.
fn lived() -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let sale = sell(&mut db, 1, &[(1, 2), (3, 1)]);
    let sale = step(&mut db, sale, 11, placed());
    let order = &sale.attempts[0].out_trade_no;
    let proof = Evidence {
        first_at: at(12),
        last_at: at(12),
        count: 1,
        kind: EvidenceKind::Orderquery,
        outcome: "SUCCESS".to_owned(),
        sign: SignVerdict::Right,
        request: None,
        answer: Some("<xml><transaction_id>4200000001</transaction_id></xml>".to_owned()),
    };
    db.write(|tx| tx.evidence().insert(order, &proof)).unwrap();
    step(&mut db, sale, 12, paid(300, "4200000001", at(12)));
    let sale = sell(&mut db, 2, &[(1, 1)]);
    step(&mut db, sale, 13, placed());
    let sale = sell(&mut db, 3, &[(2, 1)]);
    step(&mut db, sale, 14, crate::refused());
    let sale = sell(&mut db, 4, &[(2, 1)]);
    let sale = step(&mut db, sale, 15, placed());
    step(&mut db, sale, 16, Input::Cancel);
    folder
}

fn sell(db: &mut Database, nth: i64, wanted: &[(i64, u32)]) -> till_core::Sale {
    ring_up(db, &nth.to_string(), wanted, at(nth)).unwrap()
}

fn step(db: &mut Database, sale: till_core::Sale, second: i64, input: Input) -> till_core::Sale {
    feed(db, sale, at(second), input).unwrap()
}

const ORDER_1: &str = "T1-261123-000001-AAAA";
const ORDER_2: &str = "T1-261123-000002-AAAA";

/// What does not hold, and of which check.
pub(super) fn wrong(check: &SelfCheck) -> Vec<(Check, &Wrong)> {
    check
        .parts
        .iter()
        .flat_map(|part| part.wrong.iter().map(|wrong| (part.check, wrong)))
        .collect()
}

fn about_sale(id: i64) -> About {
    About::Sale(SaleId(id))
}

fn about_order(number: &str) -> About {
    About::Order(number.to_owned())
}

fn about_row(row: i64) -> About {
    About::Journal {
        first: row,
        last: row,
    }
}

#[test]
fn a_sound_ledger_holds_and_is_not_touched() {
    let folder = lived();
    let before = fs::read(folder.path()).unwrap();
    let check = self_check(&folder.path()).unwrap();
    assert_eq!(wrong(&check), [], "nothing is wrong with it");
    let looked_at: Vec<u64> = check.parts[1..13].iter().map(|part| part.looked_at).collect();
    assert_eq!(
        looked_at,
        [10, 4, 4, 4, 4, 1, 0, 3, 4, 0, 0, 0],
        "and that is no wonder of not looking: 10 rows of the journal, 4 sales with an order each, 1 payment, no refund, 3 products, 4 orders for the books, no Z, no cash, nobody"
    );
    assert_eq!(
        fs::read(folder.path()).unwrap(),
        before,
        "looking changes nothing"
    );
    let empty = Folder::new();
    drop(empty.open());
    assert!(
        self_check(&empty.path()).unwrap().holds(),
        "a new ledger holds too"
    );
}

#[test]
fn an_open_till_goes_on_selling_while_it_is_checked() {
    let folder = lived();
    let mut db = folder.open();
    let path = folder.path();
    let checking = std::thread::spawn(move || (0..20).all(|_| self_check(&path).unwrap().holds()));
    for nth in 5..205 {
        let sale = sell(&mut db, nth, &[(3, 1)]);
        step(&mut db, sale, nth, placed());
    }
    assert!(
        checking.join().unwrap(),
        "each check sees one moment of the ledger, never half a sale"
    );
}

#[test]
fn one_byte_changed_in_the_journal_is_named_by_its_row() {
    let folder = lived();
    let mut bytes = fs::read(folder.path()).unwrap();
    // In the file, without SQLite: the amount of the second sale, "1.00", becomes "1.09".
    let text = [ORDER_2.as_bytes(), b"1.00"].concat();
    let place = bytes.windows(text.len()).position(|window| window == text);
    bytes[place.unwrap() + text.len() - 1] = b'9';
    fs::write(folder.path(), bytes).unwrap();
    let check = self_check(&folder.path()).unwrap();
    assert_eq!(
        wrong(&check),
        [
            (
                Check::Journal,
                &Wrong::new(about_row(4), "as it was written", "altered")
            ),
            (Check::Sums, &Wrong::new(about_order(ORDER_2), "1.00", "1.09")),
        ],
        "SQLite sees nothing wrong with the page, but the chain does, and the sale does"
    );
}

#[test]
fn every_column_of_the_journal_is_sealed() {
    for change in [
        "at = at - 1",
        "what = 'Placed'",
        "sale_id = 3",
        "out_trade_no = NULL",
        "detail = '0.01'",
        "digest = zeroblob(32)",
    ] {
        let folder = lived();
        let check = tamper(&folder, &format!("UPDATE journal SET {change} WHERE id = 4"));
        let wrong = wrong(&check);
        assert!(
            wrong
                .iter()
                .any(|(check, wrong)| *check == Check::Journal && wrong.about == about_row(4)),
            "{change}: row 4 is named: {wrong:?}"
        );
    }
}

#[test]
fn a_deleted_sale_is_named_however_thoroughly_it_was_deleted() {
    let folder = lived();
    let check = tamper(&folder, "DELETE FROM sales WHERE id = 1");
    assert!(
        wrong(&check).contains(&(Check::Sales, &Wrong::new(about_sale(1), "sale", ""))),
        "its lines, its order and the journal speak of it: {check:?}"
    );
    let folder = lived();
    let check = tamper(
        &folder,
        "DELETE FROM evidence WHERE out_trade_no = 'T1-261123-000001-AAAA';
         DELETE FROM attempts WHERE sale_id = 1;
         DELETE FROM sale_lines WHERE sale_id = 1;
         DELETE FROM sales WHERE id = 1;",
    );
    let found = wrong(&check);
    assert!(
        found.contains(&(Check::Sales, &Wrong::new(about_sale(1), "sale", "")))
            && found.contains(&(Check::Sales, &Wrong::new(about_order(ORDER_1), "order", ""))),
        "the journal speaks of both: {found:?}"
    );
    assert!(
        found.iter().any(|(check, _)| *check == Check::Stock),
        "and pieces are sold that no sale has: {found:?}"
    );
    let folder = lived();
    let check = tamper(
        &folder,
        "DELETE FROM evidence WHERE out_trade_no = 'T1-261123-000001-AAAA';
         DELETE FROM attempts WHERE sale_id = 1;
         DELETE FROM sale_lines WHERE sale_id = 1;
         DELETE FROM sales WHERE id = 1;
         DELETE FROM journal WHERE sale_id = 1;
         UPDATE stock SET sold = 0, received = received - 2 WHERE product_id = 1;
         UPDATE stock SET sold = 0 WHERE product_id = 3;",
    );
    assert_eq!(
        wrong(&check),
        [
            (
                Check::Journal,
                &Wrong::new(About::Journal { first: 1, last: 3 }, "as it was written", "")
            ),
            (Check::Books, &Wrong::new(About::Ledger, "", "books 1: order 1")),
        ],
        "with its rows of the journal, the chain has a hole; and its money is on the books"
    );
}

#[test]
fn an_edited_amount_is_named_wherever_it_is_edited() {
    let sum = |expected: &str, found: &str| Wrong::new(about_sale(1), expected, found);
    for (change, expected) in [
        (
            "UPDATE sales SET total_fee = 1 WHERE id = 1",
            (Check::Sums, sum("0.01", "3.00")),
        ),
        (
            "UPDATE sale_lines SET price_fen = 50 WHERE sale_id = 1 AND nth = 0",
            (Check::Sums, sum("3.00", "2.00")),
        ),
        (
            "UPDATE sale_lines SET pieces = 1 WHERE sale_id = 1 AND nth = 0",
            (Check::Sums, sum("3.00", "2.00")),
        ),
        (
            "DELETE FROM sale_lines WHERE sale_id = 1 AND nth = 1",
            (Check::Sums, sum("3.00", "2.00")),
        ),
        (
            "UPDATE attempts SET body = replace(body, '\"total_fee\":300,\"placed_at', '\"total_fee\":1,\"placed_at')
             WHERE sale_id = 1",
            (Check::Sums, Wrong::new(about_order(ORDER_1), "3.00", "0.01")),
        ),
        (
            // Everywhere at once, as somebody would who knows the tables.
            "UPDATE sales SET total_fee = 1 WHERE id = 1;
             DELETE FROM sale_lines WHERE sale_id = 1 AND nth = 1;
             UPDATE sale_lines SET price_fen = 1, pieces = 1 WHERE sale_id = 1;
             UPDATE attempts SET total_fee = 1, body = replace(body, '\"total_fee\":300', '\"total_fee\":1')
             WHERE sale_id = 1;",
            (Check::Sums, Wrong::new(about_order(ORDER_1), "0.01", "3.00")),
        ),
    ] {
        let folder = lived();
        let check = tamper(&folder, change);
        let found = wrong(&check);
        assert!(
            found.contains(&(expected.0, &expected.1)),
            "{change}: {expected:?} is not in {found:?}"
        );
    }
}

#[test]
fn a_state_that_was_not_reached_is_named() {
    for (change, check, about) in [
        (
            "UPDATE attempts SET state = 'closed' WHERE sale_id = 1",
            Check::Orders,
            about_order(ORDER_1),
        ),
        (
            "UPDATE attempts SET transaction_id = '4200000002' WHERE sale_id = 1",
            Check::Orders,
            about_order(ORDER_1),
        ),
        (
            "UPDATE attempts SET paid_at = paid_at + 86400000 WHERE sale_id = 1",
            Check::Orders,
            about_order(ORDER_1),
        ),
        (
            "UPDATE attempts SET state = 'refused', body = json_set(body, '$.state', json('{\"state\":\"refused\",\"code\":\"X\"}'))
             WHERE sale_id = 2",
            Check::Orders,
            about_order(ORDER_2),
        ),
        (
            "UPDATE sales SET stock = 'returned' WHERE id = 1",
            Check::Goods,
            about_sale(1),
        ),
        (
            "UPDATE sales SET stock = 'sold' WHERE id = 2",
            Check::Goods,
            about_sale(2),
        ),
        (
            "UPDATE sales SET stock = 'held' WHERE id = 3",
            Check::Goods,
            about_sale(3),
        ),
        (
            "UPDATE attempts SET body = replace(body, '\"total_fee\":300,\"fee_type', '\"total_fee\":1,\"fee_type')
             WHERE sale_id = 1",
            Check::Sums,
            about_order(ORDER_1),
        ),
        (
            "UPDATE evidence SET answer = '<xml></xml>'",
            Check::Evidence,
            about_order(ORDER_1),
        ),
        (
            "UPDATE evidence SET sign = 'wrong'",
            Check::Evidence,
            about_order(ORDER_1),
        ),
        ("DELETE FROM evidence", Check::Evidence, about_order(ORDER_1)),
        (
            "UPDATE stock SET sold = sold - 1 WHERE product_id = 1",
            Check::Stock,
            About::Product("水".to_owned()),
        ),
        (
            "UPDATE stock SET received = 1 WHERE product_id = 1",
            Check::Stock,
            About::Product("水".to_owned()),
        ),
        (
            "DELETE FROM stock WHERE product_id = 3",
            Check::Stock,
            About::Product("茶叶蛋".to_owned()),
        ),
        (
            "DELETE FROM attempts WHERE sale_id = 2; DELETE FROM journal WHERE sale_id = 2",
            Check::Sales,
            about_sale(2),
        ),
    ] {
        let folder = lived();
        let result = tamper(&folder, change);
        let found = wrong(&result);
        assert!(
            found.iter().any(|(which, wrong)| *which == check && wrong.about == about),
            "{change}: {check:?} about {about} is not in {found:?}"
        );
    }
}

#[test]
fn fault_74_a_damaged_ledger_is_an_answer() {
    let folder = lived();
    let sound = fs::read(folder.path()).unwrap();
    let mut page = sound.clone();
    let root = root_of(&folder, "evidence");
    page[root..root + 64].fill(0xA5);
    let mut cut = sound.clone();
    cut.truncate(sound.len() / 2);
    for (what, bytes, parts) in [
        ("a broken page", page, Check::ALL.len()),
        ("cut short", cut, 1),
        ("empty", Vec::new(), 1),
        ("something else", b"PK zip".repeat(1000), 1),
    ] {
        fs::write(folder.path(), &bytes).unwrap();
        let check = self_check(&folder.path()).unwrap();
        let found = wrong(&check);
        assert!(
            found
                .first()
                .is_some_and(|(check, wrong)| *check == Check::File && !wrong.found.is_empty()),
            "{what}: the file does not hold, and it is said why: {found:?}"
        );
        assert_eq!(
            check.parts.len(),
            parts,
            "{what}: what can still be read is looked at"
        );
        assert_eq!(
            fs::read(folder.path()).unwrap(),
            bytes,
            "{what}: nothing is changed"
        );
    }
    fs::write(folder.dir.path().join("scantill.db-wal"), b"a log").unwrap();
    fs::remove_file(folder.path()).unwrap();
    assert!(
        !self_check(&folder.path()).unwrap().holds(),
        "a ledger of which only the log is left is damaged"
    );
}

/// Where the first page of a table begins in the file.
fn root_of(folder: &Folder, table: &str) -> usize {
    let root: usize = Connection::open(folder.path())
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
        .try_into()
        .unwrap();
    (root - 1) * 2048
}

#[test]
fn fault_75_what_can_not_be_looked_at_is_no_answer() {
    let folder = Folder::new();
    assert!(
        matches!(self_check(&folder.path()), Err(OpenError::Unusable(_))),
        "there is no ledger"
    );
    let folder = lived();
    for (version, newer) in [(2_099_010_101, true), (2026112308, false)] {
        let conn = Connection::open(folder.path()).unwrap();
        conn.pragma_update(None, "user_version", version).unwrap();
        conn.close().unwrap();
        let refused = self_check(&folder.path()).unwrap_err();
        assert_eq!(
            matches!(refused, OpenError::Newer { .. }),
            newer,
            "another version's tables are not ours to judge: {refused}"
        );
    }
}

#[test]
fn an_order_number_that_is_none_does_not_stop_the_others() {
    let folder = lived();
    let check = tamper(
        &folder,
        "UPDATE attempts SET body = 'no JSON' WHERE sale_id = 4; UPDATE stock SET sold = 9 WHERE product_id = 3",
    );
    let found = wrong(&check);
    assert!(
        found.iter().any(|(check, _)| *check == Check::Orders)
            && found.iter().any(|(check, _)| *check == Check::Stock),
        "what can't be read is told, and so is what is wrong elsewhere: {found:?}"
    );
}
