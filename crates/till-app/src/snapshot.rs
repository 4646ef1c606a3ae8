//! What the screens are told: pictures of the till at one moment, numbered, made here and drawn elsewhere.

use jiff::Timestamp;
use till_core::{Attempt, Cart, Evidence, Fen, Line, Shift, User};
pub use till_store::HeldCart;

use crate::refunds::{RefundBrief, RefundPicture};

use crate::cash::{CashDue, CashReceipt};
use crate::cash_refund::CashPart;
use crate::config::{Locale, Shop};
use crate::house::HouseRules;
use crate::notify::NotifyPicture;
use crate::open_drawer::DrawerShut;
use crate::qr::Qr;

/// Everything the till window shows.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Goes up with each change.
    pub version: u32,
    /// The till's time, which never goes back.
    pub now: Timestamp,
    /// The shop and this till.
    pub shop: Shop,
    /// The language in use.
    pub locale: Locale,
    /// How WeChat answers.
    pub wechat: WechatLamp,
    /// How notifies come.
    pub notify: NotifyPicture,
    /// The machine's clock is behind the till's by more than two minutes, or was when the program started.
    pub clock_wrong: bool,
    /// The last save failed.
    pub disk_trouble: bool,
    /// The cart in hand.
    pub cart: Cart,
    /// Carts on hold, oldest first.
    pub held: Vec<HeldCart>,
    /// The payment in the pay view.
    pub front: Option<PaymentPicture>,
    /// Refunds that WeChat is still asked about, or that a person has to see to; those first.
    pub refunds: Vec<RefundBrief>,
    /// Reviews, then payments not settled, both oldest first; then payments settled in the background that nobody has looked
    /// at, newest first.
    pub waiting: Vec<PaymentBrief>,
    /// So many more there are than the list has room for.
    pub unlisted: u32,
    /// Goes up when products or stock changed.
    pub catalogue_version: u32,
    /// Goes up when something about WeChat's bills changed.
    pub bills_version: u32,
    /// Who works here and who is at the till.
    pub staff: StaffPicture,
    /// The rules in force.
    pub house: HouseRules,
    /// There is a receipt printer.
    pub has_printer: bool,
    /// A drawer hangs on it.
    pub has_drawer: bool,
    /// The shift that goes on.
    pub shift: Option<Shift>,
    /// The cash view, where it is open.
    pub cash_due: Option<CashDue>,
    /// The sale that was just paid in cash.
    pub cash_paid: Option<CashReceipt>,
    /// The drawer was to open for cash, and did not.
    pub drawer_shut: Option<DrawerShut>,
}

/// Who works here and who is at the till.
#[derive(Debug, Clone)]
pub struct StaffPicture {
    /// Everybody on duty; nobody: the till works without signing in.
    pub users: Vec<User>,
    /// The one who has signed in.
    pub at_till: Option<User>,
    /// There are users and none of them is here.
    pub locked: bool,
}

/// How WeChat answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WechatLamp {
    /// Nothing was asked yet.
    Idle,
    /// The last question got a good answer.
    Good {
        /// When; up to a second old while answers keep coming.
        at: Timestamp,
        /// How long it took.
        millis: u32,
    },
    /// Three questions in a row got none.
    Unstable {
        /// Since when.
        since: Timestamp,
    },
}

/// One payment whole.
#[derive(Debug, Clone)]
pub struct PaymentPicture {
    /// The order.
    pub attempt: Attempt,
    /// What was sold.
    pub lines: Vec<Line>,
    /// Everything sent and received, oldest first.
    pub evidence: Vec<Evidence>,
    /// The last trustworthy answer.
    pub last_check: Option<LastCheck>,
    /// Money of it given back, or on its way, oldest first.
    pub refunds: Vec<RefundPicture>,
    /// A request is under way.
    pub asking: bool,
    /// The QR code, only while it may be shown.
    pub qr: Option<Qr>,
    /// A new QR code for the same sale may be asked for.
    pub can_pay_again: bool,
    /// What the customer owes in all: the order's amount and the cash.
    pub sale_total: Fen,
    /// Taken in cash for the same sale.
    pub cash: Fen,
    /// Of that, what no sale was made of.
    pub cash_in_hand: Fen,
    /// The cash that the sale was made of beside this order, if it has paid the rest.
    pub cash_part: Option<CashPart>,
    /// What is due may be paid in cash.
    pub can_take_cash: bool,
    /// The cash in hand may be given back.
    pub can_give_cash_back: bool,
}

impl PaymentPicture {
    /// What of it was given back or may yet be.
    #[must_use]
    pub fn refunded(&self) -> Fen {
        let counted = self.refunds.iter().filter(|it| it.stored.refund.counts());
        // Never more than was paid.
        Fen::sum(counted.map(|it| it.stored.refund.refund_fee)).unwrap_or_default()
    }
}

/// The last trustworthy answer about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheck {
    /// When.
    pub at: Timestamp,
    /// WeChat's word.
    pub trade_state: String,
    /// How many such answers there were.
    pub count: u32,
}

/// The list of payments that somebody has to know of.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) listed: Vec<PaymentBrief>,
    pub(crate) unlisted: u32,
}

/// One payment in a list.
#[derive(Debug, Clone)]
pub struct PaymentBrief {
    /// The order.
    pub attempt: Attempt,
    /// Name of the first line.
    pub first: String,
    /// Pieces of all lines.
    pub pieces: u32,
    /// Cash in the drawer for the same sale that no sale was made of.
    pub cash_in_hand: Fen,
}

/// Everything the customer display shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerPicture {
    /// Goes up with each change.
    pub version: u32,
    /// The till's time, which never goes back.
    pub now: Timestamp,
    /// The shop and this till.
    pub shop: Shop,
    /// The language in use.
    pub locale: Locale,
    /// What is on show.
    pub stage: CustomerStage,
}

impl CustomerPicture {
    /// Whether a customer could tell this one from an earlier one.
    #[must_use]
    pub fn differs_from(&self, earlier: &Self) -> bool {
        let Self {
            version: _,
            now: _,
            shop,
            locale,
            stage,
        } = self;
        (shop, locale, stage) != (&earlier.shop, &earlier.locale, &earlier.stage)
    }
}

/// What the customer display is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerStage {
    /// Nothing is going on.
    Idle,
    /// Goods are being rung up.
    Cart {
        /// So far.
        lines: Vec<Line>,
        /// So much.
        total: Fen,
    },
    /// Nothing may be scanned now.
    Wait {
        /// So much.
        total: Fen,
    },
    /// The QR code.
    Scan {
        /// The drawing.
        qr: Qr,
        /// So much.
        total: Fen,
        /// Under this number.
        out_trade_no: String,
        /// Until then.
        deadline: Timestamp,
    },
    /// Cash is being counted: nothing may be scanned now.
    Cash {
        /// What is owed in all.
        total: Fen,
        /// What is due in cash.
        due: Fen,
    },
    /// Paid in cash.
    PaidCash {
        /// What was owed in all.
        total: Fen,
        /// What was handed over.
        tendered: Fen,
        /// What goes back.
        change: Fen,
    },
    /// Paid.
    Paid {
        /// So much.
        total: Fen,
        /// WeChat's number.
        transaction_id: String,
    },
}
