//! Tokens and the sessions behind them.
//!
//! ```text
//! sign-in ── opens ──► session row: generation 0, digest of refresh token 0
//!                         │  access tokens name it (sid) and live ten minutes
//! refresh ── one UPDATE ──► generation 1, digest of token 1        (the same row)
//!     token 0 again, within seconds ──► token 1 again              (a lost answer, a second tab)
//!     token 0 again, later          ──► the session has ended      (a stolen token)
//! logout ─── one UPDATE ──► revoked
//! ```
//!
//! A refresh token contains its session, its generation and a tag that only the master secret can create, so that a
//! forged token is refused without a database query. The successor of a token is derived from the token rather than
//! drawn at random, so that a repeated request gets the same answer and no plaintext is stored. The store keeps SHA-256
//! digests only.
//!
//! A session is tied to its user's `credential_version`. The version is incremented when the
//! password or the address is changed, the password is reset, the account is disabled, or the user
//! logs out everywhere. A session that is opened during such a change is refused at its next check.
//! The session in which the password is changed gets the new version.

mod access;
mod active_user;
mod algorithm;
mod authentication;
mod browser;
mod browser_settings;
mod challenge;
mod check;
mod claims;
mod credential;
mod current_user;
mod device;
#[cfg(feature = "http")]
pub(crate) mod http;
mod key;
mod kind;
mod lifetimes;
mod method;
mod one_time;
mod opaque;
mod refresh;
mod reuse;
mod rotation;
mod service;
mod session;
mod ticket;
mod verifying_key;

pub use self::{
    active_user::ActiveUser,
    algorithm::SigningAlgorithm,
    browser::{BrowserSession, BrowserUser, NewCookie, PresentedCookie, RenewedCookie},
    browser_settings::Browser,
    challenge::{
        Attempted, ChallengeId, ChallengePurpose, MAX_CHALLENGES, MAX_TRIES, NewChallenge,
        OpenChallenge, RememberDevice, SecondProof, SpentFactor,
    },
    credential::Credential,
    current_user::CurrentUser,
    key::SigningKeys,
    kind::SessionKind,
    lifetimes::TokenLifetimes,
    method::{AAL1, AAL2, Method, Methods},
    one_time::{
        IssueOneTime, NewOneTimeToken, OneTimeStatus, Reset, ResetPassword,
        SECURE_TOKENS_PER_ADDRESS, SECURE_TOKENS_PER_USER, SecureAccount, SecuredAccount,
    },
    reuse::ReuseClass,
    rotation::{SessionState, Verdict},
    service::TokenPair,
    session::{
        Checked, CheckedSession, EarlierSignIn, EndReason, NewSession, OpenSession, RotateSession,
        Rotation, Session, SessionUser,
    },
};
pub(crate) use self::{
    authentication::Authentication,
    browser::FORMER_COOKIE,
    check::{TokenCheck, TokenFault},
    device::{Device, Devices},
    one_time::OneTimeKeys,
    service::{OpenedAs, TokenParts, Tokens},
    ticket::{ParsedTicket, TICKET_LIFETIME, Tickets},
    verifying_key::VerifyingKeys,
};
pub use crate::{id::SessionId, purpose::Purpose};

/// How long a presented credential counts as recent.
const RECENT: std::time::Duration = std::time::Duration::from_secs(600);

/// The number of times a session's refresh token has been exchanged.
pub type RefreshGeneration = u32;
