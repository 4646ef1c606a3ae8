//! Copies: one a day and on demand, whole or not there, thinned out, and put back.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use scantill_tests::counter::config;
use scantill_tests::shop::{Line, Shop, WATER};
use scantill_tests::wait::{self, PATIENCE};
use till_app::backup::{self, BackupError, Relation, RestoreError};
use till_app::{Config, Database, OpenError, Till, run};

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A till without customers, for copies of months.
fn quiet_till(folder: &Path, config: Config, now: Timestamp) -> Till {
    let db = Database::open(&folder.join("scantill.db")).unwrap();
    Till::open(config, db, now, [1; 32]).unwrap()
}

fn plain_config() -> Config {
    config("T01", "http://127.0.0.1:9", 3, 30).unwrap()
}

/// Makes the copy that is due, if one is; `true` when one was.
fn copy_if_due(till: &mut Till, now: Timestamp) -> bool {
    let Some(job) = till.backup_if_due(now) else {
        return false;
    };
    till.finish_backup(now, job.carry_out());
    true
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_copy_is_made_once_a_day_whenever_the_till_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let morning = at("2026-11-23T00:30:00Z");
    let mut till = quiet_till(folder.path(), plain_config(), morning);
    assert!(copy_if_due(&mut till, morning), "a till without a copy makes one");
    assert!(!copy_if_due(&mut till, morning + hours(8)), "one a day is enough");
    drop(till);
    let mut till = quiet_till(folder.path(), plain_config(), morning + hours(9));
    assert!(
        !copy_if_due(&mut till, morning + hours(9)),
        "a restart does not forget that there is one"
    );
    // 00:30 UTC is 08:30 in the shop: its day ends at 16:00 UTC.
    assert!(copy_if_due(&mut till, morning + hours(16)), "the shop's next day");
    assert_eq!(
        names(&folder.path().join("backups")),
        [
            "scantill-T01-20261123T003000Z.db",
            "scantill-T01-20261123T163000Z.db"
        ],
        "beside the ledger, each under the time at which it was made, and nothing else"
    );
}

#[test]
fn a_copy_is_made_at_each_z_also_when_the_till_was_stopped_right_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let noon = at("2026-11-23T12:00:00+08:00");
    let mut till = quiet_till(folder.path(), plain_config(), noon);
    assert!(copy_if_due(&mut till, noon), "the day's copy");
    let evening = noon + hours(10);
    assert!(!copy_if_due(&mut till, evening), "one a day is enough");
    till.close_day(evening, "close", "").unwrap();
    assert!(
        copy_if_due(&mut till, evening),
        "the closed day is worth one of its own"
    );
    assert!(!copy_if_due(&mut till, evening + hours(1)), "and has it");

    till.close_day(evening + hours(1), "again", "").unwrap();
    drop(till);
    let mut till = quiet_till(folder.path(), plain_config(), evening + hours(1));
    assert!(
        copy_if_due(&mut till, evening + hours(1)),
        "what was not copied before the stop is copied after it"
    );
    drop(till);
    let mut till = quiet_till(folder.path(), plain_config(), evening + hours(1));
    assert!(
        !copy_if_due(&mut till, evening + hours(1)),
        "a copy that has the Z is enough"
    );
}

#[test]
fn old_copies_are_thinned_out_and_other_files_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let copies = folder.path().join("backups");
    fs::create_dir(&copies).unwrap();
    let others = [
        "notes.txt",
        "scantill-T02-20200101T000000Z.db",
        "scantill-T01-20200101T000000Z.db.bak",
        "scantill-T01-2020.db",
        "my scantill-T01-20200101T000000Z.db",
    ];
    for name in others {
        fs::write(copies.join(name), "somebody else's").unwrap();
    }
    let half = copies.join("scantill-T01-20260101T000000Z.db.part");
    fs::write(&half, "half a copy").unwrap();
    let first = at("2026-08-01T02:00:00Z");
    let mut till = quiet_till(folder.path(), plain_config(), first);
    till.import(first, "品名,价格\n水,2.00\n").unwrap();
    for day in 0..60 {
        assert!(copy_if_due(&mut till, first + hours(24 * day)), "one each day");
    }
    assert!(!half.exists(), "what a copy left that was cut short is gone");
    let all = names(&copies);
    for name in others {
        assert!(all.contains(&name.to_owned()), "{name} is not ours to drop");
    }
    let ours = backup::list(&copies).unwrap();
    let ours: Vec<String> = ours
        .into_iter()
        .filter(|copy| copy.till.as_str() == "T01")
        .map(|copy| copy.name)
        .collect();
    assert_eq!(
        (ours.len(), ours[0].as_str(), ours[14].as_str(), ours[15].as_str()),
        (
            16,
            "scantill-T01-20260929T020000Z.db",
            "scantill-T01-20260915T020000Z.db",
            "scantill-T01-20260831T020000Z.db"
        ),
        "two weeks, the last of this month before them, and one of the month before: {ours:?}"
    );
}

#[test]
fn two_shops_with_a_till_of_one_name_leave_each_others_copies_alone() {
    let (one, other, share) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let mut on_the_share = plain_config();
    on_the_share.backup.folder = Some(share.path().to_owned());
    let first = at("2026-08-01T02:00:00Z");
    let open = |folder: &Path, minutes| {
        let now = first + SignedDuration::from_mins(minutes);
        let mut till = quiet_till(folder, on_the_share.clone(), now);
        till.import(now, "品名,价格\n水,2.00\n").unwrap();
        till
    };
    let (mut ours, mut theirs) = (open(one.path(), 0), open(other.path(), 30));
    for day in 0..3 {
        let now = first + hours(24 * day) + SignedDuration::from_mins(30);
        assert!(
            copy_if_due(&mut theirs, now),
            "the other shop copies for three days"
        );
    }
    let part = share.path().join("scantill-T01-20260928T015900Z.db.part");
    fs::write(&part, "they are writing it").unwrap();
    for day in 0..59 {
        assert!(
            copy_if_due(&mut ours, first + hours(24 * day)),
            "we for two months"
        );
    }
    let left = names(share.path());
    for name in [
        "scantill-T01-20260801T023000Z.db",
        "scantill-T01-20260802T023000Z.db",
        "scantill-T01-20260803T023000Z.db",
        "scantill-T01-20260928T015900Z.db.part",
    ] {
        assert!(left.contains(&name.to_owned()), "{name} is theirs: {left:?}");
    }
    assert!(
        !left.contains(&"scantill-T01-20260802T020000Z.db".to_owned()),
        "our own old ones were thinned out: {left:?}"
    );
    let ledger = one.path().join("scantill.db");
    let till = Some(&on_the_share.shop.till);
    let anothers = |name: &str| backup::is_anothers(share.path(), name, &ledger, till);
    assert!(
        anothers("scantill-T01-20260801T023000Z.db"),
        "their copy began as another ledger, whatever its name"
    );
    let own = backup::list(share.path()).unwrap().remove(0).name;
    assert!(!anothers(&own), "{own} is ours");
    assert!(
        backup::is_anothers(
            share.path(),
            "scantill-T02-20260801T023000Z.db",
            Path::new("gone"),
            till
        ),
        "where there is no ledger to hold it against, its name says it"
    );
}

#[test]
fn a_folder_of_choice_that_is_not_there_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let stick = folder.path().join("stick");
    let mut config = plain_config();
    config.backup.folder = Some(stick.clone());
    let now = at("2026-11-23T04:00:00Z");
    let mut till = quiet_till(folder.path(), config, now);
    assert!(copy_if_due(&mut till, now), "it is tried");
    let picture = till.backups();
    assert_eq!(
        picture.trouble.map(|trouble| (trouble.at, trouble.error)),
        Some((now, BackupError::NoFolder(stick.clone()))),
        "the stick is not in: the till does not make a folder where it should be"
    );
    assert!(!stick.exists(), "not even an empty one");
    assert!(
        !copy_if_due(&mut till, now + SignedDuration::from_mins(9)),
        "not at once again"
    );
    fs::create_dir(&stick).unwrap();
    assert!(
        copy_if_due(&mut till, now + SignedDuration::from_mins(10)),
        "but after ten minutes"
    );
    assert_eq!(till.backups().trouble, None, "with the stick in it all is well");
    assert_eq!(names(&stick), ["scantill-T01-20261123T041000Z.db"], "there it is");
}

#[test]
fn fault_71_a_copy_that_finds_no_room_leaves_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let now = at("2026-11-23T04:00:00Z");
    let mut till = quiet_till(folder.path(), plain_config(), now);
    assert!(copy_if_due(&mut till, now), "the first one is made");
    let copies = folder.path().join("backups");
    let before = names(&copies);
    // In the place where the next one will be written: nothing can be made there.
    let next = now + hours(24);
    let part = copies.join("scantill-T01-20261124T040000Z.db.part");
    fs::create_dir(&part).unwrap();
    assert!(copy_if_due(&mut till, next), "it is tried");
    assert!(
        matches!(
            till.backups().trouble.map(|it| it.error),
            Some(BackupError::NotWritten(_))
        ),
        "told as what it is"
    );
    fs::remove_dir(&part).unwrap();
    assert_eq!(names(&copies), before, "what was there is there");
    assert_eq!(till.backups().last, Some(now), "and is the last good one");
}

#[test]
fn fault_74_a_damaged_ledger_drops_no_old_copy() {
    let folder = tempfile::tempdir().unwrap();
    let now = at("2026-11-23T04:00:00Z");
    let mut till = quiet_till(folder.path(), plain_config(), now);
    till.import(now, "品名,价格\n水,2.00\n").unwrap();
    assert!(copy_if_due(&mut till, now), "the first one is made");
    till.db().checkpoint().unwrap();
    let ledger = folder.path().join("scantill.db");
    let mut bytes = fs::read(&ledger).unwrap();
    // The last page, as a dying disk gives it back.
    let end = bytes.len();
    bytes[end - 2048..].fill(0xA5);
    fs::write(&ledger, bytes).unwrap();
    let later = now + hours(24 * 90);
    assert!(
        copy_if_due(&mut till, later),
        "months later the next one is tried"
    );
    assert!(
        matches!(
            till.backups().trouble.map(|it| it.error),
            Some(BackupError::Damaged(_))
        ),
        "a copy is looked at before it counts: {:?}",
        till.backups().trouble
    );
    assert_eq!(
        names(&folder.path().join("backups")),
        ["scantill-T01-20261123T040000Z.db"],
        "the good one is still there, and no bad one beside it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_till_copies_by_itself_and_on_demand_while_it_sells() {
    let line = Line::open().await.unwrap();
    let shop = Shop::open(&line, "T01").await.unwrap();
    let simulator = line.simulator.clone();
    let (till, client, folder) = shop.into_parts();
    let clock = Box::new(move || Timestamp::from_millisecond(simulator.now().as_millisecond()).unwrap());
    let runtime = tokio::runtime::Handle::current();
    let running = run::start(till, client, clock, runtime, |_, _| {}).unwrap();
    let copies = folder.path().join("backups");
    wait::until("the day's copy", PATIENCE, async || {
        Ok((backup::list(&copies)?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    line.simulator.advance(SignedDuration::from_secs(1));
    let selling = running.handle.call(|till, now| {
        for click in 0..20 {
            till.add(WATER, None).unwrap();
            till.pay(now, &click.to_string()).unwrap();
        }
    });
    let (copy, sold) = tokio::join!(running.handle.back_up(), selling);
    sold.unwrap();
    let copy = copy.unwrap().unwrap();
    let ledger = folder.path().join("scantill.db");
    let (checked, relation) = backup::check(&copies, &copy.name, &ledger).unwrap().unwrap();
    assert!(
        checked.journal.is_some_and(|journal| journal.holds()),
        "what was copied while the till sold makes sense"
    );
    assert!(
        matches!(relation, Relation::Same | Relation::Older { .. }),
        "and is a moment of this ledger: {relation:?}"
    );
    let picture = running.handle.call(|till, _| till.backups()).await.unwrap();
    assert_eq!(picture.last, Some(copy.made_at), "the settings can say when");
    running.stop();
}

#[tokio::test]
async fn a_copy_that_is_put_back_sells_on_and_knows_what_it_lacks() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    shop.sell(WATER, "before").unwrap();
    let now = shop.now();
    let job = shop.till.begin_backup(now).unwrap();
    assert_eq!(
        shop.till.begin_backup(now).unwrap_err(),
        BackupError::UnderWay,
        "one at a time"
    );
    let made = job.carry_out();
    let name = made.as_ref().unwrap().name.clone();
    shop.till.finish_backup(now, made);
    shop.sell(WATER, "after").unwrap();
    let (till, _, folder) = shop.into_parts();
    drop(till);
    let (ledger, copies) = (folder.path().join("scantill.db"), folder.path().join("backups"));
    let (_, relation) = backup::check(&copies, &name, &ledger).unwrap().unwrap();
    assert_eq!(
        relation,
        Relation::Older { rows: 1 },
        "who is about to restore is told what is missing"
    );
    for wrong in [
        "../scantill.db",
        "scantill.db",
        "",
        "scantill-T01-20200101T000000Z.db/../x",
    ] {
        assert!(
            matches!(
                backup::restore(&copies, wrong, &ledger, now, "李娜", 0),
                Err(RestoreError::NoSuchBackup)
            ),
            "{wrong:?} is the name of no copy"
        );
    }
    let restored = backup::restore(&copies, &name, &ledger, now, "李娜", 0).unwrap();
    let till = quiet_till(folder.path(), plain_config(), now);
    let orders = till.find_orders("").unwrap();
    assert_eq!(orders.len(), 1, "the till is where it was when the copy was made");
    let aside = Database::open(&restored.set_aside.unwrap()).unwrap();
    assert_eq!(
        aside.read().attempts().search("", None).unwrap().len(),
        2,
        "and the sale after it is in the ledger that was set aside"
    );
}

#[test]
fn a_ledger_of_nothing_is_not_restored_over_by_a_copy_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let now = at("2026-11-23T04:00:00Z");
    drop(quiet_till(folder.path(), plain_config(), now));
    let ledger = folder.path().join("scantill.db");
    let copies = folder.path().join("backups");
    fs::create_dir(&copies).unwrap();
    let name = "scantill-T01-20261123T040000Z.db";
    fs::write(copies.join(name), "").unwrap();
    let before = fs::read(&ledger).unwrap();
    let refused = backup::restore(&copies, name, &ledger, now, "李娜", 0);
    assert!(
        matches!(refused, Err(RestoreError::NotRestored(OpenError::Damaged { .. }))),
        "a copy of no bytes is damaged: {refused:?}"
    );
    assert_eq!(
        fs::read(&ledger).unwrap(),
        before,
        "and nothing is set aside for it"
    );
}
