//! What crosses to the web views about X and Z. Sums are whole fen in decimal text; days are `YYYY-MM-DD` in the shop's zone.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

use super::{BillCauseView, CashDirection, DifferenceView, HourView, PiecesView};

/// How many and how much; below zero where more was taken back than written down.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TallyView {
    pub count: i32,
    pub sum_fen: String,
}

/// An X or a Z, as the day page draws it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// `None`: an X.
    pub number: Option<u32>,
    pub shop: String,
    /// Empty where the configuration names nothing.
    pub legal_id: String,
    pub till: String,
    pub version: String,
    /// The business day in which it was made.
    pub day: String,
    pub from: String,
    pub to: String,
    /// Empty on a till without users.
    pub by: String,
    pub note: String,
    /// A shift of it goes on and is counted blind: all of this is of WeChat alone.
    pub blind: bool,
    /// What was sold, at list prices.
    pub gross_fen: String,
    /// Lines sold below their list price, and by how much.
    pub discounts: TallyView,
    /// Sales paid, each once.
    pub sold: TallyView,
    /// Given back either way.
    pub refunded: TallyView,
    pub net_fen: String,
    /// Of what was taken, money of a business day before: it was heard of late.
    pub of_earlier_days: TallyView,
    pub wechat: WechatLinesView,
    pub cash: CashLinesView,
    pub not_sold: NotSoldView,
    /// 24 rows.
    pub hours: Vec<HourView>,
    pub items: ItemLinesView,
    pub categories: ItemLinesView,
    pub returned: ItemLinesView,
    /// Refunds that WeChat gave up: the customer did not get the money.
    pub given_up: Vec<GivenUpView>,
    pub drawer: ReportDrawerView,
    /// What goes on after it.
    pub carried: Vec<CarriedView>,
    pub held_carts: u32,
    pub exceptions: Vec<ExceptionView>,
    pub totals: GrandTotalsView,
    /// This Z was printed, or written as a PDF: what is made of it from now on is a copy.
    pub printed: bool,
    /// An X has none.
    pub seal: Option<SealView>,
    pub previous: Option<PreviousView>,
    /// Number of the Z after it, if there is one; of an X, of the one that closing would make.
    pub next: Option<u32>,
    /// Zs between the one before and this that lie in a ledger set aside.
    pub aside: Vec<ZsAsideView>,
    /// The same day of the week before, if anything was sold then.
    pub week_before: Option<ComparedView>,
}

/// What came and went by WeChat.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct WechatLinesView {
    /// Orders paid for sales.
    pub paid: TallyView,
    /// Paid late or twice, and taken over as sales.
    pub late: TallyView,
    /// No sale's: goes back.
    pub surplus: TallyView,
    /// Given back by WeChat, what a person handed over included.
    pub refunded: TallyView,
    /// Of that, what a person has to hand over, or has.
    pub by_hand: TallyView,
    /// Refunds that WeChat gave up: the money stayed.
    pub refunds_closed: TallyView,
    /// Orders that may yet be paid.
    pub unsettled: TallyView,
    pub net_fen: String,
}

/// What came and went in cash.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashLinesView {
    /// Sales paid in cash alone.
    pub sales: TallyView,
    /// Cash parts of sales; their orders count them.
    pub parts: TallyView,
    pub refunded: TallyView,
    pub net_fen: String,
}

/// Orders that no sale came of.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NotSoldView {
    pub all: TallyView,
    pub at_deadline: TallyView,
    pub by_cancel: TallyView,
    pub otherwise: TallyView,
    pub refused: TallyView,
    /// Lines taken out of carts before they were paid, those of cleared carts included.
    pub voided_lines: TallyView,
    /// Quantities that were corrected downwards.
    pub voided_pieces: TallyView,
}

/// The best of what was sold, or came back.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ItemLinesView {
    /// How many different ones there are.
    pub kinds: u32,
    /// Of all of them.
    pub pieces: i32,
    /// At most 50, best first.
    pub best: Vec<ItemLineView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ItemLineView {
    /// Empty for things without a category.
    pub name: String,
    pub pieces: i32,
    pub sum_fen: String,
}

/// The drawer.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReportDrawerView {
    pub taken: TallyView,
    pub given_back: TallyView,
    pub paid_in: TallyView,
    pub paid_out: TallyView,
    /// By name, oldest first.
    pub moves: Vec<NamedMoveView>,
    pub shifts: Vec<ShiftLineView>,
    /// Over all shifts that were counted; `None`: none was.
    pub difference: Option<DifferenceView>,
    /// In the drawer for sales that are not paid in full.
    pub in_hand: TallyView,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NamedMoveView {
    pub at: String,
    pub direction: CashDirection,
    pub amount_fen: String,
    pub reason: String,
    pub by: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftLineView {
    pub number: u32,
    pub opened_at: String,
    /// `None`: it goes on.
    pub closed_at: Option<String>,
    pub by: String,
    pub float_fen: String,
    /// `None`: not to be known before the count.
    pub expected_fen: Option<String>,
    /// `None`: it goes on.
    pub counted_fen: Option<String>,
    pub left_fen: Option<String>,
    /// Taken away after the count.
    pub taken_fen: Option<String>,
    pub note: String,
    /// Empty on a till without users, and in Zs from before it was written down.
    pub opened_by: String,
    /// At the start, against what the shift before had left; `None`: it was the first.
    pub float_difference: Option<DifferenceView>,
    /// What was counted, large to small.
    pub count: Vec<PiecesView>,
    pub approved_by: Option<String>,
}

/// Something that is not settled.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CarriedView {
    /// The order's number, or the refund's.
    pub number: String,
    pub what: CarriedKind,
    pub amount_fen: String,
    pub since: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CarriedKind {
    /// An order that may yet be paid.
    Payment,
    /// Money that a person has to decide about.
    Review,
    /// A refund that WeChat has not taken, or has not finished.
    Refund,
    /// A refund that a person has to see to.
    RefundByHand,
}

/// A refund that WeChat gave up.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct GivenUpView {
    pub out_trade_no: String,
    pub out_refund_no: String,
    pub amount_fen: String,
    /// Pieces that are on the shelf again for it.
    pub pieces_back: u32,
}

/// Something out of the ordinary.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionView {
    /// As the journal has it.
    pub what: String,
    pub count: u32,
}

/// Sums over all Zs of this till.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct GrandTotalsView {
    pub sold: TallyView,
    pub refunded: TallyView,
    pub net_fen: String,
}

/// What a Z is sealed with.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SealView {
    /// SHA-256 in hex.
    pub digest: String,
    /// Rows of the journal, the first and the last.
    pub first_row: String,
    pub last_row: String,
    pub journal_digest: String,
}

/// The Z before.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PreviousView {
    pub number: u32,
    pub digest: String,
}

/// Zs that lie in a ledger set aside: their numbers are not given again.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ZsAsideView {
    pub first: u32,
    pub last: u32,
}

/// Another day to compare with.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ComparedView {
    pub day: String,
    pub sold: TallyView,
    pub net_fen: String,
}

/// A Z in the list.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ZBriefView {
    pub number: u32,
    pub day: String,
    pub closed_at: String,
    pub net_fen: String,
    pub sold: TallyView,
    /// How many things it carried over.
    pub unsettled: u32,
}

/// What WeChat's bills say to a Z.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    /// Days (in Beijing) of which there is no bill yet; what belongs to them is left out of the rest.
    pub waiting: Vec<String>,
    /// The Z's payments that the bills have, in WeChat's amounts.
    pub paid: TallyView,
    pub refunded: TallyView,
    /// In yuan with five decimals.
    pub fee: String,
    /// Rows whose fee is not what their rate makes, or can't be held against it.
    pub fees_in_doubt: Vec<FeeInDoubtView>,
    /// Refunds of the Z that WeChat did not carry out: the money is with the merchant.
    pub not_arrived: TallyView,
    /// What the Z takes back of an earlier one, by what it does to the difference.
    pub taken_back: TallyView,
    /// Payments and refunds of the Z that are on no bill, for no known reason.
    pub missing: u32,
    /// On the bills in the Z's time and on no books, by the bills' order.
    pub unbooked: Vec<UnbookedView>,
    /// What the bills come to, less what the Z says.
    pub difference_fen: String,
    /// What of it has no cause that is known.
    pub unexplained_fen: String,
    /// Every day of the Z was signed off, and stands as it was signed.
    pub signed: bool,
    /// Days whose bill a person has brought, while WeChat's own is not here.
    pub by_hand: Vec<String>,
}

/// The fee of a payment or refund of a Z, and what is the matter with it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FeeInDoubtView {
    /// The order's number; of a refund, its own.
    pub number: String,
    pub refund: bool,
    pub cause: BillCauseView,
}

/// Money at WeChat that no Z tells of.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UnbookedView {
    /// The order's number; of a refund, its own.
    pub number: String,
    pub refund: bool,
    pub amount_fen: String,
}

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    Xlsx,
    Csv,
    PdfA4,
    #[serde(rename = "pdf_80")]
    Pdf80,
}

/// How far the file is that is being written; a small one is there before anything is said.
#[derive(Debug, Clone, Serialize, Type, Event)]
#[serde(rename_all = "camelCase")]
pub struct ExportProgress {
    /// Rows written.
    pub done: u32,
    /// Rows there are.
    pub of: u32,
}

/// A file was written, whole.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ExportedView {
    pub path: String,
}

/// What came of printing.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PrintedView {
    pub outcome: PrintOutcome,
    /// In the printer's words, for the curious; empty where there is nothing to say.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PrintOutcome {
    Printed,
    /// Nothing left the till.
    NotSent,
    /// The connection broke on the way: there may be paper.
    Unknown,
}
