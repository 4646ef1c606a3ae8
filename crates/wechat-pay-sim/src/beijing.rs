//! Beijing time, the only time on WeChat's wire (UTC+8, no daylight saving).

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

const BEIJING: Offset = jiff::tz::offset(8);

/// `yyyyMMddHHmmss`, as `time_end` and `time_expire` carry it.
pub(crate) fn compact(at: Timestamp) -> String {
    BEIJING.to_datetime(at).strftime("%Y%m%d%H%M%S").to_string()
}

/// `yyyy-MM-dd HH:mm:ss`, as bills and refund times carry it.
pub(crate) fn spaced(at: Timestamp) -> String {
    BEIJING.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The Beijing calendar day in which the instant lies.
pub(crate) fn day(at: Timestamp) -> Date {
    BEIJING.to_datetime(at).date()
}

/// Reads `yyyyMMddHHmmss`; nothing when it isn't exactly that or not a real moment.
pub(crate) fn parse_compact(text: &str) -> Option<Timestamp> {
    let date = parse_day(text.get(..8)?)?;
    let clock = text
        .get(8..)
        .filter(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_digit()))?;
    let part = |from: usize| clock.get(from..from + 2)?.parse::<i8>().ok();
    let time = DateTime::new(
        date.year(),
        date.month(),
        date.day(),
        part(0)?,
        part(2)?,
        part(4)?,
        0,
    )
    .ok()?;
    BEIJING.to_timestamp(time).ok()
}

/// Reads `yyyyMMdd`; nothing when it isn't exactly that or not a real day.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(
        text[..4].parse().ok()?,
        text[4..6].parse().ok()?,
        text[6..].parse().ok()?,
    )
    .ok()
}

/// That hour (0–23) of that Beijing day.
pub(crate) fn hour_of(day: Date, hour: i8) -> Timestamp {
    BEIJING
        .to_timestamp(day.at(hour, 0, 0, 0))
        .unwrap_or(Timestamp::MAX)
}

/// The instant that much later, the end of time when there is none.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_times_are_beijing_times() {
        let at: Timestamp = "2026-01-01T16:00:00Z".parse().unwrap();
        assert_eq!(compact(at), "20260102000000", "16:00 UTC is midnight in Beijing");
        assert_eq!(
            spaced(at),
            "2026-01-02 00:00:00",
            "the bill's form of the same instant"
        );
        assert_eq!(
            parse_compact("20260102000000"),
            Some(at),
            "reading gives back the instant"
        );
        for bad in [
            "",
            "2026010200000",
            "202601020000000",
            "20260230000000",
            "20260102240000",
            "2026010200000x",
        ] {
            assert_eq!(parse_compact(bad), None, "{bad:?} isn't a moment");
        }
        assert_eq!(
            parse_compact("2026年02000000"),
            None,
            "a character boundary in the way is refused, not a panic"
        );
    }
}
