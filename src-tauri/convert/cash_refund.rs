//! Sales paid in cash and what went back of them: from the till's pictures to what crosses.

use till_app::cash_refund::{CashPart, CashSalePicture, CashSaleRow, OrderBrief as Brief, StoredCashRefund};
use till_core::{CashMove, CashRefundBounds, Fen, MoveKind, RefundRefusal, SaleId};

use super::cart::line;
use super::refund::{code, line_left, refund_line};
use super::{fen, id, time};
use crate::view::{
    CashPartView, CashRefundView, CashSaleBrief, CashSaleView, CashTakenView, OrderBrief, RefundableView,
};

/// A sale's number.
pub(crate) fn number(sale: u32) -> SaleId {
    SaleId(i64::from(sale))
}

/// A line of the list of orders.
pub(crate) fn order(brief: &Brief) -> OrderBrief {
    match brief {
        Brief::Wechat(payment) => OrderBrief::Wechat {
            payment: super::brief(payment),
        },
        Brief::Cash(row) => OrderBrief::Cash { sale: row_of(row) },
    }
}

fn row_of(row: &CashSaleRow) -> CashSaleBrief {
    CashSaleBrief {
        sale: id(row.sale.0),
        total_fen: fen(row.total),
        refunded_fen: fen(row.refunded),
        paid_at: time(row.paid_at),
        first: row.first.clone(),
        pieces: row.pieces,
    }
}

/// A sale paid in cash alone, whole.
pub(crate) fn sale(picture: &CashSalePicture) -> CashSaleView {
    CashSaleView {
        total_fen: fen(picture.total),
        paid_at: time(picture.paid_at),
        lines: picture.lines.iter().map(line).collect(),
        cash: part(&picture.cash),
    }
}

/// The cash that a sale was made of.
pub(crate) fn part(part: &CashPart) -> CashPartView {
    CashPartView {
        sale: id(part.sale.0),
        kept_fen: fen(part.kept),
        refunded_fen: fen(part.refunded()),
        taken: part.moves.iter().filter_map(taken).collect(),
        refunds: part.refunds.iter().map(refund).collect(),
    }
}

fn taken((it, by): &(CashMove, Option<String>)) -> Option<CashTakenView> {
    match it.kind {
        MoveKind::Sale => Some(CashTakenView {
            at: time(it.at),
            amount_fen: fen(it.amount),
            tendered_fen: fen(it.tendered.unwrap_or(it.amount)),
            change_fen: fen(it.change().unwrap_or(Fen::ZERO)),
            by: by.clone(),
            shift: it.shift.map(|shift| id(shift.0)),
        }),
        // A part that went back before the sale was paid is in no sum of it.
        MoveKind::GivenBack | MoveKind::Refund | MoveKind::PaidIn | MoveKind::PaidOut => None,
    }
}

fn refund((it, by): &(StoredCashRefund, Option<String>)) -> CashRefundView {
    CashRefundView {
        number: it.refund.number.to_string(),
        at: time(it.at),
        amount_fen: fen(it.refund.amount),
        lines: it.refund.lines.iter().map(refund_line).collect(),
        goods_back: it.refund.goods_back,
        reason: it.reason.to_string(),
        approved_by: it.approved_by.clone(),
        by: by.clone(),
        shift: it.shift.map(|shift| id(shift.0)),
    }
}

/// What may be given back of a sale's cash.
pub(crate) fn refundable(found: &Result<CashRefundBounds, RefundRefusal>) -> RefundableView {
    match found {
        Ok(bounds) => RefundableView::Refund {
            left_fen: fen(bounds.left()),
            lines: bounds.lines().iter().map(line_left).collect(),
            not_before: None,
            parts_left: None,
        },
        Err(why) => RefundableView::Nothing { why: code(*why) },
    }
}
