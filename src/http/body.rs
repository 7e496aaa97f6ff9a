//! Reads request bodies once, up to a limit. The rest is discarded.

use std::{collections::BTreeSet, pin::pin, str};

use ::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::query;
use crate::{
    error::{Error, ErrorKind, Result},
    json,
};

/// The largest body that an endpoint accepts.
const LIMIT: usize = 16 * 1024;

/// How many bytes of a larger body are read, so that a client can finish writing and then read the
/// reply. The body is discarded.
const DISCARD_LIMIT: usize = 16 * 1024 * 1024;

/// The outcome of reading a body.
#[derive(Default)]
pub(crate) enum Body {
    /// The whole body.
    Complete(Bytes),
    /// The connection failed, or the framing is invalid.
    #[default]
    Broken,
    /// The body is larger than the limit.
    TooLarge,
}

impl Body {
    /// Reads a body to its end, or up to the limit of discarded bytes.
    ///
    /// # Errors
    /// `Unavailable` if the body has not arrived by the deadline.
    pub(crate) async fn read<B, E>(body: B, deadline: Instant) -> Result<Self>
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        let mut body = pin!(body);
        let mut kept = Vec::new();
        let mut total = 0_usize;
        while total <= DISCARD_LIMIT {
            // Setting a timer takes time and is rarely needed, because nearly every body is empty
            // or has already arrived.
            let chunk = match body.next().now_or_never() {
                Some(chunk) => Ok(chunk),
                None => timeout_at(deadline, body.next()).await,
            };
            let chunk = match chunk {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => break,
                _ if total > LIMIT => break,
                Ok(Some(Err(_))) => return Ok(Self::Broken),
                Err(elapsed) => return Err(Error::new(ErrorKind::Unavailable).with_source(elapsed)),
            };
            total = total.saturating_add(chunk.len());
            if total > LIMIT {
                kept = Vec::new();
            } else {
                kept.extend_from_slice(&chunk);
            }
        }
        Ok(if total > LIMIT {
            Self::TooLarge
        } else {
            Self::Complete(kept.into())
        })
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `MalformedBody`, in this order.
    pub(crate) fn json_object(&self, headers: &HeaderMap) -> Result<Map<String, Value>> {
        json::parse_object(self.text(headers, "application/json")?)
    }

    /// The names of the members whose values contain an integer that does not fit into 64 bits; see
    /// [`json::members_beyond_64_bits`].
    ///
    /// # Errors
    /// The errors of [`json_object`](Self::json_object).
    pub(crate) fn members_beyond_64_bits(&self, headers: &HeaderMap) -> Result<BTreeSet<String>> {
        json::members_beyond_64_bits(self.text(headers, "application/json")?)
    }

    /// The body as form fields, each at most once.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `MalformedBody`, `ValidationFailed`, in this order.
    pub(crate) fn form(&self, headers: &HeaderMap) -> Result<Map<String, Value>> {
        let text = self.text(headers, "application/x-www-form-urlencoded")?;
        let text = str::from_utf8(text).map_err(|_| ErrorKind::MalformedBody)?;
        query::parse(text)
    }

    fn text(&self, headers: &HeaderMap, media_type: &str) -> Result<&Bytes> {
        if !is_of(headers, media_type) {
            return Err(ErrorKind::UnsupportedMediaType.into());
        }
        match self {
            Self::Complete(text) => Ok(text),
            Self::Broken => Err(ErrorKind::MalformedBody.into()),
            Self::TooLarge => Err(ErrorKind::BodyTooLarge.into()),
        }
    }
}

/// Whether the only `Content-Type` is the expected one, without a parameter other than `charset=utf-8`, and the body
/// is not compressed.
fn is_of(headers: &HeaderMap, expected: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let encodings = headers.get_all(CONTENT_ENCODING);
    media_type.eq_ignore_ascii_case(expected)
        && parts.filter(|part| !part.is_empty()).all(is_utf8_charset)
        && encodings
            .iter()
            .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_utf8_charset(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.eq_ignore_ascii_case("charset")
            && (value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("\"utf-8\""))
    })
}

#[cfg(test)]
mod tests;
