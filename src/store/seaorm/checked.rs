//! Changes that a session authorizes after a credential of the user was checked in that session.

use sea_orm::{QueryResult, Value};

use crate::{
    clock::Timestamp,
    token::{Checked, CheckedSession},
};

/// The condition that the credentials of the user `u` have not changed since a session checked them.
macro_rules! unchanged {
    () => {
        "u.id = $3 AND u.credential_version = $4 AND u.password_hash IS NOT DISTINCT FROM $5"
    };
}
pub(super) use unchanged;

/// `$1` to `$5` of a change authorized by a session.
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
