//! The check of display names.

use crate::error::{Error, Result, Violation};

const MAX_DISPLAY_NAME: usize = 200;

/// Refuses a display name with control characters or more than 200 code points.
pub(crate) fn check_display_name(name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let violation = if name.chars().any(char::is_control) {
        (
            "control_character",
            "control characters are not allowed".to_owned(),
        )
    } else if name.chars().count() > MAX_DISPLAY_NAME {
        (
            "too_long",
            format!("at most {MAX_DISPLAY_NAME} characters are allowed"),
        )
    } else {
        return Ok(());
    };
    let (code, detail) = violation;
    Err(Error::validation(vec![Violation::new(
        "display_name",
        code,
        detail,
    )]))
}
