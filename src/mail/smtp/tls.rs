//! TLS with an SMTP server.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore},
};

use crate::{
    error::{BoxError, Error, Result},
    tls::provider,
};

/// The TLS configuration for one server.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// # Errors
    /// If the handshake fails, or the server's certificate is not valid.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, BoxError> {
        Ok(self.connector.connect(self.name.clone(), stream).await?)
    }
}

/// TLS with the server `host`, whose certificate must be issued under a root that the machine
/// trusts.
pub(super) fn by_system(host: &str) -> Result<Tls, BoxError> {
    let mut roots = RootCertStore::empty();
    // A root certificate that cannot be read is skipped.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(host, roots)
}

/// Like [`by_system`], but only the roots in `pem` are trusted.
pub(super) fn by_roots(host: &str, pem: &[u8]) -> Result<Tls> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(pem) {
        let root = root.map_err(|_| refuse("it is not valid PEM"))?;
        roots.add(root).map_err(refuse)?;
    }
    if roots.is_empty() {
        return Err(refuse("it contains no certificate in PEM"));
    }
    trusting(host, roots).map_err(refuse)
}

fn trusting(host: &str, roots: RootCertStore) -> Result<Tls, BoxError> {
    let config = ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls {
        connector: TlsConnector::from(Arc::new(config)),
        name: ServerName::try_from(host)?.to_owned(),
    })
}

pub(super) fn refuse(why: impl std::fmt::Display) -> Error {
    Error::configuration(format!(
        "the root certificate for SMTP cannot be used: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::certificates::Authority, *};
    use crate::error::ErrorKind;

    #[test]
    fn roots_are_one_or_more_certificates_in_pem() {
        let (one, other) = (Authority::new(), Authority::new());
        let (one, other) = (one.pem(), other.pem());
        for good in [
            one.to_owned(),
            format!("{one}{other}"),
            format!("A note.\n\n{one}"),
            one.replace('\n', "\r\n"),
        ] {
            assert!(by_roots("localhost", good.as_bytes()).is_ok(), "{good}");
        }
        let key = Authority::new().sign("localhost").key;
        let body = one.lines().nth(1).unwrap();
        for bad in [
            String::new(),
            "/etc/ssl/ca.pem".to_owned(),
            one.replace("-----END CERTIFICATE-----", ""),
            one.replace(body, "*"),
            one.replace(body, ""),
            one.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            format!("{one}{}", other.replace(other.lines().nth(1).unwrap(), "")),
            key,
        ] {
            let error = by_roots("localhost", bad.as_bytes()).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
            assert!(format!("{error:?}").contains("root certificate"));
        }
    }
}
