//! Checks the names that users choose: their own, and those of their authenticator apps.

use crate::error::{Error, Result, Violation};

const MAX_DISPLAY_NAME: usize = 200;

/// Refuses a display name with control characters or more than 200 code points.
pub(crate) fn check_display_name(name: Option<&str>) -> Result<()> {
    check_label("display_name", name, MAX_DISPLAY_NAME)
}

/// Refuses a name that contains control characters or more than `max` code points.
pub(crate) fn check_label(member: &str, name: Option<&str>, max: usize) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let violation = if name.chars().any(char::is_control) {
        (
            "control_character",
            "control characters are not allowed".to_owned(),
        )
    } else if name.chars().count() > max {
        ("too_long", format!("at most {max} characters are allowed"))
    } else {
        return Ok(());
    };
    let (code, detail) = violation;
    Err(Error::validation(vec![Violation::new(
        member, code, detail,
    )]))
}
