//! The way to the tables: [`Read`] on any connection, [`Tx`] inside a transaction.

use rusqlite::Connection;
use till_core::Holdings;

use crate::StoreError;
use crate::table::attempts::{AttemptsRead, AttemptsWrite};
use crate::table::bill_notes::{BillNotesRead, BillNotesWrite};
use crate::table::bills::{BillsRead, BillsWrite};
use crate::table::bookings::{BookingsRead, BookingsWrite};
use crate::table::cash_moves::{CashMovesRead, CashMovesWrite};
use crate::table::cash_refunds::{CashRefundsRead, CashRefundsWrite};
use crate::table::evidence::{EvidenceRead, EvidenceWrite};
use crate::table::held_carts::{HeldCartsRead, HeldCartsWrite};
use crate::table::inbox::{InboxRead, InboxWrite};
use crate::table::journal::{JournalRead, JournalWrite};
use crate::table::products::{ProductsRead, ProductsWrite};
use crate::table::refunds::{RefundsRead, RefundsWrite};
use crate::table::sale_lines::{SaleLinesRead, SaleLinesWrite};
use crate::table::sales::{SalesRead, SalesWrite};
use crate::table::settings::{SettingsRead, SettingsWrite};
use crate::table::shifts::{ShiftsRead, ShiftsWrite};
use crate::table::sign_offs::{SignOffsRead, SignOffsWrite};
use crate::table::stock::{StockRead, StockWrite};
use crate::table::users::{UsersRead, UsersWrite};
use crate::table::z_reports::{ZReportsRead, ZReportsWrite};

/// Reads tables; the same on a reader, on the writer, and inside a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Read<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes tables inside one transaction; reads what it has written through [`Tx::read`].
#[derive(Debug, Clone, Copy)]
pub struct Tx<'c> {
    pub(crate) conn: &'c Connection,
}

impl<'c> Read<'c> {
    /// What is in the ledger that belongs to its account.
    pub fn holdings(self) -> Result<Holdings, StoreError> {
        let any = |query: &str| self.conn.query_row(query, [], |row| row.get(0));
        Ok(Holdings {
            orders: any("SELECT EXISTS (SELECT 1 FROM attempts WHERE state <> 'refused')")?,
            cash: any("SELECT EXISTS (SELECT 1 FROM cash_moves)")?,
        })
    }

    /// Words and numbers kept by name.
    #[must_use]
    pub fn settings(self) -> SettingsRead<'c> {
        SettingsRead { conn: self.conn }
    }

    /// Carts put aside.
    #[must_use]
    pub fn held_carts(self) -> HeldCartsRead<'c> {
        HeldCartsRead { conn: self.conn }
    }

    /// What is sold.
    #[must_use]
    pub fn products(self) -> ProductsRead<'c> {
        ProductsRead { conn: self.conn }
    }

    /// How many there are.
    #[must_use]
    pub fn stock(self) -> StockRead<'c> {
        StockRead { conn: self.conn }
    }

    /// What was rung up.
    #[must_use]
    pub fn sales(self) -> SalesRead<'c> {
        SalesRead { conn: self.conn }
    }

    /// What was rung up, line by line.
    #[must_use]
    pub fn sale_lines(self) -> SaleLinesRead<'c> {
        SaleLinesRead { conn: self.conn }
    }

    /// Orders at WeChat.
    #[must_use]
    pub fn attempts(self) -> AttemptsRead<'c> {
        AttemptsRead { conn: self.conn }
    }

    /// Money given back.
    #[must_use]
    pub fn refunds(self) -> RefundsRead<'c> {
        RefundsRead { conn: self.conn }
    }

    /// What was sent and received about an order.
    #[must_use]
    pub fn evidence(self) -> EvidenceRead<'c> {
        EvidenceRead { conn: self.conn }
    }

    /// What came over the broker.
    #[must_use]
    pub fn inbox(self) -> InboxRead<'c> {
        InboxRead { conn: self.conn }
    }

    /// WeChat's bills.
    #[must_use]
    pub fn bills(self) -> BillsRead<'c> {
        BillsRead { conn: self.conn }
    }

    /// What people have written about differences from them.
    #[must_use]
    pub fn bill_notes(self) -> BillNotesRead<'c> {
        BillNotesRead { conn: self.conn }
    }

    /// Days that were signed off.
    #[must_use]
    pub fn sign_offs(self) -> SignOffsRead<'c> {
        SignOffsRead { conn: self.conn }
    }

    /// What this till has done.
    #[must_use]
    pub fn journal(self) -> JournalRead<'c> {
        JournalRead { conn: self.conn }
    }

    /// What moved in the drawer.
    #[must_use]
    pub fn cash_moves(self) -> CashMovesRead<'c> {
        CashMovesRead { conn: self.conn }
    }

    /// What was given back of cash that sales were made of.
    #[must_use]
    pub fn cash_refunds(self) -> CashRefundsRead<'c> {
        CashRefundsRead { conn: self.conn }
    }

    /// What an X or a Z adds up.
    #[must_use]
    pub fn bookings(self) -> BookingsRead<'c> {
        BookingsRead { conn: self.conn }
    }

    /// Closed days.
    #[must_use]
    pub fn z_reports(self) -> ZReportsRead<'c> {
        ZReportsRead { conn: self.conn }
    }

    /// Times at the till between two counts.
    #[must_use]
    pub fn shifts(self) -> ShiftsRead<'c> {
        ShiftsRead { conn: self.conn }
    }

    /// Who works here.
    #[must_use]
    pub fn users(self) -> UsersRead<'c> {
        UsersRead { conn: self.conn }
    }
}

impl<'c> Tx<'c> {
    /// Reads, what this transaction has written included.
    #[must_use]
    pub fn read(&self) -> Read<'c> {
        Read { conn: self.conn }
    }

    /// Words and numbers kept by name.
    #[must_use]
    pub fn settings(&self) -> SettingsWrite<'c> {
        SettingsWrite { conn: self.conn }
    }

    /// Carts put aside.
    #[must_use]
    pub fn held_carts(&self) -> HeldCartsWrite<'c> {
        HeldCartsWrite { conn: self.conn }
    }

    /// What is sold.
    #[must_use]
    pub fn products(&self) -> ProductsWrite<'c> {
        ProductsWrite { conn: self.conn }
    }

    /// How many there are.
    #[must_use]
    pub fn stock(&self) -> StockWrite<'c> {
        StockWrite { conn: self.conn }
    }

    /// What was rung up.
    #[must_use]
    pub fn sales(&self) -> SalesWrite<'c> {
        SalesWrite { conn: self.conn }
    }

    /// What was rung up, line by line.
    pub(crate) fn sale_lines(&self) -> SaleLinesWrite<'c> {
        SaleLinesWrite { conn: self.conn }
    }

    /// Orders at WeChat.
    #[must_use]
    pub fn attempts(&self) -> AttemptsWrite<'c> {
        AttemptsWrite { conn: self.conn }
    }

    /// Money given back.
    #[must_use]
    pub fn refunds(&self) -> RefundsWrite<'c> {
        RefundsWrite { conn: self.conn }
    }

    /// What was sent and received about an order.
    #[must_use]
    pub fn evidence(&self) -> EvidenceWrite<'c> {
        EvidenceWrite { conn: self.conn }
    }

    /// What came over the broker.
    #[must_use]
    pub fn inbox(&self) -> InboxWrite<'c> {
        InboxWrite { conn: self.conn }
    }

    /// WeChat's bills.
    #[must_use]
    pub fn bills(&self) -> BillsWrite<'c> {
        BillsWrite { conn: self.conn }
    }

    /// What people have written about differences from them.
    #[must_use]
    pub fn bill_notes(&self) -> BillNotesWrite<'c> {
        BillNotesWrite { conn: self.conn }
    }

    /// Days that were signed off.
    #[must_use]
    pub fn sign_offs(&self) -> SignOffsWrite<'c> {
        SignOffsWrite { conn: self.conn }
    }

    /// What this till has done.
    #[must_use]
    pub fn journal(&self) -> JournalWrite<'c> {
        JournalWrite { conn: self.conn }
    }

    /// What moved in the drawer.
    #[must_use]
    pub fn cash_moves(&self) -> CashMovesWrite<'c> {
        CashMovesWrite { conn: self.conn }
    }

    /// What is given back of cash that sales were made of.
    #[must_use]
    pub fn cash_refunds(&self) -> CashRefundsWrite<'c> {
        CashRefundsWrite { conn: self.conn }
    }

    /// What an X or a Z adds up.
    pub(crate) fn bookings(&self) -> BookingsWrite<'c> {
        BookingsWrite { conn: self.conn }
    }

    /// Closed days.
    #[must_use]
    pub fn z_reports(&self) -> ZReportsWrite<'c> {
        ZReportsWrite { conn: self.conn }
    }

    /// Times at the till between two counts.
    #[must_use]
    pub fn shifts(&self) -> ShiftsWrite<'c> {
        ShiftsWrite { conn: self.conn }
    }

    /// Who works here.
    #[must_use]
    pub fn users(&self) -> UsersWrite<'c> {
        UsersWrite { conn: self.conn }
    }
}
