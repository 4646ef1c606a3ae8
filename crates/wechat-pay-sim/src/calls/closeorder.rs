//! `/pay/closeorder`: makes an unpaid order unpayable.

use jiff::{SignedDuration, Timestamp};

use super::Refusal;
use crate::beijing::later;
use crate::check;
use crate::config::EarlyClose;
use crate::gateway::Gateway;
use crate::order::{Standing, TradeState};
use crate::wire::Params;

/// "The shortest interval is five minutes" from placing to closing.
const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Params, Refusal> {
    check::closeorder(request)?;
    let rules = &gateway.config.rules;
    let out_trade_no = request.get("out_trade_no").map_or("", String::as_str);
    let Some(order) = gateway.book.orders.get_mut(out_trade_no) else {
        return Err(Refusal::new("ORDERNOTEXIST", "订单不存在"));
    };
    match order.state(now, rules) {
        TradeState::Success | TradeState::Refund => return Err(Refusal::new("ORDERPAID", "该订单已支付")),
        TradeState::Closed => return Err(Refusal::new("ORDERCLOSED", "该订单已关闭")),
        TradeState::NotPay | TradeState::UserPaying => {}
    }
    if rules.early_close == EarlyClose::Refuse && now < later(order.created, SHORTEST_INTERVAL) {
        let description = "订单生成后不能马上调用关单接口，最短调用时间间隔为5分钟";
        return Err(Refusal::new("TRADE_STATE_ERROR", description));
    }
    order.standing = Standing::Closed(now);
    order.sheet = None;
    gateway.changed();
    Ok(Params::from([("result_msg".to_owned(), "OK".to_owned())]))
}
