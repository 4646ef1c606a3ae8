//! Reading rows: times, money and numbers checked on the way out of the database.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use till_core::{Fen, OutTradeNo};

use crate::StoreError;

/// All rows of a query; the statement is prepared once a connection.
pub(crate) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row of a query, if there is one.
pub(crate) fn first<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Carries out a statement and says how many rows it touched.
pub(crate) fn execute(conn: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}

/// UTC milliseconds, as every time stands in the database.
pub(crate) fn to_millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(crate) fn time(table: &'static str, row: &Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    let millis: i64 = row.get(column)?;
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::unreadable(table, format!("time {millis}")))
}

/// A day, as `yyyy-mm-dd`.
pub(crate) fn date(table: &'static str, row: &Row<'_>, column: usize) -> Result<Date, StoreError> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|_| StoreError::unreadable(table, format!("day {text:?}")))
}

pub(crate) fn fen(row: &Row<'_>, column: usize) -> Result<Fen, StoreError> {
    Ok(Fen::new(row.get(column)?))
}

pub(crate) fn count(table: &'static str, row: &Row<'_>, column: usize) -> Result<u32, StoreError> {
    let number: i64 = row.get(column)?;
    u32::try_from(number).map_err(|_| StoreError::unreadable(table, format!("count {number}")))
}

pub(crate) fn order_no(table: &'static str, text: &str) -> Result<OutTradeNo, StoreError> {
    OutTradeNo::parse(text).map_err(|_| StoreError::unreadable(table, format!("order number {text:?}")))
}

pub(crate) fn from_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::unreadable(table, error))
}

pub(crate) fn to_json<T: Serialize + ?Sized>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unreadable(table, error))
}

/// The word an enum has in JSON, for a column that is looked at by eye and by index.
pub(crate) fn word<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::unreadable(table, other)),
        Err(error) => Err(StoreError::unreadable(table, error)),
    }
}

pub(crate) fn from_word<T: DeserializeOwned>(table: &'static str, word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|error| StoreError::unreadable(table, error))
}
