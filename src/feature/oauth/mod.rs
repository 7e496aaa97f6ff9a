//! Signing in with a provider: OpenID Connect Core 1.0, and GitHub's OAuth 2.
//!
//! ```text
//! begin      INSERT flow ───────────────────────────────► 303 to the provider, cookie
//! finish     UPDATE flow ► provider ► SELECT ► resolve ─► user, identity, code in one write ► 303 to the application
//! redeem     UPDATE code ► Proof ► sign_in ─────────────► SignIn
//! link       UPDATE code, INSERT identity
//! ```
//!
//! A sign-in has two halves, and each is protected separately. The half between this service and the provider uses
//! `state`, `nonce` and a PKCE verifier. `nonce` and the verifier are derived from a secret that only the browser
//! keeps, in a cookie. Therefore, neither another browser nor an attacker who can read the store can continue the flow.
//! The half between the application and this service uses a PKCE challenge from the application, so that an intercepted
//! code is useless.
//!
//! No database connection is held while a provider is called.
//! [`Assertion::resolve`](crate::identity::Assertion::resolve) decides which account an identity
//! belongs to.

mod begin;
mod client;
mod finish;
pub(crate) mod http;
mod identities;
#[cfg(feature = "pages")]
mod issue;
mod provider;
mod redeem;
mod redirect;
mod secret;

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "pages")]
pub(crate) use self::issue::Issued;
pub use self::{
    begin::{Begun, Kept, NewSignIn},
    finish::Answer,
    provider::Provider,
};
use self::{client::Client, redirect::Redirects, secret::FlowSecret};
use crate::{
    clock::Clock,
    core::Core,
    error::{Error, ErrorKind, Result},
    identity::Assertion,
    sign_in::SessionOpener,
};

/// How long the browser has to return from the provider.
const FLOW_LIFETIME: Duration = Duration::from_secs(600);
/// How long the application has to redeem its code.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Provider sign-in, and the identities of signed-in users, returned by
/// [`Auth::provider_sign_ins`](crate::Auth::provider_sign_ins). Cheap to clone.
#[derive(Clone, Debug)]
pub struct ProviderSignIns {
    pub(crate) core: Arc<Core>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) newcomers: Newcomers,
    /// Whether signing in requires a verified address.
    pub(crate) require_verified: bool,
    pub(crate) sign_in: SessionOpener,
}

/// The identities for which accounts are created.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Newcomers {
    Anybody,
    Nobody,
    /// Identities with an address that a trusted provider has verified. All other identities get
    /// the same reply, whether their address is free or taken.
    Verified,
}

impl Newcomers {
    /// # Errors
    /// [`RegistrationClosed`](ErrorKind::RegistrationClosed), [`LinkRequired`](ErrorKind::LinkRequired).
    fn admit(self, assertion: &Assertion) -> Result<()> {
        match self {
            Self::Anybody => Ok(()),
            Self::Nobody => Err(ErrorKind::RegistrationClosed.into()),
            Self::Verified if assertion.proves() => Ok(()),
            Self::Verified => Err(ErrorKind::LinkRequired.into()),
        }
    }
}

/// The providers, and the redirect URIs for browsers.
pub(crate) struct Providers {
    clients: Vec<Client>,
    redirects: Redirects,
    /// The base URL of the callbacks, to which providers send browsers back.
    public_url: String,
}

impl Providers {
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) naming the invalid provider or URL.
    pub(crate) fn new(
        providers: Vec<Provider>,
        redirects: Vec<String>,
        public_url: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self> {
        let mut clients: Vec<Client> = Vec::with_capacity(providers.len());
        for provider in providers {
            let client = Client::new(provider, Arc::clone(clock))?;
            let name = client.provider().name();
            if clients.iter().any(|known| known.provider().name() == name) {
                return Err(Error::configuration(format!(
                    "there are two providers with the name {name}"
                )));
            }
            clients.push(client);
        }
        Ok(Self {
            clients,
            redirects: Redirects::new(redirects)?,
            public_url: public_url.trim_end_matches('/').to_owned(),
        })
    }

    fn named(&self, name: &str) -> Result<&Client> {
        self.clients
            .iter()
            .find(|client| client.provider().name() == name)
            .ok_or_else(|| ErrorKind::ProviderUnknown.into())
    }

    /// The URL that the provider sends the browser back to.
    fn callback(&self, name: &str) -> String {
        format!("{}/auth/oauth/{name}/callback", self.public_url)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clients.iter().map(|client| client.provider().name()))
            .finish()
    }
}

impl ProviderSignIns {
    /// The providers, as they were configured.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.clients.iter().map(Client::provider)
    }

    /// Fetches every provider's endpoints and keys, so that the first user does not wait for them. Failed fetches are
    /// retried with growing pauses, until all providers have answered or `shutdown` completes.
    pub(crate) async fn prepare(&self, shutdown: impl Future<Output = ()> + Send) {
        let prepared = futures_util::future::join_all(self.providers.clients.iter().map(prepare));
        tokio::select! {
            biased;
            () = shutdown => {}
            _ = prepared => {}
        }
    }
}

/// Retries until one attempt succeeds.
async fn prepare(client: &Client) {
    const LONGEST: Duration = Duration::from_secs(60);
    let mut pause = Duration::from_secs(1);
    while let Err(fault) = client.prepare().await {
        tell(client, &fault);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

fn tell(client: &Client, fault: &client::ProviderFault) {
    let error = fault as &dyn std::error::Error;
    let provider = client.provider().name();
    tracing::warn!(provider, error, "a provider cannot be reached yet");
}
