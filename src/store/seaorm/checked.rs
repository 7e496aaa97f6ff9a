//! Changes that a session authorizes after a credential of the user was checked in that session.

use sea_orm::{QueryResult, Value};

use crate::{
    clock::Timestamp,
    token::{Checked, CheckedSession},
};

/// The condition that the credentials of the user `u` have not changed since they were checked in a
/// session.
macro_rules! unchanged {
    () => {
        "u.id = $3 AND u.credential_version = $4 AND u.password_hash IS NOT DISTINCT FROM $5"
    };
}
pub(super) use unchanged;

/// The values of `$1` to `$5` in a change that a session authorizes.
pub(super) fn checked_values(checked: &CheckedSession, now: Timestamp) -> [Value; 5] {
    let hash = checked.verified_hash.as_ref();
    [
        checked.id.as_uuid().into(),
        now.into(),
        checked.user_id.as_uuid().into(),
        checked.credential_version.into(),
        hash.map(|hash| hash.expose().to_owned()).into(),
    ]
}

pub(super) fn outcome(written: &[QueryResult]) -> Checked {
    if written.is_empty() {
        Checked::Stale
    } else {
        Checked::Done
    }
}
