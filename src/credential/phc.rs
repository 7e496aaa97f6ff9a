//! Password hashes in the PHC string format.

use std::str::FromStr;

use argon2::{ARGON2ID_IDENT, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use password_hash::phc::{Output, PasswordHash as PhcString, Salt};

use super::HashParams;
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    secret::{PasswordHash, random_bytes},
};

pub(super) const SALT_LEN: usize = 16;
pub(super) const TAG_LEN: usize = 32;

/// The last bytes of the salt if the hash was made from a prepared password. A separate parameter
/// would be clearer, but instances of the previous version could not read it. It is practically impossible for a random
/// salt to end with these bytes.
const PREPARED: &[u8] = b"nfc8265";

impl PasswordHash {
    /// Reads a hash that another system created, for a user who is imported from that system.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) if the hash cannot be verified
    /// here: it is not a PHC string of Argon2id version 19 with `m`, `t` and `p`, its tag has fewer
    /// than 16 bytes, or it exceeds the limits of [`HashParams`]. The error contains no part of the
    /// hash.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let hash = Self::trusted(text.into());
        match Phc::read(&hash) {
            Ok(_) => Ok(hash),
            Err(why) => {
                let violation = Violation::new(
                    "password_hash",
                    "unusable",
                    format!("This password hash cannot be verified: {why}."),
                );
                Err(Error::new(ErrorKind::ValidationFailed).with_violations(vec![violation]))
            }
        }
    }
}

impl FromStr for PasswordHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// A hash that this library can verify: Argon2id of version 19, within the limits of [`HashParams`].
#[derive(Clone)]
pub(super) struct Phc {
    pub(super) params: HashParams,
    pub(super) salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Phc {
    /// The dummy hash that is verified when there is no stored hash. It costs as much as a hash
    /// with these parameters, and matches no password.
    pub(super) fn dummy(params: HashParams) -> Self {
        Self {
            params,
            salt: salt(),
            tag: random_bytes::<TAG_LEN>().to_vec(),
        }
    }

    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the stored hash cannot be read. The error
    /// contains no part of it.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self> {
        Self::read(hash)
            .map_err(|why| Error::internal(format!("a stored password hash cannot be used: {why}")))
    }

    /// # Errors
    /// The reason why the hash cannot be verified.
    fn read(hash: &PasswordHash) -> Result<Self, &'static str> {
        let phc = PhcString::new(hash.expose()).map_err(|_| "it is not a PHC string")?;
        if phc.algorithm != ARGON2ID_IDENT || phc.version != Some(Version::V0x13.into()) {
            return Err("it is not Argon2id of version 19");
        }
        let number = |name| phc.params.get_decimal(name);
        let (Some(m), Some(t), Some(p), 3) = (
            number("m"),
            number("t"),
            number("p"),
            phc.params.iter().count(),
        ) else {
            return Err("its parameters are not m, t and p");
        };
        let params =
            HashParams::danger_weak(m, t, p).map_err(|_| "its parameters are out of bounds")?;
        let (Some(salt), Some(tag)) = (phc.salt, phc.hash) else {
            return Err("the salt or the tag is missing");
        };
        let (salt, tag) = (salt_bytes(&salt), tag_bytes(&tag));
        if tag.len() < SALT_LEN {
            return Err("the tag is too short");
        }
        Ok(Self { params, salt, tag })
    }

    /// Whether the hash was made from the prepared password.
    pub(super) fn is_of_prepared(&self) -> bool {
        self.salt.len() == SALT_LEN + PREPARED.len() && self.salt.ends_with(PREPARED)
    }

    pub(super) fn tag_len(&self) -> usize {
        self.tag.len()
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, tag: &[u8]) -> bool {
        verify_slices_are_equal(&self.tag, tag).is_ok()
    }

    /// Whether the parameters or the length of the tag differ from those of a new hash, or the salt is shorter.
    pub(super) fn is_outdated(&self, current: HashParams) -> bool {
        self.params != current || self.salt.len() < SALT_LEN || self.tag.len() != TAG_LEN
    }
}

/// A salt for a hash of the prepared password.
pub(super) fn salt() -> Vec<u8> {
    [&random_bytes::<SALT_LEN>()[..], PREPARED].concat()
}

/// Writes a PHC string.
pub(super) fn write(params: HashParams, salt: &[u8], tag: &[u8]) -> PasswordHash {
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    PasswordHash::trusted(format!("$argon2id$v=19${params}${salt}${tag}"))
}

fn salt_bytes(salt: &Salt) -> Vec<u8> {
    AsRef::<[u8]>::as_ref(salt).to_vec()
}

fn tag_bytes(tag: &Output) -> Vec<u8> {
    tag.as_bytes().to_vec()
}
