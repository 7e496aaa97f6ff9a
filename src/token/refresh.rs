//! Refresh tokens: opaque, verifiable without a query, and with a successor that is always derived
//! in the same way.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{RefreshGeneration, SessionId};
use crate::secret::{HmacKey, RefreshToken, Secrets, TokenDigest, random_bytes};

const PREFIX: &str = "hp_rt_";
const VERSION: u8 = 1;
/// The length of the version, key id, session id, generation and nonce.
const BODY: usize = 1 + 4 + 16 + 4 + 16;
const TAG: usize = 32;

/// Creates and reads refresh tokens: `hp_rt_` and the base64url of version (1 byte), key id (4), session id (16),
/// generation (4, big endian), the session's nonce (16) and an HMAC-SHA256 tag over them (32).
#[derive(Clone, Debug)]
pub(crate) struct RefreshKeys(Vec<RefreshKey>);

#[derive(Clone, Debug)]
struct RefreshKey {
    id: [u8; 4],
    key: HmacKey,
}

/// An authentic refresh token, parsed. Only the store knows whether its session is live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParsedRefresh {
    pub(crate) session_id: SessionId,
    pub(crate) generation: RefreshGeneration,
    nonce: [u8; 16],
}

impl RefreshKeys {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| RefreshKey {
                    id: *secret.derive::<4>("refresh token key id"),
                    key: secret.hmac_key("refresh token"),
                })
                .collect(),
        )
    }

    /// The first token of a session.
    pub(crate) fn mint(&self, session_id: SessionId) -> Option<RefreshToken> {
        let first = ParsedRefresh {
            session_id,
            generation: 0,
            nonce: random_bytes(),
        };
        self.0.first().map(|key| key.seal(&first))
    }

    /// Parses a token without a database; `None` if this service did not issue it.
    pub(crate) fn parse(&self, token: &str) -> Option<ParsedRefresh> {
        let encoded = token.strip_prefix(PREFIX)?;
        let mut bytes = [0; BODY + TAG];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        if length != bytes.len() {
            return None;
        }
        let (body, tag) = bytes.split_at(BODY);
        let (&version, rest) = body.split_first()?;
        let (key_id, rest) = rest.split_first_chunk::<4>()?;
        let (session_id, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let nonce = *rest.first_chunk::<16>()?;
        if version != VERSION {
            return None;
        }
        // Two secrets may share a key id by chance, so all secrets with this id are tried.
        let authentic = self
            .0
            .iter()
            .any(|key| key.id == *key_id && key.key.verify(body, tag));
        authentic.then(|| ParsedRefresh {
            session_id: Uuid::from_bytes(*session_id).into(),
            generation: u32::from_be_bytes(*generation),
            nonce,
        })
    }

    /// The successors, one for each current key; the first successor is issued. `None` after 2^32 - 1 generations.
    pub(crate) fn successors(
        &self,
        token: &ParsedRefresh,
    ) -> Option<Vec<(TokenDigest, RefreshToken)>> {
        let next = ParsedRefresh {
            generation: token.generation.checked_add(1)?,
            ..*token
        };
        let seal = |key: &RefreshKey| {
            let token = key.seal(&next);
            (TokenDigest::of(token.expose()), token)
        };
        Some(self.0.iter().map(seal).collect())
    }
}

impl RefreshKey {
    fn seal(&self, token: &ParsedRefresh) -> RefreshToken {
        let mut bytes = Vec::with_capacity(BODY + TAG);
        bytes.push(VERSION);
        bytes.extend(self.id);
        bytes.extend(token.session_id.as_uuid().as_bytes());
        bytes.extend(token.generation.to_be_bytes());
        bytes.extend(token.nonce);
        bytes.extend(self.key.tag(&bytes));
        let mut text = String::with_capacity(PREFIX.len() + bytes.len() * 4 / 3 + 1);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text.into()
    }
}

#[cfg(test)]
mod tests;
