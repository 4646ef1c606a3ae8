//! The agreement with WeChat's bill: from the till's picture to what crosses.

use till_app::bill_file::BillFault;
use till_app::{AgreementPicture, BillContent, BillSource as Source, BillStanding, BillTrouble};
use till_core::{Agreement, Cause, Difference, Fen, NotPaid, Subject, UserId};

use super::time;
use crate::view::{
    AgreementView, BillCauseView, BillDifferenceView, BillFaultCode, BillFaultView, BillNoteView,
    BillRefundStanding, BillSidesView, BillSignedView, BillSource, BillSubject, BillTroubleCode,
    BillTroubleView, BillView, CountAndSum, OtherTillView, WayOut,
};

/// A day and its bill.
pub(crate) fn agreement(picture: &AgreementPicture) -> AgreementView {
    let differences = picture.agreement.iter().flat_map(|it| &it.differences);
    AgreementView {
        day: picture.date.to_string(),
        bill: bill(&picture.standing),
        sides: picture.agreement.as_ref().map(sides),
        differences: differences.map(|it| difference(picture, it)).collect(),
        open: u32::try_from(picture.open()).unwrap_or(u32::MAX),
        signed: picture.sign_off.as_ref().map(|signed| BillSignedView {
            at: time(signed.at),
            by: name(picture, signed.user),
            changed: !picture.is_signed(),
        }),
    }
}

fn bill(standing: &BillStanding) -> BillView {
    match standing {
        BillStanding::TooEarly { ready_at } => BillView::TooEarly {
            ready_at: time(*ready_at),
        },
        BillStanding::Waiting {
            tries,
            next_at,
            trouble: last,
        } => BillView::Waiting {
            tries: *tries,
            next_at: time(*next_at),
            trouble: last.as_ref().map(trouble),
        },
        BillStanding::Here(row) => BillView::Here {
            received_at: time(row.received_at),
            source: match row.source {
                Source::Fetched => BillSource::Fetched,
                Source::Imported => BillSource::Imported,
            },
            nothing: row.content == BillContent::Nothing,
        },
        BillStanding::OutOfReach => BillView::OutOfReach,
    }
}

fn trouble(trouble: &BillTrouble) -> BillTroubleView {
    let plain = |code| BillTroubleView {
        code,
        said: String::new(),
        fault: None,
    };
    match trouble {
        BillTrouble::Creating => plain(BillTroubleCode::Creating),
        BillTrouble::NoAnswer => plain(BillTroubleCode::NoAnswer),
        BillTrouble::SaysNothing => plain(BillTroubleCode::SaysNothing),
        BillTrouble::NotSaved => plain(BillTroubleCode::NotSaved),
        BillTrouble::Refused(said) => BillTroubleView {
            said: said.clone(),
            ..plain(BillTroubleCode::Refused)
        },
        BillTrouble::Unusable(wrong) => BillTroubleView {
            fault: Some(fault(wrong)),
            ..plain(BillTroubleCode::Unusable)
        },
    }
}

/// What is wrong with a file.
pub(crate) fn fault(fault: &BillFault) -> BillFaultView {
    let (code, subject, line) = match fault {
        BillFault::TooLarge => (BillFaultCode::TooLarge, String::new(), None),
        BillFault::Gzip => (BillFaultCode::Gzip, String::new(), None),
        BillFault::NotText => (BillFaultCode::NotText, String::new(), None),
        BillFault::Column(column) => (BillFaultCode::Column, (*column).to_owned(), None),
        BillFault::Row { line, column } => (BillFaultCode::Row, (*column).to_owned(), Some(*line)),
        BillFault::CutOff => (BillFaultCode::CutOff, String::new(), None),
        BillFault::NotABill => (BillFaultCode::NotABill, String::new(), None),
        BillFault::NotAll => (BillFaultCode::NotAll, String::new(), None),
        BillFault::OtherMerchant(merchant) => (BillFaultCode::OtherMerchant, merchant.clone(), None),
        BillFault::Empty => (BillFaultCode::Empty, String::new(), None),
        BillFault::OtherDays { first, last } if first == last => {
            (BillFaultCode::OtherDays, first.to_string(), None)
        }
        BillFault::OtherDays { first, last } => (BillFaultCode::OtherDays, format!("{first} – {last}"), None),
        BillFault::DayNotOver(day) => (BillFaultCode::DayNotOver, day.to_string(), None),
    };
    BillFaultView {
        code,
        subject,
        line: line.and_then(|line| u32::try_from(line).ok()),
    }
}

fn sides(agreement: &Agreement) -> BillSidesView {
    let others = agreement.other_tills.iter();
    BillSidesView {
        paid_here: agreement.here.paid.into(),
        paid_there: agreement.there.paid.into(),
        refunded_here: agreement.here.refunded.into(),
        refunded_there: agreement.there.refunded.into(),
        fee: agreement.fee.to_string(),
        rates: agreement.rates.iter().map(ToString::to_string).collect(),
        other_tills: others
            .map(|(till, side)| OtherTillView {
                till_id: till.clone(),
                paid: CountAndSum::from(side.paid),
                refunded: CountAndSum::from(side.refunded),
            })
            .collect(),
    }
}

fn difference(picture: &AgreementPicture, difference: &Difference) -> BillDifferenceView {
    BillDifferenceView {
        subject: subject(&difference.subject),
        as_of: difference.as_of(),
        at: time(difference.at),
        here_fen: sum(difference.here),
        there_fen: sum(difference.there),
        cause: cause(&difference.cause),
        ways_out: difference.ways_out().iter().map(|way| way_out(*way)).collect(),
        settled: picture.is_settled(difference),
        notes: picture
            .earlier_notes_on(difference)
            .map(|it| (it, true))
            .chain(picture.notes_on(difference).map(|it| (it, false)))
            .map(|(note, earlier)| BillNoteView {
                at: time(note.at),
                by: name(picture, note.user),
                text: note.text.clone(),
                earlier,
            })
            .collect(),
    }
}

/// Who, as far as the ledger still knows the name.
fn name(picture: &AgreementPicture, user: Option<UserId>) -> Option<String> {
    picture.names.get(&user?).cloned()
}

fn sum(amount: Fen) -> String {
    amount.get().to_string()
}

fn subject(subject: &Subject) -> BillSubject {
    match subject.clone() {
        Subject::Order { out_trade_no } => BillSubject::Order { out_trade_no },
        Subject::Refund {
            out_refund_no,
            out_trade_no,
        } => BillSubject::Refund {
            out_refund_no,
            out_trade_no,
        },
        Subject::Bill => BillSubject::Bill,
    }
}

impl From<BillSubject> for Subject {
    fn from(subject: BillSubject) -> Self {
        match subject {
            BillSubject::Order { out_trade_no } => Self::Order { out_trade_no },
            BillSubject::Refund {
                out_refund_no,
                out_trade_no,
            } => Self::Refund {
                out_refund_no,
                out_trade_no,
            },
            BillSubject::Bill => Self::Bill,
        }
    }
}

pub(super) fn cause(cause: &Cause) -> BillCauseView {
    match cause.clone() {
        Cause::OnlyHere => BillCauseView::OnlyHere,
        Cause::OnlyThere => BillCauseView::OnlyThere,
        Cause::NotPaidHere(NotPaid::Waiting) => BillCauseView::WaitingHere,
        Cause::NotPaidHere(NotPaid::Closed(why)) => BillCauseView::ClosedHere { why: why.into() },
        Cause::NotPaidHere(NotPaid::Refused) => BillCauseView::RefusedHere,
        Cause::Review { why, amount, on_bill } => BillCauseView::Review {
            why: why.into(),
            amount_fen: sum(amount),
            on_bill,
        },
        Cause::AmountDiffers => BillCauseView::AmountDiffers,
        Cause::PaymentDiffers { here, there } => BillCauseView::PaymentDiffers { here, there },
        Cause::CurrencyDiffers { there } => BillCauseView::CurrencyDiffers { there },
        Cause::StateDiffers { there } => BillCauseView::StateDiffers { there },
        Cause::DayBoundary { here, there } => BillCauseView::DayBoundary {
            here: here.to_string(),
            there: there.map(|day| day.to_string()),
        },
        Cause::FeeDiffers {
            rate,
            expected,
            charged,
        } => BillCauseView::FeeDiffers {
            rate: rate.to_string(),
            expected: expected.to_string(),
            charged: charged.to_string(),
        },
        Cause::FeeMissing => BillCauseView::FeeMissing,
        Cause::RateUnreadable { said, charged } => BillCauseView::RateUnreadable {
            said,
            charged: charged.to_string(),
        },
        Cause::TwiceThere => BillCauseView::TwiceThere,
        Cause::RefundDiffers { here, there } => BillCauseView::RefundDiffers {
            here: here.into(),
            there: there.into(),
        },
        Cause::TotalsDiffer { rows, said } => BillCauseView::TotalsDiffer {
            rows_fen: sum(rows),
            said_fen: sum(said),
        },
        Cause::CountDiffers { rows, said } => BillCauseView::CountDiffers {
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            said: u32::try_from(said).unwrap_or(u32::MAX),
        },
        Cause::FeeTotalDiffers { rows, said } => BillCauseView::FeeTotalDiffers {
            rows: rows.to_string(),
            said: said.to_string(),
        },
    }
}

impl From<till_core::RefundStanding> for BillRefundStanding {
    fn from(standing: till_core::RefundStanding) -> Self {
        match standing {
            till_core::RefundStanding::Asked => Self::Asked,
            till_core::RefundStanding::Processing => Self::Processing,
            till_core::RefundStanding::Done => Self::Done,
            till_core::RefundStanding::Failed => Self::Failed,
        }
    }
}

fn way_out(way: till_core::WayOut) -> WayOut {
    match way {
        till_core::WayOut::Ask => WayOut::Ask,
        till_core::WayOut::Adopt => WayOut::Adopt,
        till_core::WayOut::Refund => WayOut::Refund,
        till_core::WayOut::Note => WayOut::Note,
        till_core::WayOut::Wait => WayOut::Wait,
    }
}
