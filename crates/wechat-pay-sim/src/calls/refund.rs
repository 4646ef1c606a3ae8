//! `/secapi/pay/refund`: asks for a refund of a part or the whole.

use jiff::{SignedDuration, Timestamp};

use super::{Call, Refusal};
use crate::beijing::later;
use crate::check;
use crate::faults::Fault;
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::{Coupon, CouponKind, Order, Payment};
use crate::refund::{Outcome, Refund};
use crate::wire::Params;

/// "Within one year of payment."
const LONGEST_AFTER: SignedDuration = SignedDuration::from_hours(365 * 24);
/// "At least one minute apart."
const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_mins(1);
/// "At most 50 partial refunds."
const MOST_PARTS: usize = 50;

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Params, Refusal> {
    check::refund(request)?;
    let out_trade_no = gateway.named_order(request, unknown_transaction())?;
    let text = |name: &str| request.get(name).map_or("", String::as_str);
    let fee = |name: &str| Fen::parse(text(name)).unwrap_or_default();
    let (total, asked) = (fee("total_fee"), fee("refund_fee"));
    let Some((order, payment)) = gateway.book.paid(&out_trade_no) else {
        return Err(Refusal::new("ORDERNOTEXIST", "订单不存在"));
    };
    if total != order.total {
        return Err(differs());
    }
    if let Some(refund_id) = gateway.book.refund_numbers.get(text("out_refund_no")) {
        let same = gateway.book.refunds.get(refund_id);
        let same = same.filter(|refund| refund.asked == asked && refund.out_trade_no == out_trade_no);
        return same
            .map(|refund| answer(order, payment, refund))
            .ok_or_else(differs);
    }
    let earlier: Vec<&Refund> = order
        .refunds
        .iter()
        .filter_map(|id| gateway.book.refunds.get(id))
        .collect();
    admit(now, order, payment, &earlier, asked)?;
    let counted: Vec<&Refund> = earlier.into_iter().filter(|refund| refund.counts(now)).collect();
    let parts = divide(order, payment, &counted, asked);
    for (fault, code, description) in [
        (
            Fault::NotEnough,
            "NOTENOUGH",
            "基本账户余额不足，请充值后重新发起",
        ),
        (
            Fault::UserAccountAbnormal,
            "USER_ACCOUNT_ABNORMAL",
            "用户账号异常或已注销",
        ),
    ] {
        if gateway.faults.strike(Call::Refund, fault) {
            return Err(Refusal::new(code, description));
        }
    }
    let outcome = if gateway.faults.strike(Call::Refund, Fault::RefundChange) {
        Outcome::Change
    } else if gateway.faults.strike(Call::Refund, Fault::RefundClose) {
        Outcome::Close
    } else {
        Outcome::Success
    };
    let notify_url = Some(text("notify_url"))
        .filter(|url| !url.is_empty())
        .map(str::to_owned);
    let account = match text("refund_account") {
        "" => "REFUND_SOURCE_UNSETTLED_FUNDS",
        named => named,
    };
    let refund = Refund {
        refund_id: gateway.new_refund_id(now),
        out_refund_no: text("out_refund_no").to_owned(),
        out_trade_no,
        asked,
        cash: parts.cash,
        settlement: parts.settlement,
        coupons: parts.coupons,
        fee: parts.fee,
        account: account.to_owned(),
        notify_url,
        requested: now,
        settles: later(now, gateway.config.rules.refund_takes),
        outcome,
    };
    let answer = match gateway.book.paid(&refund.out_trade_no) {
        Some((order, payment)) => answer(order, payment, &refund),
        None => return Err(Refusal::new("ORDERNOTEXIST", "订单不存在")),
    };
    gateway.accept_refund(refund);
    Ok(answer)
}

pub(super) fn unknown_transaction() -> Refusal {
    Refusal::new("INVALID_TRANSACTIONID", "无效transaction_id")
}

fn differs() -> Refusal {
    Refusal::new("ERROR", "订单金额或退款金额与之前请求不一致，请核实后再试")
}

fn admit(
    now: Timestamp,
    order: &Order,
    payment: &Payment,
    earlier: &[&Refund],
    asked: Fen,
) -> Result<(), Refusal> {
    if now > later(payment.at, LONGEST_AFTER) {
        return Err(Refusal::new("TRADE_OVERDUE", "订单已经超过退款期限"));
    }
    if earlier.len() >= MOST_PARTS {
        return Err(Refusal::new("ERROR", "部分退款次数超过50次"));
    }
    // One of before the clock was turned back lies ahead, and is no minute ago either.
    let just_now = |last: &Refund| last.requested <= now && now < later(last.requested, SHORTEST_INTERVAL);
    if earlier.last().is_some_and(|last| just_now(last)) {
        return Err(Refusal::new(
            "FREQUENCY_LIMITED",
            "同一笔订单的多次部分退款请间隔1分钟",
        ));
    }
    let refunded = Fen::total(
        earlier
            .iter()
            .filter(|refund| refund.counts(now))
            .map(|refund| refund.asked),
    );
    if refunded.checked_add(asked).is_none_or(|sum| sum > order.total) {
        return Err(Refusal::new("ERROR", "累计退款金额大于支付金额"));
    }
    Ok(())
}

struct Parts {
    cash: Fen,
    settlement: Fen,
    coupons: Vec<Coupon>,
    fee: Fen,
}

/// Divides a refund among cash and coupons in the payment's proportions. Each part is the difference of two
/// cumulative shares, so that the parts of a full refund add up to exactly what was paid.
fn divide(order: &Order, payment: &Payment, earlier: &[&Refund], asked: Fen) -> Parts {
    let before = Fen::total(earlier.iter().map(|refund| refund.asked));
    let after = before.checked_add(asked).unwrap_or(before);
    let given = |part: Fen| {
        part.share(after, order.total)
            .saturating_sub(part.share(before, order.total))
    };
    let mut coupons: Vec<Coupon> = payment.coupons.clone();
    for coupon in &mut coupons {
        coupon.fee = given(coupon.fee);
    }
    // Cash takes the fen that rounding leaves, so that cash and coupons are the whole refund.
    let cash = asked.saturating_sub(Fen::total(coupons.iter().map(|coupon| coupon.fee)));
    let no_cash = coupons.iter().filter(|coupon| coupon.kind == CouponKind::NoCash);
    let settlement = asked.saturating_sub(Fen::total(no_cash.map(|coupon| coupon.fee)));
    let settled_before = Fen::total(earlier.iter().map(|refund| refund.settlement));
    let left = |gone: Fen| payment.settlement.saturating_sub(gone).fee();
    let settled_after = settled_before.checked_add(settlement).unwrap_or(settled_before);
    let fee = left(settled_before).saturating_sub(left(settled_after));
    Parts {
        cash,
        settlement,
        coupons,
        fee,
    }
}

fn answer(order: &Order, payment: &Payment, refund: &Refund) -> Params {
    let mut answer = Params::new();
    let mut add = |name: &str, value: String| answer.insert(name.to_owned(), value);
    add("transaction_id", payment.transaction_id.clone());
    add("out_trade_no", refund.out_trade_no.clone());
    add("out_refund_no", refund.out_refund_no.clone());
    add("refund_id", refund.refund_id.clone());
    add("refund_fee", refund.asked.to_string());
    add("total_fee", order.total.to_string());
    add("fee_type", "CNY".to_owned());
    add("cash_fee", payment.cash.to_string());
    add("cash_refund_fee", refund.cash.to_string());
    add("coupon_refund_fee", refund.coupon_fee().to_string());
    let coupons: Vec<&Coupon> = refund
        .coupons
        .iter()
        .filter(|coupon| coupon.fee > Fen::ZERO)
        .collect();
    add("coupon_refund_count", coupons.len().to_string());
    if payment.has_no_cash_coupon() {
        add("settlement_total_fee", payment.settlement.to_string());
        add("settlement_refund_fee", refund.settlement.to_string());
    }
    for (n, coupon) in coupons.iter().enumerate() {
        add(&format!("coupon_type_{n}"), coupon.kind.wire().to_owned());
        add(&format!("coupon_refund_fee_{n}"), coupon.fee.to_string());
        add(&format!("coupon_refund_id_{n}"), coupon.id.clone());
    }
    answer
}
