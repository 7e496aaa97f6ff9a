//! Secret texts: passwords, hashes and tokens.

use std::fmt;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use zeroize::Zeroize;

macro_rules! redacted_text {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        ///
        /// `Debug` prints no content. The memory is wiped when the value is dropped.
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            /// The text itself. Do not log it or pass it to untrusted code.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

macro_rules! secret_text {
    ($(#[$docs:meta])* $name:ident) => {
        redacted_text! { $(#[$docs])* $name }

        impl $name {
            /// Wraps the text as a secret.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

secret_text! {
    /// A signed access token (JWT).
    AccessToken
}
secret_text! {
    /// A token that marks a device on which a user signed in before. It grants no access.
    DeviceToken
}
secret_text! {
    /// A token that represents an open challenge: a sign-in that needs another step. It grants no
    /// access.
    Ticket
}
secret_text! {
    /// A token that is mailed or returned once, and can be used once.
    OneTimeToken
}
secret_text! {
    /// A password in plain text.
    Password
}
redacted_text! {
    /// A password hash that this library can verify, as a PHC string: Argon2id version 19 (RFC 9106), within the limits
    /// of [`HashParams`](crate::credential::HashParams).
    ///
    /// A hash from another system has to be [parsed](Self::parse).
    PasswordHash
}
secret_text! {
    /// A refresh token.
    RefreshToken
}
secret_text! {
    /// The value of a browser session cookie.
    SessionCookie
}

impl PasswordHash {
    /// A string that was created here, or was parsed before it was stored.
    pub(crate) fn trusted(text: String) -> Self {
        Self(text)
    }
}

/// Compares in constant time.
impl PartialEq for DeviceToken {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl Eq for DeviceToken {}

/// The SHA-256 of a token. A store never sees the token itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The 32 bytes, for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for TokenDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for TokenDigest {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(redacted)")
    }
}
