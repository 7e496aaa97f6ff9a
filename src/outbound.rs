//! What is asked over HTTP: a site that the host has named, and what a provider named by the host points to.

#[cfg(feature = "oauth")]
mod address;
#[cfg(any(feature = "breach-check", feature = "jwks-client"))]
mod site;
#[cfg(feature = "oauth")]
mod web;

use reqwest::Url;

#[cfg(any(feature = "breach-check", feature = "jwks-client"))]
pub(crate) use self::site::{Asking, Site};
#[cfg(feature = "oauth")]
pub(crate) use self::web::{Reach, Web, is_private_literal};

/// Whether the URL is of this machine: `localhost`, or an address of the loopback.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
