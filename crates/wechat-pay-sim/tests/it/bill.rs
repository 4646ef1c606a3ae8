//! Bills, read back byte by byte and by the protocol crate's own reader.

use std::io::Read;

use jiff::Timestamp;
use wechat_pay::{Bill, Fen, MicroYuan, bill};
use wechat_pay_sim::{Answer, Call, Coupon, CouponKind, Fault, PayWith, Times};

use crate::desk::{Desk, minutes, order, read};

const PATH: &str = "/pay/downloadbill";

fn at(desk: &mut Desk, beijing: &str) {
    let zoned = format!("{beijing}+08:00");
    desk.now = zoned.parse::<Timestamp>().unwrap();
}

/// A day with a payment, one with coupons, one refunded in part; and one payment on each side of the day.
fn a_day() -> Desk {
    let mut desk = Desk::new();
    for (number, fee, when) in [
        ("T1-261122-9", "900", "2026-11-22T23:59:59.999"),
        ("T1-261123-1", "1234", "2026-11-23T00:00:00"),
        ("T1-261123-2", "1000", "2026-11-23T12:00:00"),
        ("T1-261123-3", "500", "2026-11-23T23:59:59.999"),
        ("T1-261124-1", "700", "2026-11-24T00:00:00"),
    ] {
        at(&mut desk, when);
        desk.place(number, fee);
        let mut with = PayWith::default();
        if number == "T1-261123-2" {
            let (id, fee, kind) = (String::new(), wechat_pay_sim::Fen::new(200), CouponKind::NoCash);
            with.coupons.push(Coupon { id, fee, kind });
        }
        desk.gateway.pay(desk.now, number, &with).unwrap();
        if number == "T1-261123-1" {
            desk.place("T1-261123-8", "1");
            let refund = [
                ("out_trade_no", number),
                ("out_refund_no", "R1"),
                ("total_fee", "1234"),
                ("refund_fee", "34"),
            ];
            assert_eq!(
                desk.ask("/secapi/pay/refund", &refund).get("result_code"),
                Some("SUCCESS"),
                "a part back"
            );
        }
    }
    at(&mut desk, "2026-11-24T10:00:00");
    desk
}

impl Desk {
    fn bill(&mut self, date: &str, kind: &str, tar: &str) -> Answer {
        self.raw(
            PATH,
            &[("bill_date", date), ("bill_type", kind), ("tar_type", tar)],
        )
    }

    fn text(&mut self, kind: &str) -> String {
        String::from_utf8(self.bill("20261123", kind, "").body).unwrap()
    }
}

#[test]
fn fault_15_a_bill_holds_exactly_its_beijing_day() {
    let mut desk = a_day();
    let bill = bill::read(&desk.bill("20261123", "ALL", "").body).unwrap();
    let numbers: Vec<&str> = bill.rows.iter().map(|row| row.out_trade_no.as_str()).collect();
    assert_eq!(
        numbers,
        ["T1-261123-1", "T1-261123-1", "T1-261123-2", "T1-261123-3"],
        "midnight belongs to the day, the next midnight doesn't; unpaid orders never appear; a refund has its own row"
    );
    let summary = &bill.summary;
    assert_eq!(summary.count, 4, "every row counts");
    assert_eq!(
        summary.settlement_total,
        Fen::new(1234 + 800 + 500),
        "less the merchant's own coupon"
    );
    assert_eq!(
        summary.order_total,
        Some(Fen::new(1234 + 1000 + 500)),
        "what the orders were worth"
    );
    assert_eq!(summary.refund_total, Some(Fen::new(34)), "what went back");
    assert_eq!(
        summary.applied_refund_total,
        Some(Fen::new(34)),
        "what was asked to go back"
    );
    // 7 (1234) + 5 (800) + 3 (500), nothing back: 1200 still costs 7 fen.
    assert_eq!(
        summary.fee_total.map(MicroYuan::get),
        Some(150_000),
        "0.60 % of each settlement, rounded to the fen"
    );
    assert_eq!(fees(&bill), summary.fee_total, "the rows' fees are the summary's");
}

/// What all rows' fees come to.
fn fees(bill: &Bill) -> Option<MicroYuan> {
    let fees = bill.rows.iter().map(|row| row.fee);
    fees.into_iter()
        .try_fold(MicroYuan::default(), |sum, fee| sum.checked_add(fee?))
}

#[test]
fn a_refund_in_part_gives_its_share_of_the_fee_back_and_the_whole_gives_all_of_it() {
    let mut desk = Desk::new();
    at(&mut desk, "2026-11-23T09:00:00");
    desk.place("T1-261123-1", "10000");
    desk.pay("T1-261123-1");
    desk.place("T1-261123-2", "6000");
    desk.pay("T1-261123-2");
    let mut refund = |number: &str, refund: &str, total: &str, part: &str, when: &str| {
        at(&mut desk, when);
        let fields = [
            ("out_trade_no", number),
            ("out_refund_no", refund),
            ("total_fee", total),
            ("refund_fee", part),
        ];
        if refund == "R9" {
            desk.gateway
                .faults_mut()
                .set(Call::Refund, Fault::RefundClose, Times::Count(1));
        }
        let answer = desk.ask("/secapi/pay/refund", &fields);
        assert_eq!(answer.get("result_code"), Some("SUCCESS"), "{refund} is taken");
    };
    for (nth, part) in ["3333", "3333", "3334"].iter().enumerate() {
        let when = format!("2026-11-23T12:0{nth}:00");
        refund("T1-261123-1", &format!("R{nth}"), "10000", part, &when);
    }
    refund("T1-261123-2", "R9", "6000", "6000", "2026-11-23T13:00:00");
    at(&mut desk, "2026-11-24T10:00:00");
    let bill = bill::read(&desk.bill("20261123", "ALL", "").body).unwrap();
    let of = |number: &str| -> Vec<i64> {
        let rows = bill.rows.iter().filter(|row| row.out_trade_no == number);
        rows.map(|row| row.fee.unwrap().get()).collect()
    };
    assert_eq!(
        of("T1-261123-1"),
        [600_000, -200_000, -200_000, -200_000],
        "0.60 taken on 100.00, a third of it given back with each third, below zero"
    );
    assert_eq!(
        of("T1-261123-2"),
        [360_000, 0],
        "a refund that was closed gives nothing back: the payment stays"
    );
    assert_eq!(
        (fees(&bill), bill.summary.fee_total.map(MicroYuan::get)),
        (bill.summary.fee_total, Some(360_000)),
        "and the summary has what is left"
    );
}

#[test]
fn the_three_types_have_their_own_columns() {
    let mut desk = a_day();
    for (kind, columns, rows) in [("ALL", 27, 4), ("SUCCESS", 20, 3), ("REFUND", 29, 1)] {
        let text = desk.text(kind);
        let lines: Vec<&str> = text
            .trim_start_matches('\u{feff}')
            .trim_end()
            .split("\r\n")
            .collect();
        assert_eq!(
            lines.len(),
            rows + 3,
            "{kind}: header, rows, summary header, summary"
        );
        assert_eq!(
            lines[0].split(',').count(),
            columns,
            "{kind}: so many columns in the header"
        );
        for row in &lines[1..=rows] {
            assert!(
                row.starts_with('`'),
                "{kind}: every value stands behind a back-tick"
            );
            assert_eq!(
                row.split(",`").count(),
                columns + usize::from(row.contains("a,`b")),
                "{kind}: {row}"
            );
        }
        assert!(
            lines[rows + 1].starts_with("总交易单数,应结订单总金额"),
            "{kind}: the summary's header is unticked"
        );
        assert!(
            bill::read(text.as_bytes()).is_ok(),
            "{kind}: the protocol crate's own reader takes it"
        );
    }
    let refund = desk.text("REFUND");
    assert!(
        refund.contains("`2026-11-23 00:00:00,`2026-11-23 00:00:20,`5000"),
        "asked for, then done, then numbers"
    );
}

#[test]
fn byte_order_mark_and_line_ends_are_switches() {
    let mut desk = a_day();
    let text = desk.text("ALL");
    assert!(
        text.starts_with("\u{feff}交易时间") && text.contains("\r\n"),
        "as the fixture of a real file"
    );
    desk.gateway.rules_mut().bill_bom = false;
    desk.gateway.rules_mut().bill_crlf = false;
    let text = desk.text("ALL");
    assert!(
        text.starts_with("交易时间") && !text.contains('\r'),
        "as other real samples"
    );
}

#[test]
fn a_gzip_bill_is_the_same_bill() {
    let mut desk = a_day();
    let plain = desk.bill("20261123", "ALL", "").body;
    let packed = desk.bill("20261123", "ALL", "GZIP").body;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain, "packing changes nothing");
}

#[test]
fn a_refund_is_shown_as_of_the_time_of_the_bill() {
    let mut desk = a_day();
    desk.gateway.rules_mut().refund_takes = jiff::SignedDuration::from_hours(48);
    at(&mut desk, "2026-11-23T12:10:00");
    let refund = [
        ("out_trade_no", "T1-261123-3"),
        ("out_refund_no", "R2"),
        ("total_fee", "500"),
        ("refund_fee", "500"),
    ];
    desk.ask("/secapi/pay/refund", &refund);
    at(&mut desk, "2026-11-27T10:00:00");
    let bill = bill::read(&desk.bill("20261123", "ALL", "").body).unwrap();
    let row = bill
        .rows
        .iter()
        .find_map(|row| row.refund.as_ref().filter(|refund| refund.out_refund_no == "R2"));
    assert_eq!(
        row.unwrap().status,
        "PROCESSING",
        "frozen at ten o'clock the next day"
    );
}

#[test]
fn a_bill_that_is_not_there_is_an_unsigned_error() {
    let mut desk = a_day();
    let refused = |desk: &mut Desk, date: &str, kind: &str, tar: &str| {
        let answer = read(&desk.bill(date, kind, tar));
        assert_eq!(
            answer.get("return_code"),
            Some("FAIL"),
            "{date} {kind}: errors are XML, GZIP or not"
        );
        assert_eq!(answer.get("sign"), None, "{date} {kind}: unsigned");
        (
            answer.get("return_msg").unwrap().to_owned(),
            answer.get("error_code").unwrap().to_owned(),
        )
    };
    let none = ("No Bill Exist".to_owned(), "20002".to_owned());
    assert_eq!(
        refused(&mut desk, "20261120", "ALL", "GZIP"),
        none,
        "nothing happened on that day"
    );
    assert_eq!(
        refused(&mut desk, "20261124", "ALL", ""),
        none,
        "today has no bill yet"
    );
    assert_eq!(
        refused(&mut desk, "20260801", "ALL", ""),
        none,
        "bills go back three months"
    );
    assert_eq!(
        refused(&mut desk, "2026-11-2", "ALL", "").0,
        "data format error",
        "no date"
    );
    assert_eq!(
        refused(&mut desk, "20261131", "ALL", "").0,
        "data format error",
        "no such day"
    );
    assert_eq!(
        refused(&mut desk, "", "ALL", "").0,
        "missing parameter",
        "no date at all"
    );
    assert_eq!(
        refused(&mut desk, "20261123", "SOME", "").0,
        "invalid bill_type",
        "no such type"
    );
    at(&mut desk, "2026-11-24T09:59:59");
    assert_eq!(
        refused(&mut desk, "20261123", "ALL", "").0,
        "Bill Creating",
        "not before ten o'clock"
    );
    desk.wait(minutes(1));
    assert!(
        bill::read(&desk.bill("20261123", "", "").body).is_ok(),
        "from ten on, and ALL is the default"
    );
}

#[test]
fn names_with_commas_and_back_ticks_pass_through() {
    let mut desk = Desk::new();
    let mut fields = order("T1-261123-1", "100");
    fields.retain(|(name, _)| *name != "body" && *name != "attach");
    fields.push(("body", "茶,`大`,\"加冰\""));
    desk.ask("/pay/unifiedorder", &fields);
    desk.pay("T1-261123-1");
    at(&mut desk, "2026-11-24T10:00:00");
    assert!(
        desk.text("ALL").contains(",`茶,`大`,\"加冰\",`,`"),
        "unquoted and unescaped, as WeChat prints it"
    );
}
