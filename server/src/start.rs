//! Builds an [`Auth`] that is ready to serve from the settings.

use std::{sync::Arc, time::Duration};

use hallpass::{
    Auth, Error, ErrorKind, Secrets,
    background::Background,
    credential::{Hasher, HasherBuilder},
    limit::RateLimits,
    mail::{Mailer, SmtpMailer, TerminalMailer},
    memory::MemoryLimiter,
    oauth::Provider,
    seaorm::{ConnectSettings, SeaOrmStore},
    token::TokenLifetimes,
};

use crate::{
    Failure, Settings,
    failure::reason,
    log,
    secret::{self, SecretOrigin},
    settings::{LimitStore, providers},
};

/// How long emails, hooks and sinks that are still running may take when the server stops.
const BACKGROUND_DRAIN: Duration = Duration::from_secs(2);
/// How long the database may take to close.
const CLOSE: Duration = Duration::from_secs(1);

/// The parts of a server that every framework needs.
#[derive(Debug)]
pub struct App {
    auth: Auth,
    store: SeaOrmStore,
    background: Background,
    secret_origin: SecretOrigin,
}

/// Starts logging to standard error, connects to the database, migrates it, and assembles the server. Provider settings
/// are read from the environment.
///
/// # Errors
/// If a provider's variable is invalid, the settings contradict each other, or the database is not available.
pub async fn start(settings: &Settings) -> Result<App, Failure> {
    let providers = providers::from_environment().map_err(Failure::of_setting)?;
    log::start(settings.log);
    for name in Settings::unknown_variables() {
        tracing::warn!(
            name,
            "this environment variable is not a setting of this version"
        );
    }
    match build(settings, &providers).await {
        Ok((auth, store, secret_origin)) => Ok(App {
            background: auth.spawn(),
            auth,
            store,
            secret_origin,
        }),
        Err(error) => Err(Failure::of_start(error.to_string())),
    }
}

async fn build(
    settings: &Settings,
    providers: &[Provider],
) -> Result<(Auth, SeaOrmStore, SecretOrigin), Box<dyn std::error::Error>> {
    let sqlite = settings.database_url.starts_with("sqlite:");
    if !sqlite && !settings.database_url.starts_with("postgres") {
        return Err("DATABASE_URL: expected postgres://… or sqlite://…".into());
    }
    let mailer = mailer(settings)?;
    let hashing = hash_pool(settings).map_err(named("HALLPASS_ARGON2"))?;
    let (secrets, origin): (Secrets, _) = match &settings.secret {
        Some(secrets) => (secrets.clone(), SecretOrigin::Setting),
        None if sqlite => secret::from_file()?,
        None => return Err(
            "HALLPASS_SECRET: required with Postgres; generate one with `openssl rand -base64 32`"
                .into(),
        ),
    };
    let connect = ConnectSettings::new(&settings.database_url)
        .pool_size(settings.db_pool)
        .statement_cache(settings.db_statement_cache)
        .request_timeout(settings.request_timeout);
    let store = SeaOrmStore::connect(&connect)
        .await
        .map_err(named("DATABASE_URL"))?;
    store.migrate().await.map_err(named("DATABASE_URL"))?;

    let lifetimes = TokenLifetimes {
        access: settings.access_ttl,
        session_idle: settings.session_idle,
        session_max: settings.session_max,
        refresh_grace: settings.refresh_grace,
    };
    let policy = settings.password_min.clone();
    let mut builder = Auth::builder();
    if !settings.rate_limits {
        builder = builder
            .rate_limits(RateLimits::none())
            .lockout(None)
            .second_factor_tries(None)
            .mail_budgets(false);
    }
    if let LimitStore::Memory = settings.limit_store {
        builder = builder.limiter(MemoryLimiter::new());
    }
    if let Some(breaches) = settings.password_breach_check.service()? {
        builder = builder.breach_check(breaches);
    }
    for provider in providers {
        builder = builder.provider(provider.clone());
    }
    if !sqlite && settings.smtp_url.is_none() {
        tracing::warn!(
            "HALLPASS_SMTP_URL is not set: emails are printed, and anyone who reads the output can use their links"
        );
    }
    if !providers.is_empty() && settings.oauth_redirects.is_empty() && !settings.browser {
        tracing::warn!("HALLPASS_OAUTH_REDIRECTS is not set: users cannot sign in with a provider");
    }
    let auth = builder
        .provider_redirects(settings.oauth_redirects.iter().cloned())
        .brand(settings.brand.brand())
        .store(store.clone())
        .secrets(secrets)
        .public_url(&settings.public_url)
        .audience(&settings.audience)
        .signing_algorithm(settings.token_algorithm)
        .shared_mailer(mailer)
        .lifetimes(lifetimes)
        .reset_lifetime(settings.reset_ttl)
        .event_retention(settings.event_retention)
        .verification_lifetime(settings.verify_ttl)
        .hashing(hashing)
        .password_policy(policy.with_min_strength(settings.password_strength)?)
        .registration(settings.registration)
        .require_verified_email(settings.require_verified_email)
        .second_factor(settings.second_factor.clone())
        .request_timeout(settings.request_timeout)
        .sessions_per_user(settings.sessions_per_user)
        .build()
        .map_err(|error| reason(&error))?;

    if let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) {
        let made = auth
            .ensure_administrator(email.clone(), password)
            .await
            .map_err(|error| {
                let setting = match error.kind() {
                    ErrorKind::Internal | ErrorKind::Unavailable => "DATABASE_URL",
                    _ => "HALLPASS_ADMIN_PASSWORD",
                };
                named(setting)(error)
            })?;
        if made.is_some() {
            tracing::info!("created the administrator from HALLPASS_ADMIN_EMAIL");
        }
    }
    Ok((auth, store, origin))
}

fn mailer(settings: &Settings) -> Result<Arc<dyn Mailer>, String> {
    const ROOT: &str = "HALLPASS_SMTP_ROOT_CERTIFICATE";
    let mailer = match &settings.smtp_url {
        Some(url) => SmtpMailer::from_url(url, settings.mail_from.clone())
            .map_err(named("HALLPASS_SMTP_URL"))?,
        None if settings.smtp_root_certificate.is_some() => {
            return Err(format!("{ROOT}: needs HALLPASS_SMTP_URL"));
        }
        None => return Ok(Arc::new(TerminalMailer)),
    };
    let Some(path) = &settings.smtp_root_certificate else {
        return Ok(Arc::new(mailer));
    };
    let pem =
        std::fs::read(path).map_err(|error| format!("{ROOT}: the file cannot be read: {error}"))?;
    let mailer = mailer.with_root_certificate(&pem).map_err(named(ROOT))?;
    Ok(Arc::new(mailer))
}

fn hash_pool(settings: &Settings) -> Result<HasherBuilder, Error> {
    let pool = Hasher::builder(settings.hash_params()?).queue(settings.hash_queue);
    let pool = settings
        .argon2_former
        .iter()
        .copied()
        .fold(pool, HasherBuilder::former);
    Ok(match settings.hash_permits {
        Some(permits) => pool.permits(permits.into()),
        None => pool,
    })
}

fn named(setting: &'static str) -> impl Fn(Error) -> String {
    move |error| format!("{setting}: {}", reason(&error))
}

impl App {
    /// The [`Auth`] that the server serves.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    pub(crate) fn secret_origin(&self) -> SecretOrigin {
        self.secret_origin
    }

    /// Waits for background work that is still running, and closes the database.
    pub async fn finish(self) {
        if !self.background.stop(BACKGROUND_DRAIN).await {
            tracing::warn!(
                "background work did not end in time; an email in flight will be sent again after the next start"
            );
        }
        match tokio::time::timeout(CLOSE, self.store.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the database was not closed cleanly"),
            Err(_) => {
                tracing::warn!(
                    "the database did not close in time; the next start recovers from its log"
                )
            }
        }
    }
}
