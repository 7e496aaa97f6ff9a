//! Embeddable user management and authentication for Rust backends.
//!
//! Add the crate and mount one axum or actix router. Registration, login, JWT access tokens, refresh tokens, logout,
//! password reset and email then work on the backend's own Postgres or SQLite. No other server is needed.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # async fn run() -> hallpass::Result<()> {
//! use hallpass::{Auth, ClientAddress, secret::Secret, mail::Mailbox, memory::MemoryStore};
//!
//! let auth = Auth::builder()
//!     .store(MemoryStore::new())          // or seaorm::SeaOrmStore, on the host's own database
//!     .secrets(Secret::generate())        // or Secrets, from the environment
//!     .public_url("https://example.org")
//!     .mailer(Mailbox::new())             // or mail::SmtpMailer
//!     .build()?;
//!
//! let app: axum::Router = axum::Router::new()
//!     .route("/hello", axum::routing::get(async |user: hallpass::CurrentUser| user.id().to_string()))
//!     .nest("/api", hallpass::axum::router(&auth, ClientAddress::peer()))
//!     .with_state(auth);
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! # The pieces
//!
//! * [`Auth`] is the handle through which an application uses the crate. It is cheap to clone and
//!   has no type parameters. [`AuthBuilder`] builds it.
//! * [`UserService`] is an object-safe trait for the use cases. [`Auth`] implements it, the endpoints call it, and a
//!   host may wrap it with [`AuthBuilder::wrap_service`].
//! * `axum::router` and `actix::configure` mount the [`Endpoints`](Auth). Both serve the same contract, byte for byte.
//!   Both take a `ClientAddress`, the rule for finding a client's address. The rule has no default. The host's own
//!   handlers take [`CurrentUser`] (verified token, no query), [`ActiveUser`] (confirmed by the database) or a
//!   [`guard`], such as [`guard::WithRole`]. `RequireRole` and `RequirePermission` guard whole groups of routes.
//!   [`user::RolePermissions`] maps roles to permissions.
//! * [`verifier::Verifier`] verifies the tokens of another service with its published keys, without
//!   a database. [`guard::ClaimedRole`] and [`guard::ClaimedPermission`] check only the token, with
//!   a `Verifier` or with an [`Auth`].
//! * [`store::Store`] keeps all state. [`memory::MemoryStore`] is the reference implementation, and
//!   `seaorm::SeaOrmStore` works on Postgres and SQLite. A host tests its own store with the
//!   `conformance` checks.
//! * [`hook::Hooks`] lets a host refuse registrations and sign-ins, add claims to access tokens, and react to changes.
//! * [`account`] and [`session`] contain the use cases for signed-in users, and [`admin`] contains those for
//!   administrators. The endpoints that [`UserService`] does not cover use them.
//! * [`Auth::within`] registers, changes and deletes users inside the host's transaction.
//! * [`event`] is the audit trail. An [`event::Sink`] also receives its events.
//! * [`brand::Brand`] is the host's branding on pages and in emails: its name, logo, colours and links.
//! * [`mail::Mailer`] sends emails. Emails wait in an outbox until they are sent.
//! * [`identity`] contains users' identities at providers. With the feature `oauth`, users sign in with these
//!   identities.
//! * [`second_factor`] contains the use cases for second factors: authenticator apps, recovery codes, remembered
//!   devices, and the second step of a sign-in. [`factor`] contains their types.
//! * [`limit`] contains the rate limits and the lockout after wrong passwords. [`lockout`] lets users lift a lockout.
//! * [`safeguard`] lets users end every session of their account with the link in a notice.
//! * [`Auth::run`] does the background work: it sends emails and deletes expired data.
//! * [`clock::Clock`] is the only source of time; tests move a [`clock::ManualClock`].
//! * [`deadline::Deadline`] is the time at which a request that is still unanswered gets a 503. A
//!   store writes nothing that could be committed after that time.
//! * `testing` is for a host's tests: an in-memory service, with control over its users, tokens, emails and clock.
//!
//! # Cargo features
//!
//! No feature is on by default. A feature adds API and never changes existing behaviour.
//!
//! | feature | adds |
//! |---|---|
//! | `axum` | the router, extractors and the guard layer for axum 0.8 |
//! | `actix` | the same for actix-web 4 |
//! | `http` | the contract that both serve; `axum`, `actix` and `openapi` switch it on |
//! | `postgres`, `sqlite` | the store, with the driver |
//! | `migrate` | the migrations |
//! | `smtp` | email over SMTP, with rustls |
//! | `jwks-client` | a client that fetches another service's keys, for a [`Verifier`](verifier::Verifier) |
//! | `breach-check` | [`credential::HttpBreachCheck`]: checks whether a new password is known from a data breach, without sending it |
//! | `strength` | [`credential::PasswordPolicy::with_min_strength`]: estimates how guessable a new password is |
//! | `metrics` | load metrics, through the `metrics` crate: see [`metric`] |
//! | `oauth` | [`oauth`]: sign-in with a provider, OpenID Connect or GitHub |
//! | `openapi` | the OpenAPI document, and a page that lists the calls and can send them |
//! | `pages` | pages for the links in emails, which work without scripts |
//! | `tls` | cryptography for TLS, from aws-lc; `postgres` switches it on, and a host may [bring its own](#cryptography) |
//! | `testing` | a whole service for a host's tests, the conformance checks, and [`store::Gate`] |
//!
//! # Cryptography
//!
//! Tokens, digests and secrets use aws-lc directly, whatever default provider the process has. TLS for `smtp`, `oauth`,
//! `jwks-client` and `breach-check` uses rustls with the provider that the process has installed. If none is installed
//! and the feature `tls` is on, rustls uses aws-lc. If none is installed and the feature is off, building anything that
//! needs TLS fails. A host that uses rustls with another provider leaves `tls` out and installs its own. `postgres`
//! switches `tls` on, because the database driver brings aws-lc. With two providers in one build, rustls has no
//! default, so the host has to install one first.
//!
//! ```ignore
//! rustls::crypto::ring::default_provider().install_default().ok();
//! ```
//!
//! # Guarantees
//!
//! * Passwords are hashed with Argon2id, a bounded number at a time. A sign-in with an unknown
//!   address takes the same time as one with a wrong password. See [`credential`].
//! * Refresh tokens are stored as digests, rotate in place, and have at most one successor. If a
//!   used token is presented again after its grace period, the session ends. See [`token`].
//! * The verifier accepts access tokens only in the exact format that this crate issues. It follows
//!   RFC 8725, and is stricter.
//! * A caller without a token cannot find out whether an address has an account, except by trying
//!   to register it if registration is open.
//! * Secrets never reach logs, errors or `Debug` output.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The base layer, which imports no other layer.
pub mod clock;
pub mod deadline;
mod email;
pub mod error;
mod id;
mod json;
pub mod metric;
#[cfg(any(feature = "breach-check", feature = "jwks-client", feature = "oauth"))]
mod outbound;
mod percent;
mod purpose;
mod renewal;
pub mod secret;
#[cfg(any(
    feature = "breach-check",
    feature = "jwks-client",
    feature = "oauth",
    feature = "smtp"
))]
mod tls;
mod user_agent;

// The HTTP contract, independent of the framework.
#[cfg(feature = "http")]
pub mod http;

// Modules that every feature may use.
pub mod brand;
pub mod event;
pub mod hook;
pub mod mail;
mod outbox;
pub mod user;

// Limits.
pub mod limit;

// Identities at providers, and second factors.
pub mod factor;
pub mod identity;

// Tokens.
pub mod token;
pub mod verifier;

// The store traits and the stores.
pub mod store;

// Admission, the delivery of events, and the purge.
mod admission;
pub mod purge;
mod trail;

// Mail delivery, and the parts that every feature uses.
mod core;
mod delivery;

// Credentials, and the only code that opens a session.
pub mod credential;
mod sign_in;

// The use cases as a trait, and their entry points.
mod feature;
mod service;

// The application's handle, and the frameworks.
mod auth;
mod framework;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "http")]
#[doc(inline)]
pub use self::http::ClientAddress;
#[doc(inline)]
pub use self::{
    auth::{Auth, AuthBuilder},
    error::{Error, ErrorKind, Result},
    secret::Secrets,
    service::{Login, Registration, UserService},
    sign_in::SignIn,
    token::{ActiveUser, CurrentUser},
    user::{User, UserId},
};

// Shorter paths for common types.
#[cfg(feature = "http")]
pub use self::auth::endpoints;
pub use self::auth::{background, guard, transaction};
#[cfg(feature = "oauth")]
pub use self::feature::oauth;
#[cfg(feature = "pages")]
pub use self::feature::page;
pub use self::feature::{
    account, admin, email_verification, lockout, password, safeguard, second_factor, session,
};
#[cfg(feature = "actix")]
pub use self::framework::actix;
#[cfg(feature = "axum")]
pub use self::framework::axum;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use self::store::conformance;
#[doc(inline)]
pub use self::store::memory;
#[cfg(all(feature = "seaorm", any(feature = "postgres", feature = "sqlite")))]
#[doc(inline)]
pub use self::store::seaorm;

/// The guide: one page per task, from the repository's `docs` folder. The module exists only if all features that the
/// examples use are enabled.
#[cfg(all(
    doc,
    feature = "actix",
    feature = "axum",
    feature = "breach-check",
    feature = "jwks-client",
    feature = "migrate",
    feature = "oauth",
    feature = "openapi",
    feature = "pages",
    feature = "postgres",
    feature = "sqlite",
    feature = "strength",
    feature = "testing"
))]
pub mod guide {
    /// Each page is one file. The macro inserts the links between modules before the file's text, because the first of
    /// two definitions of a link takes precedence.
    macro_rules! pages {
        ($($page:ident $file:literal)*) => {$(
            #[doc = "[Embedding]: crate::guide::embedding"]
            #[doc = "[Guards]: crate::guide::guards"]
            #[doc = "[Accounts and mail]: crate::guide::accounts_and_mail"]
            #[doc = "[Passwords, limits and the lockout]: crate::guide::passwords_limits_lockout"]
            #[doc = "[Signing in with a provider]: crate::guide::providers"]
            #[doc = "[Second factors]: crate::guide::second_factors"]
            #[doc = "[Sessions and tokens]: crate::guide::sessions_and_tokens"]
            #[doc = "[Server-rendered applications]: crate::guide::server_rendered"]
            #[doc = "[Hooks and events]: crate::guide::hooks_and_events"]
            #[doc = "[Your own store]: crate::guide::your_own_store"]
            #[doc = "[In process]: crate::guide::in_process"]
            #[doc = "[A backend on sqlx]: crate::guide::sqlx"]
            #[doc = "[Other database crates]: crate::guide::other_databases"]
            #[doc = "[Operating]: crate::guide::operating"]
            #[doc = "[several hosts]: crate::guide::operating#several-hosts-of-postgres"]
            #[doc = "[poolers]: crate::guide::operating#poolers"]
            #[doc = ""]
            #[doc = include_str!(concat!("../docs/", $file))]
            pub mod $page {}
        )*};
    }

    pages! {
        embedding "01-embedding.md"
        guards "02-guards.md"
        accounts_and_mail "03-accounts-and-mail.md"
        passwords_limits_lockout "04-passwords-limits-lockout.md"
        providers "05-providers.md"
        second_factors "second-factors.md"
        sessions_and_tokens "sessions-and-tokens.md"
        server_rendered "server-rendered.md"
        hooks_and_events "06-hooks-and-events.md"
        in_process "07-in-process.md"
        sqlx "sqlx.md"
        other_databases "other-databases.md"
        verify_elsewhere "08-verify-elsewhere.md"
        your_own_store "09-your-own-store.md"
        testing "10-testing.md"
        server "server.md"
        operating "operating.md"
        security "security.md"
        glossary "glossary.md"
    }

    /// Compiles the README's examples.
    #[cfg(doctest)]
    #[doc = include_str!("../README.md")]
    mod readme {}
}
