//! The power is cut at any moment, or the disk does not do what it was told: what was said to be saved is there afterwards,
//! and what is there makes sense.
//!
//! A listener in SQLite's file system ([`vfs`]) writes down what is done to the files; from that, every content that the
//! disk could hold after a cut is put together ([`disk`]) and opened as the till opens it. Lives in the crate, not in its
//! tests, because only here can a ledger be told to flush less than it should.

mod dice;
mod disk;
mod vfs;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use till_core::{
    Cart, Evidence, EvidenceKind, Fen, FoundBy, Input, Line, LineNo, OutTradeNo, Payment, Price, Product,
    ProductId, QueryAnswer, Sale, SignVerdict, Timing,
};

use crate::{Database, Link, NewProduct, NewSale, NewStock, OpenError, StoreError, Tx};
use dice::Dice;
use disk::{Event, Image, Trouble};
use vfs::{Watch, lock};

/// What the till does, one thing after the other.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// One transaction; the number tells them apart.
    Write(Write),
    /// The log is brought into the main file.
    Checkpoint,
    /// The program ends and is started again.
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Write {
    Import,
    Sell(u32),
    Paid(u32),
    Cancelled(u32),
    /// Many pages at once.
    Hold(u32),
    /// As little as there is.
    Language(&'static str),
}

/// A day in short: small and large transactions, checkpoints between them, and a restart.
const DAY: &[Act] = &[
    Act::Write(Write::Import),
    Act::Write(Write::Sell(1)),
    Act::Write(Write::Paid(1)),
    Act::Write(Write::Language("en")),
    Act::Checkpoint,
    Act::Write(Write::Sell(2)),
    Act::Write(Write::Sell(3)),
    Act::Write(Write::Hold(1)),
    Act::Checkpoint,
    Act::Write(Write::Language("zh-CN")),
    Act::Write(Write::Cancelled(2)),
    Act::Reopen,
    Act::Write(Write::Paid(3)),
    Act::Write(Write::Sell(4)),
];

/// How much a commit flushes; a till's ledger never uses another than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Synchronous {
    Full,
    Normal,
    Off,
}

fn at(seconds: u32) -> Timestamp {
    let morning: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    morning + SignedDuration::from_secs(seconds.into())
}

impl Write {
    fn carry_out(self, tx: &Tx<'_>) -> Result<(), StoreError> {
        match self {
            Self::Import => {
                let water = NewProduct {
                    name: "水".to_owned(),
                    barcode: None,
                    price: Price::Fixed(Fen::new(200)),
                    category: "饮料".to_owned(),
                    stock: NewStock::Available(10),
                };
                tx.products().import(&[water])?;
                tx.journal().add(at(0), "products_imported", None, None, "1")
            }
            Self::Sell(nth) => sell(tx, nth),
            Self::Paid(nth) => {
                let payment = Payment {
                    transaction_id: format!("4200{nth}"),
                    total_fee: Fen::new(200),
                    fee_type: "CNY".to_owned(),
                    cash_fee: Fen::new(200),
                    coupon_fee: Fen::ZERO,
                    time_end: at(100 + nth),
                    found_by: FoundBy::Query,
                };
                step(tx, nth, Input::Query(QueryAnswer::Paid(payment)))
            }
            Self::Cancelled(nth) => step(tx, nth, Input::Cancel),
            Self::Hold(nth) => {
                let mut cart = Cart::default();
                for line in 0..100 {
                    let product = Product {
                        id: ProductId(line),
                        name: "占地方".repeat(20),
                        barcode: None,
                        price: Price::Fixed(Fen::new(1)),
                        category: String::new(),
                        available: None,
                    };
                    cart.add(&product, None).unwrap();
                }
                tx.held_carts().put(at(nth), &cart).map(drop)
            }
            Self::Language(word) => tx.settings().set("locale", word),
        }
    }
}

fn order(nth: u32) -> OutTradeNo {
    OutTradeNo::parse(&format!("T1-261123-{nth:06}-AAAA")).unwrap()
}

fn sell(tx: &Tx<'_>, nth: u32) -> Result<(), StoreError> {
    let total = Fen::new(200);
    let id = tx.sales().ring_up(&NewSale {
        click: &nth.to_string(),
        total,
        rung_up_at: at(nth),
        lines: &[Line {
            line: LineNo(1),
            product: ProductId(1),
            name: "水".to_owned(),
            price: total,
            pieces: 1,
            reduction: None,
        }],
        by: None,
        shift: None,
    })?;
    let sale = Sale::new(id, total, order(nth), at(nth), &Timing::default());
    tx.attempts()
        .insert(id, 0, &sale.attempts[0], "<xml>保存的请求</xml>")?;
    tx.journal()
        .add(at(nth), "placed", Some(id), Some(&order(nth)), "2.00")
}

fn step(tx: &Tx<'_>, nth: u32, input: Input) -> Result<(), StoreError> {
    let before = tx.read().sales().by_order(&order(nth))?.unwrap().sale;
    let (after, effects) = before
        .clone()
        .handle(at(50 + nth), &Timing::default(), &order(nth), input);
    tx.sales().save(&before, &after, &effects)?;
    let row = Evidence {
        first_at: at(nth),
        last_at: at(nth),
        count: 1,
        kind: EvidenceKind::Orderquery,
        outcome: "答".to_owned(),
        sign: SignVerdict::Right,
        request: None,
        answer: Some("<xml>回答</xml>".repeat(20)),
    };
    tx.evidence().insert(&order(nth), &row)?;
    let word = after.attempts[0].state.word();
    tx.journal()
        .add(at(50 + nth), "state", Some(after.id), Some(&order(nth)), word)
}

/// Everything in the ledger, table by table.
type State = BTreeMap<String, Vec<Vec<Value>>>;

fn state(conn: &Connection) -> rusqlite::Result<State> {
    let mut state = State::new();
    let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?
            .collect::<Result<_, _>>()?;
        state.insert(table, rows);
    }
    Ok(state)
}

/// In memory where that is to be had: a real disk's flushes would only take time.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap())
}

/// A folder with a new ledger in it.
struct Till {
    folder: TempDir,
    synchronous: Synchronous,
    /// The log is brought into the main file by itself from so many pages on; `None`: as in the shop.
    log_pages: Option<u32>,
}

/// A till's day, and what was done to its files in the course of it.
struct Lived {
    watch: Watch,
    /// After each transaction, the first before any.
    states: Vec<State>,
    /// Acts that were refused at least once.
    refused: usize,
}

impl Till {
    fn new(synchronous: Synchronous) -> Self {
        let till = Self {
            folder: folder(),
            synchronous,
            log_pages: None,
        };
        drop(till.open().unwrap());
        till
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("scantill.db")
    }

    fn open(&self) -> Result<Database, OpenError> {
        let db = Database::open(&self.path())?;
        if let Some(pages) = self.log_pages {
            db.conn.pragma_update(None, "wal_autocheckpoint", pages).unwrap();
        }
        let less = match self.synchronous {
            // As the ledger is opened.
            Synchronous::Full => return Ok(db),
            Synchronous::Normal => "NORMAL",
            Synchronous::Off => "OFF",
        };
        db.conn.pragma_update(None, "synchronous", less).unwrap();
        Ok(db)
    }

    /// Lives through the acts; what is refused is tried again, for the disk fails only once.
    fn live(&self, acts: &[Act], trouble: Trouble) -> Lived {
        let watch = Watch::over(self.folder.path());
        lock(&watch.disk).trouble = trouble;
        let note = |event| lock(&watch.disk).events.push(event);
        let mut refused = 0;
        let mut db = tried(&mut refused, || self.reopen());
        let mut states = vec![tried(&mut refused, || state(&db.conn).ok())];
        for act in acts {
            match act {
                Act::Write(write) => {
                    note(Event::Begun(states.len()));
                    tried(&mut refused, || db.write(|tx| write.carry_out(tx)).ok());
                    note(Event::Saved(states.len()));
                    states.push(tried(&mut refused, || state(&db.conn).ok()));
                }
                Act::Checkpoint => {
                    tried(&mut refused, || db.checkpoint().ok());
                }
                Act::Reopen => {
                    drop(db);
                    db = tried(&mut refused, || self.reopen());
                }
            }
        }
        drop(db);
        Lived {
            watch,
            states,
            refused,
        }
    }

    fn reopen(&self) -> Option<Database> {
        match self.open() {
            Ok(db) => Some(db),
            Err(OpenError::Unusable(_)) => None,
            Err(other) => panic!("a disk that fails once is not a damaged ledger: {other}"),
        }
    }
}

/// Tries until it goes well, and counts the refusals.
fn tried<T>(refused: &mut usize, mut act: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(done) = act() {
            return done;
        }
        *refused += 1;
        assert_eq!(*refused, 1, "a disk that fails once refuses once");
    }
}

/// What was found wrong after a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wrong {
    /// It does not open.
    Refused(String),
    /// It opens, but its pages do not agree with each other.
    Unsound(String),
    /// It opens and is sound, but a transaction is not there that was said to be saved.
    Lost,
    /// It opens and is sound, but was never like that.
    NeverWas,
}

/// Cuts the power after each thing that was done to the disk; gives back how many different disks were looked at, and what
/// was wrong with any.
fn cut_everywhere(lived: &Lived, most: usize, seed: u64) -> (usize, Vec<Wrong>) {
    let disk = lock(&lived.watch.disk);
    let mut dice = Dice::new(seed);
    let mut platter = disk.platter();
    let (mut begun, mut saved) = (0, 0);
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (nth, event) in disk.events.iter().enumerate() {
        platter.follow(nth, event);
        match event {
            Event::Begun(count) => begun = *count,
            Event::Saved(count) => saved = *count,
            Event::Write { .. } | Event::Length { .. } | Event::Flush { .. } => {}
            Event::Made { .. } | Event::Deleted { .. } => {}
        }
        for image in platter.images(most, &mut dice) {
            looked_at += 1;
            wrong.extend(look_at(&image, &lived.states, saved, begun).err());
        }
    }
    (looked_at, wrong)
}

/// Opens what a cut has left; sound is a ledger that is as it was after the last transaction that was said to be saved, or
/// after one that had been begun.
fn look_at(image: &Image, states: &[State], saved: usize, begun: usize) -> Result<(), Wrong> {
    let till = folder();
    for (name, bytes) in image {
        fs::write(till.path().join(name), bytes).unwrap();
    }
    let db = Database::open(&till.path().join("scantill.db"))
        .map_err(|error| Wrong::Refused(error.to_string()))?;
    let unsound = |error: rusqlite::Error| Wrong::Unsound(error.to_string());
    let verdict: String = db
        .conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(unsound)?;
    if verdict != "ok" {
        return Err(Wrong::Unsound(verdict));
    }
    let found = state(&db.conn).map_err(unsound)?;
    if !states[saved..=begun].contains(&found) {
        return Err(match states.contains(&found) {
            true => Wrong::Lost,
            false => Wrong::NeverWas,
        });
    }
    let chain = db.read().journal().verify(Link::START, None).unwrap();
    assert!(chain.holds(), "a state that was is one whose journal holds");
    Ok(())
}

#[test]
fn fault_69_a_power_cut_leaves_everything_that_was_said_to_be_saved() {
    for log_pages in [None, Some(8)] {
        let till = Till {
            log_pages,
            ..Till::new(Synchronous::Full)
        };
        let lived = till.live(DAY, Trouble::default());
        let (looked_at, wrong) = cut_everywhere(&lived, 16, 69);
        println!("log pages {log_pages:?}: {looked_at} disks looked at");
        assert_eq!(wrong, [], "no cut anywhere loses or spoils anything");
        assert!(
            looked_at >= 1000,
            "{looked_at} different disks are enough to find a hole"
        );
    }
}

#[test]
fn fault_70_with_less_flushing_the_same_cuts_lose_what_was_said_to_be_saved() {
    let lived = Till::new(Synchronous::Normal).live(DAY, Trouble::default());
    let (looked_at, wrong) = cut_everywhere(&lived, 16, 69);
    println!("{looked_at} disks looked at, {} wrong", wrong.len());
    assert!(
        wrong.contains(&Wrong::Lost),
        "if this ledger survived too, the test above would prove nothing ({looked_at} disks)"
    );
    assert!(
        wrong.iter().all(|wrong| *wrong == Wrong::Lost),
        "NORMAL loses the last transactions and spoils nothing: {wrong:?}"
    );
    let lived = Till::new(Synchronous::Off).live(DAY, Trouble::default());
    let (_, wrong) = cut_everywhere(&lived, 16, 69);
    println!("OFF: {} wrong", wrong.len());
    assert!(
        wrong.iter().any(|wrong| *wrong != Wrong::Lost),
        "without any flush, writes that overtake each other spoil the ledger: they do overtake each other"
    );
}

#[test]
fn fault_72_a_flush_that_fails_once_loses_nothing_that_was_said_to_be_saved() {
    let flushes = {
        let lived = Till::new(Synchronous::Full).live(DAY, Trouble::default());
        lock(&lived.watch.disk).flushes
    };
    let (mut refused, mut disks) = (0, 0);
    for nth in 0..flushes {
        let trouble = Trouble {
            flush: Some(nth),
            ..Trouble::default()
        };
        let lived = Till::new(Synchronous::Full).live(DAY, trouble);
        refused += lived.refused;
        let (looked_at, wrong) = cut_everywhere(&lived, 2, u64::try_from(nth).unwrap());
        assert_eq!(
            wrong,
            [],
            "flush {nth} of {flushes} failed, later ones said that all is well: what is saved is what was said to be"
        );
        disks += looked_at;
    }
    println!("{flushes} flushes, {refused} refusals, {disks} disks");
    assert!(
        refused * 2 >= flushes,
        "most failing flushes are told to somebody: {refused} of {flushes}"
    );
}

#[test]
fn fault_72_a_read_that_fails_once_is_refused_and_spoils_nothing() {
    let (reads, states) = {
        let lived = Till::new(Synchronous::Full).live(DAY, Trouble::default());
        (lock(&lived.watch.disk).reads, lived.states)
    };
    let mut refused = 0;
    for nth in 0..reads {
        let till = Till::new(Synchronous::Full);
        let trouble = Trouble {
            read: Some(nth),
            ..Trouble::default()
        };
        let lived = till.live(DAY, trouble);
        refused += lived.refused;
        assert_eq!(
            lived.states, states,
            "read {nth} of {reads} failed: tried again, everything is as if it had not"
        );
        // A close that could not read leaves its log behind; the shared index is scratch.
        let mut image = disk::contents(till.folder.path());
        image.remove("scantill.db-shm");
        let last = states.len() - 1;
        assert_eq!(
            look_at(&image, &states, last, last),
            Ok(()),
            "and on the disk too"
        );
    }
    println!("{reads} reads, {refused} refusals");
    assert!(refused > 0, "a read that fails is told to somebody");
}
