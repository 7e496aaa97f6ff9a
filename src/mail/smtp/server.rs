//! The address and the encryption of an SMTP server.

use std::{borrow::Cow, fmt};

use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::{
    replies::Replies,
    starttls,
    tls::{self, Tls},
};
use crate::error::{BoxError, Error, Result};

/// The address and encryption of an SMTP server.
pub(super) struct Server {
    host: String,
    port: u16,
    tls: Encryption,
    credentials: Option<Credentials>,
}

enum Encryption {
    None,
    StartTls(Tls),
    Wrapped(Tls),
}

impl Server {
    pub(super) fn from_url(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => decode(name)?,
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            _ => return Err(refuse("it has no host")),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(refuse("it has a path or a fragment"));
        }
        let query: Vec<_> = url.query_pairs().collect();
        let options: Vec<_> = query
            .iter()
            .map(|(k, v)| (k.as_ref(), v.as_ref()))
            .collect();
        let tls = || {
            tls::by_system(&host).map_err(|error| refuse(&format!("TLS cannot be used: {error}")))
        };
        let (tls, port) = match (url.scheme(), options.as_slice()) {
            ("smtp", []) => (Encryption::None, SMTP_PORT),
            ("smtp", [("tls", "required")]) => (Encryption::StartTls(tls()?), SUBMISSION_PORT),
            ("smtps", []) => (Encryption::Wrapped(tls()?), SUBMISSIONS_PORT),
            ("smtp" | "smtps", _) => {
                return Err(refuse("the only option is tls=required, for smtp://"));
            }
            _ => return Err(refuse("the scheme must be smtp or smtps")),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(port),
            tls,
            credentials: credentials(&url)?,
        })
    }

    /// The same server, trusting only these root certificates.
    pub(super) fn with_root_certificate(mut self, pem: &[u8]) -> Result<Self> {
        match &mut self.tls {
            Encryption::None => return Err(tls::refuse("the URL of the server does not use TLS")),
            Encryption::StartTls(tls) | Encryption::Wrapped(tls) => {
                *tls = tls::by_roots(&self.host, pem)?;
            }
        }
        Ok(self)
    }

    /// Connects without a time limit, so the caller has to set one.
    pub(super) async fn connect(&self, hello: &ClientId) -> Result<AsyncSmtpConnection, BoxError> {
        let stream = TcpStream::connect(self.address()).await?;
        let peer = stream.peer_addr()?;
        let transport: Box<dyn AsyncTokioStream> = match &self.tls {
            Encryption::None => Box::new(Replies::new(stream, peer)),
            Encryption::StartTls(tls) => {
                let stream = starttls::ask(stream, peer, hello).await?;
                Box::new(Replies::greeted(tls.connect(stream).await?, peer))
            }
            Encryption::Wrapped(tls) => Box::new(Replies::new(tls.connect(stream).await?, peer)),
        };
        let mut connection = AsyncSmtpConnection::connect_with_transport(transport, hello).await?;
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(refuse("it has a password but no user")),
        (_, None) => Err(refuse("it has a user but no password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

fn decode(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8().map(Cow::into_owned) {
        Ok(text) if !text.contains(char::is_control) => Ok(text),
        _ => Err(refuse("a part of it does not decode to text")),
    }
}

/// The error never contains the URL, because the URL may contain a password.
fn refuse(why: &str) -> Error {
    Error::configuration(format!("the SMTP URL cannot be used: {why}"))
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.tls {
            Encryption::None => "smtp",
            Encryption::StartTls(_) => "smtp+starttls",
            Encryption::Wrapped(_) => "smtps",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn urls_say_where_and_how() {
        for (url, expected) in [
            ("smtp://localhost", "smtp://localhost:25"),
            ("smtp://localhost:1025/", "smtp://localhost:1025"),
            ("smtp://127.0.0.1:1025", "smtp://127.0.0.1:1025"),
            ("smtp://[::1]:1025", "smtp://::1:1025"),
            (
                "smtp://mail.example.org?tls=required",
                "smtp+starttls://mail.example.org:587",
            ),
            ("smtps://mail.example.org", "smtps://mail.example.org:465"),
            (
                "smtps://u:p@mail.example.org:2465",
                "smtps://mail.example.org:2465",
            ),
        ] {
            assert_eq!(format!("{:?}", Server::from_url(url).unwrap()), expected);
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let server = Server::from_url("smtp://a%40b.org:p%2Fs%3As%25%20%C3%A9+@localhost").unwrap();
        let expected = Credentials::new("a@b.org".to_owned(), "p/s:s% \u{e9}+".to_owned());
        assert!(server.credentials == Some(expected));
        assert!(
            Server::from_url("smtp://localhost")
                .unwrap()
                .credentials
                .is_none()
        );
    }

    #[test]
    fn a_bad_url_is_named_without_its_password() {
        for url in [
            "",
            "localhost:25",
            "mail.example.org",
            "http://user:hunter2@localhost",
            "smtp://",
            "smtp://user:hunter2@",
            "smtp://user:hunter2@localhost:99999",
            "smtp://user:hunter2@localhost?tls=maybe",
            "smtp://user:hunter2@localhost?tls=required&tls=required",
            "smtps://user:hunter2@localhost?tls=none",
            "smtp://user:hunter2@localhost/path",
            "smtp://user:hunter2@local host",
            "smtp://user:hunter2%ff@localhost",
            "smtp://user:hunter2%0d%0a@localhost",
            "smtp://:hunter2@localhost",
            "smtp://hunter2@localhost",
        ] {
            let error = Server::from_url(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("hunter2") && shown.contains("SMTP URL"),
                "{shown}"
            );
        }
    }
}
