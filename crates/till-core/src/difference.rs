//! A difference between this till and WeChat's bill: what it is about, its cause, and its ways out.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{CloseReason, Fen, MicroYuan, Rate, RefundStanding, ReviewReason};

/// One difference. Each order and each refund has one of its gravest cause, one more for each row too many of the bill, and
/// one more, of no amount, where the fee of such a row is wrong as well: its subject alone does not tell it from others, its
/// subject and [`Difference::as_of`] do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// When that was paid or refunded: by the bill, where it is on it.
    pub at: Timestamp,
    /// What this till counts for it on this day.
    pub here: Fen,
    /// What the day's bill counts for it.
    pub there: Fen,
    /// What is the matter.
    pub cause: Cause,
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A payment.
    Order {
        /// The order's number, as the bill has it.
        out_trade_no: String,
    },
    /// A refund.
    Refund {
        /// Its number, as the bill has it.
        out_refund_no: String,
        /// The order it is of.
        out_trade_no: String,
    },
    /// The bill itself.
    Bill,
}

/// Why two sides differ, with what is needed to put it into words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Counted here, on no bill.
    OnlyHere,
    /// On the bill under this till's id, and unknown here.
    OnlyThere,
    /// On the bill, and not paid here.
    NotPaidHere(NotPaid),
    /// The money is known here and waits for a person's decision, so that it is not among the sales.
    Review {
        /// What contradicts.
        why: ReviewReason,
        /// How much.
        amount: Fen,
        /// Whether the bill has it.
        on_bill: bool,
    },
    /// Both have it, with different amounts.
    AmountDiffers,
    /// Both have it, under different numbers of WeChat's.
    PaymentDiffers {
        /// The number here.
        here: String,
        /// The number on the bill.
        there: String,
    },
    /// Both have it, in different currencies.
    CurrencyDiffers {
        /// The bill's.
        there: String,
    },
    /// On the bill in a state that this till does not know.
    StateDiffers {
        /// In WeChat's word.
        there: String,
    },
    /// Both have it, on different days.
    DayBoundary {
        /// The day on which it counts here.
        here: Date,
        /// The day whose bill has it. `None`: that bill is not there yet.
        there: Option<Date>,
    },
    /// WeChat took another fee than its own rate makes.
    FeeDiffers {
        /// The rate on the bill.
        rate: Rate,
        /// What it makes, not rounded.
        expected: MicroYuan,
        /// What was taken.
        charged: MicroYuan,
    },
    /// The bill does not say what fee WeChat took.
    FeeMissing,
    /// The bill does not say in a way that can be read by which rate WeChat took its fee.
    RateUnreadable {
        /// What stands there.
        said: String,
        /// What was taken.
        charged: MicroYuan,
    },
    /// The bill has it once more.
    TwiceThere,
    /// A refund that stands otherwise here than on the bill.
    RefundDiffers {
        /// How it stands here.
        here: RefundStanding,
        /// How it stood when the bill was made.
        there: RefundStanding,
    },
    /// The bill's rows do not make the totals it gives.
    TotalsDiffer {
        /// What its rows make.
        rows: Fen,
        /// What it says.
        said: Fen,
    },
    /// The bill has another number of rows than it says.
    CountDiffers {
        /// How many there are.
        rows: u64,
        /// How many it says.
        said: u64,
    },
    /// The bill's rows do not make the fee it gives.
    FeeTotalDiffers {
        /// What its rows make.
        rows: MicroYuan,
        /// What it says.
        said: MicroYuan,
    },
}

/// How an order stands here that the bill has as paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotPaid {
    /// Still asked after.
    Waiting,
    /// Closed.
    Closed(CloseReason),
    /// WeChat had refused to place it.
    Refused,
}

/// What a person can do about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOut {
    /// Ask WeChat: a bill is not signed, an answer is.
    Ask,
    /// Take the payment as a sale.
    Adopt,
    /// Give the money back.
    Refund,
    /// Write down what it is about.
    Note,
    /// Tomorrow's bill will tell.
    Wait,
}

impl Subject {
    pub(crate) fn order(out_trade_no: &str) -> Self {
        Self::Order {
            out_trade_no: out_trade_no.to_owned(),
        }
    }

    pub(crate) fn refund(out_refund_no: &str, out_trade_no: &str) -> Self {
        Self::Refund {
            out_refund_no: out_refund_no.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
        }
    }
}

impl Cause {
    /// The cause in one word, as the ledger has it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::OnlyHere => "only_here",
            Self::OnlyThere => "only_there",
            Self::NotPaidHere(_) => "not_paid_here",
            Self::Review { .. } => "review",
            Self::AmountDiffers => "amount_differs",
            Self::PaymentDiffers { .. } => "payment_differs",
            Self::CurrencyDiffers { .. } => "currency_differs",
            Self::StateDiffers { .. } => "state_differs",
            Self::DayBoundary { .. } => "day_boundary",
            Self::FeeDiffers { .. } => "fee_differs",
            Self::FeeMissing => "fee_missing",
            Self::RateUnreadable { .. } => "rate_unreadable",
            Self::TwiceThere => "twice_there",
            Self::RefundDiffers { .. } => "refund_differs",
            Self::TotalsDiffer { .. } => "totals_differ",
            Self::CountDiffers { .. } => "count_differs",
            Self::FeeTotalDiffers { .. } => "fee_total_differs",
        }
    }
}

impl Difference {
    /// The cause in its word, and the figures it is about: a note on one cent says nothing about a hundred yuan.
    #[must_use]
    pub fn as_of(&self) -> String {
        let Self { here, there, .. } = self;
        let word = self.cause.word();
        match &self.cause {
            Cause::Review { amount, .. } => format!("{word} {here} {there} {amount}"),
            Cause::FeeDiffers {
                expected, charged, ..
            } => format!("{word} {expected} {charged}"),
            Cause::RateUnreadable { said, charged } => format!("{word} {said:?} {charged}"),
            Cause::TotalsDiffer { rows, said } => format!("{word} {rows} {said}"),
            Cause::CountDiffers { rows, said } => format!("{word} {rows} {said}"),
            Cause::FeeTotalDiffers { rows, said } => format!("{word} {rows} {said}"),
            Cause::OnlyHere
            | Cause::OnlyThere
            | Cause::NotPaidHere(_)
            | Cause::AmountDiffers
            | Cause::PaymentDiffers { .. }
            | Cause::CurrencyDiffers { .. }
            | Cause::StateDiffers { .. }
            | Cause::DayBoundary { .. }
            | Cause::FeeMissing
            | Cause::TwiceThere
            | Cause::RefundDiffers { .. } => format!("{word} {here} {there}"),
        }
    }

    /// What can be done about it, the best first.
    #[must_use]
    pub fn ways_out(&self) -> &'static [WayOut] {
        match &self.cause {
            Cause::NotPaidHere(_)
            | Cause::RefundDiffers {
                here: RefundStanding::Asked,
                ..
            } => &[WayOut::Ask, WayOut::Note],
            Cause::Review { on_bill: true, .. } => &[WayOut::Adopt, WayOut::Refund, WayOut::Note],
            Cause::AmountDiffers
                if self.there > self.here && matches!(self.subject, Subject::Order { .. }) =>
            {
                &[WayOut::Refund, WayOut::Note]
            }
            Cause::DayBoundary { there: None, .. } => &[WayOut::Wait, WayOut::Note],
            Cause::RefundDiffers {
                here: RefundStanding::Processing,
                ..
            } => &[WayOut::Wait, WayOut::Note],
            Cause::OnlyHere
            | Cause::OnlyThere
            | Cause::Review { on_bill: false, .. }
            | Cause::AmountDiffers
            | Cause::PaymentDiffers { .. }
            | Cause::CurrencyDiffers { .. }
            | Cause::StateDiffers { .. }
            | Cause::DayBoundary { there: Some(_), .. }
            | Cause::FeeDiffers { .. }
            | Cause::FeeMissing
            | Cause::RateUnreadable { .. }
            | Cause::TwiceThere
            | Cause::RefundDiffers {
                here: RefundStanding::Done | RefundStanding::Failed,
                ..
            }
            | Cause::TotalsDiffer { .. }
            | Cause::CountDiffers { .. }
            | Cause::FeeTotalDiffers { .. } => &[WayOut::Note],
        }
    }

    /// Nothing is left to find out: both sides have it, on neighbouring days; or both know that the refund failed, which
    /// the bill counts among what was asked for, and which a person sees to on the refund's own list.
    #[must_use]
    pub fn explains_itself(&self) -> bool {
        matches!(
            self.cause,
            Cause::DayBoundary { there: Some(_), .. }
                | Cause::RefundDiffers {
                    here: RefundStanding::Failed,
                    there: RefundStanding::Failed,
                }
        )
    }
}
