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

// Credentials, and what is mailed.
pub mod credential;
mod delivery;

// Adapters: one folder per technology.
#[cfg(feature = "testing")]
pub mod conformance;
pub mod memory;
#[cfg(feature = "seaorm")]
pub mod seaorm;

// The frameworks.
#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;

pub use self::{
    error::{BoxError, Error, ErrorKind, Result, StoreError, Violation},
    secret::{
        AccessToken, OneTimeToken, Password, PasswordHash, RefreshToken, Secret, Secrets,
        TokenDigest,
    },
    user::{EmailAddress, Role, Roles, User, UserId, UserStatus},
};
