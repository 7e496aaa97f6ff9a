//! The state of the service, for operators.

use super::Administration;
use crate::{clock::Timestamp, credential::HashLoad, error::Result, store::StoreCondition};

/// The state of the service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// The version of this crate.
    pub version: &'static str,
    /// Whether the database accepts writes. If it does not, the schema may have pending migrations.
    pub accepts_writes: bool,
    /// The state of the outbox and of the schema.
    pub condition: StoreCondition,
    /// The load of the password hasher of this process.
    pub hashing: HashLoad,
    /// The keys for access tokens. The first key signs, and all of them verify.
    pub keys: Vec<KeyStatus>,
    /// Settings that weaken the security of the service.
    pub dangers: Vec<Danger>,
}

/// A key for access tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The identifier (`kid`).
    pub id: String,
    /// When a process first ran with the key; `None` if no process with this key has run
    /// [`Auth::run_mail`](crate::Auth::run_mail), which records it.
    pub first_used_at: Option<Timestamp>,
}

/// A setting that weakens the security of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Danger {
    /// Wrong second-factor codes are not counted.
    NoCodeLimit,
    /// Wrong passwords are not counted for each account.
    NoLockout,
    /// Sign-ins are not counted for each client.
    NoRateLimit,
    /// The public URL does not use HTTPS, and its host is not the local machine.
    PlainHttp,
    /// Passwords are hashed with parameters below the minimum of
    /// [`HashParams::new`](crate::credential::HashParams::new).
    WeakHashing,
}

impl Danger {
    /// Every danger.
    pub const ALL: &[Self] = &[
        Self::NoCodeLimit,
        Self::NoLockout,
        Self::NoRateLimit,
        Self::PlainHttp,
        Self::WeakHashing,
    ];

    /// The name of the danger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCodeLimit => "no_code_limit",
            Self::NoLockout => "no_lockout",
            Self::NoRateLimit => "no_rate_limit",
            Self::PlainHttp => "plain_http",
            Self::WeakHashing => "weak_hashing",
        }
    }
}

impl Administration {
    /// The state of the service. The call writes to the database, to find out whether it accepts writes.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database cannot be read.
    pub async fn status(&self) -> Result<ServiceStatus> {
        let store = &self.core.store;
        let accepts_writes = store.ping().await.is_ok();
        let condition = store.condition().await?;
        let keys = self.core.tokens.keys().ids().into_iter().map(|id| {
            let mut noted = condition.keys.iter();
            let noted = noted.find(|(noted, _)| *noted == id);
            KeyStatus {
                first_used_at: noted.map(|(_, at)| *at),
                id,
            }
        });
        let keys = keys.collect();
        Ok(ServiceStatus {
            version: env!("CARGO_PKG_VERSION"),
            accepts_writes,
            condition,
            hashing: self.hasher.load(),
            keys,
            dangers: self.dangers.to_vec(),
        })
    }
}
