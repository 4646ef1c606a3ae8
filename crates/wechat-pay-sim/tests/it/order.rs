//! Placing, paying and closing orders.

use jiff::SignedDuration;
use wechat_pay_sim::{
    Coupon, CouponKind, CustomerRefusal, EarlyClose, ExpiredReads, Fen, Gateway, OtherParameters, PayWith,
    ScannedReads, TradeState,
};

use crate::desk::{Desk, config, minutes, order};

#[test]
fn an_order_is_placed_scanned_paid_and_read() {
    let mut desk = Desk::new();
    let code = desk.place("T1-261123-1", "1234");
    assert!(
        code.starts_with("weixin://wxpay/bizpayurl/up?pr=") && code.len() <= 64,
        "{code} has WeChat's shape"
    );
    assert_eq!(desk.state("T1-261123-1"), "NOTPAY", "nobody has scanned it");
    desk.gateway.scan(desk.now, &code).unwrap();
    assert_eq!(
        desk.state("T1-261123-1"),
        "NOTPAY",
        "the customer is typing the password, which a NATIVE order does not tell"
    );
    desk.gateway.rules_mut().scanned_reads = ScannedReads::UserPaying;
    assert_eq!(
        desk.state("T1-261123-1"),
        "USERPAYING",
        "unless the gateway is told to say so"
    );
    desk.gateway.decline(desk.now, "T1-261123-1").unwrap();
    assert_eq!(
        desk.state("T1-261123-1"),
        "NOTPAY",
        "a failed attempt leaves the order payable"
    );
    desk.gateway.scan(desk.now, &code).unwrap();
    desk.gateway.walk_away(desk.now, "T1-261123-1").unwrap();
    assert_eq!(
        desk.state("T1-261123-1"),
        "NOTPAY",
        "a customer who leaves changes nothing"
    );
    let receipt = desk.pay("T1-261123-1");
    let paid = desk.query("T1-261123-1");
    for (name, value) in [
        ("trade_state", "SUCCESS"),
        ("total_fee", "1234"),
        ("cash_fee", "1234"),
        ("attach", "a,`b"),
        ("device_info", "T1"),
        ("time_end", "20261123100000"),
        ("transaction_id", &receipt.transaction_id),
    ] {
        assert_eq!(paid.get(name), Some(value), "{name} of the paid order");
    }
    assert_eq!(
        receipt.transaction_id.len(),
        28,
        "WeChat's payment numbers have 28 digits"
    );
    assert!(receipt.transaction_id.starts_with("4200"), "and begin with 4200");
    let by_number = desk.ask("/pay/orderquery", &[("transaction_id", &receipt.transaction_id)]);
    assert_eq!(
        by_number.get("out_trade_no"),
        Some("T1-261123-1"),
        "an order is found by either number"
    );
    let again = desk.gateway.pay(desk.now, "T1-261123-1", &PayWith::default());
    assert_eq!(
        again,
        Err(CustomerRefusal::AlreadyPaid),
        "nobody pays an order twice"
    );
}

#[test]
fn a_query_names_an_order_that_is_there() {
    let mut desk = Desk::new();
    let absent = desk.query("T1-261123-9");
    assert_eq!(
        absent.get("err_code"),
        Some("ORDERNOTEXIST"),
        "only placed orders can be queried"
    );
    let bad = desk.ask("/pay/orderquery", &[("transaction_id", "abc")]);
    assert_eq!(
        bad.get("err_code_des"),
        Some("微信订单号非法"),
        "seen live for a malformed transaction_id"
    );
    let neither = desk.ask("/pay/orderquery", &[]);
    assert_eq!(
        neither.get("err_code"),
        Some("LACK_PARAMS"),
        "one of the two numbers is needed"
    );
}

#[test]
fn the_same_parameters_again_give_a_new_code_and_kill_the_old_one() {
    let mut desk = Desk::new();
    let old = desk.place("T1-261123-1", "100");
    desk.gateway.scan(desk.now, &old).unwrap();
    let new = desk.place("T1-261123-1", "100");
    assert_ne!(old, new, "every placing has its own code");
    assert_eq!(
        desk.gateway.scan(desk.now, &old),
        Err(CustomerRefusal::CodeReplaced),
        "the old code is dead"
    );
    let on_phone = desk.gateway.pay(desk.now, "T1-261123-1", &PayWith::default());
    assert_eq!(
        on_phone,
        Err(CustomerRefusal::CodeReplaced),
        "also for the customer who has it on the phone"
    );
    desk.gateway.scan(desk.now, &new).unwrap();
    desk.pay("T1-261123-1");
    let repeat = desk.ask("/pay/unifiedorder", &order("T1-261123-1", "100"));
    assert_eq!(
        repeat.get("err_code"),
        Some("ORDERPAID"),
        "a paid order isn't placed again"
    );
}

#[test]
fn fault_22_other_parameters_under_a_used_number_are_refused() {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "100");
    for (name, value) in [
        ("total_fee", "101"),
        ("body", "别的"),
        ("spbill_create_ip", "127.0.0.2"),
        ("time_expire", "20261123110000"),
        ("attach", ""),
    ] {
        let mut changed = order("T1-261123-1", "100");
        changed.retain(|(field, _)| *field != name);
        changed.push((name, value));
        let refused = desk.ask("/pay/unifiedorder", &changed);
        assert_eq!(
            refused.get("err_code"),
            Some("INVALID_REQUEST"),
            "a changed {name} is another order"
        );
        assert_eq!(
            refused.get("err_code_des"),
            Some("201 商户订单号重复"),
            "the words seen live"
        );
    }
    desk.gateway.rules_mut().other_parameters = OtherParameters::OutTradeNoUsed;
    let refused = desk.ask("/pay/unifiedorder", &order("T1-261123-1", "101"));
    assert_eq!(
        refused.get("err_code"),
        Some("OUT_TRADE_NO_USED"),
        "the older gateway's code, by switch"
    );
    let mut nonce = order("T1-261123-1", "100");
    nonce.push(("nonce_str", "another"));
    assert_eq!(
        desk.ask("/pay/unifiedorder", &nonce).get("result_code"),
        Some("SUCCESS"),
        "only nonce and sign may differ"
    );
}

#[test]
fn fault_21_a_close_within_five_minutes_is_refused() {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "100");
    desk.wait(minutes(5) - SignedDuration::from_millis(1));
    assert_eq!(
        desk.close("T1-261123-1"),
        "TRADE_STATE_ERROR",
        "one millisecond before the five minutes are over"
    );
    assert_eq!(
        desk.real_state("T1-261123-1"),
        TradeState::NotPay,
        "a refused close changes nothing"
    );
    desk.wait(SignedDuration::from_millis(1));
    assert_eq!(desk.close("T1-261123-1"), "OK", "exactly five minutes are enough");
    assert_eq!(desk.close("T1-261123-1"), "ORDERCLOSED", "closing twice says so");
    assert_eq!(desk.state("T1-261123-1"), "CLOSED", "the query agrees");
    let again = desk.ask("/pay/unifiedorder", &order("T1-261123-1", "100"));
    assert_eq!(
        again.get("err_code"),
        Some("ORDERCLOSED"),
        "a closed number is burnt for good"
    );
    assert_eq!(
        desk.close("T1-261123-7"),
        "ORDERNOTEXIST",
        "an order that was never placed can't be closed"
    );

    desk.gateway.rules_mut().early_close = EarlyClose::Allow;
    desk.place("T1-261123-2", "100");
    assert_eq!(
        desk.close("T1-261123-2"),
        "OK",
        "the V3 page's reading, by switch"
    );
}

#[test]
fn fault_19_close_and_pay_exclude_each_other() {
    let mut desk = Desk::new();
    for (number, pays_first) in [("T1-261123-1", true), ("T1-261123-2", false)] {
        let code = desk.place(number, "100");
        desk.gateway.scan(desk.now, &code).unwrap();
        desk.wait(minutes(6));
        // The same instant for both: whichever comes first wins and the other is told.
        if pays_first {
            desk.pay(number);
            assert_eq!(desk.close(number), "ORDERPAID", "a paid order can't be closed");
            assert_eq!(desk.real_state(number), TradeState::Success, "and stays paid");
        } else {
            assert_eq!(
                desk.close(number),
                "OK",
                "a customer at the pay sheet doesn't stop the close"
            );
            let late = desk.gateway.pay(desk.now, number, &PayWith::default());
            assert_eq!(
                late,
                Err(CustomerRefusal::OrderClosed),
                "the customer is refused, no money moves"
            );
            assert_eq!(
                desk.gateway.scan(desk.now, &code),
                Err(CustomerRefusal::OrderClosed),
                "the code is dead too"
            );
        }
    }
}

#[test]
fn a_code_lives_two_hours_and_a_new_one_revives_the_order() {
    let mut desk = Desk::new();
    let code = desk.place("T1-261123-1", "100");
    desk.wait(minutes(120) - SignedDuration::from_millis(1));
    assert!(
        desk.gateway.scan(desk.now, &code).is_ok(),
        "alive to the last millisecond"
    );
    desk.wait(SignedDuration::from_millis(1));
    let late = desk.gateway.pay(desk.now, "T1-261123-1", &PayWith::default());
    assert_eq!(late, Err(CustomerRefusal::CodeExpired), "dead at two hours");
    assert_eq!(
        desk.gateway.order(desk.now, "T1-261123-1").unwrap().unpayable,
        Some(CustomerRefusal::CodeExpired),
        "the view says why"
    );
    desk.place("T1-261123-1", "100");
    desk.gateway.walk_away(desk.now, "T1-261123-1").unwrap();
    desk.pay("T1-261123-1");
    assert_eq!(
        desk.state("T1-261123-1"),
        "SUCCESS",
        "the order itself had six days left"
    );
}

#[test]
fn time_expire_ends_the_order_for_customer_and_merchant() {
    for reads in [ExpiredReads::Closed, ExpiredReads::NotPay] {
        let mut desk = Desk::new();
        desk.gateway.rules_mut().expired_reads = reads;
        let mut fields = order("T1-261123-1", "100");
        fields.extend([
            ("time_start", "20261123100000"),
            ("time_expire", "20261123103000"),
        ]);
        assert_eq!(
            desk.ask("/pay/unifiedorder", &fields).get("result_code"),
            Some("SUCCESS"),
            "30 minutes to pay"
        );
        desk.wait(minutes(30) - SignedDuration::from_millis(1));
        assert_eq!(desk.state("T1-261123-1"), "NOTPAY", "still payable");
        desk.wait(SignedDuration::from_millis(1));
        let late = desk.gateway.pay(desk.now, "T1-261123-1", &PayWith::default());
        assert_eq!(
            late,
            Err(CustomerRefusal::OrderClosed),
            "time_expire is the last moment to pay"
        );
        match reads {
            ExpiredReads::Closed => {
                assert_eq!(
                    desk.state("T1-261123-1"),
                    "CLOSED",
                    "one reading of an expired order"
                );
                assert_eq!(
                    desk.close("T1-261123-1"),
                    "ORDERCLOSED",
                    "nothing is left to close"
                );
            }
            ExpiredReads::NotPay => {
                assert_eq!(desk.state("T1-261123-1"), "NOTPAY", "the other reading");
                let again = desk.ask("/pay/unifiedorder", &fields);
                assert_eq!(
                    again.get("err_code"),
                    Some("ORDERCLOSED"),
                    "no code that can't be paid is given out"
                );
                assert_eq!(desk.close("T1-261123-1"), "OK", "somebody has to close it");
            }
        }
    }
}

#[test]
fn fault_13_an_expiry_that_is_past_or_near_is_refused() {
    let mut desk = Desk::new();
    for expire in ["20261123095959", "20261123100030", "20201123100000"] {
        let mut fields = order("T1-261123-1", "100");
        fields.push(("time_expire", expire));
        let refused = desk.ask("/pay/unifiedorder", &fields);
        assert_eq!(
            refused.get("err_code"),
            Some("PARAM_ERROR"),
            "{expire} leaves less than a minute"
        );
    }
    assert_eq!(
        desk.query("T1-261123-1").get("err_code"),
        Some("ORDERNOTEXIST"),
        "a refused order isn't there"
    );
}

#[test]
fn an_order_without_expiry_closes_itself_after_seven_days() {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "100");
    desk.wait(minutes(7 * 24 * 60) - SignedDuration::from_secs(1));
    assert_eq!(desk.state("T1-261123-1"), "NOTPAY", "open for seven days");
    desk.wait(SignedDuration::from_secs(1));
    assert_eq!(
        desk.state("T1-261123-1"),
        "CLOSED",
        "then closed without anybody's doing"
    );
}

#[test]
fn fault_24_more_than_three_coupons_are_told_one_by_one() {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "1000");
    let coupon = |fee, kind| Coupon {
        id: String::new(),
        fee: Fen::new(fee),
        kind,
    };
    let mut coupons: Vec<Coupon> = (0..4).map(|_| coupon(100, CouponKind::NoCash)).collect();
    coupons.push(coupon(50, CouponKind::Cash));
    let too_many = PayWith {
        coupons: vec![coupon(1001, CouponKind::Cash)],
        ..PayWith::default()
    };
    let refused = desk.gateway.pay(desk.now, "T1-261123-1", &too_many);
    assert_eq!(
        refused,
        Err(CustomerRefusal::CouponsDontFit),
        "coupons can't be worth more than the order"
    );
    let receipt = desk
        .gateway
        .pay(
            desk.now,
            "T1-261123-1",
            &PayWith {
                coupons,
                ..PayWith::default()
            },
        )
        .unwrap();
    assert_eq!(receipt.cash_fee, Fen::new(550), "cash is what coupons leave");
    let paid = desk.query("T1-261123-1");
    for (name, value) in [
        ("total_fee", "1000"),
        ("cash_fee", "550"),
        ("coupon_fee", "450"),
        ("coupon_count", "5"),
        ("settlement_total_fee", "600"),
        ("coupon_fee_4", "50"),
        ("coupon_type_4", "CASH"),
        ("coupon_type_3", "NO_CASH"),
    ] {
        assert_eq!(
            paid.get(name),
            Some(value),
            "{name}: cash and coupons are the whole, settlement lacks NO_CASH"
        );
    }
    assert!(
        paid.get("coupon_id_4").is_some_and(|id| !id.is_empty()),
        "each coupon has a number"
    );
}

#[test]
fn a_snapshot_goes_on_exactly_where_it_was() {
    let mut desk = Desk::new();
    desk.place("T1-261123-1", "100");
    desk.place("T1-261123-2", "200");
    desk.pay("T1-261123-2");
    let json = desk.gateway.to_json().unwrap();
    assert!(!json.contains("192006250b4c"), "the key stays out of files");
    let reopened = Gateway::from_json(config(), &json, desk.now).unwrap();
    let mut other = Desk {
        gateway: reopened,
        now: desk.now,
    };
    for number in ["T1-261123-1", "T1-261123-2"] {
        assert_eq!(
            desk.query(number).to_xml(),
            other.query(number).to_xml(),
            "same answers, nonces included"
        );
    }
    desk.wait(minutes(1));
    other.wait(minutes(1));
    assert_eq!(
        desk.gateway.notifies_due(desk.now),
        other.gateway.notifies_due(other.now),
        "a notification that was due stays due"
    );
    assert_eq!(
        desk.place("T1-261123-3", "1"),
        other.place("T1-261123-3", "1"),
        "and the same codes follow"
    );
    let foreign = Gateway::from_json(
        wechat_pay_sim::GatewayConfig {
            mch_id: "2".to_owned(),
            ..config()
        },
        &json,
        desk.now,
    );
    assert!(foreign.is_err(), "a snapshot belongs to its merchant");
    assert!(
        Gateway::from_json(config(), "{", desk.now).is_err(),
        "half a file is no snapshot"
    );
}
