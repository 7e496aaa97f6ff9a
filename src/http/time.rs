//! Times in replies.

use chrono::{Datelike as _, Timelike as _};
use serde::{Serialize, Serializer};

use crate::clock::Timestamp;

/// The nanoseconds from which on they stand for a leap second.
const LEAP: u32 = 1_000_000_000;

/// Serializes a time as chrono does (RFC 3339), but without its machinery for any format, which costs as much as all
/// the rest of a user in JSON.
pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let (Ok(year @ 0..=9999), false) = (u32::try_from(time.year()), time.nanosecond() >= LEAP)
    else {
        return Serialize::serialize(time, serializer);
    };
    let mut text = String::with_capacity("2026-01-31T23:59:59.123456789Z".len());
    for (number, digits, after) in [
        (year, 4, '-'),
        (time.month(), 2, '-'),
        (time.day(), 2, 'T'),
        (time.hour(), 2, ':'),
        (time.minute(), 2, ':'),
    ] {
        push(&mut text, number, digits);
        text.push(after);
    }
    push(&mut text, time.second(), 2);
    let (fraction, digits) = match time.nanosecond() {
        0 => (0, 0),
        nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
        nanos if nanos % 1_000 == 0 => (nanos / 1_000, 6),
        nanos => (nanos, 9),
    };
    if digits > 0 {
        text.push('.');
        push(&mut text, fraction, digits);
    }
    text.push('Z');
    serializer.serialize_str(&text)
}

/// The same for a time that may be missing.
pub(crate) fn serialize_option<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// The last decimal digits of a number, with leading zeros.
fn push(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct View {
        #[serde(serialize_with = "serialize")]
        one: Timestamp,
        #[serde(serialize_with = "serialize_option")]
        other: Option<Timestamp>,
    }

    #[test]
    fn a_time_is_written_as_chrono_writes_it() {
        for text in [
            "2026-11-22T13:43:22.118358Z",
            "2026-01-02T03:04:05Z",
            "1970-01-01T00:00:00.100Z",
            "2024-02-29T23:59:59.000001Z",
            "2024-02-29T23:59:59.000000001Z",
            "2016-12-31T23:59:60.5Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "+10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
        ] {
            let one: Timestamp = text.parse().expect("a time");
            for other in [Some(one), None] {
                let ours = serde_json::to_value(View { one, other }).expect("JSON");
                let theirs = serde_json::json!({ "one": one, "other": other });
                assert_eq!(ours, theirs);
            }
        }
    }
}
