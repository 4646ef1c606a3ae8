//! What may be sent again, and when.

use std::time::Duration;

use wechat_pay::retry::{ATTEMPTS_MAX, Retry, WAIT_MAX, wait};
use wechat_pay::{
    CloseOrder, Doubt, DownloadBill, ErrCode, OrderQuery, Outcome, Refund, RefundQuery, Refusal, Request,
    UnifiedOrder,
};

#[test]
fn only_what_may_be_repeated_is_marked_so() {
    const { assert!(UnifiedOrder::REPEATABLE && OrderQuery::REPEATABLE && CloseOrder::REPEATABLE) };
    const { assert!(RefundQuery::REPEATABLE && DownloadBill::REPEATABLE && !Refund::REPEATABLE) };
    const { assert!(Refund::CLIENT_CERT && !RefundQuery::CLIENT_CERT && !UnifiedOrder::CLIENT_CERT) };
    assert_eq!(
        Refund::PATH,
        "/secapi/pay/refund",
        "the one call behind the client certificate"
    );
}

#[test]
fn retry_waits_longer_and_stops() {
    let timeout: Outcome<()> = Outcome::Unknown(Doubt::Timeout);
    assert_eq!(
        wait(1, &timeout),
        Retry::Wait(Duration::from_secs(1)),
        "soon at first"
    );
    assert_eq!(wait(3, &timeout), Retry::Wait(Duration::from_secs(4)), "doubling");
    assert_eq!(wait(9, &timeout), Retry::Wait(WAIT_MAX), "up to a limit");
    assert_eq!(wait(ATTEMPTS_MAX, &timeout), Retry::Stop, "and not for ever");
    assert_eq!(wait(u32::MAX, &timeout), Retry::Stop, "whatever the count");
    assert_eq!(wait(1, &Outcome::Yes(())), Retry::Stop, "answered");
    let no: Outcome<()> = Outcome::No(Refusal {
        err_code: ErrCode::OrderPaid,
        err_code_des: String::new(),
    });
    assert_eq!(wait(1, &no), Retry::Stop, "answered too");
    let limited: Outcome<()> = Outcome::Unknown(Doubt::SystemError {
        err_code: ErrCode::FrequencyLimited,
    });
    assert_eq!(
        wait(1, &limited),
        Retry::Wait(Duration::from_secs(10)),
        "slower where WeChat has had too many"
    );
    let mut last = Duration::ZERO;
    for attempt in 1..ATTEMPTS_MAX {
        let Retry::Wait(now) = wait(attempt, &limited) else {
            panic!("still trying")
        };
        assert!(
            now >= last && now <= WAIT_MAX,
            "never shorter, never beyond the limit"
        );
        last = now;
    }
}
