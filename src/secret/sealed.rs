//! Sealing: encryption of data that is stored where others can read it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{Secret, random_bytes};
use crate::error::{Error, Result};

impl Secret {
    /// A label that identifies this secret and reveals nothing about it.
    pub(crate) fn label(&self, purpose: &str) -> [u8; 16] {
        *self.derive(&format!("{purpose} label"))
    }

    /// A random nonce, followed by the ciphertext and its tag under AES-256-GCM (NIST SP 800-38D).
    /// The result can be opened only with the same context.
    ///
    /// # Errors
    /// `Internal` if the library fails.
    pub(crate) fn seal(&self, purpose: &str, context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut text = plain.to_vec();
        let sealed = self.sealing_key(purpose).and_then(|key| {
            let unique = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(unique, Aad::from(context), &mut text)
                .ok()
        });
        sealed.ok_or_else(|| Error::internal("a key cannot be sealed"))?;
        Ok([&nonce[..], &text].concat())
    }

    /// Opens data that was sealed for this purpose and context; `None` if this secret did not seal
    /// it.
    pub(crate) fn open(
        &self,
        purpose: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = self.sealing_key(purpose)?;
        let length = key
            .open_in_place(nonce, Aad::from(context), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }

    fn sealing_key(&self, purpose: &str) -> Option<LessSafeKey> {
        let key = self.derive::<32>(&format!("{purpose} seal"));
        UnboundKey::new(&AES_256_GCM, key.as_ref())
            .ok()
            .map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens_and_only_for_the_same_purpose() {
        let (own, other) = (Secret::generate(), Secret::generate());
        let sealed = own.seal("test", b"ann", b"a key").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"a key"));
        assert_ne!(sealed, own.seal("test", b"ann", b"a key").unwrap());
        assert_eq!(**own.open("test", b"ann", &sealed).unwrap(), *b"a key");
        assert!(own.open("another", b"ann", &sealed).is_none());
        assert!(own.open("test", b"bob", &sealed).is_none());
        assert!(other.open("test", b"ann", &sealed).is_none());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(own.open("test", b"ann", &changed).is_none(), "{index}");
            assert!(
                own.open("test", b"ann", &sealed[..index]).is_none(),
                "{index}"
            );
        }
    }

    #[test]
    fn label_is_of_one_secret_and_one_purpose() {
        let (own, other) = (Secret::generate(), Secret::generate());
        assert_eq!(own.label("test"), own.label("test"));
        assert_ne!(own.label("test"), own.label("another"));
        assert_ne!(own.label("test"), other.label("test"));
    }
}
