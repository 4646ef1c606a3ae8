//! From a refund to WeChat's request, and from WeChat's answers and notifies to what they mean for the refund.

use till_core::{
    Fen, OutRefundNo, OutTradeNo, Refund, RefundAnswer, RefundInput, RefundQueryAnswer, RefundReason,
    RefundReport, RefundStatus, RetryAfter,
};
use wechat_pay::refund_notify::RefundNotify;
use wechat_pay::{
    Doubt, ErrCode, FieldError, OrderNumber, Outcome, RefundAccepted, RefundItem, RefundList, RefundNumber,
    RefundOrder, RefundQuery,
};

use crate::config::Config;
use crate::order::{retry_after, word_of};

/// The numbers and amounts by which an answer is known to be about this refund.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    out_refund_no: OutRefundNo,
    out_trade_no: OutTradeNo,
    total_fee: Fen,
    refund_fee: Fen,
}

impl Identity {
    pub(crate) fn of(refund: &Refund) -> Self {
        Self {
            out_refund_no: refund.out_refund_no.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            total_fee: refund.total_fee,
            refund_fee: refund.refund_fee,
        }
    }

    pub(crate) fn out_refund_no(&self) -> &OutRefundNo {
        &self.out_refund_no
    }
}

/// What WeChat is asked to give back. Kept whole, and sent again exactly as it is.
pub(crate) fn compose(
    config: &Config,
    refund: &Refund,
    reason: &RefundReason,
) -> Result<wechat_pay::Refund, FieldError> {
    let order = RefundOrder {
        number: OrderNumber::OutTradeNo(refund.out_trade_no.as_str().to_owned()),
        out_refund_no: refund.out_refund_no.as_str().to_owned(),
        total_fee: wechat_pay::Fen::new(refund.total_fee.get()),
        refund_fee: wechat_pay::Fen::new(refund.refund_fee.get()),
        refund_desc: Some(reason.as_str().to_owned()),
        refund_account: None,
        notify_url: Some(config.gateway.notify_url.clone()),
    };
    Ok(wechat_pay::Refund::new(order)?.of(&config.merchant))
}

/// The question after a refund.
pub(crate) fn query(refund: &OutRefundNo) -> Result<RefundQuery, FieldError> {
    RefundQuery::new(RefundNumber::OutRefundNo(refund.as_str().to_owned()), None)
}

/// What an answer to sending means, and WeChat's word for it.
pub(crate) fn sent(outcome: Outcome<RefundAccepted>, asked: &Identity) -> (RefundInput, String) {
    let (answer, word) = match outcome {
        Outcome::Yes(accepted) => {
            let same = accepted.out_trade_no == asked.out_trade_no.as_str()
                && accepted.total_fee.get() == asked.total_fee.get()
                && accepted.refund_fee.get() == asked.refund_fee.get();
            if same {
                let refund_id = accepted.refund_id;
                (RefundAnswer::Accepted { refund_id }, "SUCCESS".to_owned())
            } else {
                // What WeChat really has is for the question that follows.
                (RefundAnswer::Unknown(RetryAfter::NONE), "other_order".to_owned())
            }
        }
        Outcome::No(refusal) => {
            let code = refusal.err_code.as_str().to_owned();
            (RefundAnswer::Refused { code: code.clone() }, code)
        }
        Outcome::Unknown(doubt) => (in_doubt(&doubt), word_of(&doubt)),
    };
    (RefundInput::Sent(answer), word)
}

fn in_doubt(doubt: &Doubt) -> RefundAnswer {
    match doubt {
        Doubt::SystemError {
            err_code: ErrCode::FrequencyLimited | ErrCode::InvalidReqTooMuch,
        }
        // Nothing was sent.
        | Doubt::NoClientCert
        | Doubt::OtherMerchant => RefundAnswer::NotLookedAt,
        Doubt::SystemError { .. }
        | Doubt::Timeout
        // Said of a connection that was not made; it is asked after all the same.
        | Doubt::NotConnected
        | Doubt::CutOff
        | Doubt::HttpStatus(_)
        | Doubt::Redirected
        | Doubt::TooLarge
        | Doubt::Xml(_)
        | Doubt::ReturnFail { .. }
        | Doubt::SignMissing
        | Doubt::SignWrong
        | Doubt::SignTypeDiffers
        | Doubt::OtherOrder
        | Doubt::FieldMissing(_)
        | Doubt::FieldWrong(_)
        | Doubt::Bill(_) => RefundAnswer::Unknown(retry_after(doubt)),
    }
}

/// What an answer to asking means, and WeChat's word for it.
pub(crate) fn queried(outcome: Outcome<RefundList>, asked: &Identity) -> (RefundInput, String) {
    let (answer, word) = match outcome {
        Outcome::Yes(list) => {
            let same = list.out_trade_no == asked.out_trade_no.as_str()
                && list.total_fee.get() == asked.total_fee.get();
            match list.refunds.into_iter().next() {
                Some(item) if same => {
                    let word = item.status.as_str().to_owned();
                    (RefundQueryAnswer::Found(listed(item)), word)
                }
                Some(_) | None => (
                    RefundQueryAnswer::Unknown(RetryAfter::NONE),
                    "other_order".to_owned(),
                ),
            }
        }
        Outcome::No(refusal) => {
            let word = refusal.err_code.as_str().to_owned();
            let answer = match refusal.err_code {
                ErrCode::RefundNotExist => RefundQueryAnswer::NoSuchRefund,
                // A question that WeChat refuses says nothing about the refund.
                _ => RefundQueryAnswer::Unknown(RetryAfter::NONE),
            };
            (answer, word)
        }
        Outcome::Unknown(doubt) => (RefundQueryAnswer::Unknown(retry_after(&doubt)), word_of(&doubt)),
    };
    (RefundInput::Queried(answer), word)
}

fn listed(item: RefundItem) -> RefundReport {
    RefundReport {
        refund_id: item.refund_id,
        refund_fee: Fen::new(item.refund_fee.get()),
        status: status(&item.status, item.success_time),
        received_by: item.recv_account,
    }
}

/// What a notify means, if it is about this refund of this order.
pub(crate) fn notified(notify: &RefundNotify, refund: &Refund) -> Option<RefundReport> {
    let ours = notify.out_refund_no == refund.out_refund_no.as_str()
        && notify.out_trade_no == refund.out_trade_no.as_str()
        && notify.total_fee.get() == refund.total_fee.get();
    ours.then(|| RefundReport {
        refund_id: notify.refund_id.clone(),
        refund_fee: Fen::new(notify.refund_fee.get()),
        status: status(&notify.status, notify.success_time),
        received_by: notify.recv_account.clone(),
    })
}

fn status(word: &wechat_pay::RefundStatus, success_time: Option<jiff::Timestamp>) -> RefundStatus {
    match word {
        wechat_pay::RefundStatus::Success => RefundStatus::Success { at: success_time },
        wechat_pay::RefundStatus::Processing => RefundStatus::Processing,
        wechat_pay::RefundStatus::Change => RefundStatus::Change,
        // The older word for a refund that came to nothing.
        wechat_pay::RefundStatus::RefundClose | wechat_pay::RefundStatus::Fail => RefundStatus::Closed,
        wechat_pay::RefundStatus::Unknown(_) => RefundStatus::Strange,
    }
}
