//! A flow's random values, and the cookie that binds the flow to the browser.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::{TokenDigest, random_bytes};

/// 256 random bits in base64url: for `state`, and for the application's code.
pub(super) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// The secret that the browser keeps while it is at the provider: 256 random bits, in a cookie. The
/// values that the provider gets in this flow are derived from it, so that only this browser can
/// continue the flow. Read access to the store is not enough.
#[derive(Clone)]
pub(super) struct FlowSecret(String);

impl FlowSecret {
    pub(super) fn generate() -> Self {
        Self(random_text())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The digest of the secret. The store keeps only this digest.
    pub(super) fn binding(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// The `nonce` parameter of OpenID Connect Core 1.0, section 3.1.2.1.
    pub(super) fn nonce(&self) -> String {
        self.derive("nonce")
    }

    /// The PKCE verifier that the provider receives (RFC 7636): 43 characters.
    pub(super) fn verifier(&self) -> String {
        self.derive("verifier")
    }

    /// The PKCE verifier for the code, if the flow ends on the pages instead of in an application.
    #[cfg(feature = "pages")]
    pub(super) fn page_verifier(&self) -> String {
        self.derive("page verifier")
    }

    fn derive(&self, purpose: &str) -> String {
        let mut context = Context::new(&SHA256);
        for part in [purpose, ":", &self.0] {
            context.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(context.finish())
    }
}

impl From<&str> for FlowSecret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for FlowSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_differ_by_purpose_and_by_secret() {
        let (one, other) = (FlowSecret::generate(), FlowSecret::generate());
        let all = [one.nonce(), one.verifier(), other.nonce(), other.verifier()];
        for (position, text) in all.iter().enumerate() {
            assert_eq!(text.len(), 43);
            assert!(!all[..position].contains(text));
            assert_ne!(text, one.expose());
        }
        assert_eq!(FlowSecret::from(one.expose()).nonce(), one.nonce());
        assert_eq!(format!("{one:?}"), "FlowSecret(redacted)");
    }
}
