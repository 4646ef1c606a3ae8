//! The faults, each seen by a merchant who reads strictly.

use std::time::Duration;

use wechat_pay::{Fields, SignError, SignType, sign};
use wechat_pay_sim::{Answer, Call, Delivery, Fault, Times};

use crate::desk::{Desk, key, order, read};

const NUMBER: &str = "T1-261123-1";
const QUERY: &str = "/pay/orderquery";

fn struck(fault: Fault) -> (Desk, Answer) {
    let mut desk = Desk::new();
    desk.place(NUMBER, "100");
    desk.pay(NUMBER);
    desk.gateway
        .faults_mut()
        .set(Call::OrderQuery, fault, Times::Count(1));
    let answer = desk.raw(QUERY, &[("out_trade_no", NUMBER)]);
    assert_eq!(
        desk.state(NUMBER),
        "SUCCESS",
        "{fault:?}: the next answer is true again"
    );
    (desk, answer)
}

#[test]
fn fault_16_and_17_lost_before_or_after_processing() {
    for (fault, delivery, placed) in [
        (Fault::DropBefore, Delivery::Drop, false),
        (Fault::DropAfter, Delivery::Drop, true),
        (Fault::HangBefore, Delivery::Hang, false),
        (Fault::Hang, Delivery::Hang, true),
    ] {
        let mut desk = Desk::new();
        desk.gateway
            .faults_mut()
            .set(Call::UnifiedOrder, fault, Times::Count(1));
        let answer = desk.raw("/pay/unifiedorder", &order(NUMBER, "100"));
        assert_eq!(answer.delivery, delivery, "{fault:?}: no answer arrives");
        assert!(
            answer.body.is_empty(),
            "{fault:?}: nothing of it leaks to a test that reads on"
        );
        assert_eq!(
            desk.gateway.order(desk.now, NUMBER).is_some(),
            placed,
            "{fault:?}: whether it was processed"
        );
        assert!(
            !desk.place(NUMBER, "100").is_empty(),
            "{fault:?}: the same order again is fine either way"
        );
    }
}

#[test]
fn fault_18_systemerror_so_many_times() {
    let mut desk = Desk::new();
    desk.gateway
        .faults_mut()
        .set(Call::UnifiedOrder, Fault::SystemError, Times::Count(2));
    for _ in 0..2 {
        let answer = desk.ask("/pay/unifiedorder", &order(NUMBER, "100"));
        assert_eq!(
            answer.get("err_code"),
            Some("SYSTEMERROR"),
            "signed, and it says nothing about the order"
        );
        assert!(
            desk.gateway.order(desk.now, NUMBER).is_none(),
            "nothing was placed"
        );
    }
    desk.place(NUMBER, "100");
    desk.wait(crate::desk::minutes(6));
    desk.gateway
        .faults_mut()
        .set(Call::CloseOrder, Fault::SystemErrorAfter, Times::Count(1));
    assert_eq!(desk.close(NUMBER), "SYSTEMERROR", "says it failed");
    assert_eq!(desk.state(NUMBER), "CLOSED", "although it was done");
}

#[test]
fn fault_25_wrong_content_rightly_signed() {
    for (fault, name, value) in [
        (Fault::WrongAmount, "total_fee", "101"),
        (Fault::WrongAppid, "appid", "wx0000000000000000"),
        (Fault::WrongMchId, "mch_id", "1000000000"),
        (Fault::WrongOutTradeNo, "out_trade_no", "WRONG-000000-1-AAAA"),
        (Fault::WrongFeeType, "fee_type", "USD"),
        (Fault::UnknownState, "trade_state", "PAIDISH"),
        (Fault::Stale, "trade_state", "NOTPAY"),
        (Fault::ExtraField, "field_of_next_year", "未来字段"),
    ] {
        let (_, answer) = struck(fault);
        let fields = read(&answer);
        assert_eq!(fields.get(name), Some(value), "{fault:?} changes {name}");
        assert!(
            sign::verify(&fields, &key(), None).is_ok(),
            "{fault:?}: only the content is wrong"
        );
    }
    let (_, stale) = struck(Fault::Stale);
    assert_eq!(
        read(&stale).get("transaction_id"),
        None,
        "a lagging replica knows nothing of the payment"
    );
}

#[test]
fn fault_26_wrongly_signed_or_unsigned() {
    for (fault, expected, verdict) in [
        (Fault::WrongSign, SignType::HmacSha256, SignError::Wrong),
        (Fault::NoSign, SignType::HmacSha256, SignError::Missing),
        (Fault::OtherSignType, SignType::HmacSha256, SignError::TypeDiffers),
    ] {
        let (_, answer) = struck(fault);
        assert_eq!(
            sign::verify(&read(&answer), &key(), Some(expected)),
            Err(verdict),
            "{fault:?}"
        );
    }
}

#[test]
fn fault_28_no_document_at_all() {
    for fault in [
        Fault::Truncated,
        Fault::EmptyBody,
        Fault::DoubledField,
        Fault::Doctype,
    ] {
        let (_, answer) = struck(fault);
        assert!(
            Fields::from_xml(&answer.body, 64 * 1024).is_err(),
            "{fault:?} can't be read"
        );
        assert_eq!(
            answer.status, 200,
            "{fault:?} comes with a good status all the same"
        );
    }
    let (_, answer) = struck(Fault::Html502);
    assert_eq!(
        (answer.status, &answer.body[..6]),
        (502, b"<html>".as_slice()),
        "a web server's page"
    );
    let (_, answer) = struck(Fault::Redirect);
    assert_eq!(
        (answer.status, answer.location.is_some()),
        (302, true),
        "sent to a page elsewhere"
    );
    let (_, answer) = struck(Fault::Bom);
    assert!(
        read(&answer).get("trade_state") == Some("SUCCESS"),
        "a byte order mark is no fault of the content"
    );
}

#[test]
fn faults_wait_for_an_answer_they_can_change() {
    let mut desk = Desk::new();
    desk.place(NUMBER, "100");
    desk.gateway
        .faults_mut()
        .set(Call::OrderQuery, Fault::WrongAmount, Times::Count(1));
    assert_eq!(
        desk.state(NUMBER),
        "NOTPAY",
        "an unpaid order's answer has no amount"
    );
    desk.pay(NUMBER);
    assert_eq!(
        desk.query(NUMBER).get("total_fee"),
        Some("101"),
        "the first that has one is wrong"
    );
    assert_eq!(desk.query(NUMBER).get("total_fee"), Some("100"), "once");
}

#[test]
fn a_delay_holds_back_what_was_processed() {
    let mut desk = Desk::new();
    desk.gateway
        .faults_mut()
        .delay(Call::UnifiedOrder, Duration::from_secs(9), Times::Count(1));
    let answer = desk.raw("/pay/unifiedorder", &order(NUMBER, "100"));
    assert_eq!(
        answer.delivery,
        Delivery::After(Duration::from_secs(9)),
        "later than any client waits"
    );
    assert!(
        desk.gateway.order(desk.now, NUMBER).is_some(),
        "placed long before the answer arrives"
    );
    let answer = desk.raw("/pay/unifiedorder", &order(NUMBER, "100"));
    assert_eq!(
        answer.delivery,
        Delivery::After(Duration::ZERO),
        "one was asked for"
    );
}
