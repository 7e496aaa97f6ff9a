//! Tokens and the sessions behind them.

mod one_time;
mod rotation;
mod session;
mod store;

pub(crate) use self::one_time::OneTimeKeys;
pub use self::{
    one_time::{IssueOneTime, NewOneTimeToken, Purpose, ResetPassword},
    rotation::{SessionState, Verdict},
    session::{
        ClientInfo, EndReason, NewSession, OpenSession, RotateSession, Rotation, SessionId,
        SessionUser,
    },
    store::TokenStore,
};

/// How often the refresh token of a session has been exchanged.
pub type RefreshGeneration = u32;
