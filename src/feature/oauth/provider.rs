//! A provider's configuration.

use std::fmt;

use oauth2::ClientSecret;
use url::Url;

use crate::{
    error::{Error, Result},
    outbound::{is_loopback, is_private_literal},
    user::EmailAddress,
};

const MAX_NAME: usize = 32;
/// Names that no provider may have, because the provider's path would clash with another endpoint.
const RESERVED: [&str; 1] = ["token"];
const GITHUB: &str = "https://github.com";

/// A provider that users can sign in with instead of a password: an OpenID Connect provider, or GitHub.
///
/// The provider is asked for an authorization code with PKCE (RFC 7636, S256). It sends the browser
/// back to `{public URL}/auth/oauth/{name}/callback`, which must be registered with the provider as
/// the redirect URI. Errors in these settings are reported when the service is built.
///
/// Requests are sent only to public IP addresses, whether a URL contains the address itself or a
/// name that resolves to it. There are two exceptions: an issuer whose host is itself `localhost`
/// or an IP address that is not public, and a provider with
/// [`allow_private_addresses`](Self::allow_private_addresses). If `HTTPS_PROXY` or a similar
/// variable is set, the proxy resolves names, so it has to refuse private addresses. If the proxy
/// has a private address, the variable must contain this address, not a name.
///
/// If the ID token lacks `email` or `email_verified`, the user info endpoint is queried as well. If the token contains
/// an address, the user info's `email_verified` counts only if the user info contains the same address. If the user
/// info cannot be read, a user whose identity is linked can still sign in.
///
/// One call to the provider takes at most 5 seconds, and all calls of one sign-in take at most 8 seconds. Redirects are
/// not followed, nothing is retried, and a document of more than 64 KiB is not read. A provider's configuration and
/// keys are cached for an hour and renewed in the background. They stay in use while the provider is unreachable.
///
/// ```
/// use hallpass::oauth::Provider;
///
/// let google = Provider::google("1234.apps.googleusercontent.com")
///     .client_secret("from the console")
///     .trust_email_domains(["gmail.com"]);
/// let github = Provider::github("Iv1.0123456789abcdef").client_secret("from the settings");
/// let own = Provider::oidc("acme", "https://id.acme.example", "notes")
///     .display_name("Acme")
///     .scopes(["openid", "email"])
///     .trust_email_domains(["*"]);
/// # let _ = (google, github, own);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Provider {
    name: String,
    display_name: Option<String>,
    protocol: Protocol,
    base: String,
    client_id: String,
    client_secret: Option<ClientSecret>,
    scopes: Vec<String>,
    trusted: Vec<String>,
    private_addresses: bool,
    is_multi_factor: bool,
}

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    GitHub,
    OpenIdConnect,
}

impl Provider {
    /// An OpenID Connect provider that this service calls `name`. A name has 1 to 32 characters:
    /// `a` to `z`, `0` to `9`, `_` and `-`. The name `token` is reserved for an endpoint.
    ///
    /// `issuer` must equal the issuer that the provider sends, character by character. It is a URL with `https://`, or
    /// with `http://` on loopback, and has no user, query or fragment. The provider's configuration is fetched from a
    /// path below this URL (OpenID Connect Discovery 1.0).
    pub fn oidc(
        name: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            display_name: None,
            protocol: Protocol::OpenIdConnect,
            base: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            trusted: Vec::new(),
            private_addresses: false,
            is_multi_factor: false,
        }
    }

    /// Google, with the name `google`: OpenID Connect with the issuer
    /// `https://accounts.google.com`.
    pub fn google(client_id: impl Into<String>) -> Self {
        Self::oidc("google", "https://accounts.google.com", client_id).display_name("Google")
    }

    /// GitHub, with the name `github`: OAuth 2, where the user and the primary address come from GitHub's API.
    /// Identities are recorded under the issuer `https://github.com`, with the user's numeric id as the subject. Only a
    /// user's first 1000 addresses are read.
    pub fn github(client_id: impl Into<String>) -> Self {
        Self {
            protocol: Protocol::GitHub,
            scopes: ["read:user", "user:email"].map(str::to_owned).to_vec(),
            ..Self::oidc("github", GITHUB, client_id).display_name("GitHub")
        }
    }

    /// The client secret. By default, there is none: the client is then public, and only PKCE
    /// protects it.
    ///
    /// The secret is sent as `client_secret_basic` (RFC 6749, section 2.3.1), or in the body if the provider accepts
    /// only `client_secret_post`, as GitHub does.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(ClientSecret::new(secret.into()));
        self
    }

    /// The requested scopes. Default: `openid email profile`, or `read:user user:email` for GitHub.
    /// OpenID Connect needs `openid`.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The name to show to users. Default: the provider's name.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// The email domains for which the provider is trusted; `*` for all. If the provider reports that an address in one
    /// of these domains is verified, a new identity with this address is linked to the account with the same address.
    /// By default, the provider is not trusted for any domain. The account owner then has to sign in another way first,
    /// and link the identity afterwards.
    ///
    /// A domain does not include its subdomains.
    pub fn trust_email_domains<T: Into<String>>(
        mut self,
        domains: impl IntoIterator<Item = T>,
    ) -> Self {
        self.trusted = domains.into_iter().map(Into::into).collect();
        self
    }

    /// Allows requests to IP addresses that are not public. Use it for a provider in your own network whose issuer has
    /// a host name.
    pub fn allow_private_addresses(mut self) -> Self {
        self.private_addresses = true;
        self
    }

    /// Trusts the provider to have checked two factors. A sign-in with this provider is then multi-factor by itself. A
    /// user with a second factor is not asked for it, and a user who must have one does not have to enrol one. A
    /// step-up still asks for a second factor that is enrolled with this service. By default, a provider counts as one
    /// factor.
    ///
    /// Use it only for a provider that enforces two factors for all its users, such as a company
    /// directory.
    pub fn trust_multi_factor(mut self) -> Self {
        self.is_multi_factor = true;
        self
    }

    /// Sets a different base URL, for GitHub Enterprise Server. The server's API is at `{url}/api/v3`. Identities are
    /// recorded under this URL, so that identities of different hosts do not collide. The same rules apply to the URL
    /// as to the issuer of [`oidc`](Self::oidc).
    pub fn at(mut self, url: impl Into<String>) -> Self {
        let url: String = url.into();
        url.trim_end_matches('/').clone_into(&mut self.base);
        self
    }

    /// The provider's name in this service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that is shown to users.
    #[must_use]
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether the provider is [trusted to have checked two factors](Self::trust_multi_factor).
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        self.is_multi_factor
    }

    /// The issuer under which identities are recorded.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.base
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn secret(&self) -> Option<&ClientSecret> {
        self.client_secret.as_ref()
    }

    pub(super) fn scope_names(&self) -> &[String] {
        &self.scopes
    }

    /// The base URL of GitHub's API. The API of github.com is on a separate host.
    pub(super) fn api(&self) -> String {
        match self.base.as_str() {
            GITHUB => "https://api.github.com".to_owned(),
            base => format!("{base}/api/v3"),
        }
    }

    /// Whether requests may go to IP addresses that are not public.
    pub(super) fn may_be_private(&self, issuer: &Url) -> bool {
        self.private_addresses || is_loopback(issuer) || is_private_literal(issuer)
    }

    /// Whether the provider is trusted for the address. [`checked`](Self::checked) has converted
    /// the domains to canonical form.
    pub(super) fn is_trusted_for(&self, email: &EmailAddress) -> bool {
        let domain = email.canonical().rsplit_once('@');
        domain.is_some_and(|(_, domain)| self.trusted.iter().any(|one| one == "*" || one == domain))
    }

    /// Checks the settings, and returns the provider together with its issuer as a URL.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) naming the provider.
    pub(super) fn checked(mut self) -> Result<(Self, Url)> {
        let refuse = |why: &str| {
            let name = self.name.escape_debug();
            Err(Error::configuration(format!(
                "the provider `{name}`: {why}"
            )))
        };
        let is_name =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
        if !(1..=MAX_NAME).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            return refuse("its name must be 1 to 32 of a to z, 0 to 9, _ and -");
        }
        if RESERVED.contains(&self.name.as_str()) {
            return refuse("its name is reserved: `/auth/oauth/token` is another endpoint");
        }
        if self.client_id.is_empty() {
            return refuse("its client id is required");
        }
        let openid_connect = self.protocol == Protocol::OpenIdConnect;
        if openid_connect && !self.scopes.iter().any(|scope| scope == "openid") {
            return refuse("its scopes must include `openid`");
        }
        let issuer = match parse_issuer(&self.base) {
            Ok(issuer) => issuer,
            Err(why) => return refuse(why),
        };
        let domains: Option<Vec<String>> = self.trusted.iter().map(|it| canonical(it)).collect();
        let Some(domains) = domains else {
            return refuse("one of its trusted domains is not a domain");
        };
        self.trusted = domains;
        Ok((self, issuer))
    }
}

fn parse_issuer(text: &str) -> Result<Url, &'static str> {
    let Ok(url) = Url::parse(text) else {
        return Err("its issuer is not a URL");
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
        return Err("its issuer must begin with https://, except on loopback");
    }
    if text.contains(['?', '#', '@']) {
        return Err("its issuer must have no user, no query and no fragment");
    }
    Ok(url)
}

/// The canonical domain, as in [`EmailAddress::canonical`].
fn canonical(domain: &str) -> Option<String> {
    if domain == "*" {
        return Some(domain.to_owned());
    }
    let email: EmailAddress = format!("a@{domain}").parse().ok()?;
    email.canonical().strip_prefix("a@").map(str::to_owned)
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({}, {})", self.name, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::Provider;

    #[test]
    fn impossible_settings_are_refused_by_name() {
        let oidc = |name: &str, issuer: &str| Provider::oidc(name, issuer, "id");
        let sound = "https://id.example.org/tenant/1/";
        for provider in [
            oidc("a-1_b", sound),
            oidc("local", "http://localhost:9000"),
            oidc("local", "http://127.0.0.1:9000/x"),
            oidc("lan", "https://10.0.0.1"),
            oidc("all", sound).trust_email_domains(["*", "Bücher.example"]),
            Provider::google("id"),
            Provider::github("id"),
            Provider::github("id").at("https://git.example.org/"),
            Provider::github("id").scopes([""; 0]),
        ] {
            assert!(provider.clone().checked().is_ok(), "{provider:?}");
        }
        for provider in [
            oidc("", sound),
            oidc("Acme", sound),
            oidc("a/b", sound),
            oidc("token", sound),
            oidc(&"a".repeat(33), sound),
            oidc("a", ""),
            oidc("a", "id.example.org"),
            oidc("a", "ftp://id.example.org"),
            oidc("a", "http://id.example.org"),
            oidc("a", "http://10.0.0.1"),
            oidc("a", "https://id.example.org?"),
            oidc("a", "https://id.example.org#x"),
            oidc("a", "https://ann@id.example.org"),
            oidc("a", sound).scopes(["email"]),
            oidc("a", sound).trust_email_domains(["example"]),
            oidc("a", sound).trust_email_domains(["x@example.org"]),
            Provider::google(""),
            Provider::github("id").at("http://git.example.org"),
        ] {
            let error = provider.clone().checked().expect_err("it is not sound");
            let text = format!("{:?}", std::error::Error::source(&error).unwrap());
            assert!(text.contains(provider.name()), "{provider:?}: {text}");
        }
    }

    #[test]
    fn trust_is_for_whole_domains_in_any_spelling() {
        let trusted = |domains: &[&str], email: &str| {
            let provider = Provider::google("id").trust_email_domains(domains.iter().copied());
            let (provider, _) = provider.checked().expect("it is sound");
            provider.is_trusted_for(&email.parse().expect("it is an address"))
        };
        assert!(!trusted(&[], "ann@example.org"));
        assert!(trusted(&["*"], "ann@example.org"));
        assert!(trusted(&["Example.ORG"], "ann@EXAMPLE.org"));
        assert!(trusted(&["Bücher.example"], "ann@xn--bcher-kva.example"));
        assert!(!trusted(&["example.org"], "ann@sub.example.org"));
        assert!(!trusted(&["sub.example.org"], "ann@example.org"));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let provider = Provider::google("id").client_secret("hidden-from-logs");
        assert!(!format!("{provider:?}").contains("hidden"));
        assert!(!format!("{provider:#?}").contains("hidden"));
    }

    #[test]
    fn github_is_asked_where_it_is() {
        assert_eq!(Provider::github("id").api(), "https://api.github.com");
        let own = Provider::github("id").at("https://git.example.org/");
        assert_eq!(own.api(), "https://git.example.org/api/v3");
        assert_eq!(own.issuer(), "https://git.example.org");
    }
}
