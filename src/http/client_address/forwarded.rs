//! The chain of addresses in forwarding headers.
//!
//! The chain goes from right to left, with the nearest proxy first. An element without an address
//! is `None`.

use std::{
    iter,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str,
};

use ::http::{HeaderMap, header::FORWARDED};

use super::ForwardingHeader;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The only header that is present; `None` if both are present. If neither is present, the result may be either
/// header.
pub(super) fn only_header(headers: &HeaderMap) -> Option<ForwardingHeader> {
    if !headers.contains_key(FORWARDED) {
        Some(ForwardingHeader::XForwardedFor)
    } else if !headers.contains_key(X_FORWARDED_FOR) {
        Some(ForwardingHeader::Forwarded)
    } else {
        None
    }
}

/// Yields `None` for an empty element too, because skipping it would trust the element to its left.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(X_FORWARDED_FOR)
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(address)
}

/// Parses the `Forwarded` header (RFC 7239, section 4) from right to left, so that elements sent by
/// a client cannot change how the elements to their right are read.
pub(super) fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let elements = headers
        .get_all(FORWARDED)
        .into_iter()
        .rev()
        .flat_map(|line| parts(line.as_bytes(), b','));
    elements.map(|element| {
        let mut values = parts(element, b';').filter_map(value_of_for);
        let value = values.next()?;
        // If there are two `for` values, it is unknown which one is meant.
        values.next().is_none().then(|| address(unquoted(value)))?
    })
}

fn value_of_for(pair: &[u8]) -> Option<&[u8]> {
    let (name, value) = pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
    let is_for = name.trim_ascii().eq_ignore_ascii_case(b"for");
    is_for.then(|| value.get(1..))?
}

/// Splits the text at separators outside quoted strings, from right to left.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest?;
        let Some(at) = last_separator(text, separator) else {
            return rest.take();
        };
        rest = text.get(..at);
        text.get(at + 1..)
    })
}

fn last_separator(text: &[u8], separator: u8) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        if *byte == b'"' && !(quoted && is_escaped(text, at)) {
            quoted = !quoted;
        } else if *byte == separator && !quoted {
            return Some(at);
        }
    }
    None
}

/// Whether an odd number of backslashes comes before the byte.
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.iter().take(at).rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn unquoted(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let inner = value.strip_prefix(b"\"");
    inner
        .and_then(|inner| inner.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// Accepts `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`. An IPv4-mapped IPv6
/// address becomes IPv4.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text.trim_ascii()).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let ip = text
        .parse()
        .ok()
        .or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
        .or_else(|| bracketed().map(|ip: Ipv6Addr| ip.into()))?;
    Some(ip.to_canonical())
}
