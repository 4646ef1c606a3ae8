//! The machine's clock was turned back between two starts, by a day: whoever practises goes on.

use jiff::SignedDuration;
use wechat_pay_sim::{CustomerRefusal, Gateway, PayWith};

use crate::desk::{Desk, config, minutes};
use crate::refund::{NUMBER, paid};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Desk {
    /// Started again from its snapshot, a day before.
    fn a_day_back(&mut self) {
        self.now -= DAY;
        self.start_again();
    }

    fn start_again(&mut self) {
        self.gateway = Gateway::from_json(config(), &self.gateway.to_json().unwrap(), self.now).unwrap();
    }
}

#[test]
fn what_was_open_can_be_paid_and_closed_without_waiting_for_a_day() {
    let mut desk = Desk::new();
    desk.place("T1-261124-1", "100");
    desk.place("T1-261124-2", "100");
    desk.place("T1-261124-3", "100");
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
    desk.wait(minutes(115));
    assert_eq!(
        desk.gateway.pay(desk.now, "T1-261124-3", &PayWith::default()),
        Err(CustomerRefusal::CodeExpired),
        "a code lives two hours from now, not from tomorrow"
    );
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
    desk.start_again();
    assert_eq!(
        desk.gateway.notifies_due(desk.now).len(),
        0,
        "and waits for its next time: the clock has not gone back once more"
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
