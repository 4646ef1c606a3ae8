//! WeChat's fee on a row of its bill: what the row's own rate makes, and what is the matter where something else stands there.

use crate::{BillEntry, BillLine, Cause, Fen, MicroYuan, MoneyError, Rate, RefundStanding};

/// What is the matter with the fee of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeeFault {
    /// Another fee than the row's own rate makes.
    Differs {
        /// The rate on the bill.
        rate: Rate,
        /// What it makes, not rounded; below zero for a refund, with which the fee comes back.
        expected: MicroYuan,
        /// What was taken.
        charged: MicroYuan,
    },
    /// The row has no fee, not even one of nothing.
    Missing,
    /// By which rate it was taken can't be read, so that nobody can say what it should be.
    RateUnreadable {
        /// What stands there.
        said: String,
        /// What was taken.
        charged: MicroYuan,
    },
}

impl From<FeeFault> for Cause {
    fn from(fault: FeeFault) -> Self {
        match fault {
            FeeFault::Differs {
                rate,
                expected,
                charged,
            } => Self::FeeDiffers {
                rate,
                expected,
                charged,
            },
            FeeFault::Missing => Self::FeeMissing,
            FeeFault::RateUnreadable { said, charged } => Self::RateUnreadable { said, charged },
        }
    }
}

/// Holds the fee of a row against its rate. WeChat rounds the fee of a payment to the nearest fen. What comes back with a part
/// of a payment may be rounded by itself, or be what the parts before have left: the two are less than a fen from the share.
pub(crate) fn fee_fault(line: &BillLine) -> Result<Option<FeeFault>, MoneyError> {
    let settled = match &line.entry {
        BillEntry::Payment { settled, .. } => *settled,
        BillEntry::Refund { settled, .. } => Fen::ZERO.minus(*settled)?,
        // Named in any case; what its fee would be of, nobody says.
        BillEntry::Other(_) => return Ok(None),
    };
    let Some(charged) = line.fee else {
        return Ok(Some(FeeFault::Missing));
    };
    let rate = match &line.rate {
        Ok(rate) => *rate,
        Err(said) => {
            let said = said.clone();
            return Ok(Some(FeeFault::RateUnreadable { said, charged }));
        }
    };
    let expected = rate.of(settled)?;
    let right = match &line.entry {
        BillEntry::Payment { .. } | BillEntry::Other(_) => expected.rounds_to(charged),
        BillEntry::Refund { standing, .. } => match standing {
            RefundStanding::Asked | RefundStanding::Processing | RefundStanding::Done => {
                expected.is_near(charged)
            }
            // Whether the fee comes back with money that does not arrive, WeChat does not say.
            RefundStanding::Failed => expected.is_near(charged) || charged == MicroYuan::ZERO,
        },
    };
    Ok((!right).then_some(FeeFault::Differs {
        rate,
        expected,
        charged,
    }))
}
