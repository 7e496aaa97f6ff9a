//! HTTP requests to sites that the host has configured and to URLs that a configured provider publishes.

#[cfg(feature = "oauth")]
mod public_address;
#[cfg(any(feature = "breach-check", feature = "jwks-client"))]
mod site;
#[cfg(feature = "oauth")]
mod web;

use std::{fmt, time::Duration};

use reqwest::{Client, ClientBuilder, Url, redirect, retry};

#[cfg(any(feature = "breach-check", feature = "jwks-client"))]
pub(crate) use self::site::{Asking, Site};
#[cfg(feature = "oauth")]
pub(crate) use self::web::{Reach, Web, is_private_literal};

use crate::{
    error::{Error, Result},
    tls,
};

/// Whether the URL points to this machine: `localhost` or a loopback address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// A client that uses rustls and the platform's root certificates. Redirects are not followed, and nothing is retried.
/// `timeout` limits one call, including the time to connect; `keep` is the lifetime of an idle connection.
///
/// # Errors
/// [`Configuration`](crate::ErrorKind::Configuration) if there is no cryptography for TLS. Without this check, the
/// client would panic. The client uses the provider that was checked.
fn client_builder(timeout: Duration, keep: Duration) -> Result<ClientBuilder> {
    tls::provider().map_err(Error::configuration)?;
    Ok(Client::builder()
        .connect_timeout(timeout)
        .timeout(timeout)
        .pool_idle_timeout(keep)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION"))))
}

/// The error for a request that received no response. It shows only the given part of the URL, because the
/// rest may contain a secret.
#[derive(Debug, thiserror::Error)]
#[error("{asked} did not answer")]
struct Unanswered {
    asked: String,
    #[source]
    source: reqwest::Error,
}

impl Unanswered {
    fn new(asked: impl fmt::Display, error: reqwest::Error) -> Self {
        Self {
            asked: asked.to_string(),
            source: error.without_url(),
        }
    }
}
