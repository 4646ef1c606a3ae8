//! X and Z: from the till's picture to what crosses.

use till_app::report::{ExportError, ExportFormat as Format, Exported, Printed, Progress};
use till_app::{ProviderColumn, ReportPicture, Seal, ZBrief};
use till_core::{
    Drawer, Fen, HourTally, ItemLine, MoneyError, MoveKind, NamedMove, Opened, Report, ShiftLine, Takings,
    Tally, VoidedSums,
};

use super::{fen, id, time};
use crate::view::{
    CarriedKind, CarriedView, CashDirection, CashLinesView, CommandError, ComparedView, DifferenceView,
    ErrorCode, ExceptionView, ExportFormat, ExportProgress, ExportedView, FeeInDoubtView, GivenUpView,
    GrandTotalsView, HourView, ItemLineView, ItemLinesView, NamedMoveView, NotSoldView, PiecesView,
    PreviousView, PrintOutcome, PrintedView, ProviderView, ReportDrawerView, ReportView, SealView,
    ShiftLineView, TallyView, UnbookedView, WechatLinesView, ZBriefView, ZsAsideView,
};

/// How many items a page shows; the files have all of them.
const BEST: usize = 50;

/// A report with all that stands around it.
pub(crate) fn report(picture: &ReportPicture, printed: bool) -> Result<ReportView, MoneyError> {
    let Report {
        head,
        takings,
        drawer: cash_drawer,
        discounts,
        items,
        categories,
        returned,
        given_up,
        carried,
        held_carts,
        voided,
        exceptions,
        aside,
        totals,
    } = &picture.report;
    Ok(ReportView {
        number: head.number.map(|number| number.0),
        shop: head.shop.clone(),
        legal_id: head.legal_id.clone(),
        till: head.till.clone(),
        version: head.version.clone(),
        day: head.day.to_string(),
        from: time(head.from),
        to: time(head.to),
        by: head.by.clone(),
        note: head.note.clone(),
        blind: picture.blind,
        gross_fen: sum(picture.report.gross()?),
        discounts: tally(*discounts),
        sold: tally(takings.sold()?),
        refunded: tally(takings.refunded()?),
        net_fen: sum(takings.net()?),
        of_earlier_days: tally(takings.of_earlier_days),
        wechat: wechat(&picture.report)?,
        cash: cash(takings)?,
        not_sold: not_sold(takings, *voided)?,
        hours: takings.hours.iter().map(hour).collect(),
        items: best(items),
        categories: best(categories),
        returned: best(returned),
        given_up: given_up
            .iter()
            .map(|it| GivenUpView {
                out_trade_no: it.out_trade_no.to_string(),
                out_refund_no: it.out_refund_no.to_string(),
                amount_fen: sum(it.amount),
                pieces_back: it.pieces_back,
            })
            .collect(),
        drawer: drawer(cash_drawer, picture.blind)?,
        carried: carried
            .iter()
            .map(|it| CarriedView {
                number: it.number.clone(),
                what: kind(it.what),
                amount_fen: sum(it.amount),
                since: time(it.since),
            })
            .collect(),
        held_carts: *held_carts,
        exceptions: exceptions
            .iter()
            .map(|it| ExceptionView {
                what: it.what.clone(),
                count: it.count,
            })
            .collect(),
        totals: GrandTotalsView {
            sold: tally(totals.sold),
            refunded: tally(totals.refunded),
            net_fen: sum(totals.net),
        },
        printed,
        seal: picture.seal.as_ref().map(seal),
        previous: picture.previous.as_ref().map(|(number, digest)| PreviousView {
            number: number.0,
            digest: digest.clone(),
        }),
        next: picture.next.map(|number| number.0),
        aside: aside
            .iter()
            .map(|it| ZsAsideView {
                first: it.first.0,
                last: it.last.0,
            })
            .collect(),
        week_before: picture.week_before.as_ref().map(|it| ComparedView {
            day: it.day.to_string(),
            sold: tally(it.sold),
            net_fen: sum(it.net),
        }),
    })
}

/// A Z in the list.
pub(crate) fn brief(z: &ZBrief) -> ZBriefView {
    ZBriefView {
        number: z.number.0,
        day: z.day.to_string(),
        closed_at: time(z.closed_at),
        net_fen: sum(z.net),
        sold: tally(z.sold),
        unsettled: z.unsettled,
    }
}

/// What WeChat's bills say to a Z.
pub(crate) fn provider(column: &ProviderColumn) -> Result<ProviderView, MoneyError> {
    let said = &column.provider;
    Ok(ProviderView {
        waiting: said.waiting.iter().map(ToString::to_string).collect(),
        paid: tally(said.paid),
        refunded: tally(said.refunded),
        fee: said.fee.to_string(),
        fees_in_doubt: said
            .fees_in_doubt
            .iter()
            .map(|it| FeeInDoubtView {
                number: it.number.clone(),
                refund: it.refund,
                cause: super::bills::cause(&it.fault.clone().into()),
            })
            .collect(),
        not_arrived: tally(said.not_arrived),
        taken_back: tally(said.taken_back),
        missing: said.missing,
        unbooked: said
            .unbooked
            .iter()
            .map(|it| UnbookedView {
                number: it.number.clone(),
                refund: it.refund,
                amount_fen: sum(it.amount),
            })
            .collect(),
        difference_fen: sum(said.difference),
        unexplained_fen: sum(said.unexplained()?),
        signed: column.signed,
        by_hand: column.by_hand.iter().map(ToString::to_string).collect(),
    })
}

/// A file that is there.
pub(crate) fn exported(file: &Exported) -> ExportedView {
    ExportedView {
        path: file.path.display().to_string(),
    }
}

/// Why there is no file.
pub(crate) fn not_exported(error: &ExportError) -> CommandError {
    CommandError {
        code: match error {
            ExportError::NoFolder(_) => ErrorCode::ExportNoFolder,
            ExportError::NotWritten { .. } => ErrorCode::ExportNotWritten,
            ExportError::Paper(_) => ErrorCode::NoChineseFont,
            ExportError::Report(_) => ErrorCode::Internal,
        },
        detail: error.to_string(),
    }
}

/// How far a file is.
pub(crate) fn progress(progress: Progress) -> ExportProgress {
    ExportProgress {
        done: progress.done,
        of: progress.of,
    }
}

/// What came of printing.
pub(crate) fn printed(printed: Printed) -> PrintedView {
    let (outcome, why) = match printed {
        Printed::Yes => (PrintOutcome::Printed, String::new()),
        Printed::No(why) => (PrintOutcome::NotSent, why),
        Printed::Unknown(why) => (PrintOutcome::Unknown, why),
    };
    PrintedView { outcome, why }
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Xlsx => Self::Xlsx,
            ExportFormat::Csv => Self::Csv,
            ExportFormat::PdfA4 => Self::PdfA4,
            ExportFormat::Pdf80 => Self::Pdf80,
        }
    }
}

fn sum(amount: Fen) -> String {
    amount.get().to_string()
}

fn tally(tally: Tally) -> TallyView {
    TallyView {
        count: pieces(tally.count),
        sum_fen: sum(tally.sum),
    }
}

/// No till counts to two thousand million; the sums beside it are whole.
fn pieces(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(if count < 0 { i32::MIN } else { i32::MAX })
}

fn wechat(report: &Report) -> Result<WechatLinesView, MoneyError> {
    let takings = &report.takings;
    Ok(WechatLinesView {
        paid: tally(takings.wechat_paid),
        late: tally(takings.wechat_late),
        surplus: tally(takings.wechat_surplus),
        refunded: tally(takings.wechat_refunded()?),
        by_hand: tally(takings.refunds_by_hand),
        refunds_closed: tally(takings.refunds_closed),
        unsettled: tally(report.open(Opened::Payment)?),
        net_fen: sum(takings.wechat_net()?),
    })
}

fn cash(takings: &Takings) -> Result<CashLinesView, MoneyError> {
    Ok(CashLinesView {
        sales: tally(takings.cash_sales),
        parts: tally(takings.cash_parts),
        refunded: tally(takings.cash_refunds),
        net_fen: sum(takings.cash_net()?),
    })
}

fn not_sold(takings: &Takings, voided: VoidedSums) -> Result<NotSoldView, MoneyError> {
    Ok(NotSoldView {
        all: tally(takings.not_sold()?),
        at_deadline: tally(takings.closed_at_deadline),
        by_cancel: tally(takings.closed_by_cancel),
        otherwise: tally(takings.closed_otherwise),
        refused: tally(takings.refused),
        voided_lines: tally(voided.lines),
        voided_pieces: tally(voided.pieces),
    })
}

fn hour(hour: &HourTally) -> HourView {
    HourView {
        // An hour of the day is 0 to 23; one in which more was taken back than sold has no bar.
        hour: u8::try_from(hour.hour).unwrap_or_default(),
        count: u32::try_from(hour.sold.count).unwrap_or_default(),
        sum_fen: sum(hour.sold.sum),
    }
}

fn best(lines: &[ItemLine]) -> ItemLinesView {
    ItemLinesView {
        kinds: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        pieces: pieces(lines.iter().fold(0, |all, line| all.saturating_add(line.pieces))),
        best: lines
            .iter()
            .take(BEST)
            .map(|line| ItemLineView {
                name: line.name.clone(),
                pieces: pieces(line.pieces),
                sum_fen: sum(line.sum),
            })
            .collect(),
    }
}

fn drawer(drawer: &Drawer, blind: bool) -> Result<ReportDrawerView, MoneyError> {
    let counted = drawer.shifts.iter().any(|shift| shift.counted.is_some());
    Ok(ReportDrawerView {
        taken: tally(drawer.taken),
        given_back: tally(drawer.given_back),
        paid_in: tally(drawer.paid_in),
        paid_out: tally(drawer.paid_out),
        moves: drawer.moves.iter().filter_map(named).collect(),
        shifts: drawer
            .shifts
            .iter()
            .map(|line| shift(line, blind))
            .collect::<Result<_, _>>()?,
        difference: if counted {
            Some(difference(drawer.difference()?)?)
        } else {
            None
        },
        in_hand: tally(drawer.in_hand),
    })
}

fn difference(over: Fen) -> Result<DifferenceView, MoneyError> {
    Ok(if over == Fen::ZERO {
        DifferenceView::Agrees
    } else if over > Fen::ZERO {
        DifferenceView::Over { fen: sum(over) }
    } else {
        DifferenceView::Short {
            fen: sum(Fen::ZERO.minus(over)?),
        }
    })
}

fn named(it: &NamedMove) -> Option<NamedMoveView> {
    let direction = match it.kind {
        MoveKind::PaidIn => CashDirection::In,
        MoveKind::PaidOut => CashDirection::Out,
        MoveKind::Sale | MoveKind::GivenBack | MoveKind::Refund => return None,
    };
    Some(NamedMoveView {
        at: time(it.at),
        direction,
        amount_fen: sum(it.amount),
        reason: it.reason.clone(),
        by: it.by.clone(),
    })
}

fn shift(line: &ShiftLine, blind: bool) -> Result<ShiftLineView, MoneyError> {
    Ok(ShiftLineView {
        number: id(line.id.0),
        opened_at: time(line.opened_at),
        closed_at: line.closed_at.map(time),
        by: line.by.clone(),
        float_fen: sum(line.float),
        expected_fen: (!blind || line.counted.is_some()).then(|| sum(line.expected)),
        counted_fen: line.counted.map(sum),
        left_fen: line.left.map(sum),
        taken_fen: line.taken_away()?.map(sum),
        note: line.note.clone(),
        opened_by: line.opened_by.clone(),
        float_difference: line.float_difference()?.map(difference).transpose()?,
        count: line.count.pieces().iter().copied().map(pile).collect(),
        approved_by: line.approved_by.clone(),
    })
}

fn pile((piece, pieces): (Fen, u32)) -> PiecesView {
    PiecesView {
        piece_fen: fen(piece),
        pieces,
    }
}

fn kind(what: Opened) -> CarriedKind {
    match what {
        Opened::Payment => CarriedKind::Payment,
        Opened::Review => CarriedKind::Review,
        Opened::Refund => CarriedKind::Refund,
        Opened::RefundByHand => CarriedKind::RefundByHand,
    }
}

fn seal(seal: &Seal) -> SealView {
    SealView {
        digest: seal.digest.clone(),
        first_row: seal.rows.0.to_string(),
        last_row: seal.rows.1.to_string(),
        journal_digest: seal.journal_digest.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_said_without_a_sign() {
        let said = |fen| difference(Fen::new(fen)).unwrap();
        assert!(matches!(said(0), DifferenceView::Agrees), "to the fen");
        assert!(
            matches!(said(250), DifferenceView::Over { fen } if fen == "250"),
            "too much"
        );
        assert!(
            matches!(said(-250), DifferenceView::Short { fen } if fen == "250"),
            "missing"
        );
    }

    #[test]
    fn a_page_shows_the_best_and_says_how_many_there_are() {
        let line = |number: usize| ItemLine {
            name: number.to_string(),
            category: String::new(),
            pieces: 1,
            sum: Fen::ZERO,
        };
        let lines: Vec<_> = (0..BEST + 7).map(line).collect();
        let shown = best(&lines);
        assert_eq!(shown.best.len(), BEST, "the files have all of them");
        assert_eq!(shown.kinds, 57, "and the page says so");
        assert_eq!(shown.best[0].name, "0", "the order is the report's");
    }

    #[test]
    fn formats_cross_under_the_names_of_the_pages() {
        let formats: Vec<ExportFormat> = serde_json::from_str(r#"["xlsx","csv","pdf_a4","pdf_80"]"#).unwrap();
        assert_eq!(
            formats,
            [
                ExportFormat::Xlsx,
                ExportFormat::Csv,
                ExportFormat::PdfA4,
                ExportFormat::Pdf80
            ],
            "each kind of file has its name"
        );
    }
}
