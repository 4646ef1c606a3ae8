//! The machine's clock was turned back between two starts, by a day: whoever practises goes on.

use jiff::SignedDuration;
use wechat_pay_sim::Gateway;

use crate::desk::{Desk, config, minutes, order};
use crate::refund::{NUMBER, paid};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Desk {
    /// Started again from its snapshot, a day before.
    fn a_day_back(&mut self) {
        self.now -= DAY;
        self.gateway = Gateway::from_json(config(), &self.gateway.to_json().unwrap(), self.now).unwrap();
    }
}

#[test]
fn new_orders_are_taken_by_the_clock_as_it_is_now() {
    let mut desk = Desk::new();
    desk.place("T1-261124-1", "100");
    desk.a_day_back();
    // Half an hour after ten in the morning of the day before, in Beijing.
    let mut fields = order("T1-261122-1", "200");
    fields.push(("time_expire", "20261122103000"));
    let placed = desk.ask("/pay/unifiedorder", &fields);
    assert_eq!(
        placed.get("result_code"),
        Some("SUCCESS"),
        "its half hour begins now, not tomorrow"
    );
    desk.pay("T1-261122-1");
    assert_eq!(desk.state("T1-261122-1"), "SUCCESS", "and it can be paid");
}

#[test]
fn what_was_open_can_be_paid_and_closed_without_waiting_for_a_day() {
    let mut desk = Desk::new();
    desk.place("T1-261124-1", "100");
    desk.place("T1-261124-2", "100");
    desk.a_day_back();
    desk.pay("T1-261124-1");
    assert_eq!(
        desk.state("T1-261124-1"),
        "SUCCESS",
        "its code is as good as before"
    );
    assert_eq!(
        desk.close("T1-261124-2"),
        "TRADE_STATE_ERROR",
        "five minutes from now at the most"
    );
    desk.wait(minutes(5));
    assert_eq!(desk.close("T1-261124-2"), "OK", "no longer");
}

#[test]
fn what_has_happened_keeps_its_time_and_what_was_under_way_arrives() {
    let mut desk = paid("1000");
    let paid_at = desk.query(NUMBER).get("time_end").map(str::to_owned);
    desk.refund("R1", "1000", "100");
    desk.a_day_back();
    assert_eq!(
        desk.query(NUMBER).get("time_end").map(str::to_owned),
        paid_at,
        "the till has written the same time down"
    );
    assert_eq!(
        desk.gateway.notifies_due(desk.now).len(),
        1,
        "the notify that nobody took goes out now"
    );
    assert_eq!(
        desk.refund("R2", "1000", "100").get("result_code"),
        Some("SUCCESS"),
        "the part before was a minute ago, or never will have been"
    );
    assert_eq!(desk.refund_status("R1"), "PROCESSING", "on its way");
    desk.wait(minutes(1));
    assert_eq!(desk.refund_status("R1"), "SUCCESS", "and there within its time");
}
