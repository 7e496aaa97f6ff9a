//! The settings, from flags or environment.

use std::{ffi::OsStr, net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use clap::{
    CommandFactory as _, Parser,
    builder::{NonEmptyStringValueParser, RangedU64ValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
};
use hallpass::{
    ClientAddress, Error, Secrets,
    credential::{HashParams, HttpBreachCheck, PasswordPolicy},
    mail::{Links, Sender},
    oauth::Provider,
    password::RegistrationMode,
    secret::Password,
    token::SigningAlgorithm,
    user::EmailAddress,
};
use http::HeaderValue;
use url::Url;

use super::providers;

const YEAR: u64 = 365 * 86_400;

/// A user service: registration, login, tokens, password reset.
///
/// With nothing set it keeps its users in hallpass.db and prints mails to the terminal.
#[derive(Debug, Parser)]
#[command(version, after_help = providers::HELP)]
pub(crate) struct Settings {
    /// Address to listen on; port 0 picks one
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
    /// Database connections
    #[arg(long, env = "HALLPASS_DB_POOL", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) db_pool: u32,
    /// Prepared statements per connection, at least 1; a pooler has to work in session mode or keep them apart
    #[arg(long, env = "HALLPASS_DB_STATEMENT_CACHE", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) db_statement_cache: usize,
    /// Origins allowed to call from a browser, with credentials, comma-separated
    #[arg(long, env = "HALLPASS_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Networks whose X-Forwarded-For and Forwarded are believed, as CIDR blocks or single addresses, comma-separated
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
    /// Seconds until the connection of a client is closed that reads nothing of what it asked for
    #[arg(long, env = "HALLPASS_WRITE_TIMEOUT", default_value = "30", value_parser = seconds(1..=3600))]
    pub(crate) write_timeout: Duration,
    /// Seconds an idle connection stays open: longer than the proxy before the server keeps it
    #[arg(long, env = "HALLPASS_KEEP_ALIVE", default_value = "75", value_parser = seconds(1..=3600))]
    pub(crate) keep_alive: Duration,
    /// Connections of clients, at most; others wait until one of them ends. Fewer, with a warning, if the limit on open
    /// files is too low and cannot be raised
    #[arg(long, env = "HALLPASS_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,
    /// Master secret(s) in standard base64, at least 32 bytes, comma-separated, the current one first. SQLite: made at
    /// first start and kept in hallpass.secret; Postgres: required
    #[arg(long, env = "HALLPASS_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<Secrets>,
    /// Base of the links in mails, and the token issuer
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
    /// Signature of access tokens: EdDSA, or ES256 for verifiers that lack Ed25519
    #[arg(long, env = "HALLPASS_TOKEN_ALGORITHM", default_value = "EdDSA", value_parser = token_algorithm)]
    pub(crate) token_algorithm: SigningAlgorithm,
    /// Makes this verified administrator at start, unless there is an active administrator
    #[arg(long, env = "HALLPASS_ADMIN_EMAIL", requires = "admin_password")]
    pub(crate) admin_email: Option<EmailAddress>,
    /// Their password
    #[arg(
        long,
        env = "HALLPASS_ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "admin_email",
        value_parser = some_password
    )]
    pub(crate) admin_password: Option<Password>,
    /// Who may register: open, private (the answer does not tell whether an address is taken) or closed
    #[arg(long, env = "HALLPASS_REGISTRATION", default_value = "open")]
    pub(crate) registration: RegistrationMode,
    /// Whether login needs a verified address
    #[arg(
        long,
        env = "HALLPASS_REQUIRE_VERIFIED_EMAIL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub(crate) require_verified_email: bool,
    /// Whether there are rate limits, a lockout after wrong passwords, and budgets of mails; false for load tests
    #[arg(long, env = "HALLPASS_RATE_LIMITS", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) rate_limits: bool,
    /// Where limits are counted: database (shared by all instances) or memory
    #[arg(long, env = "HALLPASS_LIMIT_STORE", default_value = "database")]
    pub(crate) limit_store: LimitStore,
    /// smtp://…, smtps://… or smtp://…?tls=required; unset: mails are printed
    #[arg(long, env = "HALLPASS_SMTP_URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<String>,
    /// File of the root certificate(s) to trust for SMTP instead of the machine's, in PEM; for smtps:// and tls=required
    #[arg(long, env = "HALLPASS_SMTP_ROOT_CERTIFICATE")]
    pub(crate) smtp_root_certificate: Option<PathBuf>,
    /// Sender of mails
    #[arg(
        long,
        env = "HALLPASS_MAIL_FROM",
        default_value = "Hallpass <no-reply@localhost>"
    )]
    pub(crate) mail_from: Sender,
    /// Lifetime of access tokens, in seconds
    #[arg(long, env = "HALLPASS_ACCESS_TTL", default_value = "600", value_parser = seconds(1..=3600))]
    pub(crate) access_ttl: Duration,
    /// Seconds until a session ends that is not refreshed
    #[arg(long, env = "HALLPASS_SESSION_IDLE", default_value = "1209600", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) session_idle: Duration,
    /// Seconds until a session ends in any case
    #[arg(long, env = "HALLPASS_SESSION_MAX", default_value = "2592000", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) session_max: Duration,
    /// Live sessions of one user, at most: opening one more ends the one that was used longest ago
    #[arg(long, env = "HALLPASS_SESSIONS_PER_USER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sessions_per_user: u32,
    /// Seconds for which a refresh token that was just exchanged still gets the same successor, and the request timeout
    /// on top; 0: off
    #[arg(long, env = "HALLPASS_REFRESH_GRACE", default_value = "30", value_parser = seconds(0..=300))]
    pub(crate) refresh_grace: Duration,
    /// Lifetime of password reset links, in seconds
    #[arg(long, env = "HALLPASS_RESET_TTL", default_value = "1800", value_parser = seconds(1..=YEAR))]
    pub(crate) reset_ttl: Duration,
    /// For how long the audit trail is kept, in seconds
    #[arg(long, env = "HALLPASS_EVENT_RETENTION", default_value = "7776000", value_parser = seconds(1..=10 * YEAR))]
    pub(crate) event_retention: Duration,
    /// Lifetime of links that verify an address or unlock sign-in, in seconds
    #[arg(long, env = "HALLPASS_VERIFY_TTL", default_value = "86400", value_parser = seconds(1..=YEAR))]
    pub(crate) verify_ttl: Duration,
    /// Argon2id parameters
    #[arg(long, env = "HALLPASS_ARGON2", default_value = "m=19456,t=2,p=1")]
    pub(crate) argon2: String,
    /// Argon2id parameters that stored hashes may have from before, semicolon-separated
    #[arg(long, env = "HALLPASS_ARGON2_FORMER", value_delimiter = ';', value_parser = HashParams::danger_parse_weak)]
    pub(crate) argon2_former: Vec<HashParams>,
    /// Take Argon2id parameters weaker than m=8192,t=1,p=1
    #[arg(long, env = "HALLPASS_DANGER_WEAK_HASH", default_value_t = false, action = clap::ArgAction::Set)]
    pub(crate) danger_weak_hash: bool,
    /// Passwords hashed at once [default: cores]
    #[arg(long, env = "HALLPASS_HASH_PERMITS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) hash_permits: Option<u16>,
    /// Passwords waiting to be hashed, at most
    #[arg(long, env = "HALLPASS_HASH_QUEUE", default_value_t = 256, value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub(crate) hash_queue: usize,
    /// Shortest password, in code points
    #[arg(long, env = "HALLPASS_PASSWORD_MIN", default_value = "8", value_parser = password_policy)]
    pub(crate) password_min: PasswordPolicy,
    /// Least strength that a new password is estimated to have, 1 to 4; 0: no estimate
    #[arg(long, env = "HALLPASS_PASSWORD_STRENGTH", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=4))]
    pub(crate) password_strength: u8,
    /// Whether new passwords are looked up among stolen ones, by 5 digits of their digest: false, true (asks
    /// https://api.pwnedpasswords.com) or the URL of a service of the same protocol
    #[arg(long, env = "HALLPASS_PASSWORD_BREACH_CHECK", default_value = "false", value_parser = breach_check)]
    pub(crate) password_breach_check: BreachCheckUrl,
    /// URLs that browsers may be sent to at the end of a sign-in with a provider, character by character,
    /// comma-separated
    #[arg(long, env = "HALLPASS_OAUTH_REDIRECTS", value_delimiter = ',', value_parser = redirect)]
    pub(crate) oauth_redirects: Vec<String>,
    #[arg(skip)]
    pub(crate) providers: Vec<Provider>,
}

/// Where limits are counted.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LimitStore {
    Database,
    Memory,
}

impl Settings {
    /// Reads flags and environment, or ends the process with one line that names what is wrong.
    pub(crate) fn read() -> Self {
        let read = match Self::try_parse() {
            Err(error) if !error.use_stderr() => error.exit(),
            Err(error) => Err(one_line(&error)),
            Ok(settings) => providers::from_environment().map(|providers| Self {
                providers,
                ..settings
            }),
        };
        read.unwrap_or_else(|error| {
            eprintln!("error: {error}");
            std::process::exit(2)
        })
    }

    /// Variables of the environment that look like settings and are none: typing errors, or of another version.
    pub(crate) fn unknown_variables() -> Vec<String> {
        let command = Self::command();
        let is_known = |name: &OsStr| {
            providers::is_ours(name.as_encoded_bytes())
                || command
                    .get_arguments()
                    .any(|known| known.get_env() == Some(name))
        };
        let names = std::env::vars_os().map(|(name, _)| name);
        let mut unknown: Vec<String> = names
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

/// Names the setting as it is named in the environment. The value stays out: it may be a secret.
fn one_line(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.clone(),
        Some(ContextValue::Strings(arguments)) => arguments.join(", "),
        _ => String::new(),
    };
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    let command = Settings::command();
    let known = command.get_arguments().find(|known| {
        known
            .get_long()
            .is_some_and(|long| flag == format!("--{long}"))
    });
    let setting = match known.and_then(|known| known.get_env()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None if flag.starts_with("--") => flag.to_owned(),
        None => unreadable_variable(&command).unwrap_or_else(|| "an argument".to_owned()),
    };
    let reason = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            "required, as the other one of the pair is set".to_owned()
        }
        kind => match (
            std::error::Error::source(error),
            error.get(ContextKind::ValidValue),
        ) {
            (Some(source), _) => reason(source),
            (None, Some(ContextValue::Strings(valid))) => {
                format!("one of {} is expected", valid.join(", "))
            }
            (None, _) => kind.to_string(),
        },
    };
    format!("{setting}: {reason}")
}

/// The variable whose value is no UTF-8: clap does not say which.
fn unreadable_variable(command: &clap::Command) -> Option<String> {
    let names = command.get_arguments().filter_map(|known| known.get_env());
    let mut unreadable =
        names.filter(|name| std::env::var_os(name).is_some_and(|value| value.to_str().is_none()));
    unreadable
        .next()
        .map(|name| name.to_string_lossy().into_owned())
}

/// The last word of the chain: what exactly is wrong.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().replace('\n', " ")
}

/// An empty one, of a variable that was not filled in, is named before what it would need.
fn some_password(text: &str) -> Result<Password, &'static str> {
    if text.is_empty() {
        return Err("must not be empty");
    }
    Ok(Password::from(text))
}

fn seconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync {
    move |text| match text.parse() {
        Ok(seconds) if range.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!(
            "expected {} to {} seconds",
            range.start(),
            range.end()
        )),
    }
}

/// As the header of a token names it (RFC 7518, section 3.1).
fn token_algorithm(text: &str) -> Result<SigningAlgorithm, &'static str> {
    match text {
        "EdDSA" => Ok(SigningAlgorithm::EdDsa),
        "ES256" => Ok(SigningAlgorithm::Es256),
        _ => Err("expected EdDSA or ES256"),
    }
}

fn public_url(text: &str) -> Result<String, Error> {
    Links::new(text).map(|_| text.to_owned())
}

fn password_policy(text: &str) -> Result<PasswordPolicy, Box<dyn std::error::Error + Send + Sync>> {
    Ok(PasswordPolicy::new(text.parse()?)?)
}

/// The service that knows stolen passwords; `None` if there is none.
#[derive(Clone, Debug)]
pub(crate) struct BreachCheckUrl(Option<String>);

impl BreachCheckUrl {
    pub(crate) fn service(&self) -> Result<Option<HttpBreachCheck>, Error> {
        self.0.as_deref().map(HttpBreachCheck::at).transpose()
    }
}

fn breach_check(text: &str) -> Result<BreachCheckUrl, Error> {
    let url = match text {
        "false" => None,
        "true" => Some(HttpBreachCheck::PWNED_PASSWORDS),
        url => Some(url),
    };
    let url = BreachCheckUrl(url.map(str::to_owned));
    url.service().map(|_| url)
}

/// Scheme, host and port, exactly as browsers send it (RFC 6454, section 6.2): another spelling would match none.
fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    const EXPECTED: &str = "an origin looks like https://app.example.org";
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let is_http = matches!(url.scheme(), "http" | "https");
    if is_http && !text.contains('*') && url.origin().ascii_serialization() == text {
        text.parse().map_err(|_| EXPECTED)
    } else {
        Err(EXPECTED)
    }
}

/// Kept as written: browsers are sent there only if an application asks for just that.
fn redirect(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| "not an absolute URL")?;
    match url.scheme() {
        "blob" | "data" | "file" | "filesystem" | "javascript" | "vbscript" => {
            Err("leads to no application")
        }
        _ if url.fragment().is_some() => Err("must have no fragment"),
        _ if url
            .query_pairs()
            .any(|(name, _)| ["code", "error", "state"].contains(&name.as_ref())) =>
        {
            Err("must not have code, error or state in its query")
        }
        _ => Ok(text.to_owned()),
    }
}
