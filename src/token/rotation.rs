//! The classification of a presented refresh token. Every store classifies the token based on one snapshot.

use super::{RefreshGeneration, ReuseClass, RotateSession};
use crate::{clock::Timestamp, secret::TokenDigest};

/// A session and its user, read in one snapshot.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct SessionState {
    /// The generation of the current refresh token.
    pub generation: RefreshGeneration,
    /// The digest of the current refresh token.
    pub digest: TokenDigest,
    /// When the current token replaced its predecessor: the start of the request that replaced it, or later.
    pub rotated_at: Timestamp,
    /// Whether the session is neither revoked nor expired, and its user is active and still has the
    /// session's `credential_version`.
    pub live: bool,
}

/// The verdict on a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new verdict would change the contract"
)]
pub enum Verdict {
    /// It is the current token and can be rotated.
    Current,
    /// The session is not live, or the token is newer than this database (after a backup was
    /// restored).
    Gone,
    /// It was used before, and this is the class of its reuse.
    Reused(ReuseClass),
    /// It is the previous token, within the grace period. Its successor has the digest in
    /// [`SessionState::digest`].
    Superseded,
}

impl SessionState {
    /// The verdict on the presented token, given this state.
    #[must_use]
    pub fn classify(&self, presented: &RotateSession) -> Verdict {
        if !self.live || presented.generation > self.generation {
            return Verdict::Gone;
        }
        if presented.generation == self.generation {
            return if presented.presented == self.digest {
                Verdict::Current
            } else {
                Verdict::Reused(ReuseClass::Forked)
            };
        }
        if presented.generation.checked_add(1) != Some(self.generation) {
            return Verdict::Reused(ReuseClass::Older);
        }
        // If this clock runs behind the clock of the writer, the age is negative, and counts as
        // within the grace period.
        let age = (presented.now - self.rotated_at)
            .to_std()
            .unwrap_or_default();
        let in_grace = !presented.grace.is_zero() && age <= presented.grace;
        if !in_grace {
            Verdict::Reused(ReuseClass::SupersededAfterGrace)
        } else if presented.successors.contains(&self.digest) {
            Verdict::Superseded
        } else {
            Verdict::Reused(ReuseClass::Forked)
        }
    }
}
