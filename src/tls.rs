//! The cryptography for TLS. There is one provider per process, and the host chooses it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The provider that the process has installed. If none is installed and the feature `tls` is on, the provider is
/// aws-lc.
///
/// # Errors
/// If there is no provider; the text explains how to get one.
pub(crate) fn provider() -> Result<Arc<CryptoProvider>, &'static str> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Ok(Arc::clone(installed));
    }
    #[cfg(feature = "tls")]
    let provider = Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(feature = "tls"))]
    let provider = Err(
        "TLS has no cryptography: switch on the feature `tls` of hallpass, or call `install_default()` of a provider of \
         rustls first",
    );
    provider
}
