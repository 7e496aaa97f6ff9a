//! The builder for `Auth`.

pub(super) mod lifetimes;
#[cfg(feature = "oauth")]
pub(super) mod oauth;
mod second_factor;

use super::Auth;

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "pages")]
use crate::feature::page::PageTemplates;
use crate::{
    brand::Brand,
    clock::{Clock, SystemClock},
    credential::{BreachCheck, HashParams, Hasher, HasherBuilder, PasswordPolicy},
    delivery::LinkLifetimes,
    event::Sink,
    feature::password::RegistrationMode,
    hook::Hooks,
    limit::{Lockout, RateLimits, Tries},
    mail::{Links, Mailer, Notices, Templates},
    purge::DEFAULT_EVENT_RETENTION,
    secret::Secrets,
    service::UserService,
    sign_in::SecondFactorPolicy,
    store::{Limiter, Store},
    token::{SigningAlgorithm, SigningKeys, TokenLifetimes},
    user::RolePermissions,
};

/// Builds an [`Auth`](super::Auth). The store, the secrets, the public URL and the mailer are required; the rest has
/// defaults.
#[derive(Debug)]
#[must_use]
pub struct AuthBuilder {
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) secrets: Option<Secrets>,
    pub(super) public_url: Option<String>,
    pub(super) mailer: Option<Arc<dyn Mailer>>,
    pub(super) links: Option<Links>,
    pub(super) templates: Option<Templates>,
    pub(super) brand: Option<Brand>,
    pub(super) audience: String,
    pub(super) client_id: Option<String>,
    pub(super) signing_algorithm: SigningAlgorithm,
    pub(super) signing_keys: Option<SigningKeys>,
    pub(super) lifetimes: TokenLifetimes,
    pub(super) role_permissions: RolePermissions,
    pub(super) permissions_in_tokens: bool,
    pub(super) notices: Notices,
    pub(super) link_lifetimes: LinkLifetimes,
    pub(super) mail_budgets: bool,
    pub(super) rate_limits: RateLimits,
    pub(super) lockout: Option<Lockout>,
    pub(super) code_tries: Option<Tries>,
    pub(super) second_factor: SecondFactorPolicy,
    pub(super) limiter: Option<Arc<dyn Limiter>>,
    pub(super) hashing: HasherBuilder,
    pub(super) policy: PasswordPolicy,
    pub(super) breaches: Option<Arc<dyn BreachCheck>>,
    pub(super) registration: RegistrationMode,
    pub(super) require_verified: bool,
    pub(super) event_sinks: Vec<Arc<dyn Sink>>,
    pub(super) event_retention: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hooks: Vec<Arc<dyn Hooks>>,
    pub(super) hook_timeout: Option<Duration>,
    pub(super) wrap: Wrap,
    #[cfg(feature = "oauth")]
    pub(super) oauth: oauth::OauthSettings,
    pub(super) request_timeout: Duration,
    pub(super) sessions: lifetimes::SessionSettings,
    #[cfg(feature = "pages")]
    pub(super) page_templates: PageTemplates,
    #[cfg(feature = "pages")]
    pub(super) script: bool,
}

impl Default for AuthBuilder {
    fn default() -> Self {
        Self {
            store: None,
            secrets: None,
            public_url: None,
            mailer: None,
            links: None,
            templates: None,
            brand: None,
            audience: "hallpass".to_owned(),
            client_id: None,
            signing_algorithm: SigningAlgorithm::default(),
            signing_keys: None,
            lifetimes: TokenLifetimes::default(),
            role_permissions: RolePermissions::new(),
            permissions_in_tokens: false,
            notices: Notices::default(),
            link_lifetimes: LinkLifetimes::default(),
            mail_budgets: true,
            rate_limits: RateLimits::default(),
            lockout: Some(Lockout::default()),
            code_tries: Some(second_factor::DEFAULT_TRIES),
            second_factor: SecondFactorPolicy::default(),
            limiter: None,
            hashing: Hasher::builder(HashParams::default()),
            policy: PasswordPolicy::default(),
            breaches: None,
            registration: RegistrationMode::default(),
            require_verified: false,
            event_sinks: Vec::new(),
            event_retention: DEFAULT_EVENT_RETENTION,
            clock: Arc::new(SystemClock),
            hooks: Vec::new(),
            hook_timeout: None,
            wrap: Wrap::default(),
            #[cfg(feature = "oauth")]
            oauth: oauth::OauthSettings::default(),
            request_timeout: lifetimes::DEFAULT_REQUEST_TIMEOUT,
            sessions: lifetimes::SessionSettings::default(),
            #[cfg(feature = "pages")]
            page_templates: PageTemplates::default(),
            #[cfg(feature = "pages")]
            script: true,
        }
    }
}

impl AuthBuilder {
    /// The store that keeps all state. Required.
    pub fn store(self, store: impl Store + 'static) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// The store that keeps all state, shared with the host.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The master secrets, the current one first. Required. Every instance needs the same secrets.
    pub fn secrets(mut self, secrets: impl Into<Secrets>) -> Self {
        self.secrets = Some(secrets.into());
        self
    }

    /// The URL at which users reach the service. It must begin with `http://` or `https://`. By
    /// default, the links in emails begin with this URL. The `iss` claim is exactly this text.
    /// Required.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// The mailer. Required.
    pub fn mailer(self, mailer: impl Mailer) -> Self {
        self.shared_mailer(Arc::new(mailer))
    }

    /// The mailer, shared with the host.
    pub fn shared_mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// The targets of the links in emails. Default: pages below the public URL.
    pub fn links(mut self, links: Links) -> Self {
        self.links = Some(links);
        self
    }

    /// The email templates, with the product name.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = Some(templates);
        self
    }

    /// The host's branding on pages and in emails. Its name replaces the product name in the
    /// [templates](Self::templates).
    pub fn brand(mut self, brand: Brand) -> Self {
        self.brand = Some(brand);
        self
    }

    /// The layout and texts of the pages. Default: the built-in ones.
    #[cfg(feature = "pages")]
    pub fn page_templates(mut self, templates: PageTemplates) -> Self {
        self.page_templates = templates;
        self
    }

    /// Whether pages include their small script, which can show the password and disables a button while a form is
    /// sent. Every page works without it. Default: `true`.
    #[cfg(feature = "pages")]
    pub fn with_script(mut self, script: bool) -> Self {
        self.script = script;
        self
    }

    /// The `aud` claim. Default: `hallpass`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The `client_id` claim, which identifies the application that tokens are issued for. RFC 9068 requires it.
    /// Default: the [audience](Self::audience).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The algorithm that signs access tokens, with keys derived from the secrets. Default:
    /// [`SigningAlgorithm::EdDsa`].
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// Signs access tokens with the host's own keys instead of derived keys.
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.signing_keys = Some(keys);
        self
    }

    /// The permissions of each role. Default: none.
    pub fn role_permissions(mut self, permissions: RolePermissions) -> Self {
        self.role_permissions = permissions;
        self
    }

    /// Whether access tokens contain the user's permissions in the `permissions` claim, for services that verify tokens
    /// without access to the roles. If they do, all permissions together may take at most 4 KiB of a token. Default:
    /// no.
    pub fn permissions_in_tokens(mut self, written: bool) -> Self {
        self.permissions_in_tokens = written;
        self
    }

    /// How long a mailed password-reset link is valid. Default: 30 minutes.
    pub fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.link_lifetimes.reset = lifetime;
        self
    }

    /// How long a mailed link that verifies or confirms an address is valid. Default: a day.
    pub fn verification_lifetime(mut self, lifetime: Duration) -> Self {
        self.link_lifetimes.verify = lifetime;
        self
    }

    /// Whether the number of emails to each address is limited. With the limits, an address
    /// receives each kind of email at most once a minute and five times an hour, counted across all
    /// instances. Further emails are dropped without notice. Default: yes.
    pub fn mail_budgets(mut self, on: bool) -> Self {
        self.mail_budgets = on;
        self
    }

    /// How often each client may call. Default: [`RateLimits::default`].
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// The lockout after consecutive wrong passwords. Default: [`Lockout::default`]; `None` turns it off.
    pub fn lockout(mut self, lockout: impl Into<Option<Lockout>>) -> Self {
        self.lockout = lockout.into();
        self
    }

    /// The limiter that keeps the counters for rate limits and the lockout. Default: the store, so that all instances
    /// share the counters.
    pub fn limiter(mut self, limiter: impl Limiter + 'static) -> Self {
        self.limiter = Some(Arc::new(limiter));
        self
    }

    /// Which emails notify users of changes to their accounts.
    pub fn notices(mut self, notices: Notices) -> Self {
        self.notices = notices;
        self
    }

    /// How passwords are hashed, and how many can be hashed at the same time.
    pub fn hashing(mut self, hasher: HasherBuilder) -> Self {
        self.hashing = hasher;
        self
    }

    /// The rules for new passwords.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The breach check for new passwords. Default: none.
    pub fn breach_check(mut self, check: impl BreachCheck) -> Self {
        self.breaches = Some(Arc::new(check));
        self
    }

    /// The registration mode. Default: [`RegistrationMode::Open`].
    pub fn registration(mut self, mode: RegistrationMode) -> Self {
        self.registration = mode;
        self
    }

    /// Adds a sink that receives every event of the audit trail. Call it once for each sink.
    /// [`tracing`] always receives every event.
    pub fn event_sink(mut self, sink: impl Sink) -> Self {
        self.event_sinks.push(Arc::new(sink));
        self
    }

    /// Whether signing in, with a password or a provider, requires a verified address. Default: no.
    pub fn require_verified_email(mut self, required: bool) -> Self {
        self.require_verified = required;
        self
    }

    /// How long the audit trail is kept, at most ten years. Default: 90 days. [`Auth::run`](super::Auth::run) deletes
    /// older events.
    pub fn event_retention(mut self, retention: Duration) -> Self {
        self.event_retention = retention;
        self
    }

    /// The clock. Default: the operating system's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds the host's hooks. If called more than once, the hooks run in the order of the calls.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.shared_hooks(Arc::new(hooks))
    }

    /// Adds hooks that are shared with the host; see [`hooks`](Self::hooks).
    pub fn shared_hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks.push(hooks);
        self
    }

    /// The combined time limit for all hooks that run before one operation, and the limit for each hook that runs after
    /// an operation. The maximum is half the request timeout. Default: 3 seconds, or half the request timeout if that
    /// is less.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.hook_timeout = Some(timeout);
        self
    }

    /// Wraps the use cases of [`UserService`] in the host's own service.
    /// [`Auth::service`](super::Auth::service), the endpoints of these use cases, the guards and
    /// every endpoint that identifies its caller go through the wrapper.
    ///
    /// These entry points bypass the wrapper:
    ///
    /// * signing in with a provider, which opens sessions and creates accounts (`POST /auth/oauth/token` and the
    ///   callback);
    /// * [`admin`](crate::admin), which creates, changes and deletes accounts, and ends sessions;
    /// * [`account`](crate::account), [`session`](crate::session), [`email_verification`](crate::email_verification)
    ///   and [`lockout`](crate::lockout), with their endpoints and pages;
    /// * [`Auth::within`][within], [`Auth::prepare_registration`][prepare] and [`Auth::ensure_administrator`][ensure],
    ///   which the host calls itself.
    ///
    /// [within]: super::Auth::within
    /// [prepare]: super::Auth::prepare_registration
    /// [ensure]: super::Auth::ensure_administrator
    ///
    /// To refuse a registration or a sign-in, use a hook, because every entry point for users calls
    /// the hooks: [`before_registration`](crate::hook::Hooks::before_registration) before users
    /// create their accounts, and [`before_sign_in`](crate::hook::Hooks::before_sign_in) before a
    /// session is opened. Use a wrapper for everything else, such as logging, counting, or
    /// extending a use case.
    pub fn wrap_service<W>(mut self, wrap: W) -> Self
    where
        W: Fn(Arc<dyn UserService>) -> Arc<dyn UserService> + Send + Sync + 'static,
    {
        self.wrap = Wrap(Some(Box::new(wrap)));
        self
    }
}

type WrapService = dyn Fn(Arc<dyn UserService>) -> Arc<dyn UserService> + Send + Sync;

#[derive(Default)]
pub(super) struct Wrap(Option<Box<WrapService>>);

impl Wrap {
    pub(super) fn apply(&self, auth: &Auth) -> Option<Arc<dyn UserService>> {
        self.0.as_ref().map(|wrap| wrap(Arc::new(auth.clone())))
    }
}

impl fmt::Debug for Wrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Wrap(set)"
        } else {
            "Wrap(none)"
        })
    }
}
