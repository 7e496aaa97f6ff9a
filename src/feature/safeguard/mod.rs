//! Secures an account with the link in the email that reports a change.
//!
//! ```text
//! secure_account   SELECT by token ─► hash ─► UPDATE user, sessions, tokens, INSERT event and intent
//! ```
//!
//! A notice, with its link, goes to the address that the account had when the change was made. No later action on the
//! account makes the link invalid, unless an administrator disables or deletes the account. The outcome depends on the
//! account's address when the link is used:
//!
//! * If it is still the address that the notice was sent to, the owner of the mailbox owns the account. Every session
//!   ends, the password stops working, and a password-reset link is mailed to that address.
//! * If it is a different address, every session ends, and nothing else happens. It is impossible to determine whether
//!   the owner or an intruder made that change, so neither address gets a link. The page asks the reader to contact the
//!   service's operators, who can find both events in the audit trail.

#[cfg(feature = "http")]
pub(crate) mod http;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    core::Core,
    credential::Hasher,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    mail::{LetterKind, Recipient},
    secret::{OneTimeToken, Password, TokenDigest, random_bytes},
    token::{Purpose, SecureAccount, SecuredAccount},
};

/// The use case for the link in notices, returned by [`Auth::safeguards`](crate::Auth::safeguards). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Safeguards {
    pub(crate) core: Arc<Core>,
    pub(crate) hasher: Hasher,
}

impl Safeguards {
    /// Ends all sessions of the user to whom the token was mailed. If the account still has the address that the token
    /// was mailed to, its password stops working, and a password-reset link is mailed.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`RateLimited`](ErrorKind::RateLimited); [`Overloaded`](ErrorKind::Overloaded).
    pub async fn secure_account(
        &self,
        token: &OneTimeToken,
        client: &ClientInfo,
    ) -> Result<SecuredAccount> {
        let core = &self.core;
        core.limits.admit(Budget::Verify, None, client).await?;
        let digest = TokenDigest::of(token.expose());
        // A forged token costs one indexed look-up and no password hash.
        core.store
            .one_time_user(&digest, Purpose::SecureAccount, core.clock.now())
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let secure = SecureAccount {
            digest,
            // Without a password, a session would be enough for changes that require the password.
            useless_hash: self.hasher.hash(&unknown_password()).await?,
            now: core.clock.now(),
        };
        let event = Event::new(EventKind::AccountSecured, secure.now, client);
        let reset = core.deliveries.letter(
            LetterKind::AccountSecured,
            Recipient::UserOfFact,
            secure.now,
        );
        let secured = core
            .store
            .secure_account(&secure, &event, &reset)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        core.trail.publish(&secured.noted_on(&event));
        core.deliveries.wake();
        Ok(secured)
    }
}

/// A password that nobody can guess.
fn unknown_password() -> Password {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>()).into()
}
