//! HMAC keys.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};

/// An HMAC-SHA256 key (RFC 2104). It contains the keyed state, so that the key schedule is not
/// computed for every tag.
#[derive(Clone)]
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn tag(&self, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }

    /// Compares in constant time. A shortened tag of at least 16 bytes is compared over its own length.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let expected = self.tag(message);
        tag.len() >= 16
            && expected
                .get(..tag.len())
                .is_some_and(|expected| verify_slices_are_equal(expected, tag).is_ok())
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(redacted)")
    }
}
