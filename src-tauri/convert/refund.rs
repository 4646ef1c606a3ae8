//! Refunds: from the till's pictures to what crosses, and back from what was entered.

use jiff::Timestamp;
use till_app::refunds::{RefundBrief as Brief, RefundPicture, Refundable};
use till_core::{
    Fen, Goods, LineLeft, LineNo, Note, OutRefundNo, Part, REFUND_PARTS_MAX, Refund, RefundBounds,
    RefundLine, RefundRefusal, RefundState as State,
};

use super::{evidence, fen, time};
use crate::view::{
    CommandError, ErrorCode, GoodsView, LineLeftView, NoteView, PersonReason, RefundBrief, RefundLineView,
    RefundPart, RefundState, RefundView, RefundableView,
};

/// A refund's number.
pub(crate) fn number(text: &str) -> Result<OutRefundNo, CommandError> {
    OutRefundNo::parse(text).map_err(|error| CommandError {
        code: ErrorCode::NoSuchOrder,
        detail: error.to_string(),
    })
}

/// What a person wants to give back.
pub(crate) fn part(part: RefundPart) -> Part {
    match part {
        RefundPart::Whole { goods_back } => Part::Whole { goods_back },
        RefundPart::Lines { lines, goods_back } => Part::Lines {
            lines: lines
                .into_iter()
                .map(|it| RefundLine {
                    line: LineNo(it.line),
                    pieces: it.pieces,
                })
                .collect(),
            goods_back,
        },
        RefundPart::Amount { amount_fen } => Part::Amount(Fen::new(i64::from(amount_fen))),
    }
}

/// Why a wish is refused.
pub(crate) fn code(why: RefundRefusal) -> ErrorCode {
    match why {
        RefundRefusal::NotPaid => ErrorCode::RefundNotPaid,
        RefundRefusal::NotConfirmed => ErrorCode::RefundNotConfirmed,
        RefundRefusal::OtherCurrency => ErrorCode::RefundOtherCurrency,
        RefundRefusal::TooLate => ErrorCode::RefundTooLate,
        RefundRefusal::TooManyParts => ErrorCode::RefundTooManyParts,
        RefundRefusal::EarlierUnderWay => ErrorCode::RefundUnderWay,
        RefundRefusal::NothingLeft => ErrorCode::RefundNothingLeft,
        RefundRefusal::Nothing => ErrorCode::RefundOfNothing,
        RefundRefusal::MoreThanLeft { .. } => ErrorCode::RefundMoreThanLeft,
        RefundRefusal::NoSuchLine => ErrorCode::RefundNoSuchLine,
        RefundRefusal::MorePiecesThanLeft { .. } => ErrorCode::RefundMorePieces,
        RefundRefusal::GoodsNotSold => ErrorCode::RefundGoodsNotSold,
        RefundRefusal::Reason => ErrorCode::RefundReasonWrong,
        RefundRefusal::OutOfRange => ErrorCode::Internal,
    }
}

/// What may be given back.
pub(crate) fn refundable(found: &Refundable, now: Timestamp) -> RefundableView {
    match found {
        Ok(bounds) => left(bounds, now),
        Err(why) => RefundableView::Nothing { why: code(*why) },
    }
}

fn left(bounds: &RefundBounds, now: Timestamp) -> RefundableView {
    let later = bounds.not_before() > now;
    RefundableView::Refund {
        left_fen: fen(bounds.left()),
        lines: bounds.lines().iter().map(line_left).collect(),
        not_before: later.then(|| time(bounds.not_before())),
        parts_left: Some(REFUND_PARTS_MAX.saturating_sub(bounds.parts())),
    }
}

/// What is left of a line.
pub(crate) fn line_left(it: &LineLeft) -> LineLeftView {
    LineLeftView {
        line: it.line.0,
        price_fen: fen(it.price),
        pieces: it.pieces,
        goods: it.goods,
    }
}

/// Pieces of a line.
pub(crate) fn refund_line(it: &RefundLine) -> RefundLineView {
    RefundLineView {
        line: it.line.0,
        pieces: it.pieces,
    }
}

/// One refund whole.
pub(crate) fn refund(picture: RefundPicture) -> RefundView {
    let stored = picture.stored;
    let refund = &stored.refund;
    RefundView {
        out_refund_no: refund.out_refund_no.to_string(),
        refund_id: refund.state.refund_id().map(str::to_owned),
        refund_fen: fen(refund.refund_fee),
        state: state(refund),
        wished_at: time(refund.wished_at),
        sent_at: refund.sent_at.map(time),
        goods: match refund.goods {
            Goods::Stay => GoodsView::Stay,
            Goods::Wanted => GoodsView::Wanted,
            Goods::Back => GoodsView::Back,
        },
        lines: stored.lines.iter().map(refund_line).collect(),
        reason: stored.reason.to_string(),
        approved_by: stored.approved_by.clone(),
        doubts: refund.doubts,
        asking: picture.asking,
        can_try_again: refund.can_try_again(),
        can_withdraw: refund.can_withdraw(),
        can_settle: refund.can_settle(),
        evidence: picture.evidence.into_iter().map(evidence).collect(),
    }
}

/// A refund in a list.
pub(crate) fn brief(brief: &Brief) -> RefundBrief {
    let refund = &brief.refund;
    RefundBrief {
        out_refund_no: refund.out_refund_no.to_string(),
        out_trade_no: refund.out_trade_no.to_string(),
        refund_fen: fen(refund.refund_fee),
        state: state(refund),
        wished_at: time(refund.wished_at),
        needs_person: refund.needs_person(),
    }
}

fn state(refund: &Refund) -> RefundState {
    match &refund.state {
        State::Waiting => RefundState::Waiting {
            at: time(refund.next.map_or(refund.wished_at, |due| due.at)),
        },
        State::Sending => RefundState::Sending,
        State::Processing { .. } => RefundState::Processing,
        State::Refunded {
            refunded_at,
            received_by,
            ..
        } => RefundState::Refunded {
            at: time(*refunded_at),
            received_by: received_by.clone(),
        },
        State::NeedsPerson {
            why, settled: None, ..
        } => RefundState::NeedsPerson { why: (*why).into() },
        State::NeedsPerson {
            why,
            settled: Some(by),
            ..
        } => RefundState::Settled {
            why: (*why).into(),
            note: note(by),
        },
        State::Closed { settled: None, .. } => RefundState::Closed,
        State::Closed {
            settled: Some(by), ..
        } => RefundState::ClosedSeen { note: note(by) },
        State::Refused { code } => RefundState::Refused { code: code.clone() },
        State::Withdrawn { .. } => RefundState::Withdrawn,
    }
}

fn note(note: &Note) -> NoteView {
    NoteView {
        text: note.text.clone(),
        by: note.by.clone(),
        at: time(note.at),
    }
}

impl From<till_core::PersonReason> for PersonReason {
    fn from(why: till_core::PersonReason) -> Self {
        match why {
            till_core::PersonReason::Change => Self::Change,
            till_core::PersonReason::AmountDiffers => Self::AmountDiffers,
            till_core::PersonReason::StatusUnknown => Self::StatusUnknown,
            till_core::PersonReason::Contradicts => Self::Contradicts,
        }
    }
}
