//! Tokens for known devices.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    factor::DeviceId,
    secret::{DeviceToken, HmacKey, Secrets, random_bytes},
    user::{User, UserId},
};

const PREFIX: &str = "hp_dt_";
const VERSION: u8 = 1;
/// The version of a token whose device is remembered.
const REMEMBERED: u8 = 2;
/// The version of a token that was issued after a second factor.
const STRONG: u8 = 3;
/// The length of the version, device id, user id and credential version.
const BODY: usize = 1 + 16 + 16 + 8;
const TAG: usize = 32;

/// Creates and reads device tokens: `hp_dt_` and the base64url of version (1 byte), device id (16), user id (16),
/// `credential_version` (8, big endian) and an HMAC-SHA256 tag (32) over them and the canonical address.
///
/// A token marks a device on which a user signed in before, and grants no access. The device has a
/// separate counter of failed attempts, so that other clients cannot lock its user out. Version 2
/// marks a device that was remembered; only the store can determine whether it still is. Tokens of
/// versions 2 and 3 were issued after a second factor. Only these devices have a separate counter
/// of wrong codes. Otherwise, an attacker who knows the password could obtain any number of
/// counters.
#[derive(Clone, Debug)]
pub(crate) struct Devices(Vec<HmacKey>);

/// A device on which a user signed in before, according to an authentic token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    id: [u8; 16],
    user: UserId,
    credential_version: i64,
    version: u8,
}

impl Devices {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| secret.hmac_key("device token"))
                .collect(),
        )
    }

    /// A token for the device on which this user has just signed in. A known device keeps its id.
    pub(crate) fn token(
        &self,
        known: Option<Device>,
        user: &User,
        credential_version: i64,
        is_strong: bool,
    ) -> Option<DeviceToken> {
        let id = known.map_or_else(random_bytes, |known| known.id);
        let version = if is_strong { STRONG } else { VERSION };
        self.seal(version, id, user, credential_version)
    }

    /// A token for a device that is remembered for this user.
    pub(crate) fn remembered(
        &self,
        id: DeviceId,
        user: &User,
        credential_version: i64,
    ) -> Option<DeviceToken> {
        self.seal(
            REMEMBERED,
            *id.as_uuid().as_bytes(),
            user,
            credential_version,
        )
    }

    fn seal(
        &self,
        version: u8,
        id: [u8; 16],
        user: &User,
        credential_version: i64,
    ) -> Option<DeviceToken> {
        let key = self.0.first()?;
        let mut bytes = Vec::with_capacity(BODY + TAG);
        bytes.push(version);
        bytes.extend(id);
        bytes.extend(user.id.as_uuid().as_bytes());
        bytes.extend(credential_version.to_be_bytes());
        bytes.extend(key.tag(&signed(&bytes, user.email.canonical())));
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into())
    }

    /// Reads a token; `None` if this service did not issue it for this canonical address.
    pub(crate) fn read(&self, token: &DeviceToken, canonical: &str) -> Option<Device> {
        let encoded = token.expose().strip_prefix(PREFIX)?;
        let mut bytes = [0; BODY + TAG];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        if length != bytes.len() {
            return None;
        }
        let (body, tag) = bytes.split_at(BODY);
        let message = signed(body, canonical);
        let (&version, rest) = body.split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let credential_version = i64::from_be_bytes(*rest.first_chunk::<8>()?);
        let is_ours = matches!(version, VERSION | REMEMBERED | STRONG)
            && self.0.iter().any(|key| key.verify(&message, tag));
        is_ours.then(|| Device {
            id: *id,
            user: Uuid::from_bytes(*user).into(),
            credential_version,
            version,
        })
    }
}

impl Device {
    /// The device identifier.
    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The identifier, if the token was issued after a second factor.
    pub(crate) fn strong(&self) -> Option<[u8; 16]> {
        matches!(self.version, REMEMBERED | STRONG).then_some(self.id)
    }

    /// The identifier under which the store may remember the device; `None` if it was not remembered.
    pub(crate) fn remembered(&self) -> Option<DeviceId> {
        (self.version == REMEMBERED).then(|| Uuid::from_bytes(self.id).into())
    }

    /// Whether the token was issued to this user.
    pub(crate) fn is_of_user(&self, user: UserId) -> bool {
        self.user == user
    }

    /// Whether the token was issued to this user, at this version of their credentials.
    pub(crate) fn is_of(&self, user: UserId, credential_version: i64) -> bool {
        self.user == user && self.credential_version == credential_version
    }
}

fn signed(body: &[u8], canonical: &str) -> Vec<u8> {
    [body, canonical.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
        store::memory::MemoryStore,
    };

    fn user(email: &str) -> User {
        let store = MemoryStore::new();
        store.add_user(email, None, SystemClock.now());
        store.credentials_of(email).user
    }

    #[test]
    fn a_token_is_good_for_one_user_one_address_and_one_version() {
        let devices = Devices::new(&Secret::generate().into());
        let ann = user("ann@example.org");
        let bob = user("bob@example.org");
        let token = devices.token(None, &ann, 7, false).unwrap();
        let device = devices.read(&token, "ann@example.org").unwrap();
        assert!(device.is_of(ann.id, 7));
        assert!(!device.is_of(ann.id, 8));
        assert!(!device.is_of(bob.id, 7));
        assert!(devices.read(&token, "bob@example.org").is_none());
        let again = devices.token(Some(device), &ann, 8, false).unwrap();
        let again = devices.read(&again, "ann@example.org").unwrap();
        assert_eq!(again.id(), device.id());
        let other = devices.token(None, &ann, 7, false).unwrap();
        let other = devices.read(&other, "ann@example.org").unwrap();
        assert_ne!(other.id(), device.id());
    }

    #[test]
    fn changed_and_foreign_tokens_are_refused() {
        let devices = Devices::new(&Secret::generate().into());
        let ann = user("ann@example.org");
        let token = devices.token(None, &ann, 0, false).unwrap();
        let elsewhere = Devices::new(&Secret::generate().into());
        assert!(elsewhere.read(&token, "ann@example.org").is_none());
        let text = token.expose();
        for index in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = DeviceToken::new(String::from_utf8(bytes).unwrap());
            assert!(
                devices.read(&changed, "ann@example.org").is_none(),
                "{index}"
            );
        }
        for text in ["", "hp_dt_", "hp_dt_AAAA", "hp_rt_AAAA"] {
            assert!(devices.read(&text.into(), "ann@example.org").is_none());
        }
    }
}
