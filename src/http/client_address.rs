//! The client's address.

mod forwarded;
mod network;

use std::{
    fmt,
    io::{self, Write as _},
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ::http::{HeaderMap, request::Parts};

use self::network::Network;
use crate::error::{Error, Result};

/// How a client's address is found. There is no default. A host chooses the rule when it mounts the endpoints, because
/// only the host knows the proxies in front of it.
///
/// Rate limits are counted per address, and sessions and the audit trail record the address. Any
/// client can write a header, so a header is trusted only if it comes from a trusted proxy.
///
/// ```
/// use hallpass::ClientAddress;
///
/// // Clients connect to this server themselves.
/// let direct = ClientAddress::peer();
/// // They come through proxies in these networks.
/// let proxied = ClientAddress::behind_proxies(["10.0.0.0/8", "2001:db8::17"])?;
/// // The same from a setting, such as `HALLPASS_TRUSTED_PROXIES`; an empty setting means `peer`.
/// let set: ClientAddress = "10.0.0.0/8, 2001:db8::17".parse()?;
/// # let _ = (direct, proxied, set);
/// # Ok::<(), hallpass::Error>(())
/// ```
///
/// # Servers that do not report the peer
/// If the rule needs the peer ([`peer`](Self::peer) or proxies) and the server does not report it, requests are
/// answered with 500 `internal`, and the reason is logged. If no `tracing` subscriber records errors, the first such
/// request is reported on standard error. Health checks, the published keys and the documentation are still served. On
/// axum the cause may be that the router is not served by `into_make_service_with_connect_info::<SocketAddr>()`. On
/// both frameworks, the cause may also be a Unix socket, or a test that calls the router in process: use
/// [`unknown`](Self::unknown) there, or [`from_fn`](Self::from_fn).
#[derive(Clone, Debug)]
pub struct ClientAddress(Rule);

/// The header in which proxies report the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

#[derive(Clone)]
enum Rule {
    Function(Arc<Function>),
    Peer,
    Proxies(Arc<Proxies>),
    Unknown,
}

type Function = dyn Fn(&Parts, Option<SocketAddr>) -> Option<IpAddr> + Send + Sync;

#[derive(Debug)]
struct Proxies {
    trusted: Vec<Network>,
    /// `None` accepts either header.
    header: Option<ForwardingHeader>,
    has_warned: AtomicBool,
}

impl ClientAddress {
    /// The client is the other end of the connection. Headers are ignored.
    #[must_use]
    pub fn peer() -> Self {
        Self(Rule::Peer)
    }

    /// The address that proxies in these networks report in `X-Forwarded-For` or `Forwarded`. A network is a CIDR
    /// block or a single address. If `networks` is empty, this is the same as
    /// [`peer`](Self::peer).
    ///
    /// If the peer is not trusted, the peer is the client, whatever headers it sends. If the peer is trusted, the
    /// header is read from right to left, across all its lines. Each address was written by the proxy to its right, so
    /// the first address that is not trusted is the client, and everything to its left is ignored. If all addresses are
    /// trusted, the leftmost one is the client. An element that is not an address (garbage, `unknown`, a name such as
    /// `_hidden`) ends the search, and the client is the last address that was read before it.
    ///
    /// If both headers are present and name different clients, neither is trusted, and the peer
    /// counts as the client. A proxy that writes only one of the headers may have passed on the
    /// other one as the client sent it. A warning is logged once. Configure the proxies to remove
    /// the header that they do not write, or name the header that they write with
    /// [`behind_proxies_that_write`](Self::behind_proxies_that_write). Do not trust a proxy that
    /// writes neither header, because it passes on the headers that the client sent.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a string is not a network, has bits set beyond its prefix,
    /// or covers every address (`/0`).
    pub fn behind_proxies<N: AsRef<str>>(networks: impl IntoIterator<Item = N>) -> Result<Self> {
        Self::behind(networks, None)
    }

    /// Like [`behind_proxies`](Self::behind_proxies), for proxies that are known to write this
    /// header. The other header is always ignored.
    ///
    /// # Errors
    /// The errors of [`behind_proxies`](Self::behind_proxies).
    pub fn behind_proxies_that_write<N: AsRef<str>>(
        header: ForwardingHeader,
        networks: impl IntoIterator<Item = N>,
    ) -> Result<Self> {
        Self::behind(networks, Some(header))
    }

    /// The host's own rule. The function gets the request head and the peer. It may read a header
    /// that only the host's proxy can have written. `None` has the same effect as
    /// [`unknown`](Self::unknown).
    ///
    /// On axum, the head contains the request's extensions; on actix, it contains none.
    ///
    /// ```
    /// use hallpass::ClientAddress;
    ///
    /// let from_proxy = ClientAddress::from_fn(|head, _peer| {
    ///     head.headers.get("x-client-ip")?.to_str().ok()?.parse().ok()
    /// });
    /// # let _ = from_proxy;
    /// ```
    pub fn from_fn<F>(function: F) -> Self
    where
        F: Fn(&Parts, Option<SocketAddr>) -> Option<IpAddr> + Send + Sync + 'static,
    {
        Self(Rule::Function(Arc::new(function)))
    }

    /// Treats every address as unknown. Use it in tests that call the endpoints in process, without a connection.
    /// Sessions and events then have no address, and limits by address do not apply.
    #[must_use]
    pub fn unknown() -> Self {
        Self(Rule::Unknown)
    }

    /// For the host's own handlers: the address of the client that sent this request head over a connection from this
    /// peer; `None` if unknown. An IPv4-mapped IPv6 address is returned as IPv4.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the rule needs the peer and there is none.
    pub fn of(&self, head: &Parts, peer: Option<SocketAddr>) -> Result<Option<IpAddr>> {
        let known = || match peer {
            Some(peer) => Ok(peer.ip().to_canonical()),
            None => Err(without_peer()),
        };
        Ok(match &self.0 {
            Rule::Function(function) => function(head, peer).map(|ip| ip.to_canonical()),
            Rule::Peer => Some(known()?),
            Rule::Proxies(proxies) => Some(proxies.client(known()?, &head.headers)),
            Rule::Unknown => None,
        })
    }

    fn behind<N: AsRef<str>>(
        networks: impl IntoIterator<Item = N>,
        header: Option<ForwardingHeader>,
    ) -> Result<Self> {
        let trusted: Vec<Network> = networks
            .into_iter()
            .map(|network| network.as_ref().parse())
            .collect::<Result<_>>()?;
        if trusted.is_empty() {
            return Ok(Self::peer());
        }
        Ok(Self(Rule::Proxies(Arc::new(Proxies {
            trusted,
            header,
            has_warned: AtomicBool::new(false),
        }))))
    }
}

const NO_PEER: &str = "the server does not report the peer: serve the axum router with \
    `into_make_service_with_connect_info::<SocketAddr>()`, or mount the endpoints with another `ClientAddress`";

/// If no `tracing` subscriber records errors, the reason is written once to standard error. Without
/// this message, it would be unclear why every request fails.
fn without_peer() -> Error {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let is_logged = tracing::enabled!(tracing::Level::ERROR);
    if !is_logged && !IS_TOLD.swap(true, Ordering::Relaxed) {
        // If standard error is closed as well, there is nowhere left to report the reason.
        drop(writeln!(io::stderr(), "hallpass: {NO_PEER}"));
    }
    Error::internal(NO_PEER)
}

/// The networks of [`behind_proxies`](ClientAddress::behind_proxies), separated by commas.
impl FromStr for ClientAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::peer());
        }
        Self::behind_proxies(text.split(','))
    }
}

impl Proxies {
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let by_forwarded = || self.walk(peer, forwarded::forwarded(headers));
        let by_x_forwarded_for = || self.walk(peer, forwarded::x_forwarded_for(headers));
        match self.header.or_else(|| forwarded::only_header(headers)) {
            Some(ForwardingHeader::Forwarded) => by_forwarded(),
            Some(ForwardingHeader::XForwardedFor) => by_x_forwarded_for(),
            None => {
                let (client, other) = (by_x_forwarded_for(), by_forwarded());
                if client == other {
                    return client;
                }
                self.warn();
                peer
            }
        }
    }

    /// Follows the chain of addresses from the trusted peer to the client.
    fn walk(&self, peer: IpAddr, chain: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for address in chain.map_while(|address| address) {
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// Warns only once, because any client can cause the warning.
    fn warn(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "X-Forwarded-For and Forwarded name different clients, so neither is trusted; \
                configure the proxies to remove the header that they do not write"
            );
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(_) => f.write_str("Function"),
            Self::Peer => f.write_str("Peer"),
            Self::Proxies(proxies) => proxies.fmt(f),
            Self::Unknown => f.write_str("Unknown"),
        }
    }
}

#[cfg(test)]
mod tests;
