//! The user's own account: profile, password, reauthentication and deletion.
//!
//! ```text
//! update           ───────────────────────────────────► UPDATE user
//! change_password  SELECT credentials ► verify ► hash ► UPDATE user, sessions   (if nothing changed since)
//! reauthenticate   SELECT credentials ► verify ───────► UPDATE session          (if nothing changed since)
//! delete           SELECT credentials ► verify ───────► DELETE user             (if nothing changed since)
//! ```
//!
//! No database connection is held while a password is hashed or the breach check runs.

mod delete;
#[cfg(feature = "http")]
pub(crate) mod http;
mod overview;
mod password;

use std::sync::Arc;

#[cfg(feature = "http")]
use crate::sign_in::SecondFactors;
use crate::{
    clock::Timestamp,
    core::Core,
    credential::{Confirmation, Hasher, PasswordRules},
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    token::ActiveUser,
    user::{ProfileChange, User, check_display_name},
};

/// The use cases with which signed-in users manage their own account, returned by
/// [`Auth::accounts`](crate::Auth::accounts). Cheap to clone.
///
/// Pass the caller that [`UserService::current_user`](crate::UserService::current_user) returns.
/// These methods cannot run in the host's transaction, because they hash passwords; see
/// [`Auth::within`](crate::Auth::within). Every method fails with
/// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
///
/// ```
/// use hallpass::{Auth, Login, Registration, secret::Secret, UserService, mail::Mailbox, memory::MemoryStore};
/// use hallpass::user::ProfileChange;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let auth = Auth::builder().store(MemoryStore::new()).secrets(Secret::generate())
/// #     .public_url("https://example.org").mailer(Mailbox::new()).build()?;
/// # let ann: hallpass::user::EmailAddress = "ann@example.org".parse().unwrap();
/// # auth.register(Registration::new(ann.clone(), "a long enough password")).await?;
/// # let tokens = auth.login(Login::new(ann, "a long enough password")).await?.into_tokens()?;
/// let caller = auth.current_user(&tokens.access_token).await?;
/// let change = ProfileChange::new().display_name("Ann");
/// let user = auth.accounts().update(&caller, &change).await?;
/// assert_eq!(user.display_name.as_deref(), Some("Ann"));
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(crate) core: Arc<Core>,
    pub(crate) confirmation: Confirmation,
    pub(crate) hasher: Hasher,
    pub(crate) rules: PasswordRules,
    #[cfg(feature = "http")]
    pub(crate) second_factors: SecondFactors,
}

impl Accounts {
    /// Changes the caller's profile, and returns the changed user. An empty change writes nothing.
    ///
    /// # Errors
    /// [`ValidationFailed`](ErrorKind::ValidationFailed) for a name that is too long or contains
    /// control characters; [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the account no
    /// longer exists.
    pub async fn update(&self, caller: &ActiveUser, change: &ProfileChange) -> Result<User> {
        check_display_name(change.display_name.as_ref().and_then(Option::as_deref))?;
        if change.is_empty() {
            return Ok(caller.user.clone());
        }
        let now = self.core.clock.now();
        self.core
            .store
            .update_profile(caller.user.id, change, now)
            .await?
            .ok_or_else(|| ErrorKind::InvalidAccessToken.into())
    }

    fn event(kind: EventKind, caller: &ActiveUser, now: Timestamp, client: &ClientInfo) -> Event {
        Event::new(kind, now, client)
            .of(caller.user.id)
            .by(caller.user.id)
            .with("session_id", caller.session_id.to_string())
    }
}
