//! Passwords: the hasher, the policy for new passwords, and the check that every entry point uses.
//!
//! An entry point (sign-in, password change, deletion) passes an address and a password to `PasswordCheck` and gets a
//! `CheckedPassword`, a `FailedCheck` for the audit trail, or an error:
//!
//! ```text
//! call ── ensure_checkable ──> PasswordCheck ── attempt ──────> limits: counted, or `too_many_attempts`
//!                                   ├── credentials ──> store
//!                                   │  (no connection is held from here on)
//!                                   └── verify ──> Hasher: a permit, or `overloaded`
//!                           CheckedPassword ──> Proof ──> sign_in::complete
//! ```
//!
//! Every new password must pass `PasswordRules`: first the policy, which makes no request, and then the breach check,
//! if the host has configured one.
//!
//! A password is prepared according to RFC 8265 (NFC) before it is hashed, and the salt of the hash
//! records this with a mark. A hash without the mark was imported, or comes from an older version.
//! Such a hash was computed from the password as typed, so the password is also checked as typed.
//! With or without the mark, there is only one verification, so that neither the cost nor the time
//! of a failure depends on the stored hash. When a hash without the mark has matched a non-ASCII
//! password, the password is hashed again.
//!
//! If the client disconnects while its sign-in is still queued, the sign-in leaves the queue and is not counted. Once
//! the password is being checked, the sign-in outlives its `Caller`, and the outcome is recorded even if the client
//! disconnects. Otherwise an unauthenticated caller could lock out an owner without leaving a trace.
//!
//! Endpoints that ask a signed-in user for the password again use `Confirmation`. `Confirmation` does the same check
//! with the stored address, but opens no session. For an account without a password it requires a recent sign-in
//! instead.
//!
//! An unknown address, an account without a password and a wrong password each cost one verification, and all
//! verifications wait in the same queue. Neither time nor load reveals which case it was.

mod attempt;
mod breach;
mod caller;
mod check;
mod common;
mod confirm;
mod failure;
mod failures;
mod hasher;
mod params;
mod phc;
mod policy;
mod prepared;
mod rules;
mod ticket;
mod workspace;

#[cfg(feature = "breach-check")]
pub use self::breach::HttpBreachCheck;
pub(crate) use self::{
    attempt::CountedAttempt,
    caller::Caller,
    check::{CheckedPassword, PasswordCheck},
    confirm::{CHECKS, Confirmation, overtaken},
    failure::{FailedCheck, FailureReason},
    failures::Failures,
    rules::{BREACH_CHECK_TIMEOUT, NewPassword, PasswordRules, PasswordRulesParts},
    ticket::CheckTicket,
};
pub use self::{
    breach::BreachCheck,
    hasher::{HashLoad, Hasher, HasherBuilder, Verification},
    params::HashParams,
    policy::{PasswordContext, PasswordPolicy, ensure_checkable},
};
