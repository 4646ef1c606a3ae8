//! The shop's rules, pure: money, cart, sale, payment machine, refund machine, day. No I/O and no clock; time is an argument.
//!
//! The heart is [`Sale`]: one sale with one or more [`Attempt`]s, each one order at WeChat. Whatever happens to an
//! attempt comes in as an [`Input`]; what follows for the stock goes out as [`Effect`]s, and what to ask WeChat next
//! stands in the attempt itself, so that saving the state saves the plan.
#![deny(missing_docs)]

mod account;
mod answer;
mod attempt;
mod backup;
mod bill;
mod booking;
mod calendar;
mod callback;
mod cart;
mod cash;
mod day;
mod decision;
mod difference;
mod evidence;
mod fee;
mod given_up;
mod money;
mod neighbours;
mod order_no;
mod product;
mod provider;
mod reconcile;
mod reduction;
mod refund;
mod report;
mod sale;
pub mod self_check;
mod shift;
mod state;
mod timing;
mod user;
mod voided;

pub use account::{Account, AccountError, Belongs, GatewayKind, Holdings, OtherAccount};
pub use answer::{CloseAnswer, FoundBy, Payment, PlaceAnswer, QueryAnswer};
pub use attempt::{Ask, Attempt, Due, Input, Timer, Unconfirmed};
pub use backup::{backup_due, backups_to_drop};
pub use bill::{
    Bill, BillEntry, BillLine, BillTotals, MicroYuan, Rate, RefundStanding, bill_bounds, bill_date,
    may_be_on_bill,
};
pub use booking::{Booked, Booking};
pub use calendar::Calendar;
pub use callback::CallbackHealth;
pub use cart::{Cart, CartError, Line, LineNo, PIECES_MAX, TOTAL_MAX};
pub use cash::{CashMove, MoveKind, Tender, TenderError, quick_amounts};
pub use day::{
    CountAndSum, DayCash, DayCashKind, DayFigures, DayRefund, DayRow, Hour, RefundDayStanding, Standing,
};
pub use decision::Shelf;
pub use difference::{Cause, Difference, NotPaid, Subject, WayOut};
pub use evidence::{Evidence, EvidenceKind, SignVerdict};
pub use fee::FeeFault;
pub use given_up::GivenUp;
pub use money::{Fen, MoneyError};
pub use order_no::{OrderNoError, OutTradeNo, TillId};
pub use product::{Barcode, BarcodeError, Price, Product, ProductId};
pub use provider::{FeeInDoubt, Provider, Stretch, Unbooked, ZEntry};
pub use reconcile::{Agreement, Bills, Here, RefundHere, Side, reconcile};
pub use reduction::{DiscountLimit, Lowered, PriceWish, Reduction, Repriced};
pub use refund::{
    CashRefund, CashRefundBounds, CashRefundNo, CashRefundWish, EarlierRefund, Goods, LineLeft, Note,
    OutRefundNo, Part, PersonReason, REFUND_PARTS_MAX, Refund, RefundAnswer, RefundAsk, RefundBounds,
    RefundDue, RefundEffect, RefundInput, RefundLine, RefundNoError, RefundQueryAnswer, RefundReason,
    RefundRefusal, RefundReport, RefundState, RefundStatus, RefundWish, Sold, next_part,
};
pub use report::{
    Carried, Drawer, Exception, GrandTotals, HourTally, ItemLine, NamedMove, NotTheLast, Opened, Report,
    ReportHead, ReportInput, ShiftLine, Takings, Tally, WithoutCash, ZNumber, ZsAside,
};
pub use sale::{Effect, NotNow, Sale, SaleId, StockHold};
pub use shift::{
    CountError, DENOMINATIONS, DrawerCount, DrawerDifference, Shift, ShiftEnd, ShiftId, ShiftSums, is_float,
};
pub use state::{CloseReason, ReviewReason, State};
pub use timing::{RetryAfter, Timing};
pub use user::{Pin, Role, User, UserError, UserId, UserName, WrongPins};
pub use voided::{Voided, VoidedPart, VoidedSums};
