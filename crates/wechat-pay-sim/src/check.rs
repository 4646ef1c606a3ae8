//! The gateway's own reading of each request's fields: presence, lengths, charsets. Written from WeChat's field
//! tables, not from the client, so that a mistake in one isn't repeated in the other.

use std::net::IpAddr;

use crate::beijing::{parse_compact, parse_day};
use crate::calls::Refusal;
use crate::fen::Fen;
use crate::wire::Params;

/// One line of a field table.
struct Field {
    name: &'static str,
    required: bool,
    /// Longest value in bytes. The documents don't say bytes or characters: the stricter reading.
    longest: usize,
    shape: fn(&str) -> bool,
}

const fn must(name: &'static str, longest: usize, shape: fn(&str) -> bool) -> Field {
    Field {
        name,
        required: true,
        longest,
        shape,
    }
}

const fn may(name: &'static str, longest: usize, shape: fn(&str) -> bool) -> Field {
    Field {
        name,
        required: false,
        longest,
        shape,
    }
}

/// The fields that every request carries.
const ENVELOPE: [Field; 5] = [
    must("appid", 32, any),
    must("mch_id", 32, any),
    must("nonce_str", 32, any),
    must("sign", 64, any),
    may("sign_type", 32, any),
];

/// `body` and `attach`: 127 and 128 both stand in the documents; the shorter one.
const UNIFIEDORDER: [Field; 19] = [
    may("device_info", 32, any),
    must("body", 127, any),
    may("detail", 6000, any),
    may("attach", 127, any),
    must("out_trade_no", 32, trade_number),
    may("fee_type", 16, |value| value == "CNY"),
    must("total_fee", 16, |value| Fen::parse(value).is_some()),
    must("spbill_create_ip", 64, |value| value.parse::<IpAddr>().is_ok()),
    may("time_start", 14, |value| parse_compact(value).is_some()),
    may("time_expire", 14, |value| parse_compact(value).is_some()),
    may("goods_tag", 32, any),
    must("notify_url", 256, notify_url),
    must("trade_type", 16, |value| value == "NATIVE"),
    must("product_id", 32, any),
    may("limit_pay", 32, |value| value == "no_credit"),
    may("openid", 128, any),
    may("receipt", 8, |value| value == "Y"),
    may("scene_info", 256, any),
    may("profit_sharing", 1, |value| matches!(value, "Y" | "N")),
];

const REFUND: [Field; 9] = [
    may("transaction_id", 32, digits),
    may("out_trade_no", 32, trade_number),
    must("out_refund_no", 64, refund_number),
    must("total_fee", 16, |value| Fen::parse(value).is_some()),
    must("refund_fee", 16, |value| Fen::parse(value).is_some()),
    may("refund_fee_type", 8, |value| value == "CNY"),
    may("refund_desc", 80, any),
    may("refund_account", 30, |value| {
        matches!(
            value,
            "REFUND_SOURCE_UNSETTLED_FUNDS" | "REFUND_SOURCE_RECHARGE_FUNDS"
        )
    }),
    may("notify_url", 256, notify_url),
];

/// Checks the fields without which no answer can be signed; names the first that is missing.
pub(crate) fn envelope(request: &Params) -> Result<(), Refusal> {
    fields(request, &ENVELOPE)
}

pub(crate) fn unifiedorder(request: &Params) -> Result<(), Refusal> {
    fields(request, &UNIFIEDORDER)?;
    match (request.get("time_start"), request.get("time_expire")) {
        // Equal-length digits: the order of the texts is the order of the times.
        (Some(start), Some(expire)) if !start.is_empty() && !expire.is_empty() && expire <= start => {
            Err(Refusal::new("PARAM_ERROR", "time_expire必须晚于time_start"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn orderquery(request: &Params) -> Result<(), Refusal> {
    if request
        .get("transaction_id")
        .is_some_and(|number| !number.is_empty() && !digits(number))
    {
        return Err(Refusal::new("PARAM_ERROR", "微信订单号非法"));
    }
    one_of(request, &["transaction_id", "out_trade_no"])?;
    fields(
        request,
        &[
            may("transaction_id", 32, digits),
            may("out_trade_no", 32, trade_number),
        ],
    )
}

pub(crate) fn closeorder(request: &Params) -> Result<(), Refusal> {
    fields(request, &[must("out_trade_no", 32, trade_number)])
}

pub(crate) fn refund(request: &Params) -> Result<(), Refusal> {
    one_of(request, &["transaction_id", "out_trade_no"])?;
    fields(request, &REFUND)
}

pub(crate) fn refundquery(request: &Params) -> Result<(), Refusal> {
    one_of(
        request,
        &["refund_id", "out_refund_no", "transaction_id", "out_trade_no"],
    )?;
    fields(
        request,
        &[
            may("refund_id", 32, digits),
            may("out_refund_no", 64, refund_number),
            may("transaction_id", 32, digits),
            may("out_trade_no", 32, trade_number),
            may("offset", 15, digits),
        ],
    )
}

/// Whether `bill_date` is a day.
pub(crate) fn bill_date(request: &Params) -> Option<jiff::civil::Date> {
    parse_day(request.get("bill_date")?)
}

fn fields(request: &Params, table: &[Field]) -> Result<(), Refusal> {
    for field in table {
        // An empty element is an absent one.
        let value = request.get(field.name).map_or("", String::as_str);
        if value.is_empty() {
            if field.required {
                return Err(Refusal::new("LACK_PARAMS", format!("缺少参数{}", field.name)));
            }
            continue;
        }
        if value.len() > field.longest || value.contains('\0') || !(field.shape)(value) {
            return Err(Refusal::new(
                "PARAM_ERROR",
                format!("参数格式校验错误：{}", field.name),
            ));
        }
    }
    Ok(())
}

fn one_of(request: &Params, names: &[&str]) -> Result<(), Refusal> {
    if names
        .iter()
        .any(|name| request.get(*name).is_some_and(|value| !value.is_empty()))
    {
        return Ok(());
    }
    Err(Refusal::new(
        "LACK_PARAMS",
        format!("缺少参数{}", names.join("|")),
    ))
}

fn any(_: &str) -> bool {
    true
}

fn digits(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit())
}

/// `@` is allowed on some pages only: refused here, so that a till that sends it is found out.
fn trade_number(value: &str) -> bool {
    value.len() >= 6
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-|*".contains(&b))
}

fn refund_number(value: &str) -> bool {
    value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-|*@".contains(&b))
}

/// A full address with a path and without a query; a public host must be https.
fn notify_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    if value.contains(['?', '#', ' ']) || !value.is_ascii() {
        return false;
    }
    let Some((authority, _path)) = rest.split_once('/') else {
        return false;
    };
    let host = if let Some(v6) = authority.strip_prefix('[') {
        v6.split(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    match scheme {
        "https" => !host.is_empty(),
        "http" => !host.is_empty() && !is_public(host),
        _ => false,
    }
}

/// A host of the public Internet, going by its looks: the simulator asks no name server.
fn is_public(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        Ok(IpAddr::V6(ip)) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
        Err(_) => {
            host.contains('.')
                && ![".local", ".localhost", ".test"]
                    .iter()
                    .any(|end| host.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Params {
        [
            ("body", "测试门店-咖啡"),
            ("out_trade_no", "T1-261123-1"),
            ("total_fee", "1"),
            ("spbill_create_ip", "127.0.0.1"),
            ("notify_url", "http://127.0.0.1:1/n"),
            ("trade_type", "NATIVE"),
            ("product_id", "P1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn code(name: &str, value: &str) -> Option<&'static str> {
        let mut request = order();
        request.insert(name.to_owned(), value.to_owned());
        unifiedorder(&request).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_whole_order_passes_and_each_required_field_is_missed() {
        assert_eq!(
            unifiedorder(&order()),
            Ok(()),
            "every required field is there and well formed"
        );
        for name in order().keys() {
            assert_eq!(
                code(name, ""),
                Some("LACK_PARAMS"),
                "an empty {name} is an absent {name}"
            );
        }
    }

    #[test]
    fn each_field_is_held_to_its_table() {
        let long = "x".repeat(128);
        let bad = [
            ("body", long.as_str()),
            ("attach", &long),
            ("out_trade_no", "12345"),
            ("out_trade_no", "123456789012345678901234567890123"),
            ("out_trade_no", "T1 261123"),
            ("out_trade_no", "T1@261123"),
            ("total_fee", "0"),
            ("total_fee", "1.00"),
            ("total_fee", "-1"),
            ("fee_type", "USD"),
            ("spbill_create_ip", "till"),
            ("time_start", "2026-01-01"),
            ("notify_url", "http://127.0.0.1/n?x=1"),
            ("notify_url", "http://relay.example.com/n"),
            ("notify_url", "https://relay.example.com"),
            ("notify_url", "ftp://127.0.0.1/n"),
            ("trade_type", "JSAPI2"),
            ("product_id", "123456789012345678901234567890123"),
            ("limit_pay", "no_debit"),
            ("receipt", "N"),
        ];
        for (name, value) in bad {
            assert_eq!(
                code(name, value),
                Some("PARAM_ERROR"),
                "{name}={value} breaks WeChat's field table"
            );
        }
        for (name, value) in [
            ("spbill_create_ip", "::1"),
            ("notify_url", "https://relay.example.com/wxpay/notify"),
            ("notify_url", "http://[::1]:8080/n"),
            ("notify_url", "http://relay:8080/n"),
            ("out_trade_no", "aZ09_-|*"),
        ] {
            assert_eq!(code(name, value), None, "{name}={value} is allowed");
        }
    }
}
