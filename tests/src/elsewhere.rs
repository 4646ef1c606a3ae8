//! Orders of this merchant's that no till of ours has placed.

use std::net::Ipv4Addr;

use wechat_pay::{Fen, NativeOrder};

/// What another program with the merchant's key might ask for, with nothing in it that need not be. Nobody listens for its
/// notify.
pub fn order_from_elsewhere(out_trade_no: &str, total_fee: i64) -> NativeOrder {
    NativeOrder {
        body: "别处的单".to_owned(),
        out_trade_no: out_trade_no.to_owned(),
        total_fee: Fen::new(total_fee),
        spbill_create_ip: Ipv4Addr::LOCALHOST.into(),
        notify_url: "http://127.0.0.1:9/weixin/pay/notify/url".to_owned(),
        product_id: "1".to_owned(),
        device_info: None,
        attach: None,
        detail: None,
        fee_type: None,
        time_start: None,
        time_expire: None,
        goods_tag: None,
        limit_pay: None,
        scene_info: None,
    }
}
