//! A provider's verified assertion.

use crate::user::EmailAddress;

/// A provider's verified claims about a user who has just signed in there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Assertion {
    /// The name of the provider in this service, such as `google`.
    pub provider: String,
    /// The issuer, exactly as the provider sends it.
    pub issuer: String,
    /// The subject: 1 to 255 bytes.
    pub subject: String,
    /// The user's address, if the provider gives a valid one.
    pub email: Option<EmailAddress>,
    /// Whether the provider marks the address as verified. Only the boolean `true` counts.
    pub email_verified: bool,
    /// Whether this service trusts the provider for addresses in this domain.
    pub trusted: bool,
    /// The user's name, if the provider gives a valid one.
    pub display_name: Option<String>,
}

impl Assertion {
    /// Whether the assertion proves the address: a provider that is trusted for the address marks it as verified.
    #[must_use]
    pub fn proves(&self) -> bool {
        self.email.is_some() && self.email_verified && self.trusted
    }
}
