//! Load metrics, recorded with the [`metrics`](https://docs.rs/metrics) crate (feature `metrics`).
//!
//! A host installs a recorder of its choice, with an exporter. Without a recorder, recording costs
//! next to nothing. Gauges start at zero when the recorder is installed, so install it before the
//! first request.
//!
//! | name | kind | labels | meaning |
//! |---|---|---|---|
//! | `hallpass_hash_permits_taken` | gauge | | taken permits of [`Hasher`](crate::credential::Hasher)s: hashes being computed |
//! | `hallpass_hash_waiting` | gauge | | callers that wait for a permit |
//! | `hallpass_hash_wait_seconds` | histogram | | how long callers that got a permit waited for it, in seconds; 0 without a wait |
//! | `hallpass_hash_shed_total` | counter | `reason` | refused callers: `no_slot` if they were refused before any database statement, `queue_full`, `deadline` after the maximum wait, or `no_thread` if the system cannot start a thread |
//! | `hallpass_admission_shed_total` | counter | | unauthenticated calls refused because too many others waited for a permit |
//! | `hallpass_rate_limited_total` | counter | `budget` | calls refused because the client made too many: [`Budget`](crate::limit::Budget) |
//! | `hallpass_locked_total` | counter | | password attempts that were refused after too many failures |
//!
//! No label contains a person's name or an address.

pub(crate) use self::facade::Stopwatch;
use self::facade::{count, gauge, observe};

/// The reason why a caller was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shed {
    Deadline,
    NoSlot,
    NoThread,
    QueueFull,
}

pub(crate) fn permit_taken() {
    gauge("hallpass_hash_permits_taken", 1.0);
}

pub(crate) fn permit_given_back() {
    gauge("hallpass_hash_permits_taken", -1.0);
}

pub(crate) fn began_to_wait() {
    gauge("hallpass_hash_waiting", 1.0);
}

pub(crate) fn waits_no_more() {
    gauge("hallpass_hash_waiting", -1.0);
}

/// A caller got a permit.
pub(crate) fn waited(seconds: f64) {
    observe("hallpass_hash_wait_seconds", seconds);
}

pub(crate) fn shed(reason: Shed) {
    let reason = match reason {
        Shed::Deadline => "deadline",
        Shed::NoSlot => "no_slot",
        Shed::NoThread => "no_thread",
        Shed::QueueFull => "queue_full",
    };
    count("hallpass_hash_shed_total", Some(("reason", reason)));
}

/// A call was refused because too many others already waited for a permit.
pub(crate) fn no_permit() {
    count("hallpass_admission_shed_total", None);
}

pub(crate) fn rate_limited(budget: &'static str) {
    count("hallpass_rate_limited_total", Some(("budget", budget)));
}

pub(crate) fn locked() {
    count("hallpass_locked_total", None);
}

#[cfg(feature = "metrics")]
mod facade {
    use std::time::Instant;

    pub(super) fn gauge(name: &'static str, change: f64) {
        metrics::gauge!(name).increment(change);
    }

    pub(super) fn observe(name: &'static str, value: f64) {
        metrics::histogram!(name).record(value);
    }

    pub(super) fn count(name: &'static str, label: Option<(&'static str, &'static str)>) {
        let labels: Vec<_> = label.iter().map(metrics::Label::from).collect();
        metrics::counter!(name, labels).increment(1);
    }

    /// Measures how long something takes.
    #[derive(Debug)]
    pub(crate) struct Stopwatch(Instant);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        pub(crate) fn seconds(&self) -> f64 {
            self.0.elapsed().as_secs_f64()
        }
    }
}

/// Without the feature `metrics`, nothing is recorded.
#[cfg(not(feature = "metrics"))]
mod facade {
    pub(super) fn gauge(_name: &'static str, _change: f64) {}

    pub(super) fn observe(_name: &'static str, _value: f64) {}

    pub(super) fn count(_name: &'static str, _label: Option<(&'static str, &'static str)>) {}

    #[derive(Debug)]
    pub(crate) struct Stopwatch;

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self
        }

        pub(crate) fn seconds(&self) -> f64 {
            0.0
        }
    }
}
