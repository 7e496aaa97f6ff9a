//! Builder settings for provider sign-in.

use super::AuthBuilder;
use crate::feature::{
    oauth::{Newcomers, Provider},
    password::RegistrationMode,
};

/// The providers that users may sign in with, and the redirect URIs for browsers.
#[derive(Debug, Default)]
pub(in crate::auth) struct OauthSettings {
    pub(in crate::auth) providers: Vec<Provider>,
    pub(in crate::auth) redirects: Vec<String>,
}

pub(in crate::auth) fn newcomers(mode: RegistrationMode) -> Newcomers {
    match mode {
        RegistrationMode::Open => Newcomers::Anybody,
        RegistrationMode::Private => Newcomers::Verified,
        RegistrationMode::Closed => Newcomers::Nobody,
    }
}

impl AuthBuilder {
    /// Adds a provider that users may sign in with. Call it once for each provider. Default: none.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.oauth.providers.push(provider);
        self
    }

    /// The application URLs that browsers may be sent to after a sign-in with a provider or on the pages. They must be
    /// absolute and have no fragment, and are compared character by character. Default: none.
    pub fn provider_redirects(mut self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.oauth
            .redirects
            .extend(urls.into_iter().map(Into::into));
        self
    }
}
