//! How the user of a session authenticated.

use super::{Methods, SessionId, SessionUser};
use crate::clock::Timestamp;

/// A session, and the time and the methods of its authentication, as written into its access
/// tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub(crate) session_id: SessionId,
    /// When the user last presented a credential. In a session with two factors, only the second
    /// factor counts.
    pub(crate) at: Timestamp,
    pub(crate) methods: Methods,
}

impl Authentication {
    pub(crate) fn of(session_id: SessionId, session: &SessionUser) -> Self {
        let (at, methods) = session.authentication();
        Self {
            session_id,
            at,
            methods,
        }
    }
}
