use lettre::transport::smtp::{
    Error as SmtpError,
    client::{Certificate, CertificateStore, TlsParameters},
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::error::{Error, Result};

/// TLS with a server of this name whose certificate comes from a root that the machine trusts.
pub(super) fn by_system(host: &str) -> Result<TlsParameters, SmtpError> {
    TlsParameters::new(host.to_owned())
}

/// The same with the roots in `pem`, and no others.
pub(super) fn by_roots(host: &str, pem: &[u8]) -> Result<TlsParameters> {
    let mut parameters =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
    let mut found = false;
    for root in CertificateDer::pem_slice_iter(pem) {
        let root = root.map_err(|_| refuse("it is no valid PEM"))?;
        let root = Certificate::from_der(root.to_vec()).map_err(refuse)?;
        parameters = parameters.add_root_certificate(root);
        found = true;
    }
    if !found {
        return Err(refuse("it holds no certificate in PEM"));
    }
    parameters.build().map_err(refuse)
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
