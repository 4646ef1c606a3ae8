//! Refusals of the till as they cross to the pages.

use till_app::Refusal;
use till_core::{CartError, RefundRefusal};

use super::{refund, time};
use crate::view::{CommandError, ErrorCode};

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Cart(CartError::Empty) => ErrorCode::CartEmpty,
            Refusal::Cart(CartError::PriceMissing) => ErrorCode::PriceMissing,
            Refusal::Cart(CartError::PriceOutOfRange) => ErrorCode::PriceOutOfRange,
            Refusal::Cart(CartError::QuantityOutOfRange) => ErrorCode::QuantityOutOfRange,
            Refusal::Cart(CartError::TotalOutOfRange) => ErrorCode::TotalOutOfRange,
            Refusal::Cart(CartError::NothingToPay) => ErrorCode::NothingToPay,
            Refusal::Cart(CartError::AboveListPrice) => ErrorCode::AboveListPrice,
            Refusal::Cart(CartError::ApprovedForFewer) => ErrorCode::ApprovedForFewer,
            Refusal::Cart(CartError::OverLimit) => ErrorCode::NeedsManager,
            Refusal::Cart(CartError::NoSuchLine) | Refusal::NoSuchProduct => ErrorCode::NoSuchProduct,
            Refusal::NotNow(_) => ErrorCode::NotNow,
            Refusal::OutOfStock { .. } => ErrorCode::OutOfStock,
            Refusal::NoSuchBarcode(_) => ErrorCode::NoSuchBarcode,
            Refusal::NoSuchOrder => ErrorCode::NoSuchOrder,
            Refusal::AlreadyPaid => ErrorCode::AlreadyPaid,
            Refusal::Refund(why) => refund::code(*why),
            Refusal::NoClientCertificate => ErrorCode::RefundNoCertificate,
            Refusal::NotThisRefund => ErrorCode::RefundNotNow,
            Refusal::NotSaved(_) => ErrorCode::NotSaved,
            Refusal::DayWrong => ErrorCode::DayWrong,
            Refusal::Bill(_) => ErrorCode::BillWrong,
            Refusal::NoSuchDifference => ErrorCode::NoSuchDifference,
            Refusal::NoteWrong => ErrorCode::NoteWrong,
            Refusal::NoBill => ErrorCode::NoBill,
            Refusal::DifferencesOpen(_) => ErrorCode::DifferencesOpen,
            Refusal::Locked => ErrorCode::Locked,
            Refusal::NoSuchUser => ErrorCode::NoSuchUser,
            Refusal::PinWrong => ErrorCode::PinWrong,
            Refusal::PinShut { .. } => ErrorCode::PinShut,
            Refusal::NeedsManager => ErrorCode::NeedsManager,
            Refusal::NeedsConfirmation => ErrorCode::NeedsConfirmation,
            Refusal::NameTaken => ErrorCode::NameTaken,
            Refusal::LastManager => ErrorCode::LastManager,
            Refusal::RulesOutOfRange => ErrorCode::RulesOutOfRange,
            Refusal::NoShift => ErrorCode::NoShift,
            Refusal::NoSuchZ => ErrorCode::NoSuchZ,
            Refusal::NoPrinter => ErrorCode::NoPrinter,
            Refusal::NoDrawer => ErrorCode::NoDrawer,
            Refusal::ShiftOpen => ErrorCode::ShiftOpen,
            Refusal::AmountOutOfRange => ErrorCode::AmountOutOfRange,
            Refusal::TooLittle => ErrorCode::TooLittle,
            Refusal::ReasonMissing => ErrorCode::ReasonMissing,
            Refusal::WordsTooLong => ErrorCode::WordsTooLong,
        };
        let detail = match refusal {
            Refusal::OutOfStock { name } => name,
            Refusal::NoSuchBarcode(barcode) => barcode,
            Refusal::PinShut { until } => time(until),
            Refusal::Refund(RefundRefusal::MoreThanLeft { left }) => left.to_string(),
            Refusal::Refund(RefundRefusal::MorePiecesThanLeft { left }) => left.to_string(),
            Refusal::DifferencesOpen(count) => count.to_string(),
            // The page's words say all there is; the log has what the disk or the bill's file said.
            Refusal::Cart(_)
            | Refusal::NotNow(_)
            | Refusal::Refund(_)
            | Refusal::Bill(_)
            | Refusal::NotSaved(_)
            | Refusal::NoSuchProduct
            | Refusal::NoSuchOrder
            | Refusal::AlreadyPaid
            | Refusal::NoClientCertificate
            | Refusal::NotThisRefund
            | Refusal::DayWrong
            | Refusal::NoSuchDifference
            | Refusal::NoteWrong
            | Refusal::NoBill
            | Refusal::Locked
            | Refusal::NoSuchUser
            | Refusal::PinWrong
            | Refusal::NeedsManager
            | Refusal::NeedsConfirmation
            | Refusal::NameTaken
            | Refusal::LastManager
            | Refusal::RulesOutOfRange
            | Refusal::NoShift
            | Refusal::NoSuchZ
            | Refusal::NoPrinter
            | Refusal::NoDrawer
            | Refusal::ShiftOpen
            | Refusal::AmountOutOfRange
            | Refusal::TooLittle
            | Refusal::ReasonMissing
            | Refusal::WordsTooLong => String::new(),
        };
        Self { code, detail }
    }
}
