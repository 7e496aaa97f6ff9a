//! Provider failures, for logs.

use crate::error::BoxError;

/// The reason why a provider did not identify the user. It is safe to log: it contains no code,
/// token or secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderFault {
    /// The `iss` parameter of the callback does not name the provider (RFC 9207).
    #[error("the answer is not from the issuer that was asked")]
    ForeignIssuer,
    /// The ID token was rejected.
    #[error("the ID token {0}")]
    IdToken(&'static str),
    /// The configuration or the keys have not been fetched yet; each attempt is logged.
    #[error("{0} could not be fetched yet")]
    NotAtHand(&'static str),
    /// A response from the provider is not valid.
    #[error("the {0} {1}")]
    Nonsense(&'static str, &'static str),
    /// The provider refused the authorization code, with this error code.
    #[error("the provider refuses the code: {0}")]
    Refused(String),
    /// The combined time limit for all calls has passed.
    #[error("the provider took too long")]
    TimedOut,
    /// A call to the provider failed.
    #[error("the {0} cannot be reached")]
    Unanswered(&'static str, #[source] BoxError),
    /// A part of the flow that this service or the host provides is invalid.
    #[error("the flow {0}")]
    Unsound(&'static str),
}
