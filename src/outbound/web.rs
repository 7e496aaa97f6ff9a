//! HTTP requests to URLs that a provider's metadata contains.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, Request, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use super::{Unanswered, client_builder, is_loopback, public_address::is_public};
use crate::error::{BoxError, Error, Result};

/// The lifetime of an idle connection.
const KEEP: Duration = Duration::from_secs(10);

/// A client for URLs from a provider's metadata. It uses rustls and the root certificates of the
/// platform. Redirects are not followed, and nothing is retried. Cheap to clone.
///
/// The client connects to IP addresses that are not public only if the [`Reach`] allows it. Names are resolved once per
/// connection, and the connection goes to the address that was checked. `HTTPS_PROXY` and similar variables are
/// honoured for `https://`. The proxy then resolves the names, and has to refuse private addresses.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    client: Client,
    reach: Reach,
}

/// The IP addresses that the client may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public addresses, over TLS.
    Public,
    /// Any address, over TLS.
    Any,
    /// Only this machine, with or without TLS.
    Loopback,
}

impl Web {
    /// A client that connects only to the addresses that the given reach allows. `timeout` limits one call, including
    /// the time to connect.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if TLS is not available.
    pub(crate) fn new(reach: Reach, timeout: Duration) -> Result<Self> {
        let client = client_builder(timeout, KEEP)?;
        let client = match reach {
            Reach::Public => client.https_only(true).dns_resolver(Arc::new(PublicOnly)),
            Reach::Any => client.https_only(true),
            // Loopback needs neither root certificates nor a proxy.
            Reach::Loopback => client.tls_certs_only([]).no_proxy(),
        };
        Ok(Self {
            client: client.build().map_err(Error::configuration)?,
            reach,
        })
    }

    /// Sends the request, and reads the whole answer.
    ///
    /// # Errors
    /// If no answer of at most `max_bytes` arrives in time, or requests to the URL are not allowed. The error shows
    /// only the host of the URL.
    pub(crate) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        max_bytes: usize,
    ) -> Result<http::Response<Vec<u8>>, BoxError> {
        let request = Request::try_from(request).map_err(reqwest::Error::without_url)?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        if !self.may_ask(request.url()) {
            return Err(format!("must not connect to {host}: it is not public").into());
        }
        let unanswered = |error| Unanswered::new(&host, error);
        let mut response = self.client.execute(request).await.map_err(unanswered)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > max_bytes {
                return Err(format!("{host} answered more than {max_bytes} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    /// Whether requests to the URL are allowed. A host name is checked later, when it is resolved.
    pub(crate) fn may_ask(&self, url: &Url) -> bool {
        match self.reach {
            Reach::Public => url.scheme() == "https" && !is_private_literal(url),
            Reach::Any => url.scheme() == "https",
            Reach::Loopback => url.scheme() == "https" || is_loopback(url),
        }
    }
}

/// Whether the host is an address that is not public.
pub(crate) fn is_private_literal(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => !is_public(address.into()),
        Some(url::Host::Ipv6(address)) => !is_public(address.into()),
        Some(url::Host::Domain(_)) | None => false,
    }
}

/// Resolves names to public addresses only.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(BoxError::from("the name has no public address"));
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
