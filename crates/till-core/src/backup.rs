//! When a copy of the ledger is due, and which copies may go.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Whether a copy is due: one for each day on which the till works, as soon as it does.
///
/// A last copy from a day to come (the clock was wrong, and was put right) does not count.
#[must_use]
pub fn backup_due(last: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> bool {
    last.is_none_or(|last| day_of(last, zone) != day_of(now, zone))
}

/// The copies that may go: all are kept from the last `keep_days` days, today included, and of each month before that the
/// last. The newest copy never goes, and none from a day to come.
#[must_use]
pub fn backups_to_drop(
    copies: &[Timestamp],
    now: Timestamp,
    zone: &TimeZone,
    keep_days: u16,
) -> Vec<Timestamp> {
    let today = day_of(now, zone);
    let first_kept = today
        .checked_sub(i64::from(keep_days.max(1) - 1).days())
        .unwrap_or(Date::MIN);
    let newest = copies.iter().max();
    let mut last_of_month: BTreeMap<(i16, i8), Timestamp> = BTreeMap::new();
    let old = |copy: &Timestamp| day_of(*copy, zone) < first_kept;
    for copy in copies.iter().filter(|copy| old(copy)) {
        let day = day_of(*copy, zone);
        let last = last_of_month.entry((day.year(), day.month())).or_insert(*copy);
        *last = (*last).max(*copy);
    }
    let kept = |copy: &Timestamp| {
        !old(copy) || Some(copy) == newest || last_of_month.values().any(|last| last == copy)
    };
    let mut dropped: Vec<Timestamp> = copies.iter().filter(|copy| !kept(copy)).copied().collect();
    dropped.sort_unstable();
    dropped
}

fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn one_copy_a_day_of_the_shops_own() {
        let zone = shanghai();
        let last = Some(at("2026-11-23T15:00:00Z"));
        assert!(
            backup_due(None, at("2026-11-23T01:00:00Z"), &zone),
            "there is none yet"
        );
        assert!(
            !backup_due(last, at("2026-11-23T15:59:59Z"), &zone),
            "23:59:59 in the shop is the same day as 23:00"
        );
        assert!(
            backup_due(last, at("2026-11-23T16:00:00Z"), &zone),
            "midnight in the shop, though not in UTC"
        );
        assert!(
            backup_due(
                Some(at("2031-01-01T00:00:00Z")),
                at("2026-11-23T15:00:00Z"),
                &zone
            ),
            "a clock that was years ahead does not stop the copies for years"
        );
    }

    /// A copy at noon of each of the last `days` days, and those of them that are kept.
    fn kept_of(days: i64, keep_days: u16) -> Vec<String> {
        let zone = shanghai();
        let now = at("2026-11-23T04:00:00Z");
        let copies: Vec<Timestamp> = (0..days).map(|ago| now - (24 * ago).hours()).collect();
        let dropped = backups_to_drop(&copies, now, &zone, keep_days);
        let mut kept: Vec<String> = copies
            .iter()
            .filter(|copy| !dropped.contains(copy))
            .map(|copy| day_of(*copy, &zone).to_string())
            .collect();
        kept.sort();
        kept
    }

    #[test]
    fn all_of_two_weeks_and_one_of_each_month_before() {
        let kept = kept_of(100, 14);
        assert_eq!(
            kept[..4],
            ["2026-08-31", "2026-09-30", "2026-10-31", "2026-11-09"],
            "of each month the last, of this month the last before the two weeks"
        );
        assert_eq!(kept[4], "2026-11-10", "fourteen days with today");
        assert_eq!(kept.len(), 4 + 14, "nothing else is kept");
    }

    #[test]
    fn the_newest_stays_however_old_it_is_and_so_does_what_is_to_come() {
        let zone = shanghai();
        let now = at("2026-11-23T04:00:00Z");
        let old = [
            at("2020-01-01T00:00:00Z"),
            at("2020-01-02T00:00:00Z"),
            at("2020-01-03T00:00:00Z"),
        ];
        assert_eq!(
            backups_to_drop(&old, now, &zone, 14),
            old[..2],
            "the shop was closed for years: one copy is left"
        );
        let ahead = [at("2031-01-01T00:00:00Z"), at("2031-01-01T01:00:00Z"), now];
        assert_eq!(
            backups_to_drop(&ahead, now, &zone, 14),
            [],
            "a wrong clock is no reason to throw a copy away"
        );
    }

    #[test]
    fn thinning_day_by_day_ends_where_thinning_at_once_does() {
        let zone = shanghai();
        let end = at("2026-11-23T04:00:00Z");
        let mut copies: Vec<Timestamp> = Vec::new();
        for ago in (0..400).rev() {
            let now = end - (24_i64 * ago).hours();
            copies.extend([now - 1.hours(), now]);
            let dropped = backups_to_drop(&copies, now, &zone, 14);
            copies.retain(|copy| !dropped.contains(copy));
            assert!(copies.contains(&now), "today's copy is never dropped");
        }
        let days: Vec<String> = copies
            .iter()
            .map(|copy| day_of(*copy, &zone).to_string())
            .collect();
        assert_eq!(
            copies.len(),
            14 * 2 + 14,
            "two of each of fourteen days, and one of each month: {days:?}"
        );
    }
}
