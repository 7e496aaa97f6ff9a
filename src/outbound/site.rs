//! HTTP requests to a configured site.

use std::{fmt, time::Duration};

use reqwest::{Client, StatusCode, Url};

use super::{Unanswered, client_builder, is_loopback};
use crate::error::{BoxError, Error, Result};

/// A client for one site, which uses rustls and the root certificates of the platform. Redirects
/// are not followed, and nothing is retried. `HTTPS_PROXY` and similar variables are honoured for
/// `https://`.
#[derive(Clone)]
pub(crate) struct Site {
    client: Client,
    url: Url,
    asking: Asking,
}

/// The settings for requests to a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// The name of the site, for messages to the operator who set its URL.
    pub(crate) what: &'static str,
    /// The time limit for one answer.
    pub(crate) timeout: Duration,
    /// The maximum length of one answer, in bytes.
    pub(crate) max_bytes: usize,
    /// The lifetime of an idle connection. With zero, no idle connection is kept.
    pub(crate) keep: Duration,
}

impl Site {
    /// A client for the site at this URL, which must begin with `https://`, or with `http://` on
    /// loopback.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL does not meet these requirements.
    pub(crate) fn new(asking: Asking, url: &str) -> Result<Self> {
        let url = parse(asking.what, url)?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Error::configuration(format!(
                "the URL of {} must begin with https://, except on loopback",
                asking.what
            )));
        }
        Self::of(asking, url)
    }

    /// Like [`new`](Self::new), but accepts `http://` for any host.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is not an HTTP URL.
    pub(crate) fn danger_without_tls(asking: Asking, url: &str) -> Result<Self> {
        Self::of(asking, parse(asking.what, url)?)
    }

    fn of(asking: Asking, url: Url) -> Result<Self> {
        let mut client = client_builder(asking.timeout, asking.keep)?;
        if asking.keep.is_zero() {
            client = client.pool_max_idle_per_host(0);
        }
        let client = if url.scheme() == "https" {
            client.https_only(true)
        } else {
            // Plain HTTP needs no root certificates, and loopback needs no proxy.
            client.tls_certs_only([]).no_proxy()
        };
        Ok(Self {
            client: client.build().map_err(Error::configuration)?,
            url,
            asking,
        })
    }

    /// Fetches the resource at this path below the URL, and passes it to `read` as it arrives.
    ///
    /// # Errors
    /// If there is no complete reply with status 200 within the limits, or `read` refuses it.
    pub(crate) async fn get(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        mut read: impl FnMut(&[u8]) -> Result<(), BoxError>,
    ) -> Result<(), BoxError> {
        let mut url = self.url.clone();
        if !path.is_empty() {
            url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        }
        let mut request = self.client.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // The error shows the configured URL, but not the path below it.
        let unanswered = |error| Unanswered::new(&self.url, error);
        let mut response = request.send().await.map_err(unanswered)?;
        if response.status() != StatusCode::OK {
            return Err(format!("{} answered {}", self.url, response.status()).into());
        }
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            length += chunk.len();
            if length > self.asking.max_bytes {
                let max = self.asking.max_bytes;
                return Err(format!("{} answered more than {max} bytes", self.url).into());
            }
            read(&chunk)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({})", self.url)
    }
}

fn parse(what: &str, url: &str) -> Result<Url> {
    let refuse = |why: &str| Err(Error::configuration(format!("the URL of {what} {why}")));
    let Ok(url) = Url::parse(url) else {
        return refuse("is not a URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("must begin with https:// or http://");
    }
    // The URL is written to logs, so it must not contain a password.
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must have no user and no password");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Asking, Site};

    const ASKING: Asking = Asking {
        what: "it",
        timeout: Duration::from_secs(1),
        max_bytes: 1,
        keep: Duration::ZERO,
    };

    #[test]
    fn a_site_is_asked_over_tls_or_is_on_this_machine() {
        for url in [
            "https://id.example.org/.well-known/jwks.json",
            "https://10.0.0.1/jwks",
            "http://localhost:8000/jwks",
            "http://127.0.0.1:8000/jwks",
            "http://127.1/jwks",
            "http://[::1]:8000/jwks",
        ] {
            assert!(Site::new(ASKING, url).is_ok(), "{url}");
        }
        for url in [
            "http://id.example.org/jwks",
            "http://localhost.example.org/jwks",
            "http://127.0.0.1.example.org/jwks",
            "http://10.0.0.1/jwks",
            "http://0.0.0.0/jwks",
            "http://[::]/jwks",
        ] {
            assert!(Site::new(ASKING, url).is_err(), "{url}");
            assert!(Site::danger_without_tls(ASKING, url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/jwks",
            "file:///jwks",
            "ftp://localhost/jwks",
            "https://ann:secret@id.example.org/jwks",
            "https://ann@id.example.org/jwks",
        ] {
            assert!(Site::new(ASKING, url).is_err(), "{url}");
            assert!(Site::danger_without_tls(ASKING, url).is_err(), "{url}");
        }
    }
}
