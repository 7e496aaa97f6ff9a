//! How the parts of an [`Auth`] stand on each other.

use std::{sync::Arc, time::Duration};

#[cfg(feature = "oauth")]
use super::builder::oauth;
use super::{Auth, AuthBuilder, Inner, use_cases::UseCases};
use crate::{
    admission::{LimitParts, Limits},
    credential::{
        BREACH_CHECK_TIMEOUT, Confirmation, Devices, Failures, PasswordCheck, PasswordRules,
        PasswordRulesParts,
    },
    delivery::{Deliveries, DeliveryParts},
    error::{Error, Result},
    feature::{
        account::Accounts,
        admin::{Administration, AdministrationParts},
        email_verification::EmailVerifications,
        lockout::Lockouts,
        password::Passwords,
        session::Sessions,
    },
    hook::HookChain,
    mail::{Links, Templates},
    purge::Purges,
    sign_in::SignIn,
    store::memory::MemoryLimiter,
    token::{SigningKeys, TokenParts, Tokens},
    trail::Trail,
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

impl AuthBuilder {
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
            store: Arc::clone(&store),
            limits: limits.clone(),
            devices: devices.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let email_verifications = EmailVerifications {
            store: Arc::clone(&store),
            confirmation: confirmation.clone(),
            limits: limits.clone(),
            deliveries: deliveries.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let accounts = Accounts {
            store: Arc::clone(&store),
            confirmation,
            hasher: hasher.clone(),
            rules: rules.clone(),
            deliveries: deliveries.clone(),
            hooks: hooks.clone(),
            trail: trail.clone(),
            clock: Arc::clone(&clock),
        };
        let sessions = Sessions {
            store: Arc::clone(&store),
            tokens: tokens.clone(),
            limits: limits.clone(),
            theft_notice: self.notices.refresh_token_reused,
            hooks: hooks.clone(),
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
            store: Arc::clone(&store),
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
            store: Arc::clone(&store),
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
            sessions,
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
