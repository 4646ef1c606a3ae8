//! The people of a simulated counter: a manager and two cashiers, their PINs, and a ledger that knows them.

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::Timestamp;
use till_app::Database;
use till_core::{Pin, Role, UserId, UserName};
use till_store::StoreError;

/// Somebody who works at the till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Number in the ledger.
    pub id: UserId,
    /// As the journal has it.
    pub name: &'static str,
    /// What they may do alone.
    pub role: Role,
    /// Their PIN.
    pub digits: &'static str,
}

/// The one who approves.
pub const MANAGER: Person = person(1, "李娜", Role::Manager, "4711");
/// Everybody, by their number.
pub const PEOPLE: [Person; 3] = [
    MANAGER,
    person(2, "王敏", Role::Cashier, "1234"),
    person(3, "赵磊", Role::Cashier, "5678"),
];

const fn person(id: i64, name: &'static str, role: Role, digits: &'static str) -> Person {
    Person {
        id: UserId(id),
        name,
        role,
        digits,
    }
}

impl Person {
    /// Their PIN as they type it.
    pub fn pin(&self) -> anyhow::Result<Pin> {
        Ok(Pin::parse(self.digits)?)
    }

    /// Where everybody's own figures are kept: people are numbered from 1.
    #[must_use]
    pub fn place(&self) -> usize {
        usize::try_from(self.id.0 - 1).unwrap_or_default()
    }
}

/// Writes them into an empty ledger as the till would, but with PINs hashed as cheaply as argon2id can be: a till checks a PIN
/// by the numbers that stand in its hash, and the days type many.
pub fn employ(db: &mut Database, now: Timestamp) -> anyhow::Result<()> {
    let cheap = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    let mut hashes = Vec::new();
    for person in PEOPLE {
        let hash: PasswordHash =
            argon2.hash_password_with_salt(person.digits.as_bytes(), b"the same for all")?;
        hashes.push((person, UserName::parse(person.name)?, hash.to_string()));
    }
    let ids = db.write(|tx| {
        let added = hashes.iter().map(|(person, name, hash)| {
            let detail = format!("{name}, {:?}; approved by the days", person.role);
            tx.journal().add(now, "user_added", None, None, &detail)?;
            tx.users().add(name, person.role, hash)
        });
        added.collect::<Result<Vec<_>, StoreError>>()
    })?;
    anyhow::ensure!(
        ids == PEOPLE.map(|it| it.id),
        "an empty ledger numbers people from 1"
    );
    Ok(())
}
