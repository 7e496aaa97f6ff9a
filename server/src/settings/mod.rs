//! The settings, from flags or environment.

mod brand;
pub(crate) mod providers;
mod values;

use std::{ffi::OsStr, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    CommandFactory as _, Parser,
    builder::{NonEmptyStringValueParser, RangedU64ValueParser},
};
use hallpass::{
    ClientAddress, Error, Secrets,
    credential::{HashParams, PasswordPolicy},
    mail::Sender,
    password::RegistrationMode,
    second_factor::SecondFactorPolicy,
    secret::Password,
    token::SigningAlgorithm,
    user::EmailAddress,
};
use http::HeaderValue;

use self::brand::BrandSettings;
use self::values::{
    BreachCheckUrl, breach_check, origin, password_policy, public_url, redirect, seconds,
    some_password, token_algorithm,
};
use crate::log::LogFormat;

const YEAR: u64 = 365 * 86_400;

/// A user service: registration, login, tokens, password reset.
///
/// Without any settings, it stores its users in hallpass.db and prints emails to the terminal.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, after_help = providers::HELP)]
#[allow(rustdoc::bare_urls, reason = "terminals also show this text")]
pub struct Settings {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, env = "HALLPASS_BIND", default_value = "127.0.0.1:8000")]
    pub(crate) bind: SocketAddr,
    /// postgres://… or sqlite://…; migrations run at start. Postgres may have several hosts, comma-separated
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://hallpass.db?mode=rwc",
        hide_env_values = true
    )]
    pub(crate) database_url: String,
    /// Size of the pool of database connections
    #[arg(long, env = "HALLPASS_DB_POOL", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) db_pool: u32,
    /// Prepared statements per connection, at least 1; a pooler has to work in session mode, or keep each client's
    /// prepared statements separate
    #[arg(long, env = "HALLPASS_DB_STATEMENT_CACHE", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) db_statement_cache: usize,
    /// Origins allowed to call from a browser, with credentials, comma-separated
    #[arg(long, env = "HALLPASS_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Networks whose X-Forwarded-For and Forwarded are trusted, as CIDR blocks or single addresses, comma-separated
    /// [default: none, the headers are ignored]
    #[arg(
        long,
        env = "HALLPASS_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) trusted_proxies: ClientAddress,
    /// Seconds until a request is answered with 503
    #[arg(long, env = "HALLPASS_REQUEST_TIMEOUT", default_value = "10", value_parser = seconds(1..=3600))]
    pub(crate) request_timeout: Duration,
    /// Seconds until a client that does not read its replies is disconnected
    #[arg(long, env = "HALLPASS_WRITE_TIMEOUT", default_value = "30", value_parser = seconds(1..=3600))]
    pub(crate) write_timeout: Duration,
    /// Seconds for which an idle connection stays open; set it longer than the idle timeout of the proxy in front of
    /// the server
    #[arg(long, env = "HALLPASS_KEEP_ALIVE", default_value = "75", value_parser = seconds(1..=3600))]
    pub(crate) keep_alive: Duration,
    /// Maximum number of client connections; others wait until one ends. The server accepts fewer, and logs a warning,
    /// if the limit on open files is too low and cannot be raised
    #[arg(long, env = "HALLPASS_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,
    /// Master secret(s) in standard base64, at least 32 bytes, comma-separated, the current one first. SQLite: created
    /// at first start and kept in hallpass.secret; Postgres: required
    #[arg(long, env = "HALLPASS_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<Secrets>,
    /// Base of the links in emails, and the token issuer
    #[arg(
        long,
        env = "HALLPASS_PUBLIC_URL",
        default_value = "http://localhost:8000",
        value_parser = public_url
    )]
    pub(crate) public_url: String,
    /// Audience of access tokens
    #[arg(long, env = "HALLPASS_AUDIENCE", default_value = "hallpass", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) audience: String,
    /// Signature algorithm of access tokens: EdDSA, or ES256 for verifiers that lack Ed25519
    #[arg(long, env = "HALLPASS_TOKEN_ALGORITHM", default_value = "EdDSA", value_parser = token_algorithm)]
    pub(crate) token_algorithm: SigningAlgorithm,
    /// Email address of a verified administrator to create at start, unless there is an active administrator
    #[arg(long, env = "HALLPASS_ADMIN_EMAIL", requires = "admin_password")]
    pub(crate) admin_email: Option<EmailAddress>,
    /// Password of that administrator
    #[arg(
        long,
        env = "HALLPASS_ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "admin_email",
        value_parser = some_password
    )]
    pub(crate) admin_password: Option<Password>,
    /// Registration mode: open, private (the reply does not reveal whether an address is taken) or closed
    #[arg(long, env = "HALLPASS_REGISTRATION", default_value = "open")]
    pub(crate) registration: RegistrationMode,
    /// Whether login requires a verified address
    #[arg(
        long,
        env = "HALLPASS_REQUIRE_VERIFIED_EMAIL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub(crate) require_verified_email: bool,
    /// The users who must have a second factor: optional, admins or everyone
    #[arg(long, env = "HALLPASS_SECOND_FACTOR", default_value = "optional")]
    pub(crate) second_factor: SecondFactorPolicy,
    /// Whether browsers can sign in with a cookie
    #[arg(long, env = "HALLPASS_BROWSER", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) browser: bool,
    /// Whether rate limits, the lockout after wrong passwords, the limit of wrong codes, and mail budgets are on; false
    /// for load tests
    #[arg(long, env = "HALLPASS_RATE_LIMITS", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) rate_limits: bool,
    /// How lines of the log on stderr are written: text, or json for one object a line
    #[arg(long, env = "HALLPASS_LOG", default_value = "text")]
    pub(crate) log: LogFormat,
    /// Where the counters of limits are stored: database (shared by all instances) or memory
    #[arg(long, env = "HALLPASS_LIMIT_STORE", default_value = "database")]
    pub(crate) limit_store: LimitStore,
    /// smtp://…, smtps://… or smtp://…?tls=required; without it, emails are printed
    #[arg(long, env = "HALLPASS_SMTP_URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<String>,
    /// PEM file of the root certificate(s) to trust for SMTP instead of the machine's; for smtps:// and tls=required
    #[arg(long, env = "HALLPASS_SMTP_ROOT_CERTIFICATE")]
    pub(crate) smtp_root_certificate: Option<PathBuf>,
    /// Sender of emails
    #[arg(
        long,
        env = "HALLPASS_MAIL_FROM",
        default_value = "Hallpass <no-reply@localhost>"
    )]
    pub(crate) mail_from: Sender,
    /// Lifetime of access tokens, in seconds
    #[arg(long, env = "HALLPASS_ACCESS_TTL", default_value = "600", value_parser = seconds(1..=3600))]
    pub(crate) access_ttl: Duration,
    /// Seconds until a session ends if it is not refreshed
    #[arg(long, env = "HALLPASS_SESSION_IDLE", default_value = "1209600", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) session_idle: Duration,
    /// Seconds until a session ends in any case
    #[arg(long, env = "HALLPASS_SESSION_MAX", default_value = "2592000", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) session_max: Duration,
    /// Maximum number of live sessions of one user; opening another ends the least recently used one
    #[arg(long, env = "HALLPASS_SESSIONS_PER_USER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sessions_per_user: u32,
    /// Seconds for which the previous refresh token still gets the same successor; the request timeout is added; 0
    /// turns this off
    #[arg(long, env = "HALLPASS_REFRESH_GRACE", default_value = "30", value_parser = seconds(0..=300))]
    pub(crate) refresh_grace: Duration,
    /// Lifetime of password reset links, in seconds
    #[arg(long, env = "HALLPASS_RESET_TTL", default_value = "1800", value_parser = seconds(1..=YEAR))]
    pub(crate) reset_ttl: Duration,
    /// Seconds for which the audit trail is kept
    #[arg(long, env = "HALLPASS_EVENT_RETENTION", default_value = "7776000", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) event_retention: Duration,
    /// Lifetime of links that verify an address or unlock sign-in, in seconds
    #[arg(long, env = "HALLPASS_VERIFY_TTL", default_value = "86400", value_parser = seconds(1..=YEAR))]
    pub(crate) verify_ttl: Duration,
    /// Argon2id parameters
    #[arg(long, env = "HALLPASS_ARGON2", default_value = "m=19456,t=2,p=1")]
    pub(crate) argon2: String,
    /// Former Argon2id parameters that stored hashes may still have, semicolon-separated
    #[arg(long, env = "HALLPASS_ARGON2_FORMER", value_delimiter = ';', value_parser = HashParams::danger_parse_weak)]
    pub(crate) argon2_former: Vec<HashParams>,
    /// Whether Argon2id parameters weaker than m=8192,t=1,p=1 are accepted
    #[arg(long, env = "HALLPASS_DANGER_WEAK_HASH", default_value_t = false, action = clap::ArgAction::Set)]
    pub(crate) danger_weak_hash: bool,
    /// Maximum number of passwords hashed at the same time [default: cores]
    #[arg(long, env = "HALLPASS_HASH_PERMITS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) hash_permits: Option<u16>,
    /// Maximum number of passwords waiting to be hashed
    #[arg(long, env = "HALLPASS_HASH_QUEUE", default_value_t = 256, value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub(crate) hash_queue: usize,
    /// Minimum length of a password, in code points
    #[arg(long, env = "HALLPASS_PASSWORD_MIN", default_value = "8", value_parser = password_policy)]
    pub(crate) password_min: PasswordPolicy,
    /// Minimum estimated strength of a new password, 1 to 4; 0: no estimate
    #[arg(long, env = "HALLPASS_PASSWORD_STRENGTH", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=4))]
    pub(crate) password_strength: u8,
    /// Whether new passwords are checked against known breaches, by 5 digits of their digest: false, true (asks
    /// https://api.pwnedpasswords.com) or the URL of a service with the same protocol
    #[arg(long, env = "HALLPASS_PASSWORD_BREACH_CHECK", default_value = "false", value_parser = breach_check)]
    pub(crate) password_breach_check: BreachCheckUrl,
    /// URLs of applications that browsers may be sent to after signing in with a provider or on the pages, compared
    /// character by character, comma-separated
    #[arg(long, env = "HALLPASS_OAUTH_REDIRECTS", value_delimiter = ',', value_parser = redirect)]
    pub(crate) oauth_redirects: Vec<String>,
    #[command(flatten)]
    pub(crate) brand: BrandSettings,
}

/// Where the counters of limits are stored.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LimitStore {
    Database,
    Memory,
}

impl Settings {
    /// Environment variables that look like settings but are not, such as misspelled names or settings of another
    /// version.
    pub(crate) fn unknown_variables() -> Vec<String> {
        let command = Self::command();
        let is_known = |name: &OsStr| {
            providers::is_ours(name.as_encoded_bytes())
                || command
                    .get_arguments()
                    .any(|known| known.get_env() == Some(name))
        };
        let mut unknown: Vec<String> = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.as_encoded_bytes().starts_with(b"HALLPASS_") && !is_known(name))
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        unknown.sort();
        unknown
    }

    pub(crate) fn hash_params(&self) -> Result<HashParams, Error> {
        if self.danger_weak_hash {
            HashParams::danger_parse_weak(&self.argon2)
        } else {
            self.argon2.parse()
        }
    }
}
