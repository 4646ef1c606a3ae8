//! People: never taken out, one name for one of them on duty, wrong PINs written down.

use till_core::{Role, User, UserId, UserName, WrongPins};
use till_store::{Database, StoreError};

use crate::at;

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn with_two() -> (Database, UserId, UserId) {
    let mut db = Database::in_memory().unwrap();
    let (manager, cashier) = db
        .write(|tx| {
            let manager = tx.users().add(&name("李娜"), Role::Manager, "$argon2id$1")?;
            let cashier = tx.users().add(&name("王敏"), Role::Cashier, "$argon2id$2")?;
            Ok((manager, cashier))
        })
        .unwrap();
    (db, manager, cashier)
}

#[test]
fn people_are_found_as_they_were_written() {
    let (mut db, manager, cashier) = with_two();
    let users = db.read().users().on_duty().unwrap();
    assert_eq!(
        users,
        [
            User {
                id: manager,
                name: name("李娜"),
                role: Role::Manager
            },
            User {
                id: cashier,
                name: name("王敏"),
                role: Role::Cashier
            },
        ],
        "in the order they came"
    );
    let wrong = WrongPins::default().and_another(at(5)).and_another(at(9));
    db.write(|tx| tx.users().set_wrong(cashier, wrong)).unwrap();
    let record = db.read().users().pin_of(cashier).unwrap().unwrap();
    assert_eq!(record.wrong, wrong, "wrong PINs outlive a restart");
    assert_eq!(record.hash, "$argon2id$2", "each has a hash of their own");
    db.write(|tx| tx.users().set_pin(cashier, "$argon2id$3")).unwrap();
    let record = db.read().users().pin_of(cashier).unwrap().unwrap();
    assert_eq!(
        (record.hash.as_str(), record.wrong),
        ("$argon2id$3", WrongPins::default()),
        "a new PIN begins without wrong ones"
    );
}

#[test]
fn somebody_off_duty_can_not_sign_in_and_leaves_the_name_to_others() {
    let (mut db, _, cashier) = with_two();
    let twice = db.write(|tx| tx.users().add(&name("王敏"), Role::Cashier, "x"));
    assert!(
        matches!(twice, Err(StoreError::Forbidden(_))),
        "two people on duty with one name could not be told apart: {twice:?}"
    );
    db.write(|tx| tx.users().put_off_duty(cashier)).unwrap();
    assert_eq!(
        db.read().users().pin_of(cashier).unwrap(),
        None,
        "there is nothing left to check a PIN against"
    );
    let known = db.read().users().by_id(cashier).unwrap();
    assert_eq!(
        known.map(|user| user.name),
        Some(name("王敏")),
        "but what they did is still theirs"
    );
    let again = db.write(|tx| tx.users().add(&name("王敏"), Role::Cashier, "x"));
    assert!(again.is_ok(), "the name is free again: {again:?}");
    let unknown = db.write(|tx| tx.users().put_off_duty(UserId(99)));
    assert!(
        matches!(unknown, Err(StoreError::Unreadable { .. })),
        "somebody who was never here can't leave: {unknown:?}"
    );
}
