//! The address of the client.

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

/// How the address of a client is found. A host says so when it mounts the endpoints, because only the host knows what
/// stands in front of it: there is no default.
///
/// Limits count by the address, and sessions and the audit trail remember it. Any client can write a header: it is
/// believed from a trusted proxy only.
///
/// ```
/// use hallpass::ClientAddress;
///
/// // Clients connect to this server themselves.
/// let direct = ClientAddress::peer();
/// // They come through proxies in these networks.
/// let proxied = ClientAddress::behind_proxies(["10.0.0.0/8", "2001:db8::17"])?;
/// // The same from a setting, such as `HALLPASS_TRUSTED_PROXIES`; empty is `peer`.
/// let set: ClientAddress = "10.0.0.0/8, 2001:db8::17".parse()?;
/// # let _ = (direct, proxied, set);
/// # Ok::<(), hallpass::Error>(())
/// ```
///
/// # Servers that do not report the peer
/// With [`peer`](Self::peer) and behind proxies, a request whose connection has no known other end is answered with 500
/// `internal`, and the log says why; the first one says so on standard error where no `tracing` subscriber takes
/// errors. Public endpoints answer all the same: health, the published keys, the documentation. On axum that means that
/// the router is not served by `into_make_service_with_connect_info::<SocketAddr>()`; on both, that it listens on a
/// Unix socket, or that a test calls it in process: use [`unknown`](Self::unknown) there, or
/// [`from_fn`](Self::from_fn).
#[derive(Clone, Debug)]
pub struct ClientAddress(Rule);

/// The header in which proxies name the client.
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
    /// `None`: whichever is there.
    header: Option<ForwardingHeader>,
    has_warned: AtomicBool,
}

impl ClientAddress {
    /// The other end of the connection. Headers never count.
    #[must_use]
    pub fn peer() -> Self {
        Self(Rule::Peer)
    }

    /// The address that proxies in these networks report in `X-Forwarded-For` or `Forwarded`. A network is a CIDR
    /// block, or a single address. Without any network this is [`peer`](Self::peer).
    ///
    /// A peer that is not trusted is the client, whatever it sends. From one that is, the header is read from right to
    /// left, over all its lines: the proxy to its right wrote each address, so the first that is not trusted is the
    /// client, and nothing to its left counts. If all are trusted, the leftmost is. An element that is not an address
    /// (garbage, `unknown`, a name such as `_hidden`) ends the walk at the address before it.
    ///
    /// If both headers are there and lead to different clients, neither is believed and the client is the peer: one of
    /// them may come from the client, through a proxy that only writes the other. That is logged, once. Have proxies
    /// remove the header that they do not write, or say which one they do by
    /// [`behind_proxies_that_write`](Self::behind_proxies_that_write). Trust no proxy that writes neither: it passes
    /// the client's own header on.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if one is not a network, has bits beyond its prefix, or
    /// covers everyone (`/0`).
    pub fn behind_proxies<N: AsRef<str>>(networks: impl IntoIterator<Item = N>) -> Result<Self> {
        Self::behind(networks, None)
    }

    /// As [`behind_proxies`](Self::behind_proxies), for proxies of which it is known that they write this header; the
    /// other one never counts.
    ///
    /// # Errors
    /// As for [`behind_proxies`](Self::behind_proxies).
    pub fn behind_proxies_that_write<N: AsRef<str>>(
        header: ForwardingHeader,
        networks: impl IntoIterator<Item = N>,
    ) -> Result<Self> {
        Self::behind(networks, Some(header))
    }

    /// A rule of the host's own, from the head of the request and the other end of the connection, such as a header
    /// that only its proxy can have written. `None` is as for [`unknown`](Self::unknown).
    ///
    /// On axum the head has the extensions of the request, on actix it has none.
    ///
    /// ```
    /// use hallpass::ClientAddress;
    ///
    /// let told_by_the_proxy = ClientAddress::from_fn(|head, _peer| {
    ///     head.headers.get("x-client-ip")?.to_str().ok()?.parse().ok()
    /// });
    /// # let _ = told_by_the_proxy;
    /// ```
    pub fn from_fn<F>(function: F) -> Self
    where
        F: Fn(&Parts, Option<SocketAddr>) -> Option<IpAddr> + Send + Sync + 'static,
    {
        Self(Rule::Function(Arc::new(function)))
    }

    /// Nobody's address is known: for tests that call the endpoints in process, without a connection. Sessions and
    /// events have no address then, and limits by address do not apply.
    #[must_use]
    pub fn unknown() -> Self {
        Self(Rule::Unknown)
    }

    /// The address of the client that sent this head over a connection from this peer, for handlers of the host's own;
    /// `None` if it is not known. IPv4 stays IPv4, also where it comes as IPv6.
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
        let networks = networks.into_iter();
        let trusted: Vec<Network> = networks
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

const NO_PEER: &str = "the server does not tell who is calling: serve the axum router by \
    `into_make_service_with_connect_info::<SocketAddr>()`, or mount the endpoints with another `ClientAddress`";

/// A program that listens to no log would not learn why it answers nothing: it reads that once on standard error.
fn without_peer() -> Error {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let is_logged = tracing::enabled!(tracing::Level::ERROR);
    if !is_logged && !IS_TOLD.swap(true, Ordering::Relaxed) {
        // Where standard error is closed as well, nobody is left to write to.
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

    /// From the peer, which is trusted, towards the client.
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

    /// Once: any client can cause it.
    fn warn(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "X-Forwarded-For and Forwarded name different clients, so neither is believed; \
                have the proxies remove the one that they do not write"
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
