//! The takeover of an unverified account, in memory.

use super::State;
use crate::{clock::Timestamp, secret::PasswordHash, token::EndReason, user::UserId};

impl State {
    /// Removes all access that the previous holder had to an account whose address was unverified until now. Every way
    /// to sign in is removed, and the given password, if any, is set. A feature that stores another way to sign in has
    /// to remove it here.
    pub(super) fn take_over(
        &mut self,
        user: UserId,
        password_hash: Option<PasswordHash>,
        reason: EndReason,
        now: Timestamp,
    ) {
        if let Some(row) = self.users.get_mut(&user) {
            row.password_hash = password_hash;
            row.credential_version += 1;
            row.user.email_verified_at = Some(now);
            row.user.updated_at = now;
        }
        self.end_sessions(user, reason, now);
        // The new `credential_version` has already voided all other tokens.
        self.use_proofs(user);
        self.forget_identities(user);
        self.forget_factors(user);
    }
}
