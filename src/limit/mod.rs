//! Limits: how often a client may call, and how often a password may be wrong.
//!
//! Every limit is a counter under a [`LimitKey`], a keyed digest from which nothing can be read, with a [`Rule`]:
//!
//! * a [`Rate`] for each client address (IPv6 by /64) and for each address of an account that is named, by the generic
//!   cell rate algorithm (ITU-T I.371): a steady pace, and a burst beside it;
//! * the [`Lockout`] of a password, counted by address whether or not that has an account, and by device for devices
//!   that have signed in before, so that nobody can lock an owner out.
//!
//! Use cases that are called in process count as well: a client whose [address](crate::event::ClientInfo::ip) is not
//! known has no counter of its own.
//!
//! The digests are made with a key that [outlives](crate::store::LimitKeyStore) the master secrets: rotating them
//! resets no counter, and instances that have them in another order count together.
//!
//! A [`Limiter`](crate::store::Limiter) keeps the counters: the database, so that all instances share them, or the
//! memory of the process.

mod budget;
mod charge;
mod held;
mod key;
mod lockout;
mod rate;
mod rule;
mod sealed_key;

pub(crate) use self::key::LimitKeys;
pub use self::{
    budget::{Budget, RateLimits},
    charge::{Charge, Charged},
    held::Held,
    key::LimitKey,
    lockout::Lockout,
    rate::Rate,
    rule::Rule,
    sealed_key::SealedKey,
};
