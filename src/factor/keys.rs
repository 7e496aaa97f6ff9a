//! The keys that protect stored second factors.

use uuid::Uuid;

use super::{FactorId, FactorKind, RecoveryCode, SealedTotp, TotpKey};
use crate::{
    error::Result,
    id::UserId,
    secret::{HmacKey, Secrets, TokenDigest},
};

const TOTP: &str = "totp key";

/// Seals the keys of authenticator apps, and computes the digests of recovery codes. Every secret
/// can open and verify, but only the first one seals.
#[derive(Clone, Debug)]
pub(crate) struct FactorKeys {
    secrets: Secrets,
    codes: Vec<HmacKey>,
}

impl FactorKeys {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let key = |secret: &crate::secret::Secret| secret.hmac_key("recovery code");
        Self {
            secrets: secrets.clone(),
            codes: secrets.iter().map(key).collect(),
        }
    }

    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the cryptographic library fails.
    pub(crate) fn seal(&self, user: UserId, id: FactorId, key: &TotpKey) -> Result<Vec<u8>> {
        let secret = self.secrets.first();
        secret.seal(TOTP, &context(user, id), key.as_bytes())
    }

    /// The key of this user's factor; `None` if none of the secrets sealed it.
    pub(crate) fn open(&self, user: UserId, totp: &SealedTotp) -> Option<TotpKey> {
        let context = context(user, totp.id);
        let mut secrets = self.secrets.iter();
        let key = secrets.find_map(|secret| secret.open(TOTP, &context, &totp.sealed))?;
        TotpKey::from_bytes(&key)
    }

    /// The key, sealed again with the first secret; `None` if the first secret has already sealed it.
    ///
    /// # Errors
    /// The errors of [`seal`](Self::seal).
    pub(crate) fn resealed(
        &self,
        user: UserId,
        totp: &SealedTotp,
        key: &TotpKey,
    ) -> Result<Option<Vec<u8>>> {
        let context = context(user, totp.id);
        match self.secrets.first().open(TOTP, &context, &totp.sealed) {
            Some(_) => Ok(None),
            None => self.seal(user, totp.id, key).map(Some),
        }
    }

    /// The digests of new codes.
    pub(crate) fn digests(&self, user: UserId, codes: &[RecoveryCode]) -> Vec<TokenDigest> {
        let first = self.codes.first();
        first.map_or_else(Vec::new, |key| {
            codes.iter().map(|code| code.digest(key, user)).collect()
        })
    }

    /// The digest in `stored` that matches this code.
    pub(crate) fn matching(
        &self,
        user: UserId,
        code: &RecoveryCode,
        stored: &[TokenDigest],
    ) -> Option<TokenDigest> {
        let mut keys = self.codes.iter();
        keys.find_map(|key| {
            let digest = code.digest(key, user);
            stored.iter().find(|one| **one == digest).copied()
        })
    }
}

/// The data that a sealed key is bound to, so that a key copied to another factor or user cannot be
/// opened.
fn context(user: UserId, id: FactorId) -> Vec<u8> {
    let uuids: [Uuid; 2] = [id.as_uuid(), user.as_uuid()];
    let [id, user] = uuids.each_ref().map(Uuid::as_bytes);
    [&id[..], &user[..], FactorKind::Totp.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
    };

    fn sealed(keys: &FactorKeys, user: UserId, id: FactorId, key: &TotpKey) -> SealedTotp {
        SealedTotp {
            id,
            sealed: keys.seal(user, id, key).unwrap(),
            last_step: None,
        }
    }

    #[test]
    fn sealed_key_opens_for_its_factor_and_user_only() {
        let now = SystemClock.now();
        let keys = FactorKeys::new(&Secret::generate().into());
        let (user, other, key) = (UserId::new(now), UserId::new(now), TotpKey::generate());
        let totp = sealed(&keys, user, FactorId::new(now), &key);
        let opened = keys.open(user, &totp).unwrap();
        assert_eq!(opened.as_bytes(), key.as_bytes());
        assert!(keys.open(other, &totp).is_none());
        let moved = SealedTotp {
            id: FactorId::new(now),
            ..totp
        };
        assert!(keys.open(user, &moved).is_none());
    }

    #[test]
    fn older_secret_opens_and_the_first_seals_again() {
        let now = SystemClock.now();
        let (old, new) = (Secret::generate(), Secret::generate());
        let before = FactorKeys::new(&old.clone().into());
        let after = FactorKeys::new(&Secrets::new(new, vec![old]).unwrap());
        let (user, key) = (UserId::new(now), TotpKey::generate());
        let totp = sealed(&before, user, FactorId::new(now), &key);
        assert!(before.resealed(user, &totp, &key).unwrap().is_none());
        let opened = after.open(user, &totp).unwrap();
        let resealed = after.resealed(user, &totp, &opened).unwrap().unwrap();
        let totp = SealedTotp {
            sealed: resealed,
            ..totp
        };
        assert!(before.open(user, &totp).is_none());
        assert!(after.resealed(user, &totp, &opened).unwrap().is_none());

        let codes = RecoveryCode::set();
        let digests = before.digests(user, &codes);
        let found = after.matching(user, &codes[3], &digests);
        assert_eq!(found, Some(digests[3]));
        let strange = &RecoveryCode::set()[0];
        assert!(after.matching(user, strange, &digests).is_none());
        assert!(
            after
                .matching(UserId::new(now), &codes[3], &digests)
                .is_none()
        );
    }
}
