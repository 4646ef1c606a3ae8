//! Refusals as they cross to the web views: a code that the page has words for, and a detail.

use serde::Serialize;
use specta::Type;

/// A refusal the page puts into words. `detail` is what those leave open: a product, a barcode, a sum, a time. Often nothing.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CommandError {
    pub code: ErrorCode,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    CartEmpty,
    /// Fewer pieces left than asked for; `detail` names the product.
    OutOfStock,
    NoSuchProduct,
    NoSuchBarcode,
    NoSuchOrder,
    /// This product needs a price.
    PriceMissing,
    PriceOutOfRange,
    QuantityOutOfRange,
    /// So much was taken off that nothing is left to pay.
    NothingToPay,
    /// A price is lowered, never raised.
    AboveListPrice,
    /// A manager has approved the price for fewer pieces.
    ApprovedForFewer,
    /// The sale is more than WeChat takes in one order.
    TotalOutOfRange,
    /// The old attempt of this sale is not being closed yet, or the sale is settled.
    NotNow,
    /// Already paid: nothing to cancel.
    AlreadyPaid,
    /// No money was taken by this order, or a person has to decide first: nothing to give back.
    RefundNotPaid,
    /// The payment that made the sale is not confirmed by WeChat yet.
    RefundNotConfirmed,
    /// Paid in another currency.
    RefundOtherCurrency,
    /// The payment is more than a year old.
    RefundTooLate,
    /// An order has at most 50 refunds.
    RefundTooManyParts,
    /// WeChat has not said yet whether it takes an earlier refund of the order.
    RefundUnderWay,
    /// All of it was given back.
    RefundNothingLeft,
    /// No money, or no pieces.
    RefundOfNothing,
    /// More than is left; `detail` is what is left, in yuan.
    RefundMoreThanLeft,
    /// The sale has no such line, or it was named twice.
    RefundNoSuchLine,
    /// More pieces than are left of a line; `detail` is how many are left.
    RefundMorePieces,
    /// These goods can't be put back on the shelf.
    RefundGoodsNotSold,
    /// A reason has 1 to 80 bytes.
    RefundReasonWrong,
    /// The configuration names no client certificate, and WeChat takes no refund without.
    RefundNoCertificate,
    /// The refund's state does not allow it any more.
    RefundNotNow,
    /// The folder for copies is not there.
    BackupNoFolder,
    /// A copy could not be written.
    BackupNotWritten,
    /// One copy at a time.
    BackupUnderWay,
    NoSuchBackup,
    /// A copy is damaged or can't be read; nothing was put in the ledger's place.
    BackupUnsound,
    /// The copy is another till's, and nobody has said that it is to take the ledger's place all the same.
    BackupAnothers,
    /// The copy is another merchant's, or a simulator's: this till could not go on with it.
    BackupOtherAccount,
    /// A later Z was issued than the last one that was given.
    ZIssued,
    /// The last Z that was given is far beyond all that is known.
    ZTooFar,
    /// What is on the disk is not sound any more.
    LedgerDamaged,
    /// The ledger can't be looked at.
    CheckImpossible,
    /// The disk did not take it: nothing was done.
    NotSaved,
    /// The configuration has to be put right first.
    NotReady,
    DayWrong,
    /// A file is no bill of ours, or not of a day that is over.
    BillWrong,
    /// The difference from the bill is not there any more.
    NoSuchDifference,
    /// A note has 1 to 500 characters.
    NoteWrong,
    /// This till has no Z under this number.
    NoSuchZ,
    /// The folder of choice for reports is not there.
    ExportNoFolder,
    /// A file could not be written; nothing of it is there.
    ExportNotWritten,
    /// This machine has no font with Chinese characters.
    NoChineseFont,
    /// The configuration names no receipt printer.
    NoPrinter,
    /// No drawer hangs on a printer that the configuration names.
    NoDrawer,
    /// There is no bill yet to agree with.
    NoBill,
    /// Differences without a note can't be signed off; `detail` says how many.
    DifferencesOpen,
    /// There are users and none of them has signed in.
    Locked,
    NoSuchUser,
    /// A name has 1 to 20 characters.
    NameWrong,
    /// Somebody on duty has this name.
    NameTaken,
    /// A PIN has 4 to 8 digits.
    PinFormat,
    /// Not that person's PIN.
    PinWrong,
    /// Too many wrong PINs; `detail` is the time from which one may be tried again.
    PinShut,
    /// A manager has to approve it: call again with their PIN.
    NeedsManager,
    /// There are no users yet: call again once it was confirmed.
    NeedsConfirmation,
    /// Without this one there would be no manager left.
    LastManager,
    RulesOutOfRange,
    /// A shop with users takes money in a shift, and none is open.
    NoShift,
    ShiftOpen,
    /// An amount of cash that makes no sense here.
    AmountOutOfRange,
    /// Less was handed over than is due.
    TooLittle,
    ReasonMissing,
    /// A reason or a note has at most 60 characters.
    WordsTooLong,
    Internal,
}
