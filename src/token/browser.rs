//! Browser sessions and their cookies: opaque, verifiable without a database query, and not rotated on use.

use std::time::Duration;

use uuid::Uuid;

use super::{RefreshGeneration, SessionId, SessionUser, opaque::OpaqueKeys};
use crate::{
    clock::Timestamp,
    id::UserId,
    secret::{Secrets, SessionCookie, TokenDigest, random_bytes},
    user::User,
};

/// How long a browser session lasts at most if it is not remembered.
pub(super) const UNREMEMBERED: Duration = Duration::from_secs(12 * 3600);

/// How long a session's previous cookie is accepted after a reauthentication, with the
/// authentication that it had before.
pub(crate) const FORMER_COOKIE: Duration = Duration::from_secs(30);

/// The length of the flags, session id, user id, generation and nonce.
const BODY: usize = 1 + 16 + 16 + 4 + 16;
/// The flag for a session that outlives the browser.
const REMEMBERED: u8 = 1;

/// The cookie that a browser has to store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewCookie {
    /// The value.
    pub value: SessionCookie,
    /// How long the browser keeps the cookie; `None` until the browser is closed.
    pub max_age: Option<Duration>,
}

/// A browser session that has been opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrowserSession {
    /// The identifier.
    pub id: SessionId,
    /// The cookie.
    pub cookie: NewCookie,
    /// The user.
    pub user: User,
    /// When the session ends if it is not used.
    pub expires_at: Timestamp,
}

/// A cookie that a browser presents, with the digest that the store compares.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct PresentedCookie {
    /// The session that the cookie names.
    pub session_id: SessionId,
    /// The user that the cookie names.
    pub user_id: UserId,
    /// The cookie's digest.
    pub digest: TokenDigest,
}

/// The session that a cookie belongs to.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct BrowserUser {
    /// The session, with the authentication that the cookie represents.
    pub session: SessionUser,
    /// Whether the cookie has been replaced.
    pub is_former: bool,
}

/// The cookie that replaces the presented one.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct RenewedCookie {
    /// The digest of the presented cookie.
    pub presented: TokenDigest,
    /// The digest of the new cookie.
    pub successor: TokenDigest,
    /// Until when the presented cookie is still accepted, with the authentication that it had.
    pub former_until: Timestamp,
}

/// Creates and reads cookies: [opaque tokens](OpaqueKeys) `hp_bs_…` that consist of flags (1 byte), session id (16),
/// user id (16), generation (4, big endian) and a nonce (16).
#[derive(Clone, Debug)]
pub(crate) struct BrowserKeys(OpaqueKeys);

/// The parts of an authentic cookie. Only the store can determine whether the cookie's session is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParsedCookie {
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) remember: bool,
    generation: RefreshGeneration,
    nonce: [u8; 16],
}

impl ParsedCookie {
    /// The next cookie. It is derived from the presented cookie, so that concurrent renewals of one cookie get the same
    /// successor.
    pub(crate) fn successor(self) -> Self {
        Self {
            generation: self.generation.wrapping_add(1),
            ..self
        }
    }

    /// A cookie of the same session that does not depend on the presented one.
    pub(crate) fn replacement(self) -> Self {
        Self {
            nonce: random_bytes(),
            ..self.successor()
        }
    }
}

impl BrowserKeys {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self(OpaqueKeys::new(secrets, "browser session", "hp_bs_"))
    }

    /// A session's first cookie.
    pub(super) fn mint(
        &self,
        session_id: SessionId,
        user_id: UserId,
        remember: bool,
    ) -> Option<SessionCookie> {
        self.seal(&ParsedCookie {
            session_id,
            user_id,
            remember,
            generation: 0,
            nonce: random_bytes(),
        })
    }

    pub(super) fn seal(&self, cookie: &ParsedCookie) -> Option<SessionCookie> {
        let flags = if cookie.remember { REMEMBERED } else { 0 };
        let sealed = self.0.first()?.seal(&[
            &[flags],
            cookie.session_id.as_uuid().as_bytes(),
            cookie.user_id.as_uuid().as_bytes(),
            &cookie.generation.to_be_bytes(),
            &cookie.nonce,
        ]);
        Some(sealed.into())
    }

    /// Parses a cookie without a query; `None` if this service did not issue it.
    pub(super) fn parse(&self, cookie: &str) -> Option<ParsedCookie> {
        let body = self.0.open::<BODY>(cookie)?;
        let (&flags, rest) = body.split_first()?;
        let (session_id, rest) = rest.split_first_chunk::<16>()?;
        let (user_id, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        Some(ParsedCookie {
            session_id: Uuid::from_bytes(*session_id).into(),
            user_id: Uuid::from_bytes(*user_id).into(),
            remember: flags & REMEMBERED != 0,
            generation: u32::from_be_bytes(*generation),
            nonce: *rest.first_chunk()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        secret::Secret,
    };

    fn ids() -> (SessionId, UserId) {
        let now = SystemClock.now();
        (SessionId::new(now), UserId::new(now))
    }

    #[test]
    fn cookie_names_its_session_and_user() {
        let (old, new) = (Secret::generate(), Secret::generate());
        let (session, user) = ids();
        for remember in [false, true] {
            let cookie = BrowserKeys::new(&old.clone().into())
                .mint(session, user, remember)
                .unwrap();
            let rotated = Secrets::new(new.clone(), vec![old.clone()]).unwrap();
            let parsed = BrowserKeys::new(&rotated).parse(cookie.expose()).unwrap();
            assert_eq!((parsed.session_id, parsed.user_id), (session, user));
            assert_eq!(parsed.remember, remember);
            let foreign = BrowserKeys::new(&new.clone().into());
            assert!(foreign.parse(cookie.expose()).is_none());
        }
    }

    #[test]
    fn successor_of_a_cookie_is_derived_and_a_replacement_is_not() {
        let keys = BrowserKeys::new(&Secret::generate().into());
        let (session, user) = ids();
        let cookie = keys.mint(session, user, true).unwrap();
        let parsed = keys.parse(cookie.expose()).unwrap();
        assert_eq!(parsed.successor(), parsed.successor());
        assert_ne!(parsed.successor(), parsed);
        assert_ne!(parsed.replacement(), parsed.replacement());
        let next = keys.seal(&parsed.successor()).unwrap();
        assert_eq!(keys.parse(next.expose()), Some(parsed.successor()));
    }

    #[test]
    fn changed_cookie_is_refused() {
        let keys = BrowserKeys::new(&Secret::generate().into());
        let (session, user) = ids();
        let cookie = keys.mint(session, user, false).unwrap();
        let text = cookie.expose();
        for index in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(keys.parse(&changed).is_none(), "{index}");
            assert!(keys.parse(&text[..index]).is_none(), "{index}");
        }
    }
}
