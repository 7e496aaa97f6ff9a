//! Refresh tokens: opaque, verifiable without a query, and with a deterministically derived successor.

use uuid::Uuid;

use super::{
    RefreshGeneration, SessionId,
    opaque::{OpaqueKey, OpaqueKeys},
};
use crate::secret::{RefreshToken, Secrets, TokenDigest, random_bytes};

/// The length of the session id, generation and nonce.
const BODY: usize = 16 + 4 + 16;

/// Creates and reads refresh tokens: [opaque tokens](OpaqueKeys) `hp_rt_…` that consist of session id (16 bytes),
/// generation (4, big endian) and the session's nonce (16).
#[derive(Clone, Debug)]
pub(crate) struct RefreshKeys(OpaqueKeys);

/// An authentic refresh token, parsed. Only the store can determine whether its session is live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParsedRefresh {
    pub(crate) session_id: SessionId,
    pub(crate) generation: RefreshGeneration,
    nonce: [u8; 16],
}

impl RefreshKeys {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(OpaqueKeys::new(secrets, "refresh token", "hp_rt_"))
    }

    /// A session's first token.
    pub(crate) fn mint(&self, session_id: SessionId) -> Option<RefreshToken> {
        let first = ParsedRefresh {
            session_id,
            generation: 0,
            nonce: random_bytes(),
        };
        self.0.first().map(|key| first.sealed(key))
    }

    /// Parses a token without a database; `None` if this service did not issue it.
    pub(crate) fn parse(&self, token: &str) -> Option<ParsedRefresh> {
        let body = self.0.open::<BODY>(token)?;
        let (session_id, rest) = body.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        Some(ParsedRefresh {
            session_id: Uuid::from_bytes(*session_id).into(),
            generation: u32::from_be_bytes(*generation),
            nonce: *rest.first_chunk()?,
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
        let seal = |key| {
            let token = next.sealed(key);
            (TokenDigest::of(token.expose()), token)
        };
        Some(self.0.iter().map(seal).collect())
    }
}

impl ParsedRefresh {
    fn sealed(&self, key: &OpaqueKey) -> RefreshToken {
        key.seal(&[
            self.session_id.as_uuid().as_bytes(),
            &self.generation.to_be_bytes(),
            &self.nonce,
        ])
        .into()
    }
}

#[cfg(test)]
mod tests;
