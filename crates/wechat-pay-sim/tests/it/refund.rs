//! Refunds: bounds, repeats, outcomes, notifications.

use jiff::SignedDuration;
use wechat_pay::{Fields, refund_notify};
use wechat_pay_sim::{Call, Coupon, CouponKind, Fault, Fen, PayWith, Times};

use crate::desk::{Desk, key, minutes, read};

const REFUND: &str = "/secapi/pay/refund";
pub(crate) const NUMBER: &str = "T1-261123-1";

pub(crate) fn paid(fee: &str) -> Desk {
    let mut desk = Desk::new();
    desk.place(NUMBER, fee);
    desk.pay(NUMBER);
    desk
}

impl Desk {
    pub(crate) fn refund(&mut self, number: &str, total: &str, fee: &str) -> Fields {
        let fields = [
            ("out_trade_no", NUMBER),
            ("out_refund_no", number),
            ("total_fee", total),
            ("refund_fee", fee),
            ("notify_url", "http://127.0.0.1:9/refund"),
        ];
        self.ask(REFUND, &fields)
    }

    pub(crate) fn refund_status(&mut self, number: &str) -> String {
        let list = self.ask("/pay/refundquery", &[("out_refund_no", number)]);
        list.get("refund_status_0")
            .or_else(|| list.get("err_code"))
            .unwrap()
            .to_owned()
    }
}

#[test]
fn a_refund_is_accepted_then_settles_and_is_told() {
    let mut desk = paid("1000");
    let unknown = desk.refund_status("R1");
    assert_eq!(unknown, "REFUNDNOTEXIST", "nothing has been asked for yet");
    let accepted = desk.refund("R1", "1000", "400");
    assert_eq!(accepted.get("result_code"), Some("SUCCESS"), "accepted, not done");
    let refund_id = accepted.get("refund_id").unwrap().to_owned();
    assert_eq!(refund_id.len(), 29, "WeChat's refund numbers have 29 digits");
    assert!(refund_id.starts_with("5000"), "and begin with 5000");
    assert_eq!(
        desk.state(NUMBER),
        "REFUND",
        "the order shows that a refund was asked for"
    );
    assert_eq!(desk.refund_status("R1"), "PROCESSING", "refunds take time");
    let book = desk.gateway.refunds(desk.now);
    let row = book
        .first()
        .map(|it| (it.out_refund_no.as_str(), it.refund_fee, it.status));
    assert_eq!(
        (row, book.len()),
        (Some(("R1", Fen::new(400), "PROCESSING")), 1),
        "WeChat's book has it once"
    );
    desk.now = desk
        .gateway
        .next_notify()
        .unwrap()
        .max(desk.now + SignedDuration::from_secs(20));
    assert_eq!(desk.refund_status("R1"), "SUCCESS", "and then they are done");
    let posts = desk.gateway.notifies_due(desk.now);
    let post = posts.iter().find(|post| post.url.ends_with("/refund")).unwrap();
    let outer = Fields::from_xml(&post.body, 64 * 1024).unwrap();
    assert_eq!(
        outer.get("sign"),
        None,
        "a refund notification is unsigned outside"
    );
    let inner = refund_notify::decrypt(outer.get("req_info").unwrap(), &key()).unwrap();
    for (name, value) in [
        ("refund_id", refund_id.as_str()),
        ("refund_status", "SUCCESS"),
        ("refund_fee", "400"),
        ("total_fee", "1000"),
        ("success_time", "2026-11-23 10:00:20"),
    ] {
        assert_eq!(inner.get(name), Some(value), "{name} inside the encrypted part");
    }
}

#[test]
fn fault_31_refunds_never_exceed_the_payment_and_repeats_are_one_refund() {
    let mut desk = paid("1000");
    let first = desk.refund("R1", "1000", "600");
    let again = desk.refund("R1", "1000", "600");
    assert_eq!(
        first.get("refund_id"),
        again.get("refund_id"),
        "the same number is the same refund"
    );
    assert_eq!(
        desk.refund("R1", "1000", "500").get("err_code"),
        Some("ERROR"),
        "the same number, another amount"
    );
    assert_eq!(
        desk.refund("R2", "1000", "400").get("err_code"),
        Some("FREQUENCY_LIMITED"),
        "a minute apart"
    );
    desk.wait(minutes(1));
    assert_eq!(
        desk.refund("R2", "1000", "401").get("err_code"),
        Some("ERROR"),
        "a fen more than is left"
    );
    assert_eq!(
        desk.refund("R2", "999", "399").get("err_code"),
        Some("ERROR"),
        "total_fee isn't the order's"
    );
    assert_eq!(
        desk.refund("R2", "1000", "400").get("result_code"),
        Some("SUCCESS"),
        "exactly what is left"
    );
    desk.wait(minutes(1));
    assert_eq!(
        desk.refund("R3", "1000", "1").get("err_code"),
        Some("ERROR"),
        "nothing is left"
    );
}

#[test]
fn at_most_fifty_parts() {
    let mut desk = paid("1000");
    for n in 0..50 {
        let part = desk.refund(&format!("R{n}"), "1000", "1");
        assert_eq!(part.get("result_code"), Some("SUCCESS"), "part {n} of fifty");
        desk.wait(minutes(1));
    }
    assert_eq!(
        desk.refund("R50", "1000", "1").get("err_code"),
        Some("ERROR"),
        "the fifty-first is refused"
    );
    let page = desk.ask("/pay/refundquery", &[("out_trade_no", NUMBER), ("offset", "45")]);
    assert_eq!(
        page.get("total_refund_count"),
        Some("50"),
        "all of them are known"
    );
    assert_eq!(
        page.get("refund_count"),
        Some("5"),
        "the last page holds what is left after the offset"
    );
    assert_eq!(
        page.get("out_refund_no_0"),
        Some("R45"),
        "counted from the offset"
    );
}

#[test]
fn only_a_paid_order_can_be_refunded_and_not_after_a_year() {
    let mut desk = Desk::new();
    desk.place(NUMBER, "1000");
    assert_eq!(
        desk.refund("R1", "1000", "1").get("err_code"),
        Some("ORDERNOTEXIST"),
        "not paid"
    );
    desk.pay(NUMBER);
    let unknown = [
        ("transaction_id", "4200"),
        ("out_refund_no", "R1"),
        ("total_fee", "1"),
        ("refund_fee", "1"),
    ];
    assert_eq!(
        desk.ask(REFUND, &unknown).get("err_code"),
        Some("INVALID_TRANSACTIONID"),
        "no such payment"
    );
    desk.wait(minutes(366 * 24 * 60));
    assert_eq!(
        desk.refund("R1", "1000", "1").get("err_code"),
        Some("TRADE_OVERDUE"),
        "more than a year ago"
    );
}

#[test]
fn changed_and_closed_refunds() {
    let mut desk = paid("1000");
    desk.gateway
        .faults_mut()
        .set(Call::Refund, Fault::RefundClose, Times::Count(1));
    desk.refund("R1", "1000", "1000");
    desk.wait(minutes(1));
    assert_eq!(
        desk.refund_status("R1"),
        "REFUNDCLOSE",
        "closed without money moving"
    );
    desk.gateway
        .faults_mut()
        .set(Call::Refund, Fault::RefundChange, Times::Count(1));
    let second = desk.refund("R2", "1000", "1000");
    assert_eq!(
        second.get("result_code"),
        Some("SUCCESS"),
        "a closed refund gives its amount free again"
    );
    desk.wait(minutes(1));
    assert_eq!(
        desk.refund_status("R2"),
        "CHANGE",
        "the card is void, a person has to act"
    );
    assert_eq!(
        desk.refund("R3", "1000", "1").get("err_code"),
        Some("ERROR"),
        "a changed refund still counts"
    );
}

#[test]
fn parts_of_a_coupon_payment_add_up_to_what_was_paid() {
    let mut desk = Desk::new();
    desk.place(NUMBER, "1000");
    let coupon = |fee, kind| Coupon {
        id: String::new(),
        fee: Fen::new(fee),
        kind,
    };
    let coupons = vec![
        coupon(101, CouponKind::NoCash),
        coupon(99, CouponKind::Cash),
        coupon(1, CouponKind::NoCash),
        coupon(7, CouponKind::NoCash),
    ];
    desk.gateway
        .pay(
            desk.now,
            NUMBER,
            &PayWith {
                coupons,
                ..PayWith::default()
            },
        )
        .unwrap();
    let mut sums = [0_u64; 4];
    for (n, fee) in ["333", "333", "334"].into_iter().enumerate() {
        let part = desk.refund(&format!("R{n}"), "1000", fee);
        let number = |name: &str| part.get(name).unwrap().parse::<u64>().unwrap();
        let (cash, coupons) = (number("cash_refund_fee"), number("coupon_refund_fee"));
        assert_eq!(
            cash + coupons,
            number("refund_fee"),
            "cash and coupons are the whole part"
        );
        let each: u64 = (0..number("coupon_refund_count"))
            .map(|n| number(&format!("coupon_refund_fee_{n}")))
            .sum();
        assert_eq!(each, coupons, "the single coupons add up");
        sums[0] += cash;
        sums[1] += coupons;
        sums[2] += number("settlement_refund_fee");
        sums[3] += fee.parse::<u64>().unwrap();
        desk.wait(minutes(1));
    }
    assert_eq!(
        sums,
        [792, 208, 891, 1000],
        "all parts together are exactly the payment"
    );
}

#[test]
fn a_missing_certificate_and_empty_accounts_are_refused() {
    let mut desk = paid("1000");
    desk.gateway.rules_mut().require_certificate = true;
    let fields = [
        ("out_trade_no", NUMBER),
        ("out_refund_no", "R1"),
        ("total_fee", "1000"),
        ("refund_fee", "1"),
    ];
    let body = crate::desk::signed(&fields, wechat_pay::SignType::Md5);
    let answer = desk.gateway.answer(desk.now, REFUND, &body, false);
    assert_eq!(answer.status, 400, "the web server refuses, not the gateway");
    assert!(!answer.body.starts_with(b"<xml>"), "with a page");
    let answer = desk.gateway.answer(desk.now, "/pay/refundquery", &body, false);
    assert_eq!(
        read(&answer).get("return_code"),
        Some("SUCCESS"),
        "queries need no certificate"
    );
    for (fault, code) in [
        (Fault::NotEnough, "NOTENOUGH"),
        (Fault::UserAccountAbnormal, "USER_ACCOUNT_ABNORMAL"),
    ] {
        desk.gateway
            .faults_mut()
            .set(Call::Refund, fault, Times::Count(1));
        assert_eq!(
            desk.refund("R1", "1000", "1").get("err_code"),
            Some(code),
            "on request"
        );
    }
    assert_eq!(
        desk.refund("R1", "1000", "1").get("result_code"),
        Some("SUCCESS"),
        "the number isn't burnt by that"
    );
}
