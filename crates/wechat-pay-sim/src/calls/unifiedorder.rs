//! `/pay/unifiedorder`: places a NATIVE order, or places it again.

use jiff::Timestamp;

use super::Refusal;
use crate::beijing::{later, parse_compact};
use crate::check;
use crate::config::OtherParameters;
use crate::fen::Fen;
use crate::gateway::Gateway;
use crate::order::{Code, ORDER_LIFE, Order, Standing, TradeState};
use crate::wire::Params;

/// The shortest time from placing to `time_expire`.
const SHORTEST_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Params, Refusal> {
    check::unifiedorder(request)?;
    let mut placed = request.clone();
    placed.remove("nonce_str");
    placed.remove("sign");
    let out_trade_no = placed.get("out_trade_no").cloned().unwrap_or_default();
    let url = gateway.new_code_url();
    let code = Code {
        url: url.clone(),
        since: now,
    };
    if let Some(order) = gateway.book.orders.get_mut(&out_trade_no) {
        match order.state(now, &gateway.config.rules) {
            TradeState::Success | TradeState::Refund => {
                return Err(Refusal::new("ORDERPAID", "该订单已支付"));
            }
            TradeState::Closed => return Err(Refusal::new("ORDERCLOSED", "该订单已关闭")),
            // However it reads: a code that can't be paid is never given out.
            TradeState::NotPay if now >= order.expires => {
                return Err(Refusal::new("ORDERCLOSED", "该订单已关闭"));
            }
            TradeState::NotPay | TradeState::UserPaying => {}
        }
        if order.placed != placed {
            return Err(match gateway.config.rules.other_parameters {
                OtherParameters::InvalidRequest => Refusal::new("INVALID_REQUEST", "201 商户订单号重复"),
                OtherParameters::OutTradeNoUsed => Refusal::new("OUT_TRADE_NO_USED", "商户订单号重复"),
            });
        }
        order.code = code;
    } else {
        let total = placed
            .get("total_fee")
            .and_then(|fee| Fen::parse(fee))
            .unwrap_or_default();
        let expires = match placed.get("time_expire").and_then(|text| parse_compact(text)) {
            Some(at) if at < later(now, SHORTEST_LIFE) => {
                return Err(Refusal::new(
                    "PARAM_ERROR",
                    "time_expire时间过短，刷卡至少1分钟，其他5分钟",
                ));
            }
            Some(at) => at.min(later(now, ORDER_LIFE)),
            None => later(now, ORDER_LIFE),
        };
        let standing = Standing::Open;
        let (sheet, refunds, declined) = (None, Vec::new(), 0);
        let order = Order {
            placed,
            total,
            created: now,
            expires,
            code,
            sheet,
            declined,
            standing,
            refunds,
        };
        gateway.book.orders.insert(out_trade_no.clone(), order);
    }
    // The old code stays known, so that whoever scans it is told that it is dead.
    gateway.book.codes.insert(url.clone(), out_trade_no);
    gateway.changed();
    Ok(Params::from([
        ("trade_type".to_owned(), "NATIVE".to_owned()),
        ("prepay_id".to_owned(), gateway.new_prepay_id(now)),
        ("code_url".to_owned(), url),
    ]))
}
