//! WeChat's bill of one day as the shop needs it: payments and refunds with whole amounts, fees to the millionth of a yuan.

use core::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::reconcile::NEAR_MIDNIGHT;
use crate::{Fen, MoneyError};

/// Bills are of days in Beijing, wherever the shop is.
const BEIJING: Offset = Offset::constant(8);

/// A day's bill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bill {
    /// Its rows, in WeChat's order.
    pub lines: Vec<BillLine>,
    /// Its totals as WeChat gives them. `None` where WeChat said that nothing happened.
    pub totals: Option<BillTotals>,
}

/// One row of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// When it was paid, or when the refund was accepted; to the second.
    pub at: Timestamp,
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order. Of any shape: other systems of the same merchant are on the bill too.
    pub out_trade_no: String,
    /// `CNY`.
    pub fee_type: String,
    /// What WeChat took for it; negative where it was given back. `None` where the row does not say.
    pub fee: Option<MicroYuan>,
    /// The rate of that fee, or what stands there instead.
    pub rate: Result<Rate, String>,
    /// What the row is about.
    pub entry: BillEntry,
}

/// What a row of a bill is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillEntry {
    /// `SUCCESS`: a payment.
    Payment {
        /// The order's amount, coupons included.
        amount: Fen,
        /// What the fee is taken of: the amount less WeChat's own coupons.
        settled: Fen,
    },
    /// A refund.
    Refund {
        /// The merchant's number of the refund.
        out_refund_no: String,
        /// What was asked to be given back.
        amount: Fen,
        /// What of it was settled: what WeChat's own coupons had paid is not, and no fee was taken of that.
        settled: Fen,
        /// How it stood when the bill was made.
        standing: RefundStanding,
    },
    /// Neither, such as `REVOKED`, in WeChat's word.
    Other(String),
}

/// How a refund stands, here or on a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStanding {
    /// Asked for; whether WeChat has taken it is not known yet.
    Asked,
    /// Under way.
    Processing,
    /// The customer has the money.
    Done,
    /// It did not go through; a person has to act.
    Failed,
}

/// The totals of a bill as WeChat gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillTotals {
    /// How many rows there are.
    pub count: u64,
    /// All fees; absent where the summary has none.
    pub fee: Option<MicroYuan>,
    /// The orders' amounts; absent in the old format.
    pub paid: Option<Fen>,
    /// What was asked to be given back; absent in the old format.
    pub refunded: Option<Fen>,
}

/// An amount in millionths of a yuan: WeChat's fees have five decimals, and are negative where they are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroYuan(i64);

/// A fee's rate in millionths: 0.60 % is 6,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(u32);

/// The day whose bill a payment or refund of this time belongs to.
#[must_use]
pub fn bill_date(at: Timestamp) -> Date {
    BEIJING.to_datetime(at).date()
}

/// First instant of a bill's day and of the next. `None` at the ends of the calendar.
#[must_use]
pub fn bill_bounds(date: Date) -> Option<(Timestamp, Timestamp)> {
    let zone = TimeZone::fixed(BEIJING);
    let start = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    Some((start(date)?, start(date.tomorrow().ok()?)?))
}

/// Whether a row of this time may be on this day's bill: WeChat's clock and its books are not one.
#[must_use]
pub fn may_be_on_bill(at: Timestamp, date: Date) -> bool {
    let near = |edge: Timestamp| at.duration_since(edge).abs() <= NEAR_MIDNIGHT;
    bill_date(at) == date || bill_bounds(date).is_some_and(|(start, end)| near(start) || near(end))
}

impl MicroYuan {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// A fen.
    pub const FEN: Self = Self(10_000);

    /// That many millionths of a yuan.
    #[must_use]
    pub const fn new(micro_yuan: i64) -> Self {
        Self(micro_yuan)
    }

    /// The number of millionths of a yuan.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum, if it fits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    /// Whether this, rounded half up to the fen or not at all, makes that.
    #[must_use]
    pub const fn rounds_to(self, rounded: Self) -> bool {
        let half = Self::FEN.0 / 2;
        match rounded.0.checked_sub(self.0) {
            Some(off) => -half < off && off <= half,
            None => false,
        }
    }

    /// Whether a summary's figure is this sum of its rows: some have it in whole fen, where the rows have more decimals.
    #[must_use]
    pub const fn is_said_as(self, said: Self) -> bool {
        self.0 == said.0
            || (said.0 % Self::FEN.0 == 0 && self.0.abs_diff(said.0) <= Self::FEN.0.unsigned_abs() / 2)
    }

    /// Whether the two are less than a fen apart.
    #[must_use]
    pub const fn is_near(self, other: Self) -> bool {
        self.0.abs_diff(other.0) < Self::FEN.0.unsigned_abs()
    }
}

/// Yuan with five decimals, as the bill has it.
impl fmt::Display for MicroYuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micro = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:05}", micro / 1_000_000, micro % 1_000_000 / 10)
    }
}

impl Rate {
    /// Reads a percentage as a bill writes it: `0.60%`, `39.00%`; at most four decimals, at most a hundred.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 4 {
            return None;
        }
        let rate = format!("{whole}{decimals:0<4}").parse().ok()?;
        (rate <= 1_000_000).then_some(Self(rate))
    }

    /// Millionths.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The fee on this amount, not rounded.
    pub fn of(self, amount: Fen) -> Result<MicroYuan, MoneyError> {
        let fen_millionths = amount
            .get()
            .checked_mul(i64::from(self.0))
            .ok_or(MoneyError::OutOfRange)?;
        // A fen is ten thousand millionths of a yuan; the rate is in millionths.
        Ok(MicroYuan(fen_millionths / 100))
    }
}

/// A percentage with two decimals, more where it has more: `0.60%`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / 10_000, self.0 % 10_000);
        if decimals % 100 == 0 {
            write!(f, "{whole}.{:02}%", decimals / 100)
        } else {
            write!(f, "{whole}.{decimals:04}%")
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_bills_day_is_beijings() {
        let at = |text: &str| bill_date(text.parse().unwrap());
        assert_eq!(
            at("2026-11-23T23:59:59+08:00"),
            date(2026, 11, 23),
            "the day's last second"
        );
        assert_eq!(
            at("2026-11-24T00:00:01+08:00"),
            date(2026, 11, 24),
            "two seconds later is the next day"
        );
        let (start, end) = bill_bounds(date(2026, 11, 23)).unwrap();
        assert_eq!(
            start,
            "2026-11-22T16:00:00Z".parse().unwrap(),
            "midnight in Beijing"
        );
        assert_eq!(
            end,
            "2026-11-23T16:00:00Z".parse().unwrap(),
            "and the next midnight"
        );
    }

    #[test]
    fn rates_and_fees_are_exact() {
        let rate = Rate::parse("0.60%").unwrap();
        assert_eq!(rate.to_string(), "0.60%", "shown as it was written");
        assert_eq!(
            rate.of(Fen::new(200)),
            Ok(MicroYuan::new(12_000)),
            "0.012 yuan on 2.00"
        );
        assert_eq!(
            Rate::parse("39.00%").map(Rate::get),
            Some(390_000),
            "a rate seen in a real bill"
        );
        assert_eq!(
            Rate::parse("0.3875%").unwrap().to_string(),
            "0.3875%",
            "no decimal is dropped"
        );
        for text in [
            "", "%", "0.60", "0.60 %", "-1%", "1e2%", "101%", "0.60000%", ".6%",
        ] {
            assert_eq!(Rate::parse(text), None, "{text:?} is no rate");
        }
        assert_eq!(
            rate.of(Fen::new(i64::MAX)),
            Err(MoneyError::OutOfRange),
            "an impossible amount must not wrap"
        );
        assert!(
            MicroYuan::new(15_000).rounds_to(MicroYuan::new(20_000))
                && MicroYuan::new(14_999).rounds_to(MicroYuan::FEN),
            "half a fen is rounded up, less is rounded down"
        );
        assert!(
            !MicroYuan::new(15_000).rounds_to(MicroYuan::FEN)
                && !MicroYuan::new(14_999).rounds_to(MicroYuan::new(20_000)),
            "and not the other way"
        );
        assert!(
            !MicroYuan::new(i64::MIN).rounds_to(MicroYuan::new(i64::MAX)),
            "far apart, without overflow"
        );
        let rows = MicroYuan::new(4_324_010);
        assert!(
            rows.is_said_as(rows) && rows.is_said_as(MicroYuan::new(4_320_000)),
            "a summary has all decimals, or whole fen"
        );
        assert!(
            !rows.is_said_as(MicroYuan::new(4_324_020)) && !rows.is_said_as(MicroYuan::new(4_330_000)),
            "other decimals are another sum, and so is another fen"
        );
        assert!(
            MicroYuan::new(12_000).is_near(MicroYuan::FEN),
            "0.012 rounds to a fen"
        );
        assert!(
            !MicroYuan::new(20_000).is_near(MicroYuan::FEN),
            "two fen are not one"
        );
        assert!(
            !MicroYuan::new(i64::MIN).is_near(MicroYuan::new(i64::MAX)),
            "far apart, without overflow"
        );
        assert_eq!(
            MicroYuan::new(-5_990).to_string(),
            "-0.00599",
            "a fee given back, as the bill has it"
        );
    }
}
