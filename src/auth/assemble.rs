//! Builds an [`Auth`] from its parts.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "oauth")]
use super::builder::oauth;
use super::{Auth, AuthBuilder, Parts};
use crate::{
    admission::{LimitParts, Limits},
    core::Core,
    credential::{
        BREACH_CHECK_TIMEOUT, Confirmation, Failures, PasswordCheck, PasswordRules,
        PasswordRulesParts,
    },
    delivery::{Deliveries, DeliveryParts},
    error::{Error, Result},
    factor::FactorKeys,
    feature::{
        account::Accounts,
        admin::{Administration, Danger},
        email_verification::EmailVerifications,
        lockout::Lockouts,
        password::Passwords,
        safeguard::Safeguards,
        second_factor::Factors,
        session::Sessions,
    },
    hook::HookChain,
    limit::Budget,
    mail::{Links, Templates},
    purge::Purges,
    sign_in::{Enrolments, SecondFactors, SessionOpener},
    store::memory::MemoryLimiter,
    token::{Devices, SigningKeys, Tickets, TokenParts, Tokens},
    trail::Trail,
};

#[cfg(feature = "pages")]
use crate::brand::Brand;
#[cfg(feature = "oauth")]
use crate::feature::oauth::{ProviderSignIns, Providers};
#[cfg(feature = "pages")]
use crate::feature::page::Pages;
#[cfg(feature = "http")]
use crate::{
    feature::session::{CheckedSessions, CookieCheck},
    http::CredentialRule,
};

/// The minimum number of unauthenticated callers that can run a statement at the same time. If there are
/// more hash permits, the limit is the number of hash permits.
const MIN_PERMITS: usize = 4;
const DEFAULT_HOOK_TIMEOUT: Duration = Duration::from_secs(3);

impl AuthBuilder {
    /// Builds the [`Auth`].
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a setting is missing or out of range.
    /// The error names the setting.
    pub fn build(self) -> Result<Auth> {
        self.check_request_timeout()?;
        let sessions_at_most = self.sessions.at_most()?;
        let store = required(self.store, "a store")?;
        let secrets = required(self.secrets, "a master secret")?;
        let public_url = required(self.public_url, "a public URL")?;
        let mailer = required(self.mailer, "a mailer")?;
        // The URL is checked even if the host sets its own links, because it is also the issuer.
        let links = Links::new(&public_url)?;
        let links = self.links.unwrap_or(links);
        if self.audience.is_empty() {
            return Err(Error::configuration("the audience must not be empty"));
        }
        if self.client_id.as_ref().is_some_and(String::is_empty) {
            return Err(Error::configuration("the client id must not be empty"));
        }
        let templates = match self.templates {
            Some(templates) => templates,
            None => Templates::new("Hallpass")?,
        };
        let templates = match &self.brand {
            Some(brand) => templates.with_brand(brand)?,
            None => templates,
        };
        #[cfg(feature = "pages")]
        let pages = {
            let brand = self.brand;
            let brand = brand.unwrap_or_else(|| Brand::new(templates.product()));
            Pages::new(&brand, &self.page_templates, self.policy.min(), self.script)?
        };
        let keys = match self.signing_keys {
            Some(keys) => keys,
            None => SigningKeys::derive(&secrets, self.signing_algorithm)?,
        };
        let longest = self.request_timeout / 2;
        let hook_timeout = match self.hook_timeout {
            Some(timeout) if timeout.is_zero() || timeout > longest => {
                return Err(Error::configuration(
                    "the hook timeout must be above zero and at most half the request timeout",
                ));
            }
            Some(timeout) => timeout,
            None => DEFAULT_HOOK_TIMEOUT.min(longest),
        };
        let hooks = HookChain::new(self.hooks, hook_timeout);
        let clock = self.clock;
        let purges = Purges::new(
            Arc::clone(&store) as _,
            Arc::clone(&clock),
            self.event_retention,
        )?;
        let trail = Trail::new(Arc::clone(&store) as _, &secrets, self.event_sinks);
        let permissions = Arc::new(self.role_permissions);
        #[cfg_attr(
            not(feature = "http"),
            allow(unused_variables, reason = "only requests carry cookies")
        )]
        let checked = self.sessions.browser.checked(&self.lifetimes)?;
        let is_plain = is_plain(&public_url);
        #[cfg(feature = "http")]
        let origin = public_url.clone();
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
            client_id: self.client_id.unwrap_or_else(|| self.audience.clone()),
            audience: self.audience,
            lifetimes: self.lifetimes,
            request_timeout: self.request_timeout,
            permissions: self.permissions_in_tokens.then(|| Arc::clone(&permissions)),
            clock: Arc::clone(&clock),
        })?;
        let hasher = self.hashing.build()?;
        let policy = self.policy.with_words([templates.product()]);
        let issuer: Arc<str> = templates.product().into();
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
        let dangers = [
            (Danger::NoCodeLimit, self.code_tries.is_none()),
            (Danger::NoLockout, self.lockout.is_none()),
            (
                Danger::NoRateLimit,
                self.rate_limits.of_client(Budget::SignIn).is_none(),
            ),
            (Danger::PlainHttp, is_plain),
            (Danger::WeakHashing, hasher.params().is_weak()),
        ];
        let dangers = dangers.into_iter().filter(|(_, is_there)| *is_there);
        let limits = Limits::new(LimitParts {
            secrets: &secrets,
            keys: Arc::clone(&store) as _,
            store: Arc::clone(&store) as _,
            rates: self.rate_limits,
            lockout: self.lockout,
            codes: self.code_tries,
            limiter: self.limiter,
            local: Arc::new(MemoryLimiter::new()),
            at_once: hasher.permits().max(MIN_PERMITS),
            clock: Arc::clone(&clock),
        })?;
        let core = Arc::new(Core {
            store,
            clock,
            tokens,
            devices: Devices::new(&secrets),
            tickets: Tickets::new(&secrets),
            factor_keys: FactorKeys::new(&secrets),
            limits,
            deliveries,
            hooks,
            trail,
        });
        let core = || Arc::clone(&core);
        let breach_timeout = BREACH_CHECK_TIMEOUT.min(self.request_timeout / 4);
        let rules = PasswordRules::new(PasswordRulesParts {
            core: core(),
            policy,
            breaches: self.breaches,
            breach_timeout,
            hasher: hasher.clone(),
        });
        let check = PasswordCheck {
            core: core(),
            hasher: hasher.clone(),
        };
        let failures = Failures { core: core() };
        let confirmation = Confirmation {
            core: core(),
            check: check.clone(),
            failures: failures.clone(),
        };
        let factor_policy = Arc::new(self.second_factor);
        let sign_in = SessionOpener {
            core: core(),
            policy: Arc::clone(&factor_policy),
            sessions_at_most,
        };
        let second_factors = SecondFactors {
            core: core(),
            opener: sign_in.clone(),
        };
        let sessions = Sessions { core: core() };
        #[cfg(feature = "http")]
        let tokens = core().tokens.clone();
        #[cfg(feature = "http")]
        let credentials = {
            let tokens = tokens.clone();
            CredentialRule::new(&origin, move |cookie| tokens.has_issued(cookie))
        };
        let parts = Parts {
            core: core(),
            #[cfg(feature = "oauth")]
            provider_sign_ins: ProviderSignIns {
                core: core(),
                providers: Arc::new(providers),
                newcomers: oauth::newcomers(self.registration),
                require_verified: self.require_verified,
                sign_in: sign_in.clone(),
            },
            passwords: Passwords {
                core: core(),
                check,
                failures,
                hasher: hasher.clone(),
                rules: rules.clone(),
                registration: self.registration,
                require_verified: self.require_verified,
                sign_in,
            },
            sessions: sessions.clone(),
            email_verifications: EmailVerifications {
                core: core(),
                confirmation: confirmation.clone(),
            },
            accounts: Accounts {
                core: core(),
                confirmation,
                hasher: hasher.clone(),
                rules: rules.clone(),
                #[cfg(feature = "http")]
                second_factors: second_factors.clone(),
            },
            factors: Factors {
                core: core(),
                enrolments: Enrolments {
                    core: core(),
                    issuer,
                },
                second_factors,
                policy: Arc::clone(&factor_policy),
            },
            lockouts: Lockouts { core: core() },
            safeguards: Safeguards {
                core: core(),
                hasher: hasher.clone(),
            },
            administration: Administration::new(
                core(),
                &secrets,
                hasher,
                rules,
                factor_policy,
                dangers.map(|(danger, _)| danger).collect(),
            ),
            purges,
            permissions,
            #[cfg(feature = "pages")]
            pages: Arc::new(pages),
            #[cfg(feature = "pages")]
            base: crate::http::next::base_path(&origin).into(),
            #[cfg(feature = "http")]
            cookie_check: Arc::new(CookieCheck {
                sessions,
                tokens,
                checked: checked.map(CheckedSessions::new),
                timeout: self.request_timeout,
                #[cfg(any(feature = "axum", feature = "actix"))]
                credentials: credentials.clone(),
            }),
            #[cfg(feature = "http")]
            credentials,
            #[cfg(any(feature = "axum", feature = "actix"))]
            sign_in_pages: super::guard::SignInPages::new(&origin),
            #[cfg(feature = "http")]
            request_timeout: self.request_timeout,
        };
        let auth = Auth {
            parts: Arc::new(parts),
            wrapped: None,
        };
        Ok(Auth {
            wrapped: self.wrap.apply(&auth),
            ..auth
        })
    }
}

/// Whether the URL is plain HTTP to another machine.
fn is_plain(public_url: &str) -> bool {
    let Some(rest) = public_url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let address = authority.parse().map(|address: SocketAddr| address.ip());
    let address = address.or_else(|_| authority.trim_matches(['[', ']']).parse());
    let name = authority.split(':').next();
    !address.is_ok_and(|address: IpAddr| address.is_loopback()) && name != Some("localhost")
}

fn required<T>(part: Option<T>, name: &str) -> Result<T> {
    part.ok_or_else(|| Error::configuration(format!("{name} is required")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_to_another_machine_is_dangerous() {
        for url in [
            "https://example.org",
            "http://localhost",
            "http://localhost:8000/auth",
            "http://127.0.0.1:8000",
            "http://127.0.0.2",
            "http://[::1]:8000/",
            "http://[::1]",
        ] {
            assert!(!is_plain(url), "{url}");
        }
        for url in [
            "http://example.org",
            "http://localhost.example.org:8000",
            "http://192.0.2.1:80/auth",
            "http://[2001:db8::1]",
        ] {
            assert!(is_plain(url), "{url}");
        }
    }
}
