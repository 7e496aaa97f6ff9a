//! Fetching a JWK Set over HTTP.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    FetchJwks,
    remote::{MAX_DOCUMENT, TIMEOUT},
};
use crate::{
    error::{BoxError, Result},
    outbound::{Asking, Site},
};

const ASKING: Asking = Asking {
    what: "the keys",
    timeout: TIMEOUT,
    max_bytes: MAX_DOCUMENT,
    // Requests are ten minutes apart, so the server may have closed an idle connection.
    keep: Duration::ZERO,
};

/// Fetches a JWK Set over HTTP, with rustls and the root certificates of the platform.
///
/// Redirects are not followed, nothing is retried, and a document of more than 64 KiB is not read. `HTTPS_PROXY` and
/// similar variables are honoured for `https://`.
#[derive(Clone, Debug)]
pub struct HttpJwks(Site);

impl HttpJwks {
    /// The JWK Set at this URL, which must begin with `https://`, or with `http://` on loopback.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL does not have this form.
    pub fn new(url: &str) -> Result<Self> {
        Site::new(ASKING, url).map(Self)
    }

    /// Like [`new`](Self::new), but also accepts `http://` for any host. An attacker on the network path can then sign
    /// in as any user, so use this only on networks that authenticate the server by other means.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not an HTTP URL.
    pub fn danger_without_tls(url: &str) -> Result<Self> {
        Site::danger_without_tls(ASKING, url).map(Self)
    }
}

#[async_trait]
impl FetchJwks for HttpJwks {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        let mut document = Vec::new();
        let read = |chunk: &[u8]| {
            document.extend_from_slice(chunk);
            Ok(())
        };
        self.0.get("", &[], read).await?;
        Ok(document)
    }
}
