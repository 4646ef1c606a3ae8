//! What is sold. Products are added and changed, never taken out: old sales point at them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use till_core::{Barcode, Fen, Price, Product, ProductId};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "products";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112302,
    sql: "CREATE TABLE products (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL,
              barcode TEXT UNIQUE,
              price_fen INTEGER CHECK (price_fen > 0), -- NULL: the cashier enters it
              category TEXT NOT NULL,
              position INTEGER NOT NULL -- order on the screen
          ) STRICT;
          CREATE INDEX products_by_name ON products (name) WHERE barcode IS NULL;",
}];

/// A product as an import or the training catalogue brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Name as the receipt shows it.
    pub name: String,
    /// What the scanner reads.
    pub barcode: Option<Barcode>,
    /// What it costs.
    pub price: Price,
    /// Where it is found on the screen.
    pub category: String,
    /// How many there are.
    pub stock: NewStock,
}

/// What an import says about the pieces that can be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewStock {
    /// Nothing: a known product keeps what it has, a new one is not counted.
    Unsaid,
    /// The product is not counted.
    NotCounted,
    /// So many can be sold now.
    Available(u32),
}

/// Reads products.
#[derive(Debug, Clone, Copy)]
pub struct ProductsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes products.
#[derive(Debug, Clone, Copy)]
pub struct ProductsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl ProductsRead<'_> {
    /// All of them with what can be sold now, in the order of the screen.
    pub fn all(self) -> Result<Vec<Product>, StoreError> {
        sql::all(
            self.conn,
            "SELECT p.id, p.name, p.barcode, p.price_fen, p.category,
                    CASE WHEN s.counted THEN s.received - s.sold - s.reserved END
             FROM products p JOIN stock s ON s.product_id = p.id ORDER BY p.position, p.id",
            [],
            product,
        )
    }

    /// One of them.
    pub fn by_id(self, id: ProductId) -> Result<Option<Product>, StoreError> {
        sql::first(
            self.conn,
            "SELECT p.id, p.name, p.barcode, p.price_fen, p.category,
                    CASE WHEN s.counted THEN s.received - s.sold - s.reserved END
             FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id = ?1",
            [id.0],
            product,
        )
    }

    /// How many there are.
    pub fn count(self) -> Result<u32, StoreError> {
        let count = sql::first(self.conn, "SELECT count(*) FROM products", [], |row| {
            sql::count(TABLE, row, 0)
        })?;
        Ok(count.unwrap_or_default())
    }
}

impl ProductsWrite<'_> {
    /// Takes in a whole import; gives back how many products it named.
    ///
    /// A product with a known barcode gets the new name, price and category, and so much received that what can be sold
    /// becomes what the import says; what is reserved and sold stays. A product without a barcode is known by its name.
    pub fn import(self, products: &[NewProduct]) -> Result<u32, StoreError> {
        let mut count = 0;
        for product in products {
            let id = match self.known(product)? {
                Some(id) => self.update(id, product)?,
                None => self.insert(product)?,
            };
            self.set_stock(id, product.stock)?;
            count += 1;
        }
        Ok(count)
    }

    fn known(self, product: &NewProduct) -> Result<Option<i64>, StoreError> {
        let found = match &product.barcode {
            Some(barcode) => self
                .conn
                .prepare_cached("SELECT id FROM products WHERE barcode = ?1")?
                .query_row([barcode.as_str()], |row| row.get(0))
                .optional()?,
            None => self
                .conn
                .prepare_cached("SELECT id FROM products WHERE barcode IS NULL AND name = ?1")?
                .query_row([&product.name], |row| row.get(0))
                .optional()?,
        };
        Ok(found)
    }

    fn update(self, id: i64, product: &NewProduct) -> Result<i64, StoreError> {
        sql::execute(
            self.conn,
            "UPDATE products SET name = ?2, price_fen = ?3, category = ?4 WHERE id = ?1",
            params![id, product.name, price_fen(product.price), product.category],
        )?;
        Ok(id)
    }

    fn insert(self, product: &NewProduct) -> Result<i64, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO products (name, barcode, price_fen, category, position)
             VALUES (?1, ?2, ?3, ?4, (SELECT ifnull(max(id), 0) + 1 FROM products))",
            params![
                product.name,
                product.barcode.as_ref().map(Barcode::as_str),
                price_fen(product.price),
                product.category
            ],
        )?;
        let id = self.conn.last_insert_rowid();
        sql::execute(
            self.conn,
            "INSERT INTO stock (product_id, counted, received, sold, reserved) VALUES (?1, 0, 0, 0, 0)",
            [id],
        )?;
        Ok(id)
    }

    fn set_stock(self, id: i64, stock: NewStock) -> Result<(), StoreError> {
        match stock {
            NewStock::Unsaid => {}
            NewStock::NotCounted => {
                sql::execute(
                    self.conn,
                    "UPDATE stock SET counted = 0 WHERE product_id = ?1",
                    [id],
                )?;
            }
            NewStock::Available(pieces) => {
                sql::execute(
                    self.conn,
                    "UPDATE stock SET counted = 1, received = ?2 + sold + reserved WHERE product_id = ?1",
                    params![id, pieces],
                )?;
            }
        }
        Ok(())
    }
}

fn price_fen(price: Price) -> Option<i64> {
    match price {
        Price::Fixed(fen) => Some(fen.get()),
        Price::Open => None,
    }
}

fn product(row: &Row<'_>) -> Result<Product, StoreError> {
    let barcode: Option<String> = row.get(2)?;
    let barcode = barcode
        .map(|text| Barcode::parse(&text))
        .transpose()
        .map_err(|error| StoreError::unreadable(TABLE, error))?;
    let price: Option<i64> = row.get(3)?;
    Ok(Product {
        id: ProductId(row.get(0)?),
        name: row.get(1)?,
        barcode,
        price: price.map_or(Price::Open, |fen| Price::Fixed(Fen::new(fen))),
        category: row.get(4)?,
        available: row.get(5)?,
    })
}
