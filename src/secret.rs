//! Secrets: redacted text, digests, the master [`Secret`] and the keys derived from it.

mod key;
mod master;
mod sealed;
mod text;

pub(crate) use self::key::HmacKey;
pub use self::{
    master::{Secret, Secrets},
    text::{
        AccessToken, DeviceToken, OneTimeToken, Password, PasswordHash, RefreshToken,
        SessionCookie, Ticket, TokenDigest,
    },
};

/// The placeholder that the documentation shows in place of a password. It is never accepted as a new password.
/// Otherwise, every reader of the documentation could use an account that was created with an unchanged example.
pub(crate) const EXAMPLE_PASSWORD: &str = "<correct horse battery>";

/// Random bytes from the operating system. The generator of the cryptographic library is not used, because it collects
/// processor timing jitter for tens of milliseconds before the first byte.
///
/// # Panics
/// If the operating system provides no random bytes, because there is no safe way to continue.
#[allow(
    clippy::expect_used,
    reason = "without randomness nothing safe can be done"
)]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
