//! `X-Request-Id`: taken from the request if it is valid, generated otherwise, and set on every reply.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LEN: usize = 128;

/// The `X-Request-Id` of the reply to a request with these headers, for replies that a server creates itself. If the
/// request has exactly one id, of 1 to 128 letters, digits, `.`, `_` and `-`, that id is kept. Otherwise the id is a
/// new UUID.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    RequestId::of(headers).0
}

/// The identifier that links a reply and its log lines to the request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id of the request with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(X_REQUEST_ID).iter();
        match (values.next(), values.next()) {
            (Some(given), None) if is_sane(given.as_bytes()) => Self(given.clone()),
            _ => Self::new(),
        }
    }

    /// A UUID that reveals nothing and need not be secret. It is a counter of requests, hashed with random keys.
    fn new() -> Self {
        static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let [high, low] = KEYS.each_ref().map(|keys| keys.hash_one(number));
        let id =
            Builder::from_random_bytes(Uuid::from_u64_pair(high, low).into_bytes()).into_uuid();
        let mut text = Uuid::encode_buffer();
        Self(
            HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut text))
                .unwrap_or_else(|_| HeaderValue::from_static("-")),
        )
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Adds the id to the headers of a reply or of a request.
    pub(crate) fn stamp(self, headers: &mut HeaderMap) {
        headers.insert(X_REQUEST_ID, self.0);
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_LEN).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in given {
            let value = HeaderValue::from_str(value).expect("the header is sound");
            headers.append(X_REQUEST_ID, value);
        }
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_taken_over() {
        let longest = "a".repeat(128);
        for given in ["7", "A-z_0.9", &longest] {
            assert_eq!(of(&[given]), given);
        }
    }

    #[test]
    fn any_other_id_is_replaced_by_a_fresh_uuid() {
        let too_long = "a".repeat(129);
        let cases: [&[&str]; 6] = [&[], &[""], &["a b"], &["a/b"], &[&too_long], &["a", "a"]];
        for given in cases {
            assert!(Uuid::try_parse(&of(given)).is_ok(), "{given:?}");
        }
        assert_ne!(of(&[]), of(&[]));
    }
}
