//! What WeChat says of a refund it has, in an answer or in a notify, held against what is known.

use jiff::Timestamp;

use super::{PersonReason, Refund, RefundReport, RefundState, RefundStatus};
use crate::Timing;

impl Refund {
    /// WeChat has it, and says how far it is.
    pub(super) fn reported(self, now: Timestamp, timing: &Timing, report: RefundReport) -> Self {
        let RefundReport {
            refund_id,
            refund_fee,
            status,
            received_by,
        } = report;
        let person = |why| RefundState::NeedsPerson {
            refund_id: refund_id.clone(),
            why,
            settled: None,
        };
        if refund_fee != self.refund_fee {
            // Told once; what a person has written about it stays.
            return match self.state {
                RefundState::NeedsPerson { .. } => self.rest(),
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::Refunded { .. }
                | RefundState::Closed { .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. } => self.at(person(PersonReason::AmountDiffers)),
            };
        }
        match (status, &self.state) {
            (
                RefundStatus::Processing,
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
            ) => self.processing(now, timing, refund_id),
            // A reading that lags, or a person at the merchant platform has set it going again.
            (
                RefundStatus::Processing,
                RefundState::Refunded { .. } | RefundState::NeedsPerson { .. } | RefundState::Closed { .. },
            ) => self.rest(),
            (RefundStatus::Success { .. }, RefundState::Refunded { .. }) => self.rest(),
            // The money was handed over otherwise, or was said to stay: now the customer may have it twice.
            (
                RefundStatus::Success { .. },
                RefundState::NeedsPerson { settled: Some(_), .. } | RefundState::Closed { .. },
            ) => self.at(person(PersonReason::Contradicts)),
            (
                RefundStatus::Success { at },
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::NeedsPerson { settled: None, .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
            ) => self.at(RefundState::Refunded {
                refund_id,
                refunded_at: at.unwrap_or(now),
                received_by,
            }),
            (RefundStatus::Change, RefundState::NeedsPerson { .. }) => self.rest(),
            (
                RefundStatus::Change,
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::Refunded { .. }
                | RefundState::Closed { .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
            ) => self.at(person(PersonReason::Change)),
            (
                RefundStatus::Closed,
                RefundState::Closed { .. } | RefundState::NeedsPerson { settled: Some(_), .. },
            ) => self.rest(),
            (RefundStatus::Closed, RefundState::Refunded { .. }) => {
                self.at(person(PersonReason::Contradicts))
            }
            (
                RefundStatus::Closed,
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::NeedsPerson { settled: None, .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
            ) => self.at(RefundState::Closed {
                refund_id,
                settled: None,
            }),
            (
                RefundStatus::Strange,
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Processing { .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
            ) => self.at(person(PersonReason::StatusUnknown)),
            (
                RefundStatus::Strange,
                RefundState::Refunded { .. } | RefundState::NeedsPerson { .. } | RefundState::Closed { .. },
            ) => self.rest(),
        }
    }
}
