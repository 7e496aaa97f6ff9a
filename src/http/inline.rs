//! Styles and scripts inside a page.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The source expression that admits this style or script (Content Security Policy Level 3, section 2.3.1), without
/// quotation marks.
pub(crate) fn hash_source(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest))
}

/// The style sheet without indentation and line breaks.
pub(crate) fn minified(css: &str) -> String {
    css.lines().map(str::trim).collect()
}
