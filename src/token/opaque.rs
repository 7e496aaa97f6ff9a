//! Opaque tokens, which are verifiable without a query.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::{HmacKey, Secrets};

const VERSION: u8 = 1;
/// The length of the version and the key id.
const HEAD: usize = 1 + 4;
const TAG: usize = 32;
/// The length of the longest token, decoded.
const LONGEST: usize = 128;

/// The keys of one kind of opaque token, one for each secret. A token is a prefix and the base64url of version (1 byte),
/// key id (4), a body of known length and an HMAC-SHA256 tag over them (32).
#[derive(Clone, Debug)]
pub(super) struct OpaqueKeys {
    prefix: &'static str,
    keys: Vec<OpaqueKey>,
}

#[derive(Clone, Debug)]
pub(super) struct OpaqueKey {
    prefix: &'static str,
    id: [u8; 4],
    key: HmacKey,
}

impl OpaqueKeys {
    /// Derives the keys for this kind of token.
    pub(super) fn new(secrets: &Secrets, kind: &str, prefix: &'static str) -> Self {
        let keys = secrets
            .iter()
            .map(|secret| OpaqueKey {
                prefix,
                id: *secret.derive::<4>(&format!("{kind} key id")),
                key: secret.hmac_key(kind),
            })
            .collect();
        Self { prefix, keys }
    }

    /// The key of the current secret.
    pub(super) fn first(&self) -> Option<&OpaqueKey> {
        self.keys.first()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OpaqueKey> {
        self.keys.iter()
    }

    /// Returns the body of a token; `None` if none of the keys has sealed it.
    pub(super) fn open<const BODY: usize>(&self, token: &str) -> Option<[u8; BODY]> {
        let encoded = token.strip_prefix(self.prefix)?;
        let mut bytes = [0; LONGEST];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        if length != HEAD + BODY + TAG {
            return None;
        }
        let (sealed, tag) = bytes.get(..length)?.split_at(HEAD + BODY);
        let (&version, rest) = sealed.split_first()?;
        let (key_id, body) = rest.split_first_chunk::<4>()?;
        if version != VERSION {
            return None;
        }
        // Two secrets may share a key id by chance, so all secrets with this id are tried.
        let authentic = self
            .keys
            .iter()
            .any(|key| key.id == *key_id && key.key.verify(sealed, tag));
        body.first_chunk().copied().filter(|_| authentic)
    }
}

impl OpaqueKey {
    /// Creates a token from the parts of its body.
    pub(super) fn seal(&self, body: &[&[u8]]) -> String {
        let mut bytes = Vec::with_capacity(LONGEST);
        bytes.push(VERSION);
        bytes.extend(self.id);
        for part in body {
            bytes.extend_from_slice(part);
        }
        bytes.extend(self.key.tag(&bytes));
        let mut text = String::with_capacity(self.prefix.len() + bytes.len() * 4 / 3 + 1);
        text.push_str(self.prefix);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text
    }
}
