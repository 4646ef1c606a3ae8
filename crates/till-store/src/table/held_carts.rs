//! Carts put aside while the next customer is served.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use till_core::Cart;

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "held_carts";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112304,
    sql: "CREATE TABLE held_carts (
              id INTEGER PRIMARY KEY,
              held_at INTEGER NOT NULL, -- UTC milliseconds
              cart TEXT NOT NULL -- JSON of till_core::Cart
          ) STRICT;",
}];

/// A cart put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCart {
    /// Names it in commands.
    pub id: i64,
    /// When it was put aside.
    pub held_at: Timestamp,
    /// What is in it.
    pub cart: Cart,
}

/// Reads carts put aside.
#[derive(Debug, Clone, Copy)]
pub struct HeldCartsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Puts carts aside and takes them back.
#[derive(Debug, Clone, Copy)]
pub struct HeldCartsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl HeldCartsRead<'_> {
    /// All of them, oldest first.
    pub fn all(self) -> Result<Vec<HeldCart>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, held_at, cart FROM held_carts ORDER BY id",
            [],
            held_cart,
        )
    }
}

impl HeldCartsWrite<'_> {
    /// Puts a cart aside; gives back its id.
    pub fn put(self, held_at: Timestamp, cart: &Cart) -> Result<i64, StoreError> {
        let text = sql::to_json(TABLE, cart)?;
        sql::execute(
            self.conn,
            "INSERT INTO held_carts (held_at, cart) VALUES (?1, ?2)",
            params![sql::to_millis(held_at), text],
        )?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Takes a cart back; `None` when there is none with this id.
    pub fn take(self, id: i64) -> Result<Option<HeldCart>, StoreError> {
        sql::first(
            self.conn,
            "DELETE FROM held_carts WHERE id = ?1 RETURNING id, held_at, cart",
            [id],
            held_cart,
        )
    }
}

fn held_cart(row: &Row<'_>) -> Result<HeldCart, StoreError> {
    let text: String = row.get(2)?;
    let cart: Cart = sql::from_json(TABLE, &text)?;
    // A cart is within its bounds from the moment it is made; one that is not was not written by us.
    cart.total()
        .map_err(|error| StoreError::unreadable(TABLE, error))?;
    Ok(HeldCart {
        id: row.get(0)?,
        held_at: sql::time(TABLE, row, 1)?,
        cart,
    })
}
