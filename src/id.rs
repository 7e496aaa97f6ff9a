//! Identifiers: UUID version 7 (RFC 9562), so that newer rows sort after older ones.

use std::sync::atomic::{AtomicU16, Ordering};

use uuid::{Builder, Uuid};

use crate::{clock::Timestamp, secret::random_bytes};

/// The milliseconds are followed by the microseconds within the millisecond and a per-process counter. Identifiers that
/// one process creates at the same moment therefore keep their order (RFC 9562, section 6.2, methods 1 and 3). 46 bits
/// are random.
pub(crate) fn uuid_v7(now: Timestamp) -> Uuid {
    static MADE: AtomicU16 = AtomicU16::new(0);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    // After the milliseconds, the version takes the upper four bits of the first byte, and the
    // variant takes the upper two bits of the third byte.
    let [r0, r1, r2, r3, r4, r5] = random_bytes();
    let micros = u16::try_from(now.timestamp_subsec_micros() % 1000).unwrap_or_default();
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let [micros_high, micros_low] = (micros << 2).to_be_bytes();
    let [made_high, made_low] = made.to_be_bytes();
    let counter = [made_high >> 2, (made_high << 6) | (made_low >> 2)];
    let rest = (made_low << 6) | (r0 & 0x3f);
    let bytes = [
        micros_high,
        micros_low,
        counter[0],
        counter[1],
        rest,
        r1,
        r2,
        r3,
        r4,
        r5,
    ];
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The smallest identifier of this millisecond.
pub(crate) fn first_of(millisecond: Timestamp) -> Uuid {
    let millis = u64::try_from(millisecond.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

macro_rules! id {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new identifier; `now` determines where it sorts.
            #[must_use]
            pub fn new(now: $crate::clock::Timestamp) -> Self {
                Self($crate::id::uuid_v7(now))
            }

            /// The identifier as a UUID.
            #[must_use]
            pub fn as_uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}
pub(crate) use id;

id! {
    /// Identifies a user.
    UserId
}

id! {
    /// Identifies a session: the `sid` claim of its access tokens.
    SessionId
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[test]
    fn a_millisecond_begins_with_its_least_identifier() {
        let clock = ManualClock::new();
        clock.advance(Duration::from_micros(
            1000 - u64::from(clock.now().timestamp_subsec_micros() % 1000),
        ));
        let (now, first) = (clock.now(), first_of(clock.now()));
        assert!(first < uuid_v7(now));
        clock.rewind(Duration::from_micros(1));
        assert!(uuid_v7(clock.now()) < first);
    }

    #[test]
    fn later_ids_sort_later() {
        let clock = ManualClock::new();
        let mut last = uuid_v7(clock.now());
        let mut inversions = 0;
        for round in 0..1000 {
            if round % 3 == 0 {
                clock.advance(Duration::from_micros(1));
            }
            let next = uuid_v7(clock.now());
            inversions += u32::from(next <= last);
            last = next;
        }
        // The counter wraps around after 65,536 identifiers.
        assert!(inversions <= 1, "{inversions}");
        assert_eq!(last.get_version_num(), 7);
        assert_eq!(last.get_variant(), uuid::Variant::RFC4122);
    }
}
