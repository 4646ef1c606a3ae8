//! Where and when a simulated day is: the shop's zone, the hour at which its day begins, and when its first customer may come.
//! Which business day an instant belongs to is reckoned here anew, by the wall clock alone.

use anyhow::Context;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::network::later;

/// Where WeChat's bills are made.
const BEIJING: &str = "Asia/Shanghai";
/// The morning of all days on which no clock changes.
const MIDNIGHT: &str = "2026-11-22T16:00:00Z";
/// Zones and the instants at which their clocks go forward or back.
const CHANGES: [(&str, &str); 4] = [
    ("Europe/Paris", "2026-03-29T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("Europe/Paris", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
];
/// No zone is further from UTC.
const FARTHEST: SignedDuration = SignedDuration::from_hours(26);
/// Days begin at quarters of an hour, everywhere.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// The shop's place in time.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its zone, as the configuration names it.
    pub zone_name: &'static str,
    /// The hour at which its day begins.
    pub starts_at: i8,
    /// When the simulated day begins.
    pub began: Timestamp,
    zone: TimeZone,
}

impl Place {
    /// Draws one: in Beijing with days from midnight, mostly; around the hour of the cut-over; or around the change of clocks.
    pub(super) fn draw(rng: &mut StdRng) -> anyhow::Result<Self> {
        let midnight: Timestamp = MIDNIGHT.parse()?;
        let before = |rng: &mut StdRng, at: Timestamp| {
            later(at, SignedDuration::from_millis(-rng.random_range(0..6_000_000)))
        };
        let (zone_name, starts_at, began) = match rng.random_range(0..100) {
            0..12 => {
                let (zone, change) = CHANGES[rng.random_range(0..CHANGES.len())];
                let starts_at = [0, 0, 0, 1, 2, 3, 4, 5, 6][rng.random_range(0..9)];
                (zone, starts_at, before(rng, change.parse()?))
            }
            12..36 => {
                let starts_at = rng.random_range(1..=6);
                let cut_over = later(midnight, SignedDuration::from_hours(i64::from(starts_at)));
                (BEIJING, starts_at, before(rng, cut_over))
            }
            kind => {
                // Beijing's morning, so that some days run into the next.
                let millis = rng.random_range(8 * 3_600_000..23 * 3_600_000);
                let starts_at = if kind < 46 { rng.random_range(0..=6) } else { 0 };
                (
                    BEIJING,
                    starts_at,
                    later(midnight, SignedDuration::from_millis(millis)),
                )
            }
        };
        Ok(Self {
            zone_name,
            starts_at,
            began,
            zone: TimeZone::get(zone_name)?,
        })
    }

    /// The business day of an instant: the wall clock's date, were it set back by the hours before the day begins.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Date {
        let wall = self.zone.to_datetime(at);
        wall.saturating_sub(i64::from(self.starts_at).hours()).date()
    }

    /// The hour that the wall clock shows.
    #[must_use]
    pub fn hour_of(&self, at: Timestamp) -> i8 {
        self.zone.to_datetime(at).hour()
    }

    /// The first instant of a business day, found by trying.
    pub fn start_of(&self, day: Date) -> anyhow::Result<Timestamp> {
        let utc = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0))?;
        let mut at = later(utc, -FARTHEST);
        while at <= later(utc, FARTHEST) {
            if self.day_of(at) >= day {
                return Ok(at);
            }
            at = later(at, QUARTER);
        }
        None.context("a day begins within a day of its date")
    }
}
