//! The ledger: SQLite, one file a table. Knows what to keep, not what it means.
//!
//! [`Database`] is the one writer; it belongs to one thread. [`Database::write`] runs a closure in one transaction and
//! either all of it is on the disk afterwards or none of it. [`Reader`]s read beside it.
//!
//! All times are UTC milliseconds, all money is whole fen.
#![deny(missing_docs)]

mod backup;
mod chain;
mod database;
mod error;
mod file_check;
mod handle;
mod migration;
#[cfg(test)]
mod power_cut;
mod restore;
mod self_check;
mod sql;
mod table;

pub use backup::{
    CheckedCopy, Relation, account_of, check_copy, flush_folder, relation, same_beginning, z_issued,
};
pub use chain::{BREAKS_MAX, Break, Digest, Link, Stretch};
pub use database::{Database, Options, Reader};
pub use error::{OpenError, StoreError};
pub use handle::{Read, Tx};
pub use restore::{Restored, restore, set_aside};
pub use self_check::self_check;
pub use table::attempts::{AttemptsRead, AttemptsWrite, ORDERS_MAX, OrderRow};
pub use table::bill_notes::{BillNote, BillNotesRead, BillNotesWrite};
pub use table::bills::{BillContent, BillId, BillRow, BillSource, BillsRead, BillsWrite, NewBill};
pub use table::bookings::{BookingsRead, BookingsWrite, Entry, Pages, SoldOn};
pub use table::cash_moves::{CashMoveId, CashMovesRead, CashMovesWrite};
pub use table::cash_refunds::{CashRefundsRead, CashRefundsWrite, NewCashRefund, StoredCashRefund};
pub use table::evidence::{EvidenceId, EvidenceRead, EvidenceWrite};
pub use table::held_carts::{HeldCart, HeldCartsRead, HeldCartsWrite};
pub use table::inbox::{Became, InboxId, InboxRead, InboxRow, InboxWrite, Received};
pub use table::journal::{JournalRead, JournalRow, JournalWrite};
pub use table::products::{NewProduct, NewStock, ProductsRead, ProductsWrite};
pub use table::refunds::{NewRefund, RefundsRead, RefundsWrite, StoredRefund};
pub use table::sale_lines::SaleLinesRead;
pub use table::sales::{CashSaleRow, NewSale, SalesRead, SalesWrite, StoredSale};
pub use table::settings::{SettingsRead, SettingsWrite};
pub use table::shifts::{ShiftsRead, ShiftsWrite};
pub use table::sign_offs::{SignOff, SignOffsRead, SignOffsWrite};
pub use table::stock::{StockDrift, StockRead, StockRow, StockWrite};
pub use table::users::{PinRecord, UsersRead, UsersWrite};
pub use table::z_reports::{StoredZ, Told, ToldUpTo, ZReportsRead, ZReportsWrite};
