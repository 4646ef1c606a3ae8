//! `/pay/downloadbill`: the bill of a past Beijing day.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{Timestamp, ToSpan};

use super::{Done, Refusal};
use crate::beijing::{day, hour_of};
use crate::bill::{Bill, BillType};
use crate::check;
use crate::gateway::Gateway;
use crate::wire::Params;

/// "The bill of a day is to be fetched after ten o'clock the next day."
const READY_HOUR: i8 = 10;

pub(super) fn run(gateway: &mut Gateway, now: Timestamp, request: &Params) -> Result<Done, Refusal> {
    let text = |name: &str| request.get(name).map_or("", String::as_str);
    // 20002 is sourced; the other numbers are not published on the V2 page.
    let refused = |message, code| Ok(Done::BillRefused { message, code });
    if text("bill_date").is_empty() {
        return refused("missing parameter", "20001");
    }
    let Some(date) = check::bill_date(request) else {
        return refused("data format error", "20001");
    };
    let kind = match text("bill_type") {
        "" | "ALL" => BillType::All,
        "SUCCESS" => BillType::Success,
        "REFUND" => BillType::Refund,
        // Only refunds of recharges to the merchant's account: the simulator has none.
        "RECHARGE_REFUND" => return refused("No Bill Exist", "20002"),
        _ => return refused("invalid bill_type", "20001"),
    };
    let gzip = match text("tar_type") {
        "" => false,
        "GZIP" => true,
        _ => return refused("data format error", "20001"),
    };
    let today = day(now);
    let oldest = today.checked_sub(3.months()).unwrap_or(today);
    if date >= today || date < oldest {
        return refused("No Bill Exist", "20002");
    }
    let ready = hour_of(date.tomorrow().unwrap_or(date), READY_HOUR);
    if now < ready {
        return refused("Bill Creating", "20003");
    }
    let Some(bill) = Bill::of_day(gateway, date, kind, ready) else {
        return refused("No Bill Exist", "20002");
    };
    let text = bill.text(gateway.config.rules.bill_bom, gateway.config.rules.bill_crlf);
    if !gzip {
        return Ok(Done::Bill {
            bytes: text.into_bytes(),
            gzip,
        });
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    match encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()) {
        Ok(bytes) => Ok(Done::Bill { bytes, gzip }),
        Err(_) => refused("CompressGZip Error", "20004"),
    }
}
