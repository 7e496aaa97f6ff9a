#[cfg(feature = "oauth")]
mod oauth;
mod session;

use std::{fmt, sync::Arc, time::Duration};

use super::{Auth, Inner, use_cases::UseCases};
use crate::{
    clock::{Clock, SystemClock},
    credential::{
        BREACH_CHECK_TIMEOUT, BreachCheck, Confirmation, Devices, Failures, HashParams, Hasher,
        HasherBuilder, PasswordCheck, PasswordPolicy, PasswordRules, PasswordRulesParts,
    },
    delivery::{Deliveries, DeliveryParts, LinkLifetimes},
    error::{Error, Result},
    event::{Sink, Trail},
    feature::{
        account::Accounts,
        admin::{Administration, AdministrationParts},
        email_verification::EmailVerifications,
        lockout::Lockouts,
        password::{Passwords, RegistrationMode},
        session::Sessions,
    },
    hook::{HookChain, Hooks},
    limit::{LimitParts, Limiter, Limits, Lockout, RateLimits},
    mail::{Links, Mailer, Notices, Templates},
    purge::{DEFAULT_EVENT_RETENTION, Purges},
    secret::Secrets,
    service::UserService,
    sign_in::SignIn,
    store::{Store, memory::MemoryLimiter},
    token::{SigningAlgorithm, SigningKeys, TokenLifetimes, TokenParts, Tokens},
    user::RolePermissions,
};

#[cfg(feature = "oauth")]
use crate::feature::oauth::{ProviderSignIns, Providers};
#[cfg(feature = "pages")]
use crate::feature::page::Pages;
#[cfg(feature = "http")]
use crate::http::Cookies;

/// Unauthenticated callers that cost a statement at once; more where more passwords are hashed at once.
const MIN_PERMITS: usize = 4;
const DEFAULT_HOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// Puts an [`Auth`] together. The store, the secrets, the public URL and the mailer must be given; the rest has
/// defaults.
#[derive(Debug)]
#[must_use]
pub struct AuthBuilder {
    store: Option<Arc<dyn Store>>,
    secrets: Option<Secrets>,
    public_url: Option<String>,
    mailer: Option<Arc<dyn Mailer>>,
    links: Option<Links>,
    templates: Option<Templates>,
    audience: String,
    signing_algorithm: SigningAlgorithm,
    signing_keys: Option<SigningKeys>,
    lifetimes: TokenLifetimes,
    role_permissions: RolePermissions,
    permissions_in_tokens: bool,
    notices: Notices,
    link_lifetimes: LinkLifetimes,
    mail_budgets: bool,
    rate_limits: RateLimits,
    lockout: Option<Lockout>,
    limiter: Option<Arc<dyn Limiter>>,
    hashing: HasherBuilder,
    policy: PasswordPolicy,
    breaches: Option<Arc<dyn BreachCheck>>,
    registration: RegistrationMode,
    require_verified: bool,
    event_sinks: Vec<Arc<dyn Sink>>,
    event_retention: Duration,
    clock: Arc<dyn Clock>,
    hooks: Vec<Arc<dyn Hooks>>,
    hook_timeout: Option<Duration>,
    wrap: Wrap,
    #[cfg(feature = "oauth")]
    oauth: oauth::OauthSettings,
    request_timeout: Duration,
    sessions_per_user: u32,
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
            audience: "hallpass".to_owned(),
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
            request_timeout: session::DEFAULT_REQUEST_TIMEOUT,
            sessions_per_user: session::DEFAULT_SESSIONS_PER_USER,
        }
    }
}

impl AuthBuilder {
    /// Where everything is kept. Required.
    pub fn store(self, store: impl Store + 'static) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Where everything is kept, shared with the host.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The master secrets, the current one first. Required. Every instance needs the same.
    pub fn secrets(mut self, secrets: impl Into<Secrets>) -> Self {
        self.secrets = Some(secrets.into());
        self
    }

    /// Where people reach the service, `http://` or `https://`: the base of the links in mails, and the `iss` claim
    /// exactly as written. Required.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Who sends mails. Required.
    pub fn mailer(self, mailer: impl Mailer) -> Self {
        self.shared_mailer(Arc::new(mailer))
    }

    /// Who sends mails, shared with the host.
    pub fn shared_mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Where the links in mails lead. Default: pages below the public URL.
    pub fn links(mut self, links: Links) -> Self {
        self.links = Some(links);
        self
    }

    /// How letters are worded, and the product they speak of.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = Some(templates);
        self
    }

    /// The `aud` claim. Default `hallpass`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How access tokens are signed, with keys derived from the secrets. Default [`SigningAlgorithm::EdDsa`].
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// Keys of the host's own for access tokens, in place of derived ones.
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.signing_keys = Some(keys);
        self
    }

    /// Which permissions each role brings. Default none.
    pub fn role_permissions(mut self, permissions: RolePermissions) -> Self {
        self.role_permissions = permissions;
        self
    }

    /// Whether access tokens carry the permissions of their user, as the claim `permissions`, for services that verify
    /// tokens and do not know the roles. Default no. All permissions together may take 4 KiB then.
    pub fn permissions_in_tokens(mut self, written: bool) -> Self {
        self.permissions_in_tokens = written;
        self
    }

    /// How long a password can be reset with a mailed link. Default 30 minutes.
    pub fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.link_lifetimes.reset = lifetime;
        self
    }

    /// How long an address can be verified or confirmed with a mailed link. Default a day.
    pub fn verification_lifetime(mut self, lifetime: Duration) -> Self {
        self.link_lifetimes.verify = lifetime;
        self
    }

    /// Whether an address gets at most one mail a minute and five an hour of each letter, over all instances. Default
    /// yes. What is beyond is not sent, and nobody is told.
    pub fn mail_budgets(mut self, on: bool) -> Self {
        self.mail_budgets = on;
        self
    }

    /// How often each client may call. Default [`RateLimits::default`].
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// What follows on wrong passwords, one after the other. Default [`Lockout::default`]; `None`: nothing.
    pub fn lockout(mut self, lockout: impl Into<Option<Lockout>>) -> Self {
        self.lockout = lockout.into();
        self
    }

    /// Who keeps the counters of rate limits and of the lockout. Default the store, so that all instances share them.
    pub fn limiter(mut self, limiter: impl Limiter + 'static) -> Self {
        self.limiter = Some(Arc::new(limiter));
        self
    }

    /// Which letters tell users of what was done to their accounts.
    pub fn notices(mut self, notices: Notices) -> Self {
        self.notices = notices;
        self
    }

    /// How passwords are hashed, and how many at once.
    pub fn hashing(mut self, hasher: HasherBuilder) -> Self {
        self.hashing = hasher;
        self
    }

    /// Which passwords may be set.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Who knows which passwords were stolen elsewhere. Default nobody.
    pub fn breach_check(mut self, check: impl BreachCheck) -> Self {
        self.breaches = Some(Arc::new(check));
        self
    }

    /// Who may make an account. Default [`RegistrationMode::Open`].
    pub fn registration(mut self, mode: RegistrationMode) -> Self {
        self.registration = mode;
        self
    }

    /// Who gets every event of the audit trail as well; may be called several times. [`tracing`] always does.
    pub fn event_sink(mut self, sink: impl Sink) -> Self {
        self.event_sinks.push(Arc::new(sink));
        self
    }

    /// Whether signing in needs a verified address, with a password or by a provider. Default no.
    pub fn require_verified_email(mut self, required: bool) -> Self {
        self.require_verified = required;
        self
    }

    /// For how long the audit trail is kept. Default 90 days, at most ten years. [`Auth::run_purge`] sees to it.
    pub fn event_retention(mut self, retention: Duration) -> Self {
        self.event_retention = retention;
        self
    }

    /// What tells the time. Default the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What the host does at moments in the life of an account. Given more than once, they run in this order.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.shared_hooks(Arc::new(hooks))
    }

    /// The same, shared with the host.
    pub fn shared_hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks.push(hooks);
        self
    }

    /// How long the hooks of one moment may take. Default 3 seconds, or half the request timeout if that is less; half the
    /// request timeout at most.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.hook_timeout = Some(timeout);
        self
    }

    /// Puts a service of the host's own around the use cases of [`UserService`]. [`Auth`], the endpoints of these calls,
    /// the guards and every endpoint that asks who is calling go through it.
    ///
    /// The other doors pass it by:
    ///
    /// * signing in with a provider opens sessions and makes accounts (`POST /auth/oauth/token` and the callback);
    /// * [`Administration`](crate::Administration) makes, changes and ends accounts and sessions;
    /// * [`Accounts`](crate::Accounts), [`Sessions`](crate::Sessions),
    ///   [`EmailVerifications`](crate::EmailVerifications) and [`Lockouts`](crate::Lockouts), with their endpoints and pages;
    /// * [`Auth::within`], [`Auth::prepare_registration`] and [`Auth::ensure_administrator`], which the host calls itself.
    ///
    /// A veto belongs in a hook, which the doors that people use all ask:
    /// [`before_registration`](crate::hook::Hooks::before_registration) for accounts that people make
    /// themselves, [`before_sign_in`](crate::hook::Hooks::before_sign_in) for sessions that are opened.
    /// A wrapper suits the rest: to log, to count, to add.
    pub fn wrap_service<W>(mut self, wrap: W) -> Self
    where
        W: Fn(Arc<dyn UserService>) -> Arc<dyn UserService> + Send + Sync + 'static,
    {
        self.wrap = Wrap(Some(Box::new(wrap)));
        self
    }

    /// Puts the parts together.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) naming what is missing or out of range.
    pub fn build(self) -> Result<Auth> {
        self.check_request_timeout()?;
        let sessions_at_most = self.sessions_at_most()?;
        let store = required(self.store, "a store")?;
        let secrets = required(self.secrets, "a master secret")?;
        let public_url = required(self.public_url, "a public URL")?;
        let mailer = required(self.mailer, "a mailer")?;
        // Checked in any case: it is the issuer too.
        let links = Links::new(&public_url)?;
        let links = self.links.unwrap_or(links);
        if self.audience.is_empty() {
            return Err(Error::configuration("the audience must not be empty"));
        }
        let templates = match self.templates {
            Some(templates) => templates,
            None => Templates::new("Hallpass")?,
        };
        #[cfg(feature = "pages")]
        let pages = Pages::new(templates.product(), &public_url, self.policy.min())?;
        let keys = match self.signing_keys {
            Some(keys) => keys,
            None => SigningKeys::derive(&secrets, self.signing_algorithm)?,
        };
        let longest = self.request_timeout / 2;
        let hook_timeout = match self.hook_timeout {
            Some(timeout) if timeout.is_zero() || timeout > longest => {
                return Err(Error::configuration(
                    "the hook timeout must be above zero, and half the request timeout at most",
                ));
            }
            Some(timeout) => timeout,
            None => DEFAULT_HOOK_TIMEOUT.min(longest),
        };
        let hooks = HookChain::new(self.hooks, hook_timeout);
        let clock = self.clock;
        let purges = Purges::new(Arc::clone(&clock), self.event_retention)?;
        let trail = Trail::new(&secrets, self.event_sinks);
        let permissions = Arc::new(self.role_permissions);
        #[cfg(feature = "http")]
        let cookies = Cookies::new(&public_url);
        #[cfg(feature = "oauth")]
        let providers = {
            let oauth::OauthSettings {
                providers,
                redirects,
            } = self.oauth;
            Providers::new(providers, redirects, &public_url, &clock)?
        };
        let tokens = Tokens::new(TokenParts {
            keys,
            secrets: &secrets,
            issuer: public_url,
            audience: self.audience,
            lifetimes: self.lifetimes,
            request_timeout: self.request_timeout,
            permissions: self.permissions_in_tokens.then(|| Arc::clone(&permissions)),
            hooks: hooks.clone(),
            theft_notice: self.notices.refresh_token_reused,
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        })?;
        let hasher = self.hashing.build()?;
        let breach_timeout = BREACH_CHECK_TIMEOUT.min(self.request_timeout / 4);
        let rules = PasswordRules::new(PasswordRulesParts {
            policy: self.policy.with_words([templates.product()]),
            breaches: self.breaches,
            breach_timeout,
            hasher: hasher.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        });
        let parts = DeliveryParts {
            store: Arc::clone(&store),
            mailer,
            clock: Arc::clone(&clock),
            trail: trail.clone(),
            links,
            templates,
            notices: self.notices,
            lifetimes: self.link_lifetimes,
            budgets: self.mail_budgets,
        };
        let deliveries = Deliveries::new(&secrets, parts)?;
        let limits = Limits::new(LimitParts {
            secrets: &secrets,
            keys: Arc::clone(&store) as _,
            rates: self.rate_limits,
            lockout: self.lockout,
            limiter: self.limiter,
            local: Arc::new(MemoryLimiter::new()),
            at_once: hasher.permits().max(MIN_PERMITS),
            clock: Arc::clone(&clock),
        })?;
        let devices = Devices::new(&secrets);
        let check = PasswordCheck {
            hasher: hasher.clone(),
            limits: limits.clone(),
            devices: devices.clone(),
        };
        let failures = Failures {
            trail: trail.clone(),
            unlock_lifetime: (self.notices.account_locked).then_some(self.link_lifetimes.verify),
            clock: Arc::clone(&clock),
        };
        let confirmation = Confirmation {
            check: check.clone(),
            failures: failures.clone(),
            clock: Arc::clone(&clock),
        };
        let lockouts = Lockouts {
            limits: limits.clone(),
            devices: devices.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let email_verifications = EmailVerifications {
            confirmation: confirmation.clone(),
            limits: limits.clone(),
            deliveries: deliveries.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let accounts = Accounts {
            confirmation,
            hasher: hasher.clone(),
            rules: rules.clone(),
            deliveries: deliveries.clone(),
            hooks: hooks.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let sessions = Sessions {
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let sign_in = SignIn {
            sessions_at_most,
            tokens: tokens.clone(),
            devices,
            limits: limits.clone(),
            deliveries: deliveries.clone(),
            hooks: hooks.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        #[cfg(feature = "oauth")]
        let provider_sign_ins = ProviderSignIns {
            providers: Arc::new(providers),
            newcomers: oauth::newcomers(self.registration),
            require_verified: self.require_verified,
            sign_in: sign_in.clone(),
            deliveries: deliveries.clone(),
            limits: limits.clone(),
            hooks: hooks.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let passwords = Passwords {
            check,
            failures,
            limits: limits.clone(),
            hasher: hasher.clone(),
            rules: rules.clone(),
            registration: self.registration,
            require_verified: self.require_verified,
            sign_in,
            deliveries: deliveries.clone(),
            hooks: hooks.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let administration = Administration::new(AdministrationParts {
            store: Arc::clone(&store),
            secrets: &secrets,
            hasher,
            limits: limits.clone(),
            rules,
            deliveries: deliveries.clone(),
            hooks: hooks.clone(),
            trail,
            clock,
        });
        let use_cases = UseCases {
            store,
            tokens,
            passwords,
            limits,
            administration,
        };
        Ok(Auth(Arc::new(Inner {
            service: self.wrap.apply(Arc::new(use_cases.clone())),
            use_cases,
            accounts,
            email_verifications,
            lockouts,
            #[cfg(feature = "oauth")]
            provider_sign_ins,
            sessions,
            permissions,
            hooks,
            deliveries,
            purges,
            #[cfg(feature = "pages")]
            pages: Arc::new(pages),
            #[cfg(feature = "http")]
            cookies,
            #[cfg(feature = "http")]
            registration: self.registration,
            #[cfg(feature = "http")]
            request_timeout: self.request_timeout,
        })))
    }
}

fn required<T>(part: Option<T>, name: &str) -> Result<T> {
    part.ok_or_else(|| Error::configuration(format!("{name} is required")))
}

type WrapService = dyn Fn(Arc<dyn UserService>) -> Arc<dyn UserService> + Send + Sync;

#[derive(Default)]
pub(super) struct Wrap(Option<Box<WrapService>>);

impl Wrap {
    pub(super) fn apply(&self, service: Arc<dyn UserService>) -> Arc<dyn UserService> {
        match &self.0 {
            Some(wrap) => wrap(service),
            None => service,
        }
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
