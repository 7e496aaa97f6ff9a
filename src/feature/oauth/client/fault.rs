//! Provider failures, for logs.

use crate::error::BoxError;

/// The reason why a provider did not identify the user. It is safe to log: it contains no code,
/// token or secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderFault {
    /// The `iss` of the callback is not the provider's (RFC 9207).
    #[error("the answer is not from the issuer that was asked")]
    ForeignIssuer,
    /// The ID token is not accepted.
    #[error("the ID token {0}")]
    IdToken(&'static str),
    /// The configuration or the keys could not be fetched yet; each attempt is logged.
    #[error("{0} could not be fetched yet")]
    NotAtHand(&'static str),
    /// An answer is not valid.
    #[error("the {0} {1}")]
    Nonsense(&'static str, &'static str),
    /// The provider refused, with an error code.
    #[error("the provider refuses the code: {0}")]
    Refused(String),
    /// The time limit for all calls together has passed.
    #[error("the provider took too long")]
    TimedOut,
    /// A call failed.
    #[error("the {0} cannot be reached")]
    Unanswered(&'static str, #[source] BoxError),
    /// Our own part of the flow is invalid.
    #[error("the flow {0}")]
    Unsound(&'static str),
}
