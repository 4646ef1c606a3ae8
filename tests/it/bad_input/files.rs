//! Files that are wrong: the configuration, a product list, the ledger.

use std::fs;
use std::path::Path;

use till_app::{Config, Database, Imported, OpenError, WrongRowCode};
use till_store::Options;

use super::counter::{CONFIG, Counter};

#[test]
fn an_unreadable_configuration_is_one_sentence_that_says_where_and_how() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("till.toml");
    let key = "0123456789abcdefghijKLMNOPQRSTUV";
    let gbk = [
        b"[till]\nshop_name = \"".as_slice(),
        &[0xD0, 0xA1, 0xC2, 0xFA],
        b"\"\n",
    ]
    .concat();
    let wrong: [(&str, Vec<u8>); 7] = [
        ("GBK instead of UTF-8", gbk),
        ("empty", Vec::new()),
        ("zeros, as after a power cut", vec![0; 4096]),
        ("no TOML", b"<xml></xml>".to_vec()),
        ("cut short", CONFIG.as_bytes()[..CONFIG.len() - 20].to_vec()),
        (
            "the key one too short",
            CONFIG.replace(key, &key[1..]).into_bytes(),
        ),
        (
            "the key one too long",
            CONFIG.replace(key, &format!("{key}W")).into_bytes(),
        ),
    ];
    for (what, bytes) in wrong {
        fs::write(&file, &bytes).unwrap();
        let problem = Config::load(&file).unwrap_err();
        let sentence = problem.to_string();
        assert!(!problem.missing, "{what}: the file is there");
        assert!(
            !sentence.contains('\n') && sentence.contains("for example"),
            "{what}: one sentence with an example: {sentence}"
        );
        assert!(
            !sentence.contains(&key[1..20]),
            "{what}: the API key is in no message: {sentence}"
        );
        assert_eq!(
            fs::read(&file).unwrap(),
            bytes,
            "{what}: the file is left as it is"
        );
    }
    let problem = Config::load(folder.path()).unwrap_err();
    assert!(
        !problem.missing && problem.to_string().contains("can't be read"),
        "a folder is no configuration: {problem}"
    );
}

#[test]
fn wrong_rows_in_a_product_list_are_named_and_nothing_is_taken_in() {
    let mut counter = Counter::open();
    let before = counter.everything();
    let shelf = counter.till.products("", None);
    let list = "品名,条码,价格,库存\n\
                好的,6900000000011,3.50,10\n\
                三位小数,6900000000028,3.999,10\n\
                不是数,6900000000035,三块五,10\n\
                零,6900000000042,0,10\n\
                负数,6900000000059,-1.00,10\n\
                太大,6900000000066,99999999999999999999,10\n\
                科学,6900000000073,1e3,10\n\
                半个,6900000000080,1.00,0.5\n\
                ,6900000000097,1.00,1\n";
    let taken = counter.till.import(counter.now, list).unwrap();
    let Imported::Wrong(rows) = taken else {
        panic!("a list with wrong rows was taken in: {taken:?}");
    };
    let lines: Vec<u32> = rows.iter().map(|row| row.line).collect();
    assert_eq!(
        lines,
        [3, 4, 5, 6, 7, 8, 9, 10],
        "every wrong line by its number in the file: {rows:?}"
    );
    let prices = &rows[..6];
    assert!(
        prices.iter().all(|row| row.column == "价格"
            && matches!(
                row.code,
                WrongRowCode::PriceNotMoney | WrongRowCode::PriceOutOfRange
            )),
        "a wrong price is told as a wrong price: {prices:?}"
    );
    assert_eq!(
        counter.everything(),
        before,
        "not even the right row was taken in"
    );
    assert_eq!(counter.till.products("", None), shelf, "the shelf is as it was");
}

/// Each way in which the file is no ledger of ours any more, or not yet.
#[test]
fn fault_74_a_damaged_ledger_is_refused_in_words_and_kept_and_a_copy_opens() {
    let mut counter = Counter::open();
    counter.sell("click").unwrap();
    let copies = tempfile::tempdir().unwrap();
    let backup = copies.path().join("backup.db");
    counter.till.db().back_up_to(&backup).unwrap();
    let counter = counter.reopen(Options::default());
    counter.till.db().checkpoint().unwrap();
    let sound = fs::read(counter.file()).unwrap();
    let mut cut = sound.clone();
    cut.truncate(sound.len() / 2);
    let mut other_header = sound.clone();
    other_header[..16].copy_from_slice(b"SQLite format 4\0");
    let mut schema = sound.clone();
    schema[100..2048].fill(0xFF);
    let damages: [(&str, Vec<u8>); 5] = [
        ("empty", Vec::new()),
        ("cut short", cut),
        ("another header", other_header),
        ("the schema is lost", schema),
        ("something else", b"PK\x03\x04 a zip archive".repeat(100)),
    ];
    for (what, bytes) in damages {
        let path = copies.path().join("damaged.db");
        fs::write(&path, &bytes).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert!(
            matches!(&error, OpenError::Damaged { .. }) && error.to_string().contains("damaged.db"),
            "{what}: told as damage, with the name of the file: {error}"
        );
        untouched(what, &path, &bytes);
    }
    let restored = Database::open(&backup).unwrap();
    assert_eq!(
        restored.read().attempts().search("", None).unwrap().len(),
        1,
        "the copy that was made before has the sale"
    );
}

#[test]
fn fault_75_a_ledger_of_a_newer_version_is_refused_and_kept() {
    let counter = Counter::open();
    counter.till.db().checkpoint().unwrap();
    let mut bytes = fs::read(counter.file()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scantill.db");
    // `user_version` stands at offset 60, big-endian (<https://www.sqlite.org/fileformat.html>, §1.3).
    bytes[60..64].copy_from_slice(&i32::MAX.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = Database::open(&path).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found, known } if found == i64::from(i32::MAX) && known < found),
        "told as newer, not as damaged: {error}"
    );
    untouched("newer", &path, &bytes);
}

/// Not a byte of it has changed, and nothing has been written beside it. (Looking at it may leave an empty log.)
fn untouched(what: &str, path: &Path, bytes: &[u8]) {
    assert_eq!(
        fs::read(path).unwrap(),
        bytes,
        "{what}: the file is kept as it was"
    );
    for suffix in ["-wal", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        let written = fs::metadata(&beside).map_or(0, |found| found.len());
        assert_eq!(
            written, 0,
            "{what}: nothing is waiting to be written to it ({suffix})"
        );
    }
}

#[tokio::test]
async fn a_name_that_no_order_can_carry_is_refused_with_its_line() {
    for character in ['\u{FFFE}', '\u{FFFF}', '\u{1}', '\u{1B}', '\u{7F}', '\u{85}'] {
        let mut counter = Counter::open();
        let list = format!("品名,价格\n好茶,2.00\n茶{character}叶,3.00\n");
        let taken = counter.till.import(counter.now, &list).unwrap();
        let Imported::Wrong(rows) = taken else {
            let id = counter
                .till
                .products("茶", None)
                .iter()
                .map(|it| it.id)
                .max()
                .unwrap();
            counter.till.add(id, None).unwrap();
            let sold = counter.till.pay(counter.now, "click");
            panic!(
                "{character:?} was taken in; selling it: {sold:?}, the disk is blamed: {}",
                counter.till.snapshot().disk_trouble
            );
        };
        assert_eq!(
            rows.iter().map(|row| (row.line, row.code)).collect::<Vec<_>>(),
            [(3, WrongRowCode::Unreadable)],
            "{character:?}: the row with the broken name is named"
        );
    }
}
