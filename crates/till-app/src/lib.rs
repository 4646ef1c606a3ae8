//! What a cashier can do, and the driver that carries out what was saved.
//!
//! [`Till`] is owned by one thread and is handed the time; [`run::start`] is that thread. Everything that happens to a
//! payment goes through one function: into the machine, onto the disk, and only then into memory and onto the screens.

mod account;
mod agreement;
pub mod approval;
pub mod backup;
pub mod bill_file;
mod bills;
pub mod cash;
pub mod cash_refund;
pub mod catalogue;
pub mod clock;
pub mod config;
mod counter;
mod day_end;
mod day_text;
mod display;
mod driver;
pub mod gateway;
mod handing_out;
pub mod house;
pub mod import;
pub mod key_store;
pub mod lock;
pub mod notify;
pub mod open_drawer;
mod order;
mod payments;
mod pictures;
mod provider;
pub mod qr;
mod records;
pub mod refunds;
pub mod report;
mod reprice;
pub mod run;
mod runs;
pub mod shift;
pub mod snapshot;
mod till;
mod timetable;
mod unseen;
mod users;

pub use agreement::{AgreementJob, AgreementPicture, NOTE_MAX};
pub use bills::{BillJob, BillReply, BillStanding, BillTrouble, carry_out_bill, ready_at as bill_ready_at};
pub use config::{Config, ConfigProblem, Locale};
pub use day_end::{Compared, ReportPicture, Seal, ZBrief};
pub use driver::{Job, Reply, Step, UNSTABLE_FROM, carry_out};
pub use import::{WrongRow, WrongRowCode};
pub use provider::{ProviderColumn, ProviderJob};
pub use qr::Qr;
pub use records::{DayPicture, Imported, day_of_ledger};
pub use till::{Refusal, Till};
pub use till_store::{BillContent, BillSource, Database, OpenError, StoreError, self_check};
