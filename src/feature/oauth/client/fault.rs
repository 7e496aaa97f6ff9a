//! Provider failures, for logs.

use crate::error::BoxError;

/// The reason why a provider did not identify the user. For logs: it holds no code, no token and no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderFault {
    /// The `iss` of the way back is not the provider's (RFC 9207).
    #[error("the answer is not from the issuer that was asked")]
    ForeignIssuer,
    /// The ID token is not accepted.
    #[error("the ID token {0}")]
    IdToken(&'static str),
    /// The configuration or the keys could not be fetched so far; that is logged when it is tried.
    #[error("{0} could not be fetched yet")]
    NotAtHand(&'static str),
    /// An answer is not what it has to be.
    #[error("the {0} {1}")]
    Nonsense(&'static str, &'static str),
    /// It refuses, with an error code.
    #[error("the provider refuses the code: {0}")]
    Refused(String),
    /// The time for all calls together is up.
    #[error("the provider took too long")]
    TimedOut,
    /// A call came to nothing.
    #[error("the {0} cannot be asked")]
    Unanswered(&'static str, #[source] BoxError),
    /// Our own part of the flow cannot be right.
    #[error("the flow {0}")]
    Unsound(&'static str),
}
