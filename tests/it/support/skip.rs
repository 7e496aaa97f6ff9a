//! Tests that need what not every machine has.

use std::{
    env,
    io::{self, Write as _},
};

/// Says that these tests are skipped, and why. `required` in the variable makes that a failure.
#[track_caller]
pub(crate) fn skip(variable: &str, tests: &str, reason: &str) {
    let required = env::var(variable).is_ok_and(|value| value == "required");
    assert!(!required, "{variable}: {reason}");
    say(tests, reason);
}

/// The same where nobody can require it.
pub(crate) fn say(tests: &str, reason: &str) {
    // Past the test harness, which shows what a passing test prints to nobody.
    let text = format!("\n*** SKIPPED: {tests}. {reason}\n\n");
    io::stderr().write_all(text.as_bytes()).ok();
}
