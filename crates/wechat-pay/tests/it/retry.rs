//! What may be sent again, and when.

use jiff::SignedDuration;
use wechat_pay::{
    CloseOrder, Doubt, DownloadBill, ErrCode, OrderQuery, Refund, RefundQuery, Request, UnifiedOrder,
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
fn wechat_asks_to_be_left_alone_only_when_it_has_had_too_many_calls() {
    let said = |code| Doubt::SystemError {
        err_code: ErrCode::parse(code),
    };
    let seconds = |doubt: Doubt| doubt.retry_after().as_secs();
    assert_eq!(
        seconds(said("FREQUENCY_LIMITED")),
        10,
        "slower where it has had too many"
    );
    assert_eq!(seconds(Doubt::HttpStatus(429)), 10, "said by its front the same");
    assert!(
        said("INVALID_REQ_TOO_MUCH").retry_after() > SignedDuration::from_mins(1),
        "it blocks for about a minute"
    );
    for doubt in [
        Doubt::Timeout,
        Doubt::NotConnected,
        Doubt::CutOff,
        Doubt::HttpStatus(502),
        Doubt::SignWrong,
        said("SYSTEMERROR"),
        said("BIZERR_NEED_RETRY"),
    ] {
        assert_eq!(
            seconds(doubt.clone()),
            0,
            "{doubt:?} asks for nothing: how slowly to go on is the caller's own rule"
        );
    }
}
