//! `/pay/refundquery`: how the refunds of an order stand.

use jiff::Timestamp;

use super::Refusal;
use super::refund::unknown_transaction;
use crate::beijing::spaced;
use crate::check;
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::Coupon;
use crate::refund::{Outcome, RECEIVED_BY, Refund};
use crate::wire::Params;

/// How many refunds one answer shows; more need `offset`. Older pages say 10.
const PAGE: usize = 20;

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Params, Refusal> {
    check::refundquery(request)?;
    let absent = || Refusal::new("REFUNDNOTEXIST", "not exist");
    let text = |name: &str| request.get(name).map_or("", String::as_str);
    let book = &gateway.book;
    let one = if !text("refund_id").is_empty() {
        Some(text("refund_id").to_owned())
    } else if !text("out_refund_no").is_empty() {
        Some(
            book.refund_numbers
                .get(text("out_refund_no"))
                .ok_or_else(absent)?
                .clone(),
        )
    } else {
        None
    };
    let out_trade_no = match &one {
        Some(refund_id) => book
            .refunds
            .get(refund_id)
            .ok_or_else(absent)?
            .out_trade_no
            .clone(),
        None => gateway.named_order(request, unknown_transaction())?,
    };
    let Some((order, payment)) = book.paid(&out_trade_no) else {
        return Err(absent());
    };
    let numbers = one.map_or_else(|| order.refunds.clone(), |number| vec![number]);
    let refunds: Vec<&Refund> = numbers
        .iter()
        .filter_map(|number| book.refunds.get(number))
        .collect();
    if refunds.is_empty() {
        return Err(absent());
    }
    let offset = text("offset").parse::<usize>().unwrap_or_default();
    let shown: Vec<&Refund> = refunds.iter().skip(offset).take(PAGE).copied().collect();
    let mut answer = Params::new();
    let mut add = |name: &str, value: String| answer.insert(name.to_owned(), value);
    add("total_refund_count", refunds.len().to_string());
    add("transaction_id", payment.transaction_id.clone());
    add("out_trade_no", out_trade_no.clone());
    add("total_fee", order.total.to_string());
    add("fee_type", "CNY".to_owned());
    add("cash_fee", payment.cash.to_string());
    add("refund_count", shown.len().to_string());
    if payment.has_no_cash_coupon() {
        add("settlement_total_fee", payment.settlement.to_string());
    }
    for (n, refund) in shown.iter().enumerate() {
        add_refund(&mut answer, n, refund, now);
    }
    Ok(answer)
}

fn add_refund(answer: &mut Params, n: usize, refund: &Refund, now: Timestamp) {
    let mut add = |name: &str, value: String| answer.insert(format!("{name}_{n}"), value);
    add("out_refund_no", refund.out_refund_no.clone());
    add("refund_id", refund.refund_id.clone());
    add("refund_channel", "ORIGINAL".to_owned());
    add("refund_fee", refund.asked.to_string());
    add("settlement_refund_fee", refund.settlement.to_string());
    add("coupon_refund_fee", refund.coupon_fee().to_string());
    add("refund_status", refund.status(now).to_owned());
    add("refund_account", refund.account.clone());
    // Misspelt on WeChat's wire.
    add("refund_recv_accout", RECEIVED_BY.to_owned());
    if now >= refund.settles && refund.outcome == Outcome::Success {
        add("refund_success_time", spaced(refund.settles));
    }
    let coupons: Vec<&Coupon> = refund
        .coupons
        .iter()
        .filter(|coupon| coupon.fee > Fen::ZERO)
        .collect();
    add("coupon_refund_count", coupons.len().to_string());
    for (m, coupon) in coupons.iter().enumerate() {
        answer.insert(format!("coupon_type_{n}_{m}"), coupon.kind.wire().to_owned());
        answer.insert(format!("coupon_refund_id_{n}_{m}"), coupon.id.clone());
        answer.insert(format!("coupon_refund_fee_{n}_{m}"), coupon.fee.to_string());
    }
}
