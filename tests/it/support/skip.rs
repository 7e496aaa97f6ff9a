//! Tests with requirements that some machines lack.

use std::{
    env,
    io::{self, Write as _},
};

/// Reports skipped tests and the reason. If the variable is `required`, this is a failure.
#[track_caller]
pub(crate) fn skip(variable: &str, tests: &str, reason: &str) {
    let required = env::var(variable).is_ok_and(|value| value == "required");
    assert!(!required, "{variable}: {reason}");
    say(tests, reason);
}

/// The same, for requirements that are always optional.
pub(crate) fn say(tests: &str, reason: &str) {
    // Written directly, because the test harness hides the output of passing tests.
    let text = format!("\n*** SKIPPED: {tests}. {reason}\n\n");
    io::stderr().write_all(text.as_bytes()).ok();
}
