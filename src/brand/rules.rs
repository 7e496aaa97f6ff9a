//! The rules for the parts of a brand.

use super::{Logo, configuration};
use crate::error::Result;

const MAX_NAME: usize = 100;
const MAX_LOGO: usize = 64 * 1024;
const LOGO_TYPES: [&str; 5] = [
    "image/svg+xml",
    "image/png",
    "image/webp",
    "image/jpeg",
    "image/gif",
];
/// Parts of CSS that would load something, or end the style element.
const NOT_IN_CSS: [&str; 4] = ["@import", "url(", "</", "expression("];

/// # Errors
/// [`Configuration`](crate::ErrorKind::Configuration) if the name is empty, too long, or not one line.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.contains(char::is_control) || name.chars().count() > MAX_NAME
    {
        return Err(configuration(format!(
            "the product name must be one line of at most {MAX_NAME} characters, not {name:?}"
        )));
    }
    Ok(())
}

pub(super) fn check_css(css: &str) -> Result<()> {
    let lower = css.to_ascii_lowercase();
    match NOT_IN_CSS.iter().find(|part| lower.contains(*part)) {
        Some(part) => Err(configuration(format!(
            "the CSS of the brand must not contain {part}"
        ))),
        None => Ok(()),
    }
}

pub(super) fn check_logo(logo: &Logo) -> Result<()> {
    let media_type = logo.media_type.as_str();
    if !LOGO_TYPES.contains(&media_type) {
        return Err(configuration(format!(
            "the media type of the logo must be one of {}, not {media_type:?}",
            LOGO_TYPES.join(", ")
        )));
    }
    match logo.bytes.len() {
        0 => Err(configuration("the logo is empty")),
        1..=MAX_LOGO => Ok(()),
        _ => Err(configuration("the logo is larger than 64 KiB")),
    }
}

pub(super) fn check_url(url: &str) -> Result<()> {
    let rest = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_clean = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if host.is_none_or(str::is_empty) || !is_clean {
        return Err(configuration(format!(
            "a link of the brand must begin with https:// or http://, not {url:?}"
        )));
    }
    Ok(())
}
