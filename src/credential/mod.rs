//! Passwords: the bounded hasher, the policy for new ones, and the one counted check that every door uses.
//!
//! A door (sign-in, password change, deletion) hands an address and a password to `PasswordCheck` and gets a
//! `Proof`, a `Refusal` for the audit trail, or an error:
//!
//! ```text
//! door ── ensure_checkable ──> PasswordCheck ── credentials ──> store
//!                                   │  (no connection is held from here on)
//!                                   └── verify ──> Hasher: a permit, or `overloaded`
//!                                   Proof ──> sign_in::complete
//! ```
//!
//! An unknown address, an account without a password and a wrong password cost one verification each, through the
//! same queue, so that neither time nor load tells them apart.

mod check;
mod common;
#[cfg(test)]
pub(crate) mod fake;
mod hasher;
mod params;
mod phc;
mod policy;
mod refusal;
mod workspace;

pub(crate) use self::{
    check::{PasswordCheck, Proof},
    refusal::{Refusal, RefusalReason},
};
pub use self::{
    hasher::{Hasher, HasherBuilder, Verification},
    params::HashParams,
    policy::{PasswordPolicy, ensure_checkable},
};
