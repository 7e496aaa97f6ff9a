//! Tokens and the sessions behind them.

mod access;
mod claims;
#[cfg(feature = "http")]
pub(crate) mod http;
mod key;
mod one_time;
mod refresh;
mod rotation;
mod service;
mod session;
mod store;

pub use self::{
    access::CurrentUser,
    key::{SigningAlgorithm, SigningKeys},
    one_time::{IssueOneTime, NewOneTimeToken, Purpose, ResetPassword},
    rotation::{SessionState, Verdict},
    service::{ActiveUser, TokenLifetimes, TokenPair},
    session::{
        ClientInfo, EndReason, NewSession, OpenSession, RotateSession, Rotation, SessionId,
        SessionUser,
    },
    store::TokenStore,
};
pub(crate) use self::{one_time::OneTimeKeys, service::Tokens};

/// How often the refresh token of a session has been exchanged.
pub type RefreshGeneration = u32;
