use super::{FailedCheck, FailureReason, Hasher, Verification, ensure_checkable};
use crate::{
    error::{ErrorKind, Result},
    secret::{Password, PasswordHash},
    store::Store,
    user::{Credentials, EmailAddress, User, UserStatus},
};

/// The one check of an address and a password. Every door uses it: sign-in, and what asks for the password again.
///
/// Each call performs one verification, whether the address is unknown, the account has no password, or the
/// password is wrong, and no database connection is held meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct PasswordCheck {
    hasher: Hasher,
}

/// A credential was checked: whose it is, and what must still be so when something is done on its strength.
///
/// Only this module makes one, and it opens one session at most.
#[derive(Debug)]
pub(crate) struct Proof {
    user: User,
    credential_version: i64,
    verified_hash: Option<PasswordHash>,
    rehashed: Option<PasswordHash>,
}

impl PasswordCheck {
    /// Checks with this hasher.
    #[must_use]
    pub(crate) fn new(hasher: Hasher) -> Self {
        Self { hasher }
    }

    /// Checks the password of the account with this address.
    ///
    /// If the stored hash has parameters no longer in force, the proof carries a new hash of the password, unless
    /// the hasher is too busy to make one.
    ///
    /// A [`FailedCheck`] is no error: whoever asks writes it down, and then answers with the error it becomes.
    ///
    /// # Errors
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) if it cannot be a password ([`ensure_checkable`]; a door
    ///   that calls the member otherwise than `password` asks that itself, before);
    /// * [`Overloaded`](ErrorKind::Overloaded) if the hasher is too busy;
    /// * [`Unavailable`](ErrorKind::Unavailable) or [`Internal`](ErrorKind::Internal) if the database fails.
    pub(crate) async fn check(
        &self,
        store: &dyn Store,
        email: &EmailAddress,
        password: &Password,
    ) -> Result<Result<Proof, FailedCheck>> {
        ensure_checkable("password", password)?;
        let found = store.credentials(email).await?;
        let (mut proof, verification) = match self.verify(found, password).await? {
            Ok(verified) => verified,
            Err(failed) => return Ok(Err(failed)),
        };
        if verification == Verification::Outdated {
            proof.rehashed = self.rehash(password).await;
        }
        Ok(Ok(proof))
    }

    /// Checks the password of a signed-in user, by the stored address.
    ///
    /// # Errors
    /// As [`check`](Self::check). A user who is gone, or whose address is another's by now, is refused.
    pub(crate) async fn check_user(
        &self,
        store: &dyn Store,
        user: &User,
        password: &Password,
    ) -> Result<Result<Proof, FailedCheck>> {
        ensure_checkable("password", password)?;
        let found = store.credentials(&user.email).await?;
        let found = found.filter(|found| found.user.id == user.id);
        let verified = self.verify(found, password).await?;
        Ok(verified.map(|(proof, _)| proof))
    }

    async fn verify(
        &self,
        found: Option<Credentials>,
        password: &Password,
    ) -> Result<Result<(Proof, Verification), FailedCheck>> {
        let stored = found
            .as_ref()
            .and_then(|found| found.password_hash.as_ref());
        let verification = self.hasher.verify(password, stored).await;
        if let (Err(error), Some(found)) = (&verification, &found)
            && error.kind() == ErrorKind::Internal
        {
            tracing::error!(user_id = %found.user.id, "the stored password hash cannot be verified");
        }
        let verification = verification?;
        let Some(found) = found else {
            return Ok(Err(FailedCheck::of_nobody()));
        };
        let refused = |reason| Ok(Err(FailedCheck::of(found.user.id, reason)));
        if verification == Verification::Wrong {
            return refused(match found.password_hash {
                Some(_) => FailureReason::WrongPassword,
                None => FailureReason::NoPassword,
            });
        }
        if found.user.status == UserStatus::Disabled {
            return refused(FailureReason::AccountDisabled);
        }
        let proof = Proof {
            user: found.user,
            credential_version: found.credential_version,
            verified_hash: found.password_hash,
            rehashed: None,
        };
        Ok(Ok((proof, verification)))
    }

    /// A new hash is worth no failed sign-in: the next one makes it.
    async fn rehash(&self, password: &Password) -> Option<PasswordHash> {
        let hash = self.hasher.hash(password).await;
        if let Err(error) = &hash
            && error.kind() != ErrorKind::Overloaded
        {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a password could not be hashed anew"
            );
        }
        hash.ok()
    }
}

impl Proof {
    /// Whose credential it was, as they were when it was checked.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// The version of the account's credentials that was checked.
    pub(crate) fn credential_version(&self) -> i64 {
        self.credential_version
    }

    /// The password hash that was verified; `None` if another credential was.
    pub(crate) fn verified_hash(&self) -> Option<&PasswordHash> {
        self.verified_hash.as_ref()
    }

    /// The same password, hashed with the parameters now in force, if they changed.
    pub(crate) fn rehashed(&self) -> Option<&PasswordHash> {
        self.rehashed.as_ref()
    }
}

#[cfg(test)]
mod tests;
