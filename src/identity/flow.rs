//! Provider sign-in flows and their codes.

use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{clock::Timestamp, secret::TokenDigest};

/// The intent of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new intent would change the contract"
)]
pub enum FlowIntent {
    /// Signing in.
    #[default]
    SignIn,
    /// Linking an identity to a signed-in user.
    Link,
}

impl FlowIntent {
    /// The name used in requests and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Link => "link",
        }
    }
}

impl FromStr for FlowIntent {
    type Err = UnknownFlowIntent;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "sign_in" => Ok(Self::SignIn),
            "link" => Ok(Self::Link),
            _ => Err(UnknownFlowIntent(())),
        }
    }
}

/// The text is neither `sign_in` nor `link`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the intent must be `sign_in` or `link`")]
pub struct UnknownFlowIntent(());

/// The challenge of a flow (RFC 7636, method S256). Only the application that began the flow has the verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

/// The text is not an S256 challenge.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an S256 challenge must be 43 base64url characters")]
pub struct InvalidChallenge(());

impl CodeChallenge {
    /// The challenge for this verifier.
    #[must_use]
    pub fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())))
    }

    /// Base64url without padding: 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CodeChallenge {
    type Err = InvalidChallenge;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match URL_SAFE_NO_PAD.decode(text).map(|bytes| bytes.len()) {
            Ok(32) => Ok(Self(text.to_owned())),
            _ => Err(InvalidChallenge(())),
        }
    }
}

/// A flow: a browser was sent to a provider, and is expected to return.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Flow {
    /// The digest of the `state` that the provider sends back. It identifies the flow.
    pub state: TokenDigest,
    /// The provider name.
    pub provider: String,
    /// The intent of the flow.
    pub intent: FlowIntent,
    /// The URL to which the browser is sent at the end: one of the configured URLs.
    pub redirect_to: String,
    /// The state that is returned to the application.
    pub app_state: Option<String>,
    /// The application's code challenge.
    pub challenge: CodeChallenge,
}

/// A flow to be stored.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewFlow {
    /// The flow.
    pub flow: Flow,
    /// The digest of the secret that the browser keeps, so that no other browser can continue the flow.
    pub binding: TokenDigest,
    /// The start of the flow.
    pub created_at: Timestamp,
    /// The time at which the flow expires.
    pub expires_at: Timestamp,
}

/// The code that the application gets at the end of a flow. It is stored with the flow.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewCode {
    /// The digest of the flow's state, which identifies the flow.
    pub flow: TokenDigest,
    /// The digest of the code.
    pub digest: TokenDigest,
    /// The time at which the code expires.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_of_the_rfc_is_made_of_its_verifier() {
        let challenge = CodeChallenge::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge.as_str(), text);
        assert_eq!(text.parse::<CodeChallenge>().unwrap(), challenge);
    }

    #[test]
    fn a_challenge_is_a_sha256_in_base64url() {
        for text in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA",
        ] {
            assert!(text.parse::<CodeChallenge>().is_err(), "{text}");
        }
    }

    #[test]
    fn intents_are_read_as_they_are_written() {
        for intent in [FlowIntent::SignIn, FlowIntent::Link] {
            assert_eq!(intent.as_str().parse::<FlowIntent>().unwrap(), intent);
        }
    }
}
