//! A request's bearer token.

use std::str;

use ::http::{HeaderMap, header::AUTHORIZATION};

use crate::error::{ErrorKind, Result};

/// The bearer token (RFC 6750, section 2.1).
///
/// # Errors
/// `Unauthenticated` if the `Authorization` header is missing or uses a different scheme; `InvalidAccessToken` if there
/// is more than one such header, or the token is malformed.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ErrorKind::Unauthenticated)?.as_bytes();
    if values.next().is_some() {
        return Err(ErrorKind::InvalidAccessToken.into());
    }
    let end = value
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(ErrorKind::Unauthenticated.into());
    }
    let token = str::from_utf8(rest).map(|rest| rest.trim_start_matches(' '));
    token
        .ok()
        .filter(|token| is_token68(token))
        .ok_or_else(|| ErrorKind::InvalidAccessToken.into())
}

/// Whether the text is a `token68` (RFC 9110, section 11.2).
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // The loop does not exit early, so that the compiler can vectorize it. A token has a few hundred
    // bytes, and nearly always all of them are valid.
    let good = |byte: u8| {
        byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    };
    !body.is_empty() & body.bytes().fold(true, |all, byte| all & good(byte))
}
