//! WeChat's wire has Beijing time (UTC+8, no daylight saving) in two spellings.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Beijing's offset from UTC.
pub const OFFSET: Offset = Offset::constant(8);

const COMPACT: &str = "%Y%m%d%H%M%S";
const SPACED: &str = "%Y-%m-%d %H:%M:%S";

/// Reads `yyyyMMddHHmmss`, as `time_end` has it.
pub fn parse_compact(text: &str) -> Option<Timestamp> {
    // strptime takes short and signed numbers; the wire has exactly 14 digits.
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    instant(DateTime::strptime(COMPACT, text).ok()?)
}

/// Reads `yyyy-MM-dd HH:mm:ss`, as refunds and the bill have it.
pub fn parse_spaced(text: &str) -> Option<Timestamp> {
    if text.len() != 19 {
        return None;
    }
    instant(DateTime::strptime(SPACED, text).ok()?)
}

/// Writes `yyyyMMddHHmmss`. Fractions of a second are cut off.
pub fn format_compact(time: Timestamp) -> String {
    civil(time).strftime(COMPACT).to_string()
}

/// Writes `yyyy-MM-dd HH:mm:ss`. Fractions of a second are cut off.
pub fn format_spaced(time: Timestamp) -> String {
    civil(time).strftime(SPACED).to_string()
}

fn civil(time: Timestamp) -> DateTime {
    OFFSET.to_datetime(time)
}

fn instant(civil: DateTime) -> Option<Timestamp> {
    civil
        .to_zoned(TimeZone::fixed(OFFSET))
        .ok()
        .map(|zoned| zoned.timestamp())
}
