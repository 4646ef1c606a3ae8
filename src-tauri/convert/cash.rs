//! Cash, the drawer and shifts: from the till's pictures to what crosses, and back from what was entered.

use till_app::cash::{CashDue, CashReceipt};
use till_app::open_drawer::DrawerShut;
use till_app::shift::{Closing, Direction, DrawerPicture, ShiftPicture};
use till_core::{
    CashMove, CountError, DENOMINATIONS, DrawerCount, DrawerDifference, Fen, MoveKind, Shift, ShiftEnd,
    ShiftSums,
};

use super::cart::line;
use super::{fen, id, time};
use crate::view::{
    CashDirection, CashDueView, CashMoveView, CashPaidView, ClosingView, CommandError, DifferenceView,
    DrawerShutView, DrawerView, ErrorCode, PiecesView, ShiftBrief, ShiftEndView, ShiftSumsView, ShiftView,
};

/// A sum of a shift.
fn sum(amount: Fen) -> String {
    amount.get().to_string()
}

/// What is due in the cash view.
pub(crate) fn due(due: &CashDue) -> CashDueView {
    CashDueView {
        out_trade_no: due.of.as_ref().map(ToString::to_string),
        total_fen: fen(due.total),
        taken_fen: fen(due.taken),
        due_fen: fen(due.due),
        quick_fen: due.quick.iter().copied().map(fen).collect(),
        lines: due.lines.iter().map(line).collect(),
    }
}

/// The drawer that did not open for cash.
pub(crate) fn drawer_shut(shut: DrawerShut) -> DrawerShutView {
    DrawerShutView {
        at: time(shut.at),
        certain: shut.certain,
    }
}

/// A sale that was just paid.
pub(crate) fn receipt(paid: &CashReceipt) -> CashPaidView {
    CashPaidView {
        sale: id(paid.sale.0),
        total_fen: fen(paid.total),
        due_fen: fen(paid.due),
        tendered_fen: fen(paid.tendered),
        change_fen: fen(paid.change),
        at: time(paid.at),
    }
}

/// The shift for the status bar.
pub(crate) fn shift_brief(shift: &Shift) -> ShiftBrief {
    ShiftBrief {
        number: id(shift.id.0),
        opened_at: time(shift.opened_at),
    }
}

/// The shift page.
pub(crate) fn drawer(picture: DrawerPicture) -> DrawerView {
    let (in_hand_count, in_hand) = picture.in_hand;
    DrawerView {
        open: picture.open.map(shift),
        last: picture.last.map(shift),
        in_hand_count,
        in_hand_fen: sum(in_hand),
        denominations: DENOMINATIONS.iter().copied().map(fen).collect(),
    }
}

/// A shift.
pub(crate) fn shift(picture: ShiftPicture) -> ShiftView {
    let ShiftPicture {
        shift,
        opened_by,
        closed_by,
        sums: sums_so_far,
        moves,
    } = picture;
    ShiftView {
        number: id(shift.id.0),
        opened_at: time(shift.opened_at),
        opened_by,
        float_fen: sum(shift.float),
        sums: sums_so_far.map(sums),
        moves: moves.into_iter().filter_map(by_name).collect(),
        end: shift.end.map(|it| end(it, closed_by)),
    }
}

fn sums(sums: ShiftSums) -> ShiftSumsView {
    ShiftSumsView {
        sales_count: sums.sales_count,
        sales_fen: sum(sums.sales),
        given_back_fen: sum(sums.given_back),
        refunds_fen: sum(sums.refunds),
        paid_in_fen: sum(sums.paid_in),
        paid_out_fen: sum(sums.paid_out),
        // Amounts that add up one by one add up together.
        expected_fen: sum(sums.expected().unwrap_or_default()),
    }
}

fn by_name((it, by): (CashMove, Option<String>)) -> Option<CashMoveView> {
    let direction = match it.kind {
        MoveKind::PaidIn => CashDirection::In,
        MoveKind::PaidOut => CashDirection::Out,
        MoveKind::Sale | MoveKind::GivenBack | MoveKind::Refund => return None,
    };
    Some(CashMoveView {
        at: time(it.at),
        direction,
        amount_fen: fen(it.amount),
        by,
        reason: it.reason,
    })
}

fn end(end: ShiftEnd, by: Option<String>) -> ShiftEndView {
    let difference = end.difference().unwrap_or(DrawerDifference::Agrees);
    ShiftEndView {
        at: time(end.at),
        by,
        expected_fen: sum(end.expected),
        counted_fen: sum(end.count.total().unwrap_or_default()),
        difference: match difference {
            DrawerDifference::Agrees => DifferenceView::Agrees,
            DrawerDifference::Over(fen) => DifferenceView::Over { fen: sum(fen) },
            DrawerDifference::Short(fen) => DifferenceView::Short { fen: sum(fen) },
        },
        left_fen: sum(end.left),
        taken_fen: sum(end.taken_away().unwrap_or_default()),
        count: end
            .count
            .pieces()
            .iter()
            .map(|(piece, pieces)| PiecesView {
                piece_fen: fen(*piece),
                pieces: *pieces,
            })
            .collect(),
        approved_by: end.approved_by,
        note: end.note,
    }
}

/// One sale's amount, as it was entered.
pub(crate) fn amount(fen: u32) -> Fen {
    Fen::new(i64::from(fen))
}

pub(crate) fn direction(direction: CashDirection) -> Direction {
    match direction {
        CashDirection::In => Direction::In,
        CashDirection::Out => Direction::Out,
    }
}

/// How a shift is to end.
pub(crate) fn closing(view: ClosingView) -> Result<Closing, CommandError> {
    let pieces = view.count.iter().map(|it| (amount(it.piece_fen), it.pieces));
    Ok(Closing {
        count: DrawerCount::parse(pieces)?,
        left: amount(view.left_fen),
        note: view.note,
    })
}

impl From<CountError> for CommandError {
    fn from(error: CountError) -> Self {
        Self {
            code: ErrorCode::AmountOutOfRange,
            detail: error.to_string(),
        }
    }
}
