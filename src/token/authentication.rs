//! How the user of a session has authenticated.

use super::{Methods, SessionId, SessionUser};
use crate::clock::Timestamp;

/// A session, with the time and the methods of its authentication, as its access tokens carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub(crate) session_id: SessionId,
    /// When the user last presented a credential.
    pub(crate) at: Timestamp,
    pub(crate) methods: Methods,
}

impl Authentication {
    pub(crate) fn of(session_id: SessionId, session: &SessionUser) -> Self {
        Self {
            session_id,
            at: session.authenticated_at,
            methods: session.methods.clone(),
        }
    }
}
