//! User management and authentication that a Rust backend embeds.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Ground: imports nothing of ours.
pub mod clock;
mod error;
mod id;
mod secret;

// The HTTP contract, framework-neutral.
#[cfg(feature = "http")]
pub mod http;

// What every feature may use.
pub mod mail;
pub mod user;

// Tokens.
pub mod store;
pub mod token;

// Credentials, mails on their way, and the one code that opens a session.
pub mod credential;
mod delivery;
mod sign_in;

// The use cases as a trait, and the ways in.
mod account;
mod admin;
mod password;
mod service;
mod session;

// Adapters: one folder per technology.
#[cfg(feature = "testing")]
pub mod conformance;
pub mod memory;
#[cfg(feature = "seaorm")]
pub mod seaorm;

// The handle an application holds, and the frameworks.
#[cfg(feature = "actix")]
pub mod actix;
mod auth;
#[cfg(feature = "axum")]
pub mod axum;

#[cfg(feature = "http")]
pub use self::auth::Endpoints;
pub use self::{
    auth::{Admin, Auth, AuthBuilder, RequiredRole, WithRole},
    error::{BoxError, Error, ErrorKind, Result, StoreError, Violation},
    password::RegistrationMode,
    secret::{
        AccessToken, OneTimeToken, Password, PasswordHash, RefreshToken, Secret, Secrets,
        TokenDigest,
    },
    service::{Login, Registration, UserService},
    token::{ActiveUser, ClientInfo, CurrentUser, TokenLifetimes, TokenPair},
    user::{EmailAddress, Page, Role, Roles, User, UserId, UserQuery, UserStatus},
};
