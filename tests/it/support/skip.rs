//! Tests with requirements that some machines lack.

use std::{
    env,
    io::{self, Write as _},
};

/// Reports skipped tests and the reason. `required` in the variable makes that a failure.
#[track_caller]
pub(crate) fn skip(variable: &str, tests: &str, reason: &str) {
    let required = env::var(variable).is_ok_and(|value| value == "required");
    assert!(!required, "{variable}: {reason}");
    say(tests, reason);
}

/// The same for optional requirements.
pub(crate) fn say(tests: &str, reason: &str) {
    // Past the test harness, which hides the output of passing tests.
    let text = format!("\n*** SKIPPED: {tests}. {reason}\n\n");
    io::stderr().write_all(text.as_bytes()).ok();
}
