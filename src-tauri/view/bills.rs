//! What crosses to the web views about the agreement with WeChat's bill. Sums are whole fen in decimal text; days are
//! `YYYY-MM-DD` in Beijing, as on the bill.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{CloseReason, CountAndSum, ReviewReason};

/// One day and its bill.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AgreementView {
    pub day: String,
    pub bill: BillView,
    /// How the two agree; `None` until the bill is here.
    pub sides: Option<BillSidesView>,
    pub differences: Vec<BillDifferenceView>,
    /// How many differences are not settled: with any, the day can't be signed off.
    pub open: u32,
    pub signed: Option<BillSignedView>,
}

/// How far the till is with the bill.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "bill", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum BillView {
    /// The day is not over, or its bill not ready yet.
    TooEarly { ready_at: String },
    /// It is being asked for.
    Waiting {
        tries: u32,
        next_at: String,
        trouble: Option<BillTroubleView>,
    },
    /// It is here.
    Here {
        received_at: String,
        source: BillSource,
        /// WeChat said that nothing happened on that day.
        nothing: bool,
    },
    /// WeChat does not have it any more, or the till did not exist yet; a file can be brought by hand.
    OutOfReach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum BillSource {
    Fetched,
    Imported,
}

/// What came of asking for the bill the last time.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillTroubleView {
    pub code: BillTroubleCode,
    /// WeChat's words where it refused.
    pub said: String,
    /// What is wrong with what came, where something came.
    pub fault: Option<BillFaultView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum BillTroubleCode {
    /// WeChat is still making it.
    Creating,
    /// WeChat can't be reached, or gave no usable answer.
    NoAnswer,
    Refused,
    /// What came is no bill of ours.
    Unusable,
    /// WeChat says that nothing happened, on a day on which this till was paid.
    SaysNothing,
    NotSaved,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillFaultView {
    pub code: BillFaultCode,
    /// A column, a merchant or a day, where the code is about one.
    pub subject: String,
    /// The line of the file, where the code is about one.
    pub line: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum BillFaultCode {
    TooLarge,
    Gzip,
    NotText,
    /// `subject` is missing.
    Column,
    /// `subject` in `line` can't be read.
    Row,
    CutOff,
    NotABill,
    NotAll,
    /// The bill is of merchant `subject`.
    OtherMerchant,
    Empty,
    /// The bill is of the days `subject`.
    OtherDays,
    /// The day `subject` is not over.
    DayNotOver,
}

/// Both sides of an agreement.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillSidesView {
    pub paid_here: CountAndSum,
    pub paid_there: CountAndSum,
    pub refunded_here: CountAndSum,
    pub refunded_there: CountAndSum,
    /// What WeChat keeps, in yuan with five decimals.
    pub fee: String,
    /// By which rates, such as `0.60%`.
    pub rates: Vec<String>,
    /// What the bill has for the merchant's other tills.
    pub other_tills: Vec<OtherTillView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OtherTillView {
    /// Empty for systems without tills.
    pub till_id: String,
    pub paid: CountAndSum,
    pub refunded: CountAndSum,
}

/// One difference.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillDifferenceView {
    pub subject: BillSubject,
    /// Tells it from others about the same subject, and from what it was before.
    pub as_of: String,
    pub at: String,
    /// What this till counts for it on this day.
    pub here_fen: String,
    /// What the bill counts for it.
    pub there_fen: String,
    pub cause: BillCauseView,
    /// The best first.
    pub ways_out: Vec<WayOut>,
    /// Explains itself, or somebody has written what it is about.
    pub settled: bool,
    /// Those on earlier figures first, each oldest first.
    pub notes: Vec<BillNoteView>,
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "about", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum BillSubject {
    Order {
        out_trade_no: String,
    },
    Refund {
        out_refund_no: String,
        out_trade_no: String,
    },
    /// The bill itself.
    Bill,
}

/// Why two sides differ.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "cause", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum BillCauseView {
    OnlyHere,
    OnlyThere,
    /// On the bill as paid, still asked after here.
    WaitingHere,
    /// On the bill as paid, closed here.
    ClosedHere {
        why: CloseReason,
    },
    /// On the bill as paid; WeChat had refused to place it.
    RefusedHere,
    /// The money is known here and waits for a person.
    Review {
        why: ReviewReason,
        amount_fen: String,
        on_bill: bool,
    },
    AmountDiffers,
    PaymentDiffers {
        here: String,
        there: String,
    },
    CurrencyDiffers {
        there: String,
    },
    StateDiffers {
        there: String,
    },
    /// `there`: the day whose bill has it; `None`: that bill is not there yet.
    DayBoundary {
        here: String,
        there: Option<String>,
    },
    /// In yuan with five decimals.
    FeeDiffers {
        rate: String,
        expected: String,
        charged: String,
    },
    FeeMissing,
    /// `said`: what stands in the place of the rate; the fee in yuan with five decimals.
    RateUnreadable {
        said: String,
        charged: String,
    },
    TwiceThere,
    RefundDiffers {
        here: BillRefundStanding,
        there: BillRefundStanding,
    },
    TotalsDiffer {
        rows_fen: String,
        said_fen: String,
    },
    CountDiffers {
        rows: u32,
        said: u32,
    },
    /// In yuan with five decimals.
    FeeTotalDiffers {
        rows: String,
        said: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum BillRefundStanding {
    Asked,
    Processing,
    Done,
    Failed,
}

/// What a person can do about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    Ask,
    Adopt,
    Refund,
    Note,
    Wait,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillNoteView {
    pub at: String,
    /// `None`: nobody had signed in.
    pub by: Option<String>,
    pub text: String,
    /// Written when the figures were others: it settles nothing of what stands now.
    pub earlier: bool,
}

/// The last sign-off of a day.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BillSignedView {
    pub at: String,
    /// `None`: nobody had signed in.
    pub by: Option<String>,
    /// Something has changed since it was signed.
    pub changed: bool,
}

/// A bill's file brought by hand: taken, or what is wrong with it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "result", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum BillImportResult {
    Imported { day: String },
    Wrong { fault: BillFaultView },
}
