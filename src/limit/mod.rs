//! Limits: how often a client may call, and how often a password may be wrong.
//!
//! Every limit is a counter with a [`LimitKey`], which is a keyed digest that reveals nothing, and
//! one of these [`Rule`]s:
//!
//! * a [`Rate`] for each client address (IPv6 by /64) and for each email address that a call contains, by the generic
//!   cell rate algorithm (ITU-T I.371): a steady pace, and a burst on top;
//! * the [`Lockout`] after wrong passwords, counted by address, whether or not the address has an account. Devices that
//!   have signed in before are counted separately, so that no attacker can lock an owner out;
//! * the [`Tries`] for second-factor codes, counted by user: at most ten wrong codes an hour. Devices that have signed
//!   in before are counted separately.
//!
//! Calls that the host makes in process are counted as well. Calls from a client whose
//! [address](crate::event::ClientInfo::ip) is unknown are not counted by client.
//!
//! The digests are computed with a key that [outlives](crate::store::LimitKeyStore) the master
//! secrets. Rotating the secrets therefore does not reset the counters, and instances that list the
//! secrets in different orders share the counters.
//!
//! A [`Limiter`](crate::store::Limiter) keeps the counters, either in the database, where all
//! instances share them, or in the memory of the process.

mod budget;
mod charge;
mod held;
mod key;
mod lockout;
mod rate;
mod rule;
mod sealed_key;
mod tries;

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
    tries::Tries,
};
