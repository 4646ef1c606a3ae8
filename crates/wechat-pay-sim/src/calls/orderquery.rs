//! `/pay/orderquery`: how an order stands.

use jiff::Timestamp;

use super::{Call, Refusal};
use crate::beijing::compact;
use crate::check;
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::order::{Order, Payment, TradeState};
use crate::wire::Params;

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Params, Refusal> {
    check::orderquery(request)?;
    let absent = || Refusal::new("ORDERNOTEXIST", "订单不存在");
    let out_trade_no = gateway.named_order(request, absent())?;
    let order = gateway.book.orders.get(&out_trade_no).ok_or_else(absent)?;
    let mut state = order.state(now, &gateway.config.rules);
    let mut answer = Params::new();
    answer.insert("out_trade_no".to_owned(), out_trade_no.clone());
    for echoed in ["attach", "device_info"] {
        if !order.field(echoed).is_empty() {
            answer.insert(echoed.to_owned(), order.field(echoed).to_owned());
        }
    }
    if let Some(payment) = order.payment() {
        if gateway.faults.strike(Call::OrderQuery, Fault::Stale) {
            state = TradeState::NotPay;
        } else {
            add_payment(&mut answer, order, payment);
        }
    }
    answer.insert("trade_state".to_owned(), state.wire().to_owned());
    answer.insert("trade_state_desc".to_owned(), state.description().to_owned());
    Ok(answer)
}

/// Adds the fields of a payment, the same in a query's answer and in a notification.
pub(crate) fn add_payment(answer: &mut Params, order: &Order, payment: &Payment) {
    let mut add = |name: &str, value: String| answer.insert(name.to_owned(), value);
    add("openid", payment.openid.clone());
    add("is_subscribe", "N".to_owned());
    add("trade_type", "NATIVE".to_owned());
    add("bank_type", payment.bank_type.clone());
    add("total_fee", order.total.to_string());
    add("fee_type", "CNY".to_owned());
    add("cash_fee", payment.cash.to_string());
    add("cash_fee_type", "CNY".to_owned());
    add("transaction_id", payment.transaction_id.clone());
    add("time_end", compact(payment.at));
    if payment.coupons.is_empty() {
        return;
    }
    if payment.has_no_cash_coupon() {
        add("settlement_total_fee", payment.settlement.to_string());
    }
    add("coupon_fee", payment.coupon_fee().to_string());
    add("coupon_count", payment.coupons.len().to_string());
    for (n, coupon) in payment.coupons.iter().enumerate() {
        add(&format!("coupon_id_{n}"), coupon.id.clone());
        add(&format!("coupon_type_{n}"), coupon.kind.wire().to_owned());
        add(&format!("coupon_fee_{n}"), coupon.fee.to_string());
    }
}
