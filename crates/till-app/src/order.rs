//! From a sale to WeChat's order, and from WeChat's answers to what they mean for the sale.

use till_core::{
    Attempt, CloseAnswer, Fen, FoundBy, Input, Line, Payment, PlaceAnswer, QueryAnswer, RetryAfter, SaleId,
};
use wechat_pay::{
    CloseOrder, Doubt, ErrCode, FieldError, NativeOrder, OrderClosed, OrderPlaced, OrderQuery, OrderState,
    Outcome, Refusal, UnifiedOrder,
};

use crate::config::Config;

/// What WeChat is told of an attempt. Kept whole, and sent again exactly as it is.
pub(crate) fn compose(
    config: &Config,
    attempt: &Attempt,
    sale: SaleId,
    lines: &[Line],
) -> Result<UnifiedOrder, FieldError> {
    let order = NativeOrder {
        body: body(&config.shop.name, lines),
        out_trade_no: attempt.out_trade_no.as_str().to_owned(),
        total_fee: wechat_pay::Fen::new(attempt.total_fee.get()),
        spbill_create_ip: config.gateway.spbill_create_ip,
        notify_url: config.gateway.notify_url.clone(),
        product_id: sale.0.to_string(),
        device_info: Some(config.shop.till.as_str().to_owned()),
        attach: None,
        detail: None,
        fee_type: None,
        time_start: Some(attempt.placed_at),
        time_expire: Some(attempt.deadline),
        goods_tag: None,
        limit_pay: None,
        scene_info: None,
    };
    UnifiedOrder::native(&config.merchant, &order)
}

/// Text of the order on the customer's phone: the shop, the first goods, and how many in all; within WeChat's 127 bytes.
#[must_use]
pub(crate) fn body(shop: &str, lines: &[Line]) -> String {
    const BYTES_MAX: usize = 127;
    let pieces: u32 = lines.iter().fold(0, |sum, line| sum.saturating_add(line.pieces));
    // A list that was taken in by an earlier version may hold what no order can carry.
    let first: String = lines.first().map_or_else(String::new, |line| {
        line.name
            .chars()
            .filter(|it| wechat_pay::is_text_char(*it))
            .collect()
    });
    let more = if pieces > 1 {
        format!("等{pieces}件")
    } else {
        String::new()
    };
    let room = BYTES_MAX.saturating_sub(shop.len() + 1 + more.len());
    let end = (0..=first.len().min(room))
        .rev()
        .find(|end| first.is_char_boundary(*end))
        .unwrap_or(0);
    format!("{shop}-{}{more}", first[..end].trim())
}

/// The question after an order.
pub(crate) fn query(attempt: &str) -> Result<OrderQuery, FieldError> {
    OrderQuery::by_out_trade_no(attempt)
}

/// The wish to close an order.
pub(crate) fn close(attempt: &str) -> Result<CloseOrder, FieldError> {
    CloseOrder::new(attempt)
}

/// What an answer to placing means, and WeChat's word for it.
///
/// A no after a loss speaks of a second copy: the first one may have been taken, so it is asked after.
#[must_use]
pub(crate) fn placed(outcome: Outcome<OrderPlaced>, after_loss: bool) -> (Input, String) {
    let (answer, word) = match outcome {
        Outcome::Yes(placed) => (
            PlaceAnswer::Placed {
                code_url: placed.code_url,
            },
            "SUCCESS".to_owned(),
        ),
        Outcome::No(refusal) => {
            let word = refusal.err_code.as_str().to_owned();
            let answer = if after_loss {
                PlaceAnswer::Unknown(RetryAfter::NONE)
            } else {
                refused(&refusal)
            };
            (answer, word)
        }
        Outcome::Unknown(doubt) => (PlaceAnswer::Unknown(retry_after(&doubt)), word_of(&doubt)),
    };
    (Input::Place(answer), word)
}

fn refused(refusal: &Refusal) -> PlaceAnswer {
    if refusal.is_number_taken() {
        return PlaceAnswer::NumberTaken;
    }
    match &refusal.err_code {
        ErrCode::OrderPaid => PlaceAnswer::AlreadyPaid,
        ErrCode::OrderClosed => PlaceAnswer::AlreadyClosed,
        other => PlaceAnswer::Refused {
            code: other.as_str().to_owned(),
        },
    }
}

/// What an answer to asking means, and WeChat's word for it.
#[must_use]
pub(crate) fn queried(outcome: Outcome<OrderState>) -> (Input, String) {
    let (answer, word) = match outcome {
        Outcome::Yes(OrderState::Success(payment)) => (
            QueryAnswer::Paid(paid(&payment, FoundBy::Query)),
            "SUCCESS".to_owned(),
        ),
        Outcome::Yes(OrderState::Refund(payment)) => (
            QueryAnswer::Refunded(paid(&payment, FoundBy::Query)),
            "REFUND".to_owned(),
        ),
        Outcome::Yes(OrderState::NotPay) => {
            (QueryAnswer::NotPaid { user_paying: false }, "NOTPAY".to_owned())
        }
        Outcome::Yes(OrderState::UserPaying) => (
            QueryAnswer::NotPaid { user_paying: true },
            "USERPAYING".to_owned(),
        ),
        Outcome::Yes(OrderState::Accept) => (QueryAnswer::NotPaid { user_paying: true }, "ACCEPT".to_owned()),
        // A failed try of the customer's; the order itself can still be paid or closed.
        Outcome::Yes(OrderState::PayError) => {
            (QueryAnswer::NotPaid { user_paying: false }, "PAYERROR".to_owned())
        }
        Outcome::Yes(OrderState::Closed) => (QueryAnswer::Closed, "CLOSED".to_owned()),
        Outcome::Yes(OrderState::Revoked) => (QueryAnswer::Closed, "REVOKED".to_owned()),
        Outcome::Yes(OrderState::Unknown(state)) => (QueryAnswer::Strange, state),
        Outcome::No(Refusal {
            err_code: ErrCode::OrderNotExist,
            ..
        }) => (QueryAnswer::NoSuchOrder, "ORDERNOTEXIST".to_owned()),
        // A query that WeChat refuses says nothing about the order.
        Outcome::No(refusal) => (
            QueryAnswer::Unknown(RetryAfter::NONE),
            refusal.err_code.as_str().to_owned(),
        ),
        Outcome::Unknown(doubt) => (QueryAnswer::Unknown(retry_after(&doubt)), word_of(&doubt)),
    };
    (Input::Query(answer), word)
}

/// What an answer to closing means, and WeChat's word for it.
#[must_use]
pub(crate) fn closed(outcome: Outcome<OrderClosed>) -> (Input, String) {
    let (answer, word) = match outcome {
        Outcome::Yes(OrderClosed) => (CloseAnswer::Closed, "SUCCESS".to_owned()),
        Outcome::No(refusal) => {
            let answer = match &refusal.err_code {
                ErrCode::OrderPaid => CloseAnswer::Paid,
                ErrCode::OrderClosed => CloseAnswer::Closed,
                ErrCode::OrderNotExist => CloseAnswer::NoSuchOrder,
                _ => CloseAnswer::NotYet,
            };
            (answer, refusal.err_code.as_str().to_owned())
        }
        Outcome::Unknown(doubt) => (CloseAnswer::Unknown(retry_after(&doubt)), word_of(&doubt)),
    };
    (Input::Close(answer), word)
}

/// The payment in the shop's terms.
#[must_use]
pub(crate) fn paid(payment: &wechat_pay::Payment, found_by: FoundBy) -> Payment {
    let total_fee = Fen::new(payment.total_fee.get());
    let coupon_fee = Fen::new(payment.coupon_fee.get());
    let cash_fee = payment.cash_fee.map_or_else(
        || total_fee.minus(coupon_fee).unwrap_or(total_fee),
        |cash| Fen::new(cash.get()),
    );
    Payment {
        transaction_id: payment.transaction_id.clone(),
        total_fee,
        fee_type: payment.fee_type.clone(),
        cash_fee,
        coupon_fee,
        time_end: payment.time_end,
        found_by,
    }
}

/// How long WeChat wants to be left alone after this.
#[must_use]
pub(crate) fn retry_after(doubt: &Doubt) -> RetryAfter {
    RetryAfter(doubt.retry_after())
}

/// A short code of why an answer can't be used; the page has the words.
#[must_use]
pub(crate) fn word_of(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Timeout => "timeout".to_owned(),
        Doubt::NotConnected => "not_connected".to_owned(),
        Doubt::CutOff => "cut_off".to_owned(),
        Doubt::NoClientCert => "no_client_cert".to_owned(),
        Doubt::HttpStatus(status) => format!("http_{status}"),
        Doubt::Redirected => "redirected".to_owned(),
        Doubt::TooLarge => "too_large".to_owned(),
        Doubt::Xml(_) => "unreadable".to_owned(),
        Doubt::ReturnFail { .. } => "return_fail".to_owned(),
        Doubt::SignMissing => "sign_missing".to_owned(),
        Doubt::SignWrong => "sign_wrong".to_owned(),
        Doubt::SignTypeDiffers => "sign_type_differs".to_owned(),
        Doubt::OtherMerchant => "other_merchant".to_owned(),
        Doubt::OtherOrder => "other_order".to_owned(),
        Doubt::FieldMissing(_) => "field_missing".to_owned(),
        Doubt::FieldWrong(_) => "field_wrong".to_owned(),
        Doubt::SystemError { err_code } => err_code.as_str().to_owned(),
        Doubt::Bill(_) => "unreadable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use till_core::{LineNo, ProductId};

    use super::*;

    #[test]
    fn a_refusal_of_a_second_copy_is_no_refusal_of_the_first() {
        let refused = || {
            Outcome::No(Refusal {
                err_code: ErrCode::parse("NOAUTH"),
                err_code_des: String::new(),
            })
        };
        let code = "NOAUTH".to_owned();
        assert_eq!(
            placed(refused(), false),
            (
                Input::Place(PlaceAnswer::Refused { code: code.clone() }),
                code.clone()
            ),
            "the only copy was refused: there is no order"
        );
        assert_eq!(
            placed(refused(), true),
            (Input::Place(PlaceAnswer::Unknown(RetryAfter::NONE)), code),
            "the first copy may have been taken by the host that did not answer: the order is asked after"
        );
    }

    #[test]
    fn the_body_fits_wechat_whatever_the_goods_are_called() {
        for name in ["农夫山泉 550ml", &"长".repeat(200), "", " blanks "] {
            let line = Line {
                line: LineNo(1),
                product: ProductId(1),
                name: name.to_owned(),
                price: Fen::new(200),
                pieces: 3,
                reduction: None,
            };
            let text = body("小满便利店", &[line]);
            assert!(text.len() <= 127, "WeChat takes 127 bytes: {text}");
            assert_eq!(
                text,
                text.trim(),
                "blanks at the ends are signed differently by different SDKs: {text:?}"
            );
            assert!(text.ends_with("等3件"), "the count is never cut off: {text}");
        }
    }
}
