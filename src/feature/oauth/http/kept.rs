//! The cookies that a browser keeps while it is at a provider.
//!
//! Each flow has its own cookie, so that flows in several tabs do not interfere with each other.
//! The number of cookies is limited, because servers limit the size of a request head.

use std::time::Duration;

use ::http::HeaderValue;

use crate::{
    clock::Timestamp,
    feature::oauth::{Begun, FLOW_LIFETIME},
    http::{Cookies, Request},
};

/// The prefix of each cookie name.
const NAME: &str = "hallpass_oauth_";
/// The maximum number of concurrent flows per browser.
const MOST: usize = 8;
/// The maximum number of cookies that one reply deletes, because many proxies accept at most 4 KiB
/// of reply headers.
const AT_ONCE: usize = 24;
/// The length of the result of [`kept_as`](crate::feature::oauth::begin::kept_as).
const DIGITS: usize = 16;

/// The name of a flow's cookie.
pub(super) fn named(kept_as: &str) -> String {
    format!("{NAME}{kept_as}")
}

/// The cookie value for a flow that begins now. It includes the start of the flow, because browsers do not send the age
/// of a cookie, and the order of the cookies proves nothing (RFC 6265, section 4.2.2).
fn value(secret: &str, now: Timestamp) -> String {
    format!("{secret}.{:x}", now.timestamp_micros())
}

/// The cookies for a flow that begins now, including deletions of surplus cookies.
pub(super) fn cookies(
    begun: &Begun,
    surplus: &[String],
    cookies: Cookies,
    now: Timestamp,
) -> Vec<HeaderValue> {
    let kept = begun.kept.as_ref().and_then(|kept| {
        let value = value(kept.expose(), now);
        cookies.set(&named(&kept.name), &value, FLOW_LIFETIME)
    });
    let mut set: Vec<_> = kept.into_iter().collect();
    if !set.is_empty() {
        let gone = surplus.iter();
        set.extend(gone.filter_map(|name| cookies.set(name, "", Duration::ZERO)));
    }
    set
}

/// The secret in a cookie value.
pub(super) fn secret(value: &str) -> &str {
    value.rsplit_once('.').map_or(value, |(secret, _)| secret)
}

/// The names of the cookies to delete, oldest first, so that there is room for one more cookie. Cookies of the same age
/// stay in the request's order.
pub(super) fn surplus(request: &Request) -> Vec<String> {
    let is_ours = |rest: &str| {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        rest.len() == DIGITS && rest.bytes().all(is_digit)
    };
    let mut ours = request.cookies_beginning(NAME);
    ours.retain(|(rest, _)| is_ours(rest));
    ours.sort_by_key(|(_, value)| began(value));
    let surplus = (ours.len() + 1).saturating_sub(MOST).min(AT_ONCE);
    ours.into_iter()
        .take(surplus)
        .map(|(rest, _)| named(rest))
        .collect()
}

/// The time at which the flow began, in microseconds. A value without a time counts as the oldest.
fn began(value: &str) -> i64 {
    let time = value.rsplit_once('.').map(|(_, time)| time);
    time.and_then(|time| i64::from_str_radix(time, 16).ok())
        .unwrap_or_default()
}
