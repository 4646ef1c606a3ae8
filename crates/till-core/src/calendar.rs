//! The business day: which day an instant belongs to, when the shop's day does not begin at midnight.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// The shop's days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    starts_at: i8,
}

impl Calendar {
    /// A shop whose day may begin later than this would count its mornings to the day before.
    pub const STARTS_AT_MAX: i8 = 12;

    /// Days that begin at this hour of the wall clock, 0 to [`Self::STARTS_AT_MAX`]. `None` past that.
    #[must_use]
    pub fn new(zone: TimeZone, starts_at: i8) -> Option<Self> {
        (0..=Self::STARTS_AT_MAX)
            .contains(&starts_at)
            .then_some(Self { zone, starts_at })
    }

    /// Days from midnight to midnight.
    #[must_use]
    pub fn midnight(zone: TimeZone) -> Self {
        Self { zone, starts_at: 0 }
    }

    /// The zone of the wall clock.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The hour at which a day begins.
    #[must_use]
    pub fn starts_at(&self) -> i8 {
        self.starts_at
    }

    /// The day that has this instant in it.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Date {
        let wall = at.to_zoned(self.zone.clone()).datetime();
        if wall.hour() < self.starts_at {
            wall.date().yesterday().unwrap_or_else(|_| wall.date())
        } else {
            wall.date()
        }
    }

    /// First instant of a day and of the next. `None` at the ends of time.
    #[must_use]
    pub fn bounds(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let next = day.checked_add(1.day()).ok()?;
        Some((self.start(day)?, self.start(next)?))
    }

    /// Where the wall clock stands in a day of this calendar: 0 is the hour at which a day begins.
    pub(crate) fn hour_of(start: Timestamp, at: Timestamp) -> usize {
        let into: SignedDuration = at.duration_since(start);
        usize::try_from(into.as_hours()).unwrap_or_default()
    }

    fn start(&self, day: Date) -> Option<Timestamp> {
        let wall = day.at(self.starts_at, 0, 0, 0);
        Some(wall.to_zoned(self.zone.clone()).ok()?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let shop = Calendar::new(zone, 4).unwrap();
        assert_eq!(
            shop.day_of(at("2026-11-24T03:59:59+08:00")),
            date(2026, 11, 23),
            "before four it is still last night"
        );
        assert_eq!(
            shop.day_of(at("2026-11-24T04:00:00+08:00")),
            date(2026, 11, 24),
            "at four a new day begins"
        );
        let (from, to) = shop.bounds(date(2026, 11, 23)).unwrap();
        assert_eq!(from, at("2026-11-23T04:00:00+08:00"), "from four");
        assert_eq!(to, at("2026-11-24T04:00:00+08:00"), "to four");
    }

    #[test]
    fn every_instant_is_within_the_bounds_of_its_day_also_when_the_clocks_change() {
        for (zone, first) in [
            ("Europe/Berlin", "2026-03-28T12:00:00Z"),
            ("Europe/Berlin", "2026-10-24T12:00:00Z"),
            ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
            ("Asia/Shanghai", "2026-11-22T12:00:00Z"),
        ] {
            for starts_at in 0..=Calendar::STARTS_AT_MAX {
                let shop = Calendar::new(TimeZone::get(zone).unwrap(), starts_at).unwrap();
                for quarter in 0..(3 * 24 * 4) {
                    let now = at(first) + SignedDuration::from_mins(15 * quarter);
                    let (from, to) = shop.bounds(shop.day_of(now)).unwrap();
                    assert!(
                        from <= now && now < to,
                        "{now} in {zone}, days from {starts_at}: {from} to {to}"
                    );
                }
            }
        }
    }
}
