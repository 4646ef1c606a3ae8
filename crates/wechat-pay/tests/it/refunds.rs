//! Refunds and the bill: what is sent, and how answers are judged. No network.

use wechat_pay::bill;
use wechat_pay::{
    BillType, Doubt, DownloadBill, ErrCode, Fen, OrderNumber, Outcome, Refund, RefundNumber, RefundOrder,
    RefundQuery, RefundStatus, Refusal, Request, SignType,
};

use crate::calls::{ORDER, doubt, envelope, judge};
use crate::merchant;

fn refund_order() -> RefundOrder {
    RefundOrder {
        number: OrderNumber::OutTradeNo(ORDER.to_owned()),
        out_refund_no: "R@1".to_owned(),
        total_fee: Fen::new(101),
        refund_fee: Fen::new(1),
        refund_desc: None,
        refund_account: None,
        notify_url: None,
    }
}

#[test]
fn a_refund_is_accepted_for_the_number_asked() {
    let refund = Refund::new(refund_order()).unwrap();
    let answer = envelope()
        .with("transaction_id", "42000005402026")
        .with("out_trade_no", ORDER)
        .with("out_refund_no", "R@1")
        .with("refund_id", "50000404922017112502468056157")
        .with("refund_fee", "1")
        .with("total_fee", "101");
    let Outcome::Yes(accepted) = judge(&refund, answer.clone()).outcome else {
        panic!("accepted")
    };
    assert_eq!(accepted.refund_fee, Fen::new(1), "the amount");
    assert_eq!(
        doubt(&refund, answer.with("out_refund_no", "R2")),
        Doubt::OtherOrder,
        "another refund"
    );
    let too_much = RefundOrder {
        refund_fee: Fen::new(102),
        ..refund_order()
    };
    assert_eq!(
        Refund::new(too_much).unwrap_err().field,
        "refund_fee",
        "no more than was paid"
    );
    let nothing = RefundOrder {
        refund_fee: Fen::ZERO,
        ..refund_order()
    };
    assert_eq!(
        Refund::new(nothing).unwrap_err().field,
        "refund_fee",
        "no less than a fen"
    );
}

#[test]
fn a_saved_refund_is_sent_again_exactly_as_it_was_and_by_its_merchant_alone() {
    let refund = Refund::new(refund_order())
        .unwrap()
        .of(&merchant(SignType::HmacSha256));
    let text = serde_json::to_string(refund.saved()).unwrap();
    let again = Refund::from_saved(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(again, refund, "the saved text holds all of it");
    assert_eq!(again.out_refund_no(), "R@1", "its number among it");
    let other = wechat_pay::Merchant {
        mch_id: "1900000000".to_owned(),
        ..merchant(SignType::HmacSha256)
    };
    let nonce = wechat_pay::Nonce::parse("n0nce").unwrap();
    let sealed = wechat_pay::envelope::seal(again.fields(), &other, &nonce);
    assert_eq!(
        sealed.unwrap_err(),
        Doubt::OtherMerchant,
        "another merchant's key does not sign it"
    );
    for (field, value) in [("nonce_str", "x"), ("refund_fee", "0"), ("out_refund_no", "")] {
        let wrong = refund.saved().clone().with(field, value);
        assert_eq!(
            Refund::from_saved(wrong).unwrap_err().field,
            field,
            "a saved text that was tampered with is not sent"
        );
    }
}

#[test]
fn refunds_are_listed() {
    let one = RefundQuery::new(RefundNumber::OutRefundNo("R1".to_owned()), None).unwrap();
    let answer = envelope()
        .with("transaction_id", "42000005402026")
        .with("out_trade_no", ORDER)
        .with("total_fee", "101")
        .with("refund_count", "1")
        .with("out_refund_no_0", "R1")
        .with("refund_id_0", "5000")
        .with("refund_fee_0", "1")
        .with("refund_status_0", "PROCESSING")
        .with("refund_recv_accout_0", "支付用户零钱");
    let Outcome::Yes(list) = judge(&one, answer.clone()).outcome else {
        panic!("listed")
    };
    assert_eq!(
        list.refunds[0].status,
        RefundStatus::Processing,
        "accepted isn't done"
    );
    assert_eq!(
        list.refunds[0].recv_account.as_deref(),
        Some("支付用户零钱"),
        "under the misspelt name"
    );
    let other = answer.clone().with("out_refund_no_0", "R2");
    assert_eq!(
        doubt(&one, other),
        Doubt::OtherOrder,
        "not the refund asked about"
    );
    let missing = answer.clone().with("refund_count", "2");
    assert_eq!(
        doubt(&one, missing),
        Doubt::FieldMissing("refund_fee_$n"),
        "fewer than announced"
    );
    let endless = answer.with("refund_count", "4000000000");
    assert_eq!(
        doubt(&one, endless),
        Doubt::FieldWrong("refund_count"),
        "an order has at most 50"
    );
}

#[test]
fn fifty_refunds_fit_into_an_answer() {
    let all = RefundQuery::new(
        RefundNumber::Order(OrderNumber::OutTradeNo(ORDER.to_owned())),
        Some(0),
    )
    .unwrap();
    let mut answer = envelope()
        .with("transaction_id", "42000005402026")
        .with("out_trade_no", ORDER)
        .with("total_fee", "101")
        .with("refund_count", "50");
    for n in 0..50 {
        answer = answer
            .with(&format!("out_refund_no_{n}"), format!("R{n}"))
            .with(&format!("refund_id_{n}"), format!("5{n}"))
            .with(&format!("refund_fee_{n}"), "1")
            .with(&format!("refund_status_{n}"), "SUCCESS")
            .with(&format!("refund_success_time_{n}"), "2026-01-01 12:00:00");
    }
    let Outcome::Yes(list) = judge(&all, answer).outcome else {
        panic!("listed")
    };
    assert_eq!(
        list.refunds.len(),
        50,
        "a notify's limit on fields doesn't hold here"
    );
}

#[test]
fn a_bill_is_asked_for() {
    let request = DownloadBill {
        bill_date: jiff::civil::date(2026, 1, 9),
        bill_type: BillType::All,
        gzip: true,
    };
    let fields = request.fields();
    assert_eq!(fields.get("bill_date"), Some("20260109"), "without dashes");
    assert_eq!(fields.get("tar_type"), Some("GZIP"), "compressed");
    let ours = merchant(SignType::HmacSha256);
    let none = b"<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>";
    let judged = request.judge(none, &ours, SignType::HmacSha256);
    assert!(
        matches!(
            judged.outcome,
            Outcome::No(Refusal {
                err_code: ErrCode::NoBillExist,
                ..
            })
        ),
        "an empty day"
    );
    let creating = b"<xml><return_code>FAIL</return_code><return_msg>Bill Creating</return_msg></xml>";
    assert!(
        matches!(
            request.judge(creating, &ours, SignType::HmacSha256).outcome,
            Outcome::Unknown(_)
        ),
        "ask later"
    );
    let table = format!(
        "{}\n{}\n`0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00\n",
        bill::HEADER_ALL,
        bill::HEADER_SUMMARY
    );
    let Outcome::Yes(file) = request
        .judge(table.as_bytes(), &ours, SignType::HmacSha256)
        .outcome
    else {
        panic!("a bill")
    };
    assert_eq!(
        file.bytes,
        table.as_bytes(),
        "kept as it was received, to the byte"
    );
    assert!(
        format!("{file:?}").len() < 60,
        "a log line about a bill names no payer: {file:?}"
    );
}
