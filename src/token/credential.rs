//! A caller's credential.

use crate::secret::{AccessToken, SessionCookie};

/// The credential by which a caller identifies itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// An access token.
    AccessToken(AccessToken),
    /// The browser session cookie.
    Cookie(SessionCookie),
}

impl From<AccessToken> for Credential {
    fn from(token: AccessToken) -> Self {
        Self::AccessToken(token)
    }
}

impl From<&AccessToken> for Credential {
    fn from(token: &AccessToken) -> Self {
        Self::AccessToken(token.clone())
    }
}

impl From<SessionCookie> for Credential {
    fn from(cookie: SessionCookie) -> Self {
        Self::Cookie(cookie)
    }
}

impl From<&SessionCookie> for Credential {
    fn from(cookie: &SessionCookie) -> Self {
        Self::Cookie(cookie.clone())
    }
}
