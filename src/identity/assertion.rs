//! The proven assertion of a provider.

use crate::user::EmailAddress;

/// The claims of a provider about a user who has just signed in there, proven to come from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Assertion {
    /// The name of the provider here, such as `google`.
    pub provider: String,
    /// The issuer, exactly as it writes itself.
    pub issuer: String,
    /// The subject: 1 to 255 bytes.
    pub subject: String,
    /// Their address, if it gives one that is one.
    pub email: Option<EmailAddress>,
    /// Whether it says, with the boolean `true` and nothing else, that the address was shown to be theirs.
    pub email_verified: bool,
    /// Whether its word on addresses of this domain is trusted here.
    pub trusted: bool,
    /// Their name, if it gives one that can be shown.
    pub display_name: Option<String>,
}

impl Assertion {
    /// Whether it proves that the address is theirs: a provider that is trusted for it says that it is verified.
    #[must_use]
    pub fn proves(&self) -> bool {
        self.email.is_some() && self.email_verified && self.trusted
    }
}
