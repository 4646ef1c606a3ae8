//! What crosses to the web views: wire types only, filled from `till-app`'s answers and never read back as truth.
//!
//! Money of one sale is whole fen in a `u32`; sums of a day are whole fen in decimal text, because they can outgrow it.
//! Times are RFC 3339 in UTC; the page shows them in the shop's zone.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

mod bills;
mod cart;
mod cash;
mod cash_refund;
mod error;
mod keeping;
mod notify;
mod refund;
mod report;
mod staff;

pub use bills::*;
pub use cart::*;
pub use cash::*;
pub use cash_refund::*;
pub use error::*;
pub use keeping::*;
pub use notify::*;
pub use refund::*;
pub use report::*;
pub use staff::*;

/// Everything the till window draws. Pushed whole on each change; a lower `version` than the last one drawn is dropped.
#[derive(Debug, Clone, Serialize, Type, Event)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub version: u32,
    pub shop_name: String,
    pub till_id: String,
    pub locale: Locale,
    /// The till's own time, which never goes back: what is counted down is counted from here. `None` without a till.
    pub now: Option<String>,
    /// IANA name of the shop's zone, for showing times.
    pub time_zone: String,
    /// The simulator is in use: striped band on every screen.
    pub training: bool,
    /// Set when the till can't sell yet: the settings open with this sentence.
    pub problem: Option<Problem>,
    pub lamps: Lamps,
    pub cart: CartView,
    /// How many carts are on hold.
    pub held: Vec<HeldCart>,
    /// The payment in the pay view; `None` shows the sell view.
    pub front: Option<PaymentView>,
    /// What a person must decide, then what is not settled, both oldest first; then what was settled in the background and not
    /// looked at, newest first. `front` is among them while it waits.
    pub waiting: Vec<PaymentBrief>,
    /// So many more there are than `waiting` has room for.
    pub unlisted: u32,
    /// Refunds that WeChat is still asked about, or that a person has to see to; those first.
    pub refunds: Vec<RefundBrief>,
    /// Goes up when products or stock changed: ask for the tiles again.
    pub catalogue_version: u32,
    /// Goes up when something about WeChat's bills changed: ask for the agreement again.
    pub bills_version: u32,
    pub staff: StaffView,
    pub house: HouseView,
    /// The configuration names a receipt printer.
    pub has_printer: bool,
    /// A drawer hangs on it.
    pub has_drawer: bool,
    pub shift: Option<ShiftBrief>,
    /// The cash view is open.
    pub cash: Option<CashDueView>,
    /// A sale was just paid in cash: its change is on show until the next customer.
    pub cash_paid: Option<CashPaidView>,
    /// The drawer was to open for cash, and did not.
    pub drawer_shut: Option<DrawerShutView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub enum Locale {
    #[serde(rename = "zh-CN")]
    ZhCn,
    #[serde(rename = "en")]
    En,
}

/// Why the till can't sell, put into words by the page.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub code: ProblemCode,
    /// Which key of the configuration, or which file.
    pub subject: String,
    /// What is wrong with it, as the reader said it.
    pub detail: String,
    /// A line that would be right.
    pub example: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    ConfigMissing,
    ConfigWrong,
    DatabaseDamaged,
    DatabaseNewer,
    DatabaseUnusable,
    /// The ledger was kept with a simulator, and now WeChat is asked.
    LedgerPractised,
    /// The ledger holds real payments, and now a simulator is asked.
    LedgerReal,
    /// The ledger is another merchant's.
    LedgerOtherMerchant,
    /// Another till works on the data folder.
    FolderInUse,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Lamps {
    pub wechat: WechatLamp,
    pub notify: NotifyView,
    /// The machine's clock stands more than two minutes behind the till's, or did when the till was opened.
    pub clock_wrong: bool,
    /// The last save failed (disk full, disk broken): no new sale until it works again.
    pub disk_trouble: bool,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "lamp", rename_all = "snake_case")]
pub enum WechatLamp {
    /// Nothing was asked yet.
    Idle,
    Good {
        /// Time of the last good answer.
        at: String,
        /// How long it took.
        millis: u32,
    },
    /// Three questions in a row stayed without a usable answer.
    Unstable { since: String },
}

/// Where a payment stands, as the cashier is told it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PayState {
    /// The order is saved and on its way to WeChat.
    Placing,
    /// WeChat's answer to placing did not come or could not be trusted; asking again.
    PlacingUnknown,
    AwaitingScan,
    /// The customer is entering a password.
    UserPaying,
    /// No longer wanted, not yet closed at WeChat: may still be paid.
    Closing {
        why: CloseReason,
    },
    Paid,
    Closed {
        why: CloseReason,
    },
    /// WeChat refused to place it: nothing can be paid.
    Refused {
        code: String,
    },
    /// Money that is no sale's, as a person decided: it goes back by a refund.
    GivenBack {
        why: ReviewReason,
    },
    /// A person decides.
    Review {
        why: ReviewReason,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Deadline,
    Cancelled,
    /// Another attempt for the same sale was paid, or it was paid in cash.
    PaidOtherwise,
    /// Cash changed what is due.
    RestChanged,
    /// WeChat says this order number is in use by other terms.
    NumberTaken,
    /// WeChat refused it after an answer had been lost.
    PlacingFailed,
    /// WeChat said it was closed before we asked.
    ClosedAtWechat,
    /// After a state that this program does not know.
    StateUnknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// WeChat holds another amount or currency than we asked for.
    AmountDiffers,
    PaidAfterCancel,
    PaidAfterDeadline,
    PaidAfterClosed,
    /// The same sale was already paid by another order, or in cash.
    PaidTwice,
    /// Paid although cash had changed what was due.
    RestChanged,
    /// Paid, and a refund was asked for outside this till.
    RefundedElsewhere,
    /// WeChat answered with a state this till does not know.
    StateUnknown,
    /// A notify said that it is paid, WeChat's own answers deny it.
    NotConfirmed,
}

/// A QR code as a drawing: dark modules as one SVG path in module units, quiet zone not included.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct QrView {
    /// Modules a side, without the quiet zone.
    pub modules: u32,
    pub path: String,
}

/// One payment whole, for the pay view, the paid view and the order page.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PaymentView {
    pub out_trade_no: String,
    pub total_fen: u32,
    #[serde(flatten)]
    pub state: PayState,
    /// Only while it may be shown to a customer.
    pub qr: Option<QrView>,
    pub placed_at: String,
    pub deadline: String,
    /// The last question that got a trustworthy answer.
    pub last_check: Option<LastCheck>,
    /// Questions in a row without a usable answer; from 3 on the connection counts as unstable.
    pub doubts: u32,
    /// A request is under way right now.
    pub asking: bool,
    /// Money of it given back, or on its way, oldest first.
    pub refunds: Vec<RefundView>,
    /// Together, those that came to nothing left out.
    pub refunded_fen: u32,
    /// Late or double: a person took it over as a sale.
    pub adopted: Option<ReviewReason>,
    pub paid: Option<PaidView>,
    /// Money may have been taken: yes, no, or not known yet.
    pub money: Money,
    pub lines: Vec<CartLine>,
    pub evidence: Vec<EvidenceView>,
    /// A new QR code for the same sale may be asked for.
    pub can_pay_again: bool,
    /// What the customer owes in all: this order and the cash.
    pub sale_total_fen: u32,
    /// Taken in cash for the same sale.
    pub cash_fen: u32,
    /// Of that, what no sale was made of: to be paid beside, or to be given back.
    pub cash_in_hand_fen: u32,
    /// The cash that the sale was made of beside this order, which has paid the rest.
    pub cash_part: Option<CashPartView>,
    pub can_take_cash: bool,
    pub can_give_cash_back: bool,
    pub can_cancel: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Money {
    Taken,
    NotTaken,
    Unknown,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LastCheck {
    pub at: String,
    /// WeChat's own word: NOTPAY, USERPAYING, SUCCESS, CLOSED ….
    pub trade_state: String,
    /// How many questions of this payment were answered.
    pub count: u32,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PaidView {
    pub transaction_id: String,
    /// WeChat's own time of payment.
    pub time_end: String,
    pub cash_fen: u32,
    pub coupon_fen: u32,
    /// Which evidence came first.
    pub found_by: FoundBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    Query,
    Notify,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PaymentBrief {
    pub out_trade_no: String,
    pub total_fen: u32,
    #[serde(flatten)]
    pub state: PayState,
    pub placed_at: String,
    pub deadline: String,
    pub doubts: u32,
    /// When money was taken, WeChat's own time of payment.
    pub paid_at: Option<String>,
    /// Name of the first line and how many pieces, to tell orders apart.
    pub first: String,
    pub pieces: u32,
    /// Cash of the same sale that no sale was made of.
    pub cash_in_hand_fen: u32,
}

/// One thing sent or received about an order, or a run of the same answers.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    pub first_at: String,
    pub last_at: String,
    pub count: u32,
    pub kind: EvidenceKind,
    /// In WeChat's words: NOTPAY, SUCCESS, ORDERPAID, or a short code of what went wrong (timeout, sign_wrong …).
    pub outcome: String,
    pub sign: SignVerdict,
    /// The request as sent, openid masked.
    pub request: Option<String>,
    /// The answer as received, openid masked.
    pub answer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    Unifiedorder,
    Orderquery,
    Closeorder,
    Notify,
    Refund,
    Refundquery,
    RefundNotify,
    /// A cashier's act: cancel, put to background, new QR.
    Cashier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SignVerdict {
    Right,
    Wrong,
    Missing,
    /// Nothing came that could carry a signature.
    None,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ProductView {
    pub id: u32,
    pub name: String,
    pub barcode: Option<String>,
    pub category: String,
    /// `None`: the cashier enters the price.
    pub price_fen: Option<u32>,
    /// Pieces that can be sold now; `None`: stock is not counted.
    pub available: Option<i32>,
}

/// What to look for among the orders; all `None` gives today's.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OrderQuery {
    /// Business day, `YYYY-MM-DD`, in the shop's zone.
    pub day: Option<String>,
    /// Part of the order number or of WeChat's number, or an amount in yuan as typed.
    pub text: Option<String>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DayView {
    pub day: String,
    /// A shift of it goes on and is counted blind: all of this is of WeChat alone.
    pub blind: bool,
    /// Sales, whichever way they were paid.
    pub paid: CountAndSum,
    /// Of that, by WeChat, in orders.
    pub wechat: CountAndSum,
    /// Of that, in cash; a split sale counts here and there.
    pub cash: CountAndSum,
    pub cash_refunded: CountAndSum,
    pub closed_by_deadline: CountAndSum,
    pub closed_by_cancel: CountAndSum,
    pub closed_otherwise: CountAndSum,
    pub refused: CountAndSum,
    pub waiting: CountAndSum,
    /// Of the paid ones, late or double payments that a person took over as sales.
    pub adopted: CountAndSum,
    /// Taken besides, and no sale's: goes back by a refund.
    pub given_back: CountAndSum,
    /// Refunds that WeChat took on this day.
    pub refunded: CountAndSum,
    /// Of these, money that a person has to hand over, or has handed over.
    pub refunds_by_hand: CountAndSum,
    /// Refunds that WeChat took and gave up: the money stayed.
    pub refunds_closed: CountAndSum,
    /// Refunds wished on this day that WeChat has not taken yet.
    pub refunds_waiting: CountAndSum,
    /// Taken less given back, whole fen in decimal text; below zero on a day of refunds.
    pub net_fen: String,
    pub review: CountAndSum,
    /// 24 rows on most days, 23 or 25 when the clocks change; paid only.
    pub hours: Vec<HourView>,
    /// The same figures as plain text in the till's language, ready to print.
    pub text: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HourView {
    /// Hour as the wall clock shows it.
    pub hour: u8,
    pub count: u32,
    /// Whole fen in decimal text.
    pub sum_fen: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CountAndSum {
    pub count: u32,
    /// Whole fen in decimal text.
    pub sum_fen: String,
}

/// Everything the customer display draws; same rules as [`Snapshot`].
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    pub version: u32,
    pub shop_name: String,
    pub locale: Locale,
    /// The till's own time, as in [`Snapshot`].
    pub now: Option<String>,
    pub time_zone: String,
    pub training: bool,
    #[serde(flatten)]
    pub stage: CustomerStage,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "stage", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum CustomerStage {
    Idle,
    Cart {
        lines: Vec<CartLine>,
        total_fen: u32,
    },
    /// "Please wait": nothing may be scanned now.
    Wait {
        total_fen: u32,
    },
    Scan {
        qr: QrView,
        total_fen: u32,
        out_trade_no: String,
        deadline: String,
    },
    Paid {
        total_fen: u32,
        transaction_id: String,
    },
    /// Cash is being counted: nothing may be scanned now.
    Cash {
        total_fen: u32,
        due_fen: u32,
    },
    PaidCash {
        total_fen: u32,
        tendered_fen: u32,
        change_fen: u32,
    },
}

/// A CSV import: how many rows went in, or every row that is wrong; never some of each.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ImportResult {
    Imported { products: u32 },
    Wrong { rows: Vec<WrongRow> },
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct WrongRow {
    /// Line of the file, the header is line 1.
    pub line: u32,
    pub column: String,
    pub code: WrongRowCode,
    /// The text as found.
    pub found: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum WrongRowCode {
    HeaderMissing,
    Unreadable,
    NameEmpty,
    PriceNotMoney,
    PriceOutOfRange,
    StockNotWhole,
    BarcodeTwice,
    BarcodeWrong,
}

/// What the settings page shows. No key is ever in it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    pub config_path: String,
    pub data_dir: String,
    /// Where reports are written as files.
    pub reports_dir: String,
    pub version: String,
    pub appid: String,
    pub mch_id: String,
    pub sign_type: String,
    pub base_url: String,
    pub notify_url: String,
    /// Host, port and virtual host of the broker; no user, no password. `None`: polling only.
    pub broker: Option<String>,
    /// Where the API key is kept.
    pub key_kept_in: KeyPlace,
    pub poll_seconds: u32,
    pub timeout_minutes: u32,
    /// Training: where the customer's phone page is.
    pub phone_url: Option<String>,
}

/// Where the API key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// Nowhere yet, or in training.
    Nowhere,
    /// The operating system's keyring.
    Keyring,
    /// A file that only the user can read.
    KeyFile,
    /// The configuration, that only the user can read.
    Config,
    /// The configuration, and others on this machine can read it.
    OpenConfig,
}
