//! The refund machine: by example, under anything at all, and against a gateway that tells the truth but loses requests and
//! answers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod anything;
mod bounds;
mod cash;
mod examples;
mod truth;

use jiff::Timestamp;
use till_core::*;

const PAID: Fen = Fen::new(2980);
/// Two kinds of goods: 3 × 5.00 and 1 × 14.80.
const PIECES: [(u32, i64, u32); 2] = [(1, 500, 3), (2, 1480, 1)];

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn order() -> OutTradeNo {
    OutTradeNo::parse("T01-261123-000001-7F3K").unwrap()
}

fn payment() -> Payment {
    Payment {
        transaction_id: "4200000000000000000000000001".to_owned(),
        total_fee: PAID,
        fee_type: "CNY".to_owned(),
        cash_fee: PAID,
        coupon_fee: Fen::ZERO,
        time_end: start(),
        found_by: FoundBy::Query,
    }
}

fn lines() -> Vec<Line> {
    PIECES
        .iter()
        .map(|(line, price, pieces)| Line {
            line: LineNo(*line),
            product: ProductId(i64::from(*line)),
            name: format!("goods {line}"),
            price: Fen::new(*price),
            pieces: *pieces,
            reduction: None,
        })
        .collect()
}

fn sold<'a>(lines: &'a [Line], refunds: &'a [EarlierRefund], cash_refunds: &'a [CashRefund]) -> Sold<'a> {
    Sold {
        lines,
        stock: StockHold::Sold,
        refunds,
        cash_refunds,
    }
}

fn bounds(now: Timestamp, earlier: &[EarlierRefund]) -> Result<RefundBounds, RefundRefusal> {
    RefundBounds::of(now, &order(), &payment(), &sold(&lines(), earlier, &[]))
}

fn wished(
    now: Timestamp,
    earlier: &mut Vec<EarlierRefund>,
    part: Part,
) -> Result<OutRefundNo, RefundRefusal> {
    let wish = bounds(now, earlier)?.wish(part)?;
    earlier.push(EarlierRefund {
        refund: Refund::new(&wish, now),
        lines: wish.lines().to_vec(),
        on_bill: false,
    });
    Ok(wish.out_refund_no().clone())
}

fn sum_of(refunds: &[EarlierRefund], which: impl Fn(&Refund) -> bool) -> Fen {
    let amounts = refunds.iter().filter(|it| which(&it.refund));
    Fen::sum(amounts.map(|it| it.refund.refund_fee)).unwrap()
}

fn note() -> Note {
    Note {
        text: "cash".to_owned(),
        by: "manager".to_owned(),
        at: start(),
    }
}

fn sent(refund: Refund, now: Timestamp, answer: RefundAnswer) -> Refund {
    let timing = Timing::default();
    let refund = refund.handle(now, &timing, RefundInput::Leaving).0;
    refund.handle(now, &timing, RefundInput::Sent(answer)).0
}

fn one(part: Part) -> Refund {
    let mut refunds = Vec::new();
    wished(start(), &mut refunds, part).unwrap();
    refunds.remove(0).refund
}

fn reported(refund: Refund, status: RefundStatus) -> Refund {
    let report = RefundReport {
        refund_id: "50000000000000000000000000001".to_owned(),
        refund_fee: refund.refund_fee,
        status,
        received_by: None,
    };
    refund
        .handle(start(), &Timing::default(), RefundInput::Notified(report))
        .0
}

fn accepted() -> RefundAnswer {
    RefundAnswer::Accepted {
        refund_id: "50000000000000000000000000001".to_owned(),
    }
}
