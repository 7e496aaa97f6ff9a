//! Times in replies.

use chrono::{Datelike as _, Timelike as _};
use serde::{Serialize, Serializer, ser::Error as _};

use crate::clock::Timestamp;

/// From this value on, nanoseconds denote a leap second.
const LEAP: u32 = 1_000_000_000;

/// Serializes a time as chrono does (RFC 3339), but without chrono's general formatting, which
/// takes as long as serializing all other fields of a user together.
pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let (Ok(year @ 0..=9999), false) = (u32::try_from(time.year()), time.nanosecond() >= LEAP)
    else {
        return Serialize::serialize(time, serializer);
    };
    let mut text = Vec::with_capacity("2026-01-31T23:59:59.123456789Z".len());
    text.extend_from_slice(&digits::<4>(year));
    for (before, number) in [
        (b'-', time.month()),
        (b'-', time.day()),
        (b'T', time.hour()),
        (b':', time.minute()),
        (b':', time.second()),
    ] {
        text.push(before);
        text.extend_from_slice(&digits::<2>(number));
    }
    let nanos = time.nanosecond();
    if nanos > 0 {
        text.push(b'.');
        if nanos.is_multiple_of(1_000_000) {
            text.extend_from_slice(&digits::<3>(nanos / 1_000_000));
        } else if nanos.is_multiple_of(1_000) {
            text.extend_from_slice(&digits::<6>(nanos / 1_000));
        } else {
            text.extend_from_slice(&digits::<9>(nanos));
        }
    }
    text.push(b'Z');
    serializer.serialize_str(std::str::from_utf8(&text).map_err(S::Error::custom)?)
}

/// Serializes a time that may be missing.
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
fn digits<const N: usize>(mut number: u32) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
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
