//! Who works at the till. A person is never taken out, only put off duty: what they did stays theirs.

use rusqlite::{Connection, Row, params};
use till_core::{Role, User, UserId, UserName, WrongPins};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "users";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112411,
    sql: "CREATE TABLE users (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL,
              role TEXT NOT NULL CHECK (role IN ('cashier', 'manager')),
              on_duty INTEGER NOT NULL CHECK (on_duty IN (0, 1)), -- 0: may not sign in any more
              pin_hash TEXT NOT NULL, -- argon2id, as a PHC text
              wrong_pins INTEGER NOT NULL DEFAULT 0, -- in a row
              last_wrong_at INTEGER -- UTC milliseconds
          ) STRICT;
          CREATE UNIQUE INDEX users_by_name ON users (name) WHERE on_duty = 1;
          CREATE TRIGGER users_are_not_taken_out BEFORE DELETE ON users
          BEGIN SELECT RAISE(ABORT, 'a user is put off duty, not taken out'); END;",
}];

/// What a PIN is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// Whose.
    pub user: User,
    /// argon2id, as a PHC text.
    pub hash: String,
    /// Wrong ones in a row.
    pub wrong: WrongPins,
}

/// Reads users.
#[derive(Debug, Clone, Copy)]
pub struct UsersRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes users.
#[derive(Debug, Clone, Copy)]
pub struct UsersWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl UsersRead<'_> {
    /// Everybody on duty, in the order they came.
    pub fn on_duty(self) -> Result<Vec<User>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, name, role FROM users WHERE on_duty = 1 ORDER BY id",
            [],
            user,
        )
    }

    /// One of them, on duty or not.
    pub fn by_id(self, id: UserId) -> Result<Option<User>, StoreError> {
        sql::first(
            self.conn,
            "SELECT id, name, role FROM users WHERE id = ?1",
            [id.0],
            user,
        )
    }

    /// What the PIN of somebody on duty is checked against.
    pub fn pin_of(self, id: UserId) -> Result<Option<PinRecord>, StoreError> {
        sql::first(
            self.conn,
            "SELECT id, name, role, pin_hash, wrong_pins, last_wrong_at FROM users WHERE id = ?1 AND on_duty = 1",
            [id.0],
            |row| {
                let last = match row.get::<_, Option<i64>>(5)? {
                    Some(_) => Some(sql::time(TABLE, row, 5)?),
                    None => None,
                };
                Ok(PinRecord {
                    user: user(row)?,
                    hash: row.get(3)?,
                    wrong: WrongPins {
                        count: sql::count(TABLE, row, 4)?,
                        last,
                    },
                })
            },
        )
    }
}

impl UsersWrite<'_> {
    /// Adds somebody. A name that somebody on duty has is [`StoreError::Forbidden`].
    pub fn add(self, name: &UserName, role: Role, hash: &str) -> Result<UserId, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO users (name, role, on_duty, pin_hash) VALUES (?1, ?2, 1, ?3)",
            params![name.as_str(), sql::word(TABLE, &role)?, hash],
        )?;
        Ok(UserId(self.conn.last_insert_rowid()))
    }

    /// Changes a name and a role.
    pub fn change(self, user: &User) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE users SET name = ?2, role = ?3 WHERE id = ?1",
            params![user.id.0, user.name.as_str(), sql::word(TABLE, &user.role)?],
        );
        one(user.id, touched?)
    }

    /// Gives a new PIN; wrong ones before are forgotten.
    pub fn set_pin(self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE users SET pin_hash = ?2, wrong_pins = 0, last_wrong_at = NULL WHERE id = ?1",
            params![id.0, hash],
        );
        one(id, touched?)
    }

    /// Writes down how many wrong PINs there were in a row.
    pub fn set_wrong(self, id: UserId, wrong: WrongPins) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE users SET wrong_pins = ?2, last_wrong_at = ?3 WHERE id = ?1",
            params![id.0, wrong.count, wrong.last.map(sql::to_millis)],
        );
        one(id, touched?)
    }

    /// Somebody does not work here any more.
    pub fn put_off_duty(self, id: UserId) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE users SET on_duty = 0 WHERE id = ?1",
            params![id.0],
        );
        one(id, touched?)
    }
}

fn one(id: UserId, touched: usize) -> Result<(), StoreError> {
    if touched == 1 {
        Ok(())
    } else {
        Err(StoreError::unreadable(TABLE, format!("no user {}", id.0)))
    }
}

fn user(row: &Row<'_>) -> Result<User, StoreError> {
    let name: String = row.get(1)?;
    Ok(User {
        id: UserId(row.get(0)?),
        name: UserName::parse(&name).map_err(|error| StoreError::unreadable(TABLE, error))?,
        role: sql::from_word(TABLE, row.get(2)?)?,
    })
}
