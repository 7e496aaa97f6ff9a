//! Keyed digests of addresses in events.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::{HmacKey, Secrets};

/// Computes keyed digests of addresses for events. A digest is the same whether or not the address has an account, so
/// that attempts on one address can be distinguished from attempts on many. The digest changes when the first master
/// secret changes.
#[derive(Clone, Debug)]
pub(super) struct AddressKey(HmacKey);

impl AddressKey {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self(secrets.first().hmac_key("address in an event"))
    }

    /// HMAC-SHA256 of the canonical address, in base64url.
    pub(super) fn digest(&self, canonical: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.0.tag(canonical.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_digest_is_of_one_address_and_one_secret() {
        let key = AddressKey::new(&Secret::generate().into());
        let other = AddressKey::new(&Secret::generate().into());
        let ann = key.digest("ann@example.org");
        assert_eq!(key.digest("ann@example.org"), ann);
        assert_ne!(key.digest("bob@example.org"), ann);
        assert_ne!(other.digest("ann@example.org"), ann);
        assert_eq!(ann.len(), 43);
    }
}
