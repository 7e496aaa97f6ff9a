//! The client that determines which user has just signed in at a provider.
//!
//! ```text
//! configuration ──► authorization URL ──► (browser) ──► code ──► tokens ──► ID token, verified by the provider's keys
//!                                                                   └─────► user info, or GitHub's API
//! ```

mod exchange;
mod fault;
mod github;
mod id_token;
mod keys;
mod metadata;
mod profile;

use std::{fmt, sync::Arc, time::Duration};

use oauth2::AuthType;
use tokio::time::Instant;

pub(crate) use self::fault::ProviderFault;
use self::{
    exchange::{Endpoints, Exchanged},
    id_token::{Expected, IdToken},
    keys::Jwks,
    metadata::{Discovery, Metadata},
};
use super::provider::{Protocol, Provider};
use crate::{
    clock::Clock,
    error::Result,
    identity::Assertion,
    outbound::{Reach, Web},
    renewal::{Renewed, Terms},
};

/// The maximum length of a response that is read, in bytes.
const MAX_DOCUMENT: usize = 64 * 1024;
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long all calls of one sign-in may take.
const DEADLINE: Duration = Duration::from_secs(8);

/// The rules for fetching documents that rarely change.
const fn hourly(what: &'static str) -> Terms {
    Terms {
        what,
        timeout: TIMEOUT,
        fresh: Duration::from_secs(3600),
        // A sign-in uses a cached value, however old it is, instead of waiting for a new one.
        stale: Duration::MAX,
        pause: Duration::from_secs(60),
        first_pause: Duration::from_secs(3),
    }
}

/// The client for one provider. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    provider: Provider,
    clock: Arc<dyn Clock>,
    web: Web,
    source: Source,
}

/// The source of the provider's endpoints.
enum Source {
    Fixed(Endpoints),
    Discovered {
        metadata: Renewed<Discovery>,
        keys: Renewed<Jwks>,
    },
}

/// The parameters for beginning a flow.
pub(crate) struct Authorization<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a str,
    /// Not used if there is no ID token.
    pub(crate) nonce: &'a str,
    /// 43 to 128 characters (RFC 7636, section 4.1).
    pub(crate) verifier: &'a str,
}

/// The parameters with which the provider sends the browser back, and the secrets of the flow.
pub(crate) struct Answer<'a> {
    pub(crate) code: &'a str,
    /// The `iss` parameter (RFC 9207).
    pub(crate) iss: Option<&'a str>,
    pub(crate) redirect_uri: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
}

/// A user who signed in at the provider.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) assertion: Assertion,
    /// The failure that prevented the address from being read or verified, if there was one. The
    /// identity itself is verified.
    pub(crate) fault: Option<ProviderFault>,
}

/// The claims verified so far, and the access token for requesting more.
struct Known {
    claims: serde_json::Map<String, serde_json::Value>,
    access_token: oauth2::AccessToken,
}

impl Client {
    /// Creates the client. No request is sent yet.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) naming the provider.
    pub(crate) fn new(provider: Provider, clock: Arc<dyn Clock>) -> Result<Self> {
        let (provider, issuer) = provider.checked()?;
        let reach = match issuer.scheme() {
            "http" => Reach::Loopback,
            _ if provider.may_be_private(&issuer) => Reach::Any,
            _ => Reach::Public,
        };
        let web = Web::new(reach, TIMEOUT)?;
        let source = match provider.protocol() {
            Protocol::GitHub => Source::Fixed(github::endpoints(&provider)?),
            Protocol::OpenIdConnect => {
                let discovery = Discovery {
                    web: web.clone(),
                    issuer: provider.issuer().to_owned(),
                };
                let metadata = Renewed::new(discovery, metadata::TERMS, Arc::clone(&clock));
                let jwks = Jwks {
                    web: web.clone(),
                    metadata: metadata.clone(),
                };
                let keys = Renewed::new(jwks, keys::TERMS, Arc::clone(&clock));
                Source::Discovered { metadata, keys }
            }
        };
        Ok(Self(Arc::new(Inner {
            provider,
            clock,
            web,
            source,
        })))
    }

    pub(crate) fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// Fetches the configuration and the keys, unless they are cached. The call takes at most 5 seconds.
    pub(crate) async fn prepare(&self) -> Result<(), ProviderFault> {
        let Source::Discovered { keys, .. } = &self.0.source else {
            return Ok(());
        };
        within(TIMEOUT, async {
            self.metadata().await?;
            keys.value().await.ok_or(NO_KEYS)?;
            Ok(())
        })
        .await
    }

    /// The URL to send the browser to. The call takes at most 5 seconds.
    pub(crate) async fn authorization_url(
        &self,
        flow: &Authorization<'_>,
    ) -> Result<String, ProviderFault> {
        let provider = &self.0.provider;
        match &self.0.source {
            Source::Fixed(endpoints) => endpoints.authorization_url(provider, flow, None),
            Source::Discovered { .. } => {
                let metadata = within(TIMEOUT, self.metadata()).await?;
                metadata
                    .endpoints(provider)?
                    .authorization_url(provider, flow, Some(flow.nonce))
            }
        }
    }

    /// Finds out which user has signed in. The call uses up the code, and takes at most 8 seconds.
    pub(crate) async fn identify(&self, answer: &Answer<'_>) -> Result<Identified, ProviderFault> {
        let end = Instant::now() + DEADLINE;
        let mut known = until(end, self.who(answer)).await?;
        let about = until(end, self.complete(&mut known)).await;
        Ok(Identified {
            assertion: profile::assertion(&self.0.provider, &known.claims)?,
            fault: about.err(),
        })
    }

    /// Verifies the identity.
    async fn who(&self, answer: &Answer<'_>) -> Result<Known, ProviderFault> {
        let Inner { provider, web, .. } = &*self.0;
        let (metadata, keys) = match &self.0.source {
            Source::Fixed(endpoints) => {
                if answer
                    .iss
                    .is_some_and(|iss| !github::is_issuer(provider, iss))
                {
                    return Err(ProviderFault::ForeignIssuer);
                }
                let exchanged = endpoints.exchange(web, provider, answer).await?;
                let claims = github::user(web, provider, &exchanged.access_token).await?;
                return Ok(Known {
                    claims,
                    access_token: exchanged.access_token,
                });
            }
            Source::Discovered { keys, .. } => (self.metadata().await?, keys),
        };
        // The issuer is checked before the code is sent anywhere, because the code may belong to another provider.
        let is_ours = match answer.iss {
            Some(iss) => iss == provider.issuer(),
            None => !metadata.names_itself,
        };
        if !is_ours {
            return Err(ProviderFault::ForeignIssuer);
        }
        let exchanged = metadata
            .endpoints(provider)?
            .exchange(web, provider, answer)
            .await?;
        let claims = self
            .verify(&metadata, keys, &exchanged, answer.nonce)
            .await?;
        Ok(Known {
            claims,
            access_token: exchanged.access_token,
        })
    }

    /// Requests the missing claims about the address from the provider.
    async fn complete(&self, known: &mut Known) -> Result<(), ProviderFault> {
        let Inner { provider, web, .. } = &*self.0;
        let Known {
            claims,
            access_token,
        } = known;
        match &self.0.source {
            Source::Fixed(_) => github::complete(claims, web, provider, access_token).await,
            Source::Discovered { .. } if !profile::lacks_address(claims) => Ok(()),
            Source::Discovered { .. } => match &self.metadata().await?.userinfo {
                Some(url) => profile::complete(claims, web, url.as_str(), access_token).await,
                None => Ok(()),
            },
        }
    }

    async fn verify(
        &self,
        metadata: &Metadata,
        keys: &Renewed<Jwks>,
        exchanged: &Exchanged,
        nonce: &str,
    ) -> Result<serde_json::Map<String, serde_json::Value>, ProviderFault> {
        let missing = ProviderFault::Nonsense("token endpoint", "does not give an ID token");
        let token = exchanged.id_token.as_deref().ok_or(missing)?;
        let token = IdToken::read(token, metadata.algorithms.as_deref())?;
        let expected = Expected {
            issuer: self.0.provider.issuer(),
            client_id: self.0.provider.client_id(),
            nonce,
            access_token: exchanged.access_token.secret(),
            now: self.0.clock.now(),
        };
        let known = keys.value().await.ok_or(NO_KEYS)?;
        if let Ok(signed) = token.signed(&known) {
            return signed.claims(&expected);
        }
        // The keys may have been replaced since the last fetch, with or without new identifiers.
        keys.refetch().await;
        let known = keys.at_hand().ok_or(NO_KEYS)?;
        token.signed(&known)?.claims(&expected)
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderFault> {
        const MISSING: ProviderFault = ProviderFault::NotAtHand("the configuration");
        match &self.0.source {
            Source::Discovered { metadata, .. } => metadata.value().await.ok_or(MISSING),
            Source::Fixed(_) => Err(MISSING),
        }
    }
}

const NO_KEYS: ProviderFault = ProviderFault::NotAtHand("the keys");

impl Metadata {
    fn endpoints(&self, provider: &Provider) -> Result<Endpoints, ProviderFault> {
        let offers = |method: &str| match &self.auth_methods {
            // This is the default of OpenID Connect Discovery 1.0, section 3.
            None => method == "client_secret_basic",
            Some(methods) => methods.iter().any(|one| one == method),
        };
        let proof = match provider.secret() {
            None => AuthType::RequestBody,
            Some(_) if offers("client_secret_basic") => AuthType::BasicAuth,
            Some(_) if offers("client_secret_post") => AuthType::RequestBody,
            Some(_) => {
                return Err(ProviderFault::Nonsense(
                    "configuration",
                    "accepts no client by its secret",
                ));
            }
        };
        Ok(Endpoints {
            authorization: self.authorization.clone(),
            token: self.token.clone(),
            proof,
        })
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, ProviderFault>>,
) -> Result<T, ProviderFault> {
    until(Instant::now() + time, work).await
}

async fn until<T>(
    end: Instant,
    work: impl Future<Output = Result<T, ProviderFault>>,
) -> Result<T, ProviderFault> {
    tokio::time::timeout_at(end, work)
        .await
        .unwrap_or(Err(ProviderFault::TimedOut))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.0.provider)
    }
}

#[cfg(test)]
mod tests;
