//! Whose ledger it is: one merchant's at one gateway, from its first order to its last.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use scantill_tests::counter::{MCH_ID, goods_csv};
use scantill_tests::shop::WATER;
use till_app::{Config, Database, OpenError, Till, backup, day_of_ledger};
use till_core::{Account, Fen, GatewayKind, Input, PlaceAnswer};

const SIMULATOR: &str = "http://127.0.0.1:9";
const WECHAT: &str = "https://api.mch.weixin.qq.com";

fn config(base_url: &str, mch_id: &str) -> Config {
    let config = scantill_tests::counter::config("T01", base_url, 3, 30).unwrap();
    Config {
        merchant: wechat_pay::Merchant {
            mch_id: mch_id.to_owned(),
            ..config.merchant
        },
        ..config
    }
}

fn now() -> Timestamp {
    "2026-11-23T04:00:00Z".parse().unwrap()
}

fn open(folder: &Path, config: Config) -> Result<Till, OpenError> {
    let db = Database::open(&folder.join("scantill.db"))?;
    Till::open(config, db, now(), [1; 32])
}

/// The account that a ledger says it belongs to, as text.
fn noted(till: &Till) -> String {
    let account = till.db().read().journal().account().unwrap();
    account.map_or_else(String::new, |account| account.to_string())
}

/// An order, placed or not, but never refused.
fn sell(till: &mut Till) {
    till.import(now(), &goods_csv()).unwrap();
    till.add(WATER, None).unwrap();
    till.pay(now(), "click").unwrap();
}

/// Why a ledger was not opened: to whom it belongs, and who wanted it.
fn refused(opened: Result<Till, OpenError>) -> (String, String) {
    match opened {
        Err(OpenError::OtherAccount(other)) => (other.ledger.to_string(), other.asked.to_string()),
        other => panic!("opened, or refused for another reason: {other:?}"),
    }
}

#[test]
fn what_was_sold_for_practice_is_never_in_a_real_ledger_nor_the_other_way_round() {
    for (first, second) in [(SIMULATOR, WECHAT), (WECHAT, SIMULATOR)] {
        let folder = tempfile::tempdir().unwrap();
        let mut till = open(folder.path(), config(first, MCH_ID)).unwrap();
        let its = noted(&till);
        sell(&mut till);
        drop(till);
        let before = rows(folder.path());
        let (ledger, asked) = refused(open(folder.path(), config(second, MCH_ID)));
        assert_eq!(ledger, its, "to whom it belongs was noted when it was made");
        assert_ne!(
            asked, its,
            "the same number at another gateway is another account"
        );
        assert_eq!(rows(folder.path()), before, "nothing was written");
        let till = open(folder.path(), config(first, MCH_ID)).unwrap();
        assert_eq!(
            rows(folder.path()),
            before,
            "its own goes on, and is not noted again"
        );
        drop(till);
    }
}

/// How many rows the journal has.
fn rows(folder: &Path) -> i64 {
    let conn = Connection::open(folder.join("scantill.db")).unwrap();
    conn.query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn cash_taken_for_practice_is_no_cash_of_the_shop_s() {
    let folder = tempfile::tempdir().unwrap();
    let mut till = open(folder.path(), config(SIMULATOR, MCH_ID)).unwrap();
    till.import(now(), &goods_csv()).unwrap();
    till.add(WATER, None).unwrap();
    till.take_cash(now(), "click", None, Fen::new(10_000)).unwrap();
    drop(till);
    refused(open(folder.path(), config(WECHAT, MCH_ID)));
    let till = open(folder.path(), config(SIMULATOR, "1900000999")).unwrap();
    assert_eq!(
        noted(&till),
        "simulator 1900000999",
        "but a merchant number has nothing to do with cash"
    );
}

#[test]
fn a_slip_in_the_merchant_number_is_put_right_until_an_order_stands_under_it() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), config(WECHAT, "1900000998")).unwrap());
    let mut till = open(folder.path(), config(WECHAT, "1900000999")).unwrap();
    assert_eq!(
        noted(&till),
        "wechat 1900000999",
        "a ledger without orders takes the new one"
    );
    sell(&mut till);
    drop(till);
    let (ledger, asked) = refused(open(folder.path(), config(WECHAT, MCH_ID)));
    assert_eq!(
        (ledger.as_str(), asked),
        ("wechat 1900000999", format!("wechat {MCH_ID}")),
        "both are named"
    );
    let check = till_app::self_check(&folder.path().join("scantill.db")).unwrap();
    assert!(
        check.holds(),
        "what was put right in time is no finding: {check:?}"
    );
}

#[test]
fn an_order_that_was_refused_holds_nobody_to_a_wrong_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut till = open(folder.path(), config(WECHAT, "1900000999")).unwrap();
    sell(&mut till);
    drop(till);
    let mut db = Database::open(&folder.path().join("scantill.db")).unwrap();
    let sale = db.read().sales().live().unwrap().remove(0).sale;
    let order = sale.attempts[0].out_trade_no.clone();
    let refused = Input::Place(PlaceAnswer::Refused {
        code: "MCHID_NOT_EXIST".to_owned(),
    });
    let timing = config(WECHAT, MCH_ID).timing;
    let (after, effects) = sale.clone().handle(now(), &timing, &order, refused);
    db.write(|tx| tx.sales().save(&sale, &after, &effects)).unwrap();
    drop(db);
    let till = open(folder.path(), config(WECHAT, MCH_ID)).unwrap();
    assert_eq!(
        noted(&till),
        format!("wechat {MCH_ID}"),
        "WeChat knows nothing of it, and nothing of it is in any figure"
    );
}

#[test]
fn a_ledger_from_before_accounts_takes_that_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut till = open(folder.path(), config(WECHAT, MCH_ID)).unwrap();
    sell(&mut till);
    drop(till);
    // As the program of before would have left it: the chain begins with what came after.
    let conn = Connection::open(folder.path().join("scantill.db")).unwrap();
    conn.execute_batch("DROP TRIGGER journal_is_not_shortened; DELETE FROM journal WHERE what = 'account';")
        .unwrap();
    drop(conn);
    let till = open(folder.path(), config(WECHAT, "1900000999")).unwrap();
    assert_eq!(
        noted(&till),
        "wechat 1900000999",
        "nothing says otherwise; from now on it does"
    );
    drop(till);
    refused(open(folder.path(), config(WECHAT, MCH_ID)));
}

#[test]
fn an_account_exchanged_past_the_till_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut till = open(folder.path(), config(SIMULATOR, MCH_ID)).unwrap();
    sell(&mut till);
    drop(till);
    let ledger = folder.path().join("scantill.db");
    let mut db = Database::open(&ledger).unwrap();
    let real = Account {
        gateway: GatewayKind::Wechat,
        mch_id: MCH_ID.to_owned(),
    };
    let later = now() + SignedDuration::from_secs(1);
    db.write(|tx| tx.journal().belongs_to(later, &real)).unwrap();
    drop(db);
    let check = till_app::self_check(&ledger).unwrap();
    let found: Vec<_> = check.parts.iter().flat_map(|part| &part.wrong).collect();
    assert!(
        found.len() == 1 && found[0].expected == format!("simulator {MCH_ID}"),
        "the chain holds, the account does not: {found:?}"
    );
}

#[test]
fn a_copy_of_another_account_is_not_for_this_till() {
    let folder = tempfile::tempdir().unwrap();
    let mut till = open(folder.path(), config(SIMULATOR, MCH_ID)).unwrap();
    sell(&mut till);
    let made = till.begin_backup(now()).unwrap().carry_out().unwrap();
    drop(till);
    let copies = folder.path().join("backups");
    let is_for = |base_url, mch_id| backup::is_for(&copies, &made.name, &config(base_url, mch_id).account());
    assert!(is_for(SIMULATOR, MCH_ID).is_ok(), "its own goes on with it");
    for (base_url, mch_id) in [(WECHAT, MCH_ID), (SIMULATOR, "1900000999")] {
        let other = is_for(base_url, mch_id).unwrap_err();
        assert_eq!(
            other.ledger,
            config(SIMULATOR, MCH_ID).account(),
            "{base_url}, {mch_id}: in the ledger's place it could not be opened"
        );
    }
}

#[test]
fn the_figures_of_a_day_of_practice_say_so_whatever_the_configuration_says_now() {
    let real = config(WECHAT, MCH_ID);
    for (base_url, practised) in [(SIMULATOR, true), (WECHAT, false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut till = open(folder.path(), config(base_url, MCH_ID)).unwrap();
        sell(&mut till);
        drop(till);
        let day = real.shop.calendar.day_of(now());
        let text = day_of_ledger(&folder.path().join("scantill.db"), &real, day).unwrap();
        assert_eq!(
            text.contains("练习模式，不收真钱"),
            practised,
            "the ledger knows where it was sold: {text}"
        );
    }
}
