//! Second factors: one-time codes from authenticator apps (TOTP), recovery codes, and remembered
//! devices.

#[cfg(feature = "http")]
pub(crate) mod http;
mod keys;
mod record;
mod recovery;
mod totp;

pub(crate) use self::{keys::FactorKeys, totp::TotpKey};
pub use self::{
    record::{
        AddTotp, ConfirmTotp, ConfirmedTotp, CountedFactors, Factor, FactorKind, FactorList,
        NewTotp, RememberedDevice, RemoveFactor, SealedTotp, SpentTotp,
    },
    recovery::{InvalidRecoveryCode, RecoveryCode},
    totp::{InvalidTotpCode, TotpCode},
};

use crate::id::id;

id! {
    /// Identifies a second factor.
    FactorId
}

id! {
    /// Identifies a remembered device.
    DeviceId
}

/// The maximum number of second factors per user.
pub const MAX_FACTORS: u32 = 5;

/// The maximum number of remembered devices per user. A newer device replaces the least recently
/// used one.
pub const MAX_DEVICES: u32 = 20;

/// The number of recovery codes that a user gets at once.
pub const RECOVERY_CODES: usize = 10;
