//! Bills as WeChat writes them, and what comes instead.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use wechat_pay::bill::{self, BillError, HEADER_ALL, HEADER_REFUND, HEADER_SUCCESS, HEADER_SUMMARY};
use wechat_pay::{Bill, BillType, Fen, MicroYuan};

const PAID: &str = "`2019-02-19 01:52:32,`wxab8acd895ab1638a,`1921000401,`0,`,`4200000263201902167700134902,`autotest_20190219015232_89201,`wxab8acb865bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.00,`0,`0,`0.00,`0.00,`,`,`autotest,`,`0.01000,`39.00%,`0.03,`0.00,`";
const REFUNDED: &str = "`2019-02-19 02:00:00,`wxab8acd895ab1638a,`1921000401,`0,`till1,`4200000263201902167700134902,`autotest_20190219015232_89201,`wxab8acb865bb1637e,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50000404922017112502468056157,`R1,`0.02,`0.00,`ORIGINAL,`SUCCESS,`autotest,`,`-0.00599,`39.00%,`0.00,`0.02,`";
const SUMMARY: &str = "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14";

fn table(lines: &[&str], end: &str) -> String {
    lines.iter().flat_map(|line| [*line, end]).collect()
}

fn all(rows: &[&str]) -> String {
    let mut lines = vec![HEADER_ALL];
    lines.extend(rows);
    lines.extend([HEADER_SUMMARY, SUMMARY]);
    table(&lines, "\n")
}

fn read(text: &str) -> Result<Bill, BillError> {
    bill::read(text.as_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_payments_row_is_read_exactly() {
    let bill = read(&all(&[PAID])).unwrap();
    let row = &bill.rows[0];
    assert_eq!(row.time, "2019-02-18T17:52:32Z".parse().unwrap(), "Beijing time");
    assert_eq!(
        row.transaction_id, "4200000263201902167700134902",
        "WeChat's number"
    );
    assert_eq!(row.out_trade_no, "autotest_20190219015232_89201", "ours");
    assert_eq!(row.settlement_total_fee, Fen::new(3), "0.03 yuan");
    assert_eq!(row.total_fee, Some(Fen::new(3)), "0.03 yuan");
    assert_eq!(row.fee, Some(MicroYuan::new(10_000)), "0.01000 yuan");
    assert_eq!(row.rate, "39.00%", "kept as written");
    assert_eq!(row.refund, None, "zeros in the refund's columns mean none");
    assert_eq!(row.openid.reveal(), "wxab8acb865bb1637e", "the payer");
}

#[test]
fn the_summary_is_read_exactly() {
    let summary = read(&all(&[PAID])).unwrap().summary;
    assert_eq!(summary.count, 45, "45.0 is a count");
    assert_eq!(summary.settlement_total, Fen::new(47), "0.47 yuan");
    assert_eq!(summary.refund_total, Some(Fen::new(14)), "0.14 yuan");
    assert_eq!(summary.coupon_refund_total, Some(Fen::ZERO), "0.0 yuan");
    assert_eq!(summary.fee_total, Some(MicroYuan::new(80_000)), "0.08 yuan");
    assert_eq!(summary.order_total, Some(Fen::new(47)), "0.47 yuan");
    let whole = all(&[]).replace("`45.0", "`48");
    assert_eq!(read(&whole).unwrap().summary.count, 48, "48 is a count too");
    let broken = all(&[]).replace("`45.0", "`45.5");
    assert_eq!(
        read(&broken),
        Err(BillError::Row {
            line: 3,
            column: "总交易单数"
        }),
        "half a payment isn't"
    );
}

#[test]
fn a_refunds_row_is_read_exactly() {
    let bill = read(&all(&[PAID, REFUNDED])).unwrap();
    let refund = bill.rows[1].refund.as_ref().unwrap();
    assert_eq!(refund.out_refund_no, "R1", "ours");
    assert_eq!(refund.refund_fee, Fen::new(2), "0.02 yuan");
    assert_eq!(refund.applied_fee, Some(Fen::new(2)), "0.02 yuan");
    assert_eq!(refund.status, "SUCCESS", "as it was when the bill was made");
    assert_eq!(
        bill.rows[1].fee,
        Some(MicroYuan::new(-5_990)),
        "WeChat gives its fee back"
    );
    assert_eq!(bill.rows[1].device_info, "till1", "the till");
}

#[test]
fn a_bill_knows_by_its_columns_which_rows_it_has() {
    for (header, kind) in [
        (HEADER_ALL, BillType::All),
        (HEADER_SUCCESS, BillType::Success),
        (HEADER_REFUND, BillType::Refund),
    ] {
        let bill = read(&table(&[header, HEADER_SUMMARY, SUMMARY], "\n")).unwrap();
        assert_eq!(
            bill.kind, kind,
            "a bill without refunds must not be taken for a day without any"
        );
    }
}

#[test]
fn an_amount_is_never_negative() {
    let row = PAID.replace("`39.00%,`0.03,", "`39.00%,`-0.03,");
    assert_eq!(
        read(&all(&[&row])),
        Err(BillError::Row {
            line: 2,
            column: "订单金额"
        }),
        "a payment of less than nothing would hide another one in the sum"
    );
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let lf = all(&[PAID, REFUNDED]);
    let crlf = format!("\u{feff}{}", lf.replace('\n', "\r\n"));
    let unended = lf.trim_end();
    let bill = read(&lf).unwrap();
    assert_eq!(
        read(&crlf).as_ref(),
        Ok(&bill),
        "BOM and CRLF, as one published file has"
    );
    assert_eq!(read(unended).as_ref(), Ok(&bill), "no line end at the end");
    assert_eq!(
        bill::read(&gzip(crlf.as_bytes())).as_ref(),
        Ok(&bill),
        "compressed"
    );
}

#[test]
fn a_products_name_may_hold_the_separators() {
    for name in ["茶,咖啡", "`quoted`", "a,`b", "a,`b,`c", "two\nlines", "总"] {
        let row = PAID.replace("`autotest,`,", &format!("`{name},`,"));
        let bill = read(&all(&[&row, PAID])).unwrap();
        assert_eq!(bill.rows[0].body, name, "kept");
        assert_eq!(
            bill.rows[0].fee,
            Some(MicroYuan::new(10_000)),
            "{name:?}: and no amount has moved"
        );
        assert_eq!(
            bill.rows[0].total_fee,
            Some(Fen::new(3)),
            "{name:?}: nor this one"
        );
        assert_eq!(bill.rows.len(), 2, "{name:?}: nor has a row been lost");
    }
}

#[test]
fn a_fee_that_is_not_there_is_none_and_not_nothing() {
    let row = PAID.replace("`0.01000,", "`,");
    let bill = read(&all(&[&row, PAID])).unwrap();
    assert_eq!(
        bill.rows[0].fee, None,
        "an empty cell says no fee, not one of nothing"
    );
    assert_eq!(
        bill.rows[0].rate, "39.00%",
        "and its neighbours stay where they are"
    );
    let totals = "总交易单数,应结订单总金额,订单总金额";
    let bill = read(&table(&[HEADER_ALL, PAID, totals, "`1,`0.03,`0.03"], "\n")).unwrap();
    assert_eq!(bill.summary.fee_total, None, "a summary need not have it");
}

#[test]
fn columns_are_found_by_name() {
    let success = "`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,`085e9858e3ba5186aafcbaed1,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`test,`data,`0.00000,`0.60%,`0.01,`";
    // A real bill of payments has the full summary, the official page a short one.
    for (header, totals) in [
        (HEADER_SUMMARY, "`1,`0.01,`0.00,`0.00,`0.00,`0.01,`0.00"),
        (
            "总交易单数,应结订单总金额,手续费总金额,订单总金额",
            "`1,`0.01,`0.00,`0.01",
        ),
    ] {
        let bill = read(&table(&[HEADER_SUCCESS, success, header, totals], "\n")).unwrap();
        assert_eq!(bill.rows[0].attach, "data", "further left than in a bill of all");
        assert_eq!(bill.rows[0].total_fee, Some(Fen::new(1)), "0.01 yuan");
        assert_eq!(
            bill.summary.order_total,
            Some(Fen::new(1)),
            "by its name, wherever it stands"
        );
    }
    let refund = "`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,`085e9858e3ba5186aafcbaed1,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`2014-11-10 17:00:00,`2014-11-10 17:05:00,`5000,`R1,`0.01,`0.00,`ORIGINAL,`SUCCESS,`test,`,`0.00000,`0.60%,`0.00,`0.01,`";
    let bill = read(&table(&[HEADER_REFUND, refund, HEADER_SUMMARY, SUMMARY], "\n")).unwrap();
    let refund = bill.rows[0].refund.as_ref().unwrap();
    assert_eq!(
        refund.succeeded_at,
        Some("2014-11-10T09:05:00Z".parse().unwrap()),
        "only this bill tells"
    );
    assert_eq!(refund.refund_fee, Fen::new(1), "0.01 yuan");
}

#[test]
fn the_old_format_is_read() {
    let header = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率";
    let row = "`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,`085e9858e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,`0,`0,`,`,`被扫支付测试,`订单额外描述,`0,`0.60%";
    let totals = "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额";
    let bill = read(&table(&[header, row, totals, "`1,`0.01,`0.00,`0.00,`0"], "\r\n")).unwrap();
    assert_eq!(
        bill.rows[0].settlement_total_fee,
        Fen::new(1),
        "under its old name"
    );
    assert_eq!(bill.rows[0].total_fee, None, "a column of today");
    assert_eq!(bill.summary.settlement_total, Fen::new(1), "under its old name");
    assert_eq!(bill.summary.refund_total, Some(Fen::ZERO), "under its old name");
}

#[test]
fn errors_come_as_xml() {
    let error = |msg: &str, code: &str| {
        format!(
            "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{msg}]]></return_msg>\
             <error_code><![CDATA[{code}]]></error_code></xml>"
        )
    };
    assert_eq!(
        read(&error("No Bill Exist", "20002")),
        Err(BillError::NoBillExist),
        "nothing happened"
    );
    assert_eq!(
        read(&error("NO Bill Exist", "")),
        Err(BillError::NoBillExist),
        "as another page prints it"
    );
    assert_eq!(
        read(&error("Bill Creating", "")),
        Err(BillError::BillCreating),
        "ask later"
    );
    assert_eq!(
        read(&format!("\u{feff}{}", error("SYSTEMERROR", ""))),
        Err(BillError::SystemError),
        "behind a BOM"
    );
    assert_eq!(
        read(&error("SIGN ERROR", "")),
        Err(BillError::SignError),
        "our key is wrong"
    );
    let refused = BillError::Refused {
        return_msg: "invalid bill_type".to_owned(),
        error_code: "20001".to_owned(),
    };
    assert_eq!(
        read(&error("invalid bill_type", "20001")),
        Err(refused),
        "anything else in WeChat's words"
    );
    assert!(
        matches!(read("<html><body>502</body></html>"), Err(BillError::Xml(_))),
        "not WeChat's at all"
    );
}

#[test]
fn fault_28_a_damaged_bill_is_never_half_a_bill() {
    let whole = all(&[PAID, REFUNDED]);
    let last_value = whole.rfind('`').unwrap() + 1;
    // Only within the very last total can a cut not be told (0.1 for 0.14); the transport's length tells it there.
    for cut in (0..=last_value).filter(|cut| whole.is_char_boundary(*cut)) {
        // An empty last value is what a cut right before it looks like.
        let total = read(&whole[..cut])
            .ok()
            .map(|bill| bill.summary.applied_refund_total);
        assert!(
            matches!(total, None | Some(None)),
            "cut at {cut} it must not pass for whole"
        );
        assert!(
            cut == last_value || total.is_none(),
            "cut at {cut} it must be refused"
        );
    }
    assert_eq!(read(""), Err(BillError::Column("交易时间")), "nothing is no bill");
    assert_eq!(bill::read(b"\xff\xfe"), Err(BillError::NotUtf8), "nor is this");
    let moved = all(&[&PAID.replace("`0.03", "`0.0x")]);
    assert_eq!(
        read(&moved),
        Err(BillError::Row {
            line: 2,
            column: "应结订单金额"
        }),
        "the row and column are named"
    );
    let short = all(&["`2019-02-19 01:52:32,`wx"]);
    assert!(
        matches!(read(&short), Err(BillError::Row { line: 2, .. })),
        "a row too short"
    );
}

#[test]
fn fault_28_a_gzip_bomb_is_not_unpacked() {
    let bomb = gzip(&vec![b'0'; 20 * 1024 * 1024]);
    assert!(bomb.len() < 64 * 1024, "small on the wire");
    assert_eq!(
        bill::read_within(&bomb, 64 * 1024),
        Err(BillError::TooLarge),
        "stopped at the cap"
    );
    let whole = gzip(all(&[PAID]).as_bytes());
    assert_eq!(
        bill::read(&whole[..whole.len() - 9]),
        Err(BillError::Gzip),
        "cut off"
    );
    assert_eq!(
        bill::read_within(all(&[PAID]).as_bytes(), 100),
        Err(BillError::TooLarge),
        "plain, too long"
    );
}
