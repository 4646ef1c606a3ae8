//! Numbers of Zs after a restore: those that lie in a ledger set aside are never given again, and nothing else is let pass.

use std::path::{Path, PathBuf};

use till_core::self_check::{About, Check};
use till_core::{ZNumber, ZsAside};
use till_store::{Database, StoreError, restore, self_check, z_issued};

use crate::books::cash_sale;
use crate::self_check::wrong;
use crate::z_reports::close;
use crate::{Folder, at, stock_shop, tamper};

const NONE: [u32; 0] = [];

/// Sells something and closes the day, for each of these numbers.
fn days(folder: &Folder, numbers: impl IntoIterator<Item = u32>) {
    let mut db = folder.open();
    for number in numbers {
        day(&mut db, number).unwrap();
    }
}

fn day(db: &mut Database, number: u32) -> Result<(), StoreError> {
    // Restored ledgers give the same numbers again, under clicks of their own.
    let click = format!("{number} after {}", db.read().journal().last_link()?.row);
    let seconds = db.read().journal().last_link()?.row;
    cash_sale(db, &click, 100 * i64::from(number), seconds);
    close(db, &click, number, seconds + 1)
}

fn shop_with(zs: u32) -> Folder {
    let folder = Folder::new();
    stock_shop(&mut folder.open());
    days(&folder, 1..=zs);
    folder
}

fn copy(folder: &Folder, name: &str) -> PathBuf {
    let path = folder.dir.path().join(name);
    folder.open().back_up_to(&path).unwrap();
    path
}

fn put_back(copy: &Path, folder: &Folder, issued: u32) {
    let issued = Some(ZNumber(issued)).filter(|number| number.0 > 0);
    restore(copy, &folder.path(), at(9_000), "李娜", issued).unwrap();
}

/// What the ledger's journal says of Zs set aside.
fn told(folder: &Folder) -> Vec<String> {
    let rows = folder.open().read().journal().after(0, 1_000).unwrap();
    let of_them = rows.into_iter().filter(|row| row.what == ZsAside::WORD);
    of_them.map(|row| row.detail).collect()
}

fn numbers(folder: &Folder) -> Vec<u32> {
    let zs = folder.open().read().z_reports().before(None, 99).unwrap();
    zs.iter().rev().map(|z| z.number.0).collect()
}

fn next_is(folder: &Folder, number: u32, why: &str) {
    let mut db = folder.open();
    for wrong in (1..number).chain([number + 1]) {
        assert!(
            matches!(day(&mut db, wrong), Err(StoreError::Forbidden(_))),
            "{why}: {wrong} is not the next"
        );
    }
    day(&mut db, number).unwrap();
}

/// The Zs that the self-check names.
fn named(folder: &Folder) -> Vec<u32> {
    let check = self_check(&folder.path()).unwrap();
    let of_zs = wrong(&check).into_iter().filter(|(check, _)| *check == Check::Zs);
    of_zs
        .map(|(_, wrong)| match &wrong.about {
            About::Z(number) => number.0,
            other => panic!("{other:?} is no Z"),
        })
        .collect()
}

#[test]
fn zs_after_the_copy_are_written_down_and_their_numbers_never_given_again() {
    let folder = shop_with(2);
    let old = copy(&folder, "old.db");
    days(&folder, 3..=5);
    put_back(&old, &folder, 5);
    assert_eq!(
        told(&folder),
        ["5: Zs 3 to 5 were issued in the ledger set aside; the next number is 6, sealed with Z 2"],
        "in the journal, for a person"
    );
    let restored = folder.open().read().journal().after(0, 1_000).unwrap();
    let last: Vec<&str> = restored
        .iter()
        .rev()
        .take(2)
        .map(|row| row.what.as_str())
        .collect();
    assert_eq!(last, ["zs_aside", "restored"], "in one step with the restore");
    assert_eq!(
        z_issued(&folder.path()).unwrap(),
        Some(ZNumber(5)),
        "who restores again knows of them"
    );
    assert_eq!(named(&folder), NONE, "before the next Z, too");
    next_is(&folder, 6, "over those set aside");
    next_is(&folder, 7, "and from there on one by one");
    assert_eq!(numbers(&folder), [1, 2, 6, 7], "no number twice");
    assert_eq!(named(&folder), NONE, "a gap that was written down is none");

    let db = folder.open();
    let zs = db.read().z_reports();
    let (second, sixth, seventh) = (
        zs.get(ZNumber(2)).unwrap().unwrap(),
        zs.get(ZNumber(6)).unwrap().unwrap(),
        zs.get(ZNumber(7)).unwrap().unwrap(),
    );
    assert_eq!(
        sixth.report.aside,
        [ZsAside {
            first: ZNumber(3),
            last: ZNumber(5)
        }],
        "the Z after them says where they are"
    );
    assert_eq!(seventh.report.aside, [], "and it alone");
    assert_eq!(
        zs.one_before(ZNumber(6)).unwrap().map(|z| z.digest),
        Some(second.digest),
        "sealed with the last Z that the restored ledger has"
    );
    assert_eq!(
        zs.told_by(&sixth).unwrap().from,
        second.up_to,
        "its stretch begins where that one ends"
    );
}

#[test]
fn the_ledger_in_use_is_asked_whatever_the_caller_knows() {
    let folder = shop_with(1);
    let old = copy(&folder, "old.db");
    days(&folder, 2..=3);
    put_back(&old, &folder, 0);
    next_is(&folder, 4, "2 and 3 were issued");
}

#[test]
fn restored_twice_nothing_is_given_twice() {
    let folder = shop_with(1);
    let old = copy(&folder, "old.db");
    days(&folder, 2..=3);
    put_back(&old, &folder, 3);
    days(&folder, [4]);
    put_back(&old, &folder, 4);
    assert_eq!(
        told(&folder),
        ["4: Zs 2 to 4 were issued in the ledger set aside; the next number is 5, sealed with Z 1"],
        "those of both ledgers set aside"
    );
    // Before a day was closed, the same once more: only the journal knows of them.
    put_back(&old, &folder, 0);
    next_is(
        &folder,
        5,
        "what the journal of a restored ledger tells of was issued",
    );
    assert_eq!(named(&folder), NONE, "the gap is written down");
}

#[test]
fn a_copy_that_tells_of_zs_aside_itself_is_put_back_as_well() {
    let folder = shop_with(1);
    let old = copy(&folder, "old.db");
    days(&folder, 2..=3);
    put_back(&old, &folder, 3);
    let with_gap = copy(&folder, "with gap.db");
    put_back(&with_gap, &folder, 3);
    assert_eq!(told(&folder).len(), 1, "nothing was issued since: nothing to add");
    days(&folder, 4..=5);
    put_back(&with_gap, &folder, 5);
    assert_eq!(
        told(&folder)[1..],
        ["5: Zs 4 to 5 were issued in the ledger set aside; the next number is 6, sealed with Z 1"],
        "after those that it knew of"
    );
    next_is(&folder, 6, "over both");
    assert_eq!(
        named(&folder),
        NONE,
        "two gaps one after the other, both written down"
    );
}

#[test]
fn a_copy_newer_than_the_ledger_goes_on_from_its_own() {
    let folder = shop_with(1);
    let old = copy(&folder, "old.db");
    days(&folder, 2..=3);
    let new = copy(&folder, "new.db");
    put_back(&old, &folder, 1);
    put_back(&new, &folder, 3);
    assert_eq!(told(&folder), [] as [&str; 0], "it has all that was ever issued");
    next_is(&folder, 4, "one by one");
    assert_eq!(named(&folder), NONE, "without a gap");
}

#[test]
fn what_is_on_paper_alone_counts_where_the_ledger_is_lost() {
    let folder = shop_with(0);
    let old = copy(&folder, "old.db");
    std::fs::write(folder.path(), "no ledger any more").unwrap();
    assert!(z_issued(&folder.path()).is_err(), "it can't be asked");
    put_back(&old, &folder, 7);
    assert_eq!(
        told(&folder),
        ["7: Zs 1 to 7 were issued in the ledger set aside; the next number is 8, sealed with no Z"],
        "as its owner has it on paper"
    );
    next_is(&folder, 8, "after the one on paper");
    assert_eq!(named(&folder), NONE, "the first Z of this ledger is Z 8");
}

/// The power is cut before, at and after the moment of decision: the row is in the copy before it has the place.
#[test]
fn fault_76_no_power_cut_lets_a_number_be_given_twice() {
    let folder = shop_with(1);
    let old = copy(&folder, "old.db");
    days(&folder, 2..=3);
    put_back(&old, &folder, 3);
    let ready = std::fs::read(folder.path()).unwrap();
    for moved in [false, true] {
        let cut = shop_with(3);
        let ledger = std::fs::read(cut.path()).unwrap();
        let aside = cut.dir.path().join("scantill.db.aside-20261123T000000Z");
        if moved {
            std::fs::rename(cut.path(), &aside).unwrap();
        }
        std::fs::write(
            cut.dir.path().join("scantill.db.restoring-20261123T000000Z"),
            &ready,
        )
        .unwrap();
        next_is(&cut, 4, "the next start ends the restore, and knows of 2 and 3");
        assert_eq!(
            std::fs::read(&aside).unwrap(),
            ledger,
            "the ledger that issued them is aside, whole"
        );
        assert_eq!(named(&cut), NONE, "and the gap is written down");
    }
}

#[test]
fn no_other_gap_passes() {
    let gap = |change: &str| {
        let folder = shop_with(2);
        let old = copy(&folder, "old.db");
        days(&folder, 3..=4);
        put_back(&old, &folder, 4);
        days(&folder, 5..=7);
        tamper(&folder, change);
        named(&folder)
    };
    assert_eq!(gap(""), NONE, "the one that was written down does");
    assert_eq!(
        gap("DELETE FROM z_reports WHERE number = 2"),
        [2, 5],
        "a Z beside the gap is missed, and the seal after it does not fit"
    );
    assert_eq!(
        gap("DELETE FROM z_reports WHERE number = 6"),
        [6, 7],
        "nor one after it"
    );
    assert_eq!(
        gap(
            "UPDATE journal SET detail = replace(detail, '4: Zs 3 to 4', '4: Zs 4 to 4') WHERE what = 'zs_aside'"
        ),
        [3],
        "nobody tells of Z 3"
    );
    assert_eq!(
        gap(
            "UPDATE journal SET detail = replace(detail, '4: Zs 3 to 4', '4: Zs 2 to 4') WHERE what = 'zs_aside'"
        ),
        [5],
        "Z 2 is here, and can't be there"
    );
    assert_eq!(
        gap("UPDATE journal SET what = 'restored' WHERE what = 'zs_aside'"),
        [3, 4],
        "nobody tells of any"
    );
    assert_eq!(
        gap("UPDATE z_reports SET body = json_set(body, '$.aside', json('[]')) WHERE number = 5"),
        [5],
        "the Z has to tell of it, too"
    );
    assert_eq!(
        gap("INSERT INTO journal (id, at, what, detail, digest)
             SELECT max(id) + 1, 0, 'zs_aside', '9: Zs 9 to 9 were', zeroblob(32) FROM journal"),
        [9],
        "a row after the last Z that leaves Z 8 out"
    );
}
