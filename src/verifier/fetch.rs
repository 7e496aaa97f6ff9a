//! The trait that fetches a JWK Set.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::BoxError;

/// Fetches an issuer's JWK Set.
///
/// # Contract
/// Each call makes one attempt. The connection must authenticate the server, because an attacker
/// who can change the document can sign in as any user. Only a reply with status 200 counts as the
/// document. Redirects are not followed.
///
/// The method is called at most once a minute, and each call is canceled after five seconds. A document of more than 64
/// KiB is refused.
#[async_trait]
pub trait FetchJwks: Debug + Send + Sync + 'static {
    /// The document.
    async fn fetch(&self) -> Result<Vec<u8>, BoxError>;
}
