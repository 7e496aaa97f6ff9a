use std::fmt;

use async_trait::async_trait;
use reqwest::{Client, StatusCode, Url, redirect, retry};

use super::{
    FetchJwks,
    remote::{MAX_DOCUMENT, TIMEOUT},
};
use crate::error::{BoxError, Error, Result};

/// Fetches a JWK Set by HTTP, over rustls with the roots of the platform.
///
/// Redirects are not followed, nothing is tried again, and a document of more than 64 KiB is not read. `HTTPS_PROXY` and
/// the like are honoured for `https://`.
#[derive(Clone)]
pub struct HttpJwks {
    client: Client,
    url: Url,
}

impl HttpJwks {
    /// At this URL: `https://`, or `http://` on loopback.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is another URL.
    pub fn new(url: &str) -> Result<Self> {
        let url = parse(url)?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Error::configuration(
                "the URL of the keys must begin with https://, except on loopback",
            ));
        }
        Self::of(url)
    }

    /// As [`new`](Self::new), and `http://` anywhere: whoever sits between can sign anybody in. For networks that prove
    /// by other means who answers.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no HTTP URL.
    pub fn danger_without_tls(url: &str) -> Result<Self> {
        parse(url).and_then(Self::of)
    }

    fn of(url: Url) -> Result<Self> {
        let client = Client::builder()
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // Asked every ten minutes: a connection that was kept is one that may have died.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")));
        let client = if url.scheme() == "https" {
            client.https_only(true)
        } else {
            // Needs neither the roots of the platform nor a proxy.
            client.tls_certs_only([]).no_proxy()
        };
        let client = client.build().map_err(Error::configuration)?;
        Ok(Self { client, url })
    }
}

#[async_trait]
impl FetchJwks for HttpJwks {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(format!("{} answered {}", self.url, response.status()).into());
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_DOCUMENT {
                return Err(format!("{} is larger than {MAX_DOCUMENT} bytes", self.url).into());
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

impl fmt::Debug for HttpJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpJwks({})", self.url)
    }
}

fn parse(url: &str) -> Result<Url> {
    let url =
        Url::parse(url).map_err(|_| Error::configuration("the URL of the keys is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::configuration(
            "the URL of the keys must begin with https:// or http://",
        ));
    }
    // It is written to logs.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(
            "the URL of the keys must hold no user and no password",
        ));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::HttpJwks;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for url in [
            "https://id.example.org/.well-known/jwks.json",
            "https://10.0.0.1/jwks",
            "http://localhost:8000/jwks",
            "http://127.0.0.1:8000/jwks",
            "http://127.1/jwks",
            "http://[::1]:8000/jwks",
        ] {
            assert!(HttpJwks::new(url).is_ok(), "{url}");
        }
        for url in [
            "http://id.example.org/jwks",
            "http://localhost.example.org/jwks",
            "http://127.0.0.1.example.org/jwks",
            "http://10.0.0.1/jwks",
            "http://0.0.0.0/jwks",
            "http://[::]/jwks",
        ] {
            assert!(HttpJwks::new(url).is_err(), "{url}");
            assert!(HttpJwks::danger_without_tls(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/jwks",
            "file:///jwks",
            "ftp://localhost/jwks",
            "https://ann:secret@id.example.org/jwks",
            "https://ann@id.example.org/jwks",
        ] {
            assert!(HttpJwks::new(url).is_err(), "{url}");
            assert!(HttpJwks::danger_without_tls(url).is_err(), "{url}");
        }
    }
}
