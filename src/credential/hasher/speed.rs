//! Detects whether Argon2 was compiled without optimisation, which makes it about thirty times
//! slower.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::credential::{HashParams, workspace::Workspace};

/// The probe takes 0.1 ms if Argon2 is optimised, and 2 ms if not.
const SLOW: Duration = Duration::from_micros(600);
const PROBES: usize = 5;

/// Measures the speed of Argon2 once per process, and logs a warning if it is slow. Builds without debug assertions
/// are assumed to be optimised.
pub(super) fn is_unoptimised() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let is_slow = cfg!(debug_assertions) && fastest_probe().is_some_and(|took| took > SLOW);
        if is_slow {
            tracing::warn!(
                "Argon2 is not optimised: a login takes seconds of processor time. Add to your Cargo.toml: \
                 [profile.dev.package] argon2.opt-level = 3, blake2.opt-level = 3"
            );
        }
        is_slow
    })
}

/// The time of the fastest of a few runs, because the others may have waited for a processor.
fn fastest_probe() -> Option<Duration> {
    let params = HashParams::danger_weak(64, 1, 1).ok()?;
    let mut workspace = Workspace::default();
    (0..PROBES)
        .filter_map(|_| {
            let begun = Instant::now();
            workspace
                .compute(params, b"probe", b"hallpass", &mut [0; 32])
                .is_ok()
                .then(|| begun.elapsed())
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argon2_is_optimised_in_the_tests_of_this_crate() {
        assert!(!is_unoptimised(), "{:?}", fastest_probe());
    }
}
