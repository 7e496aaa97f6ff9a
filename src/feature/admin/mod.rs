//! The administrator's use cases.
//!
//! ```text
//! change, delete   lock the user (and all administrators, if the user is one) ──► decide ──► write, with the events
//! ```
//!
//! The endpoint, or the host, checks whether the caller is an administrator.

#[cfg(feature = "http")]
mod access;
mod change;
mod create;
mod cursor;
mod delete;
mod events;
mod factors;
#[cfg(feature = "http")]
pub(crate) mod http;
mod link;
mod list;
mod mail;
mod overview;
mod password;
mod sessions;
mod status;

use std::sync::Arc;

use self::cursor::Cursors;
#[cfg(feature = "http")]
use self::list::MAX_LIMIT;
pub use self::{
    change::SeenChange,
    create::NewAccount,
    mail::MailQuery,
    overview::DatedFigures,
    status::{Danger, KeyStatus, ServiceStatus},
};
use crate::{
    core::Core,
    credential::{Hasher, PasswordRules},
    error::{Error, ErrorKind, Result, Violation},
    secret::Secrets,
    sign_in::SecondFactorPolicy,
    user::{Roles, User, UserId},
};

/// The maximum number of roles that an administrator can give to a user.
const MAX_ROLES: usize = 32;

/// The in-process use cases of administrators, returned by
/// [`Auth::administration`](crate::Auth::administration). Cheap to clone.
///
/// The host has to check whether the caller may use them; the endpoints require the role `admin`.
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) while the database is
/// unreachable. The audit trail records the given [`Author`](crate::event::Author). `Author::default()`
/// is an unknown author.
///
/// ```
/// # use hallpass::{Auth, secret::Secret, mail::Mailbox, memory::MemoryStore};
/// use hallpass::{admin::NewAccount, user::{Role, UserChange}, event::Author};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let auth = Auth::builder().store(MemoryStore::new()).secrets(Secret::generate())
/// #     .public_url("https://example.org").mailer(Mailbox::new()).build()?;
/// let author = Author::default();
/// let ann = NewAccount::new("ann@example.org".parse().unwrap());
/// let ann = auth.administration().create_user(ann, &author).await?;
/// let change = UserChange {
///     roles: Some([Role::ADMIN, Role::USER].into_iter().collect()),
///     ..UserChange::default()
/// };
/// let ann = auth.administration().update_user(ann.id, &change, &author).await?;
/// assert!(ann.is_administrator());
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Administration {
    core: Arc<Core>,
    user_cursors: Cursors,
    event_cursors: Cursors,
    mail_cursors: Cursors,
    hasher: Hasher,
    rules: PasswordRules,
    #[cfg_attr(
        not(feature = "http"),
        allow(dead_code, reason = "the endpoints use it")
    )]
    policy: Arc<SecondFactorPolicy>,
    dangers: Arc<[Danger]>,
}

impl Administration {
    pub(crate) fn new(
        core: Arc<Core>,
        secrets: &Secrets,
        hasher: Hasher,
        rules: PasswordRules,
        policy: Arc<SecondFactorPolicy>,
        dangers: Arc<[Danger]>,
    ) -> Self {
        Self {
            core,
            user_cursors: Cursors::new(secrets, "user list cursor"),
            event_cursors: Cursors::new(secrets, "event list cursor"),
            mail_cursors: Cursors::new(secrets, "mail list cursor"),
            hasher,
            rules,
            policy,
            dangers,
        }
    }

    /// The user with this identifier.
    ///
    /// # Errors
    /// [`UserNotFound`](crate::ErrorKind::UserNotFound).
    pub async fn user(&self, id: UserId) -> Result<User> {
        self.core
            .store
            .user(id)
            .await?
            .ok_or_else(|| ErrorKind::UserNotFound.into())
    }
}

fn check_roles(roles: &Roles) -> Result<()> {
    if roles.iter().count() <= MAX_ROLES {
        return Ok(());
    }
    let detail = format!("at most {MAX_ROLES} roles are allowed");
    Err(Error::validation(vec![Violation::new(
        "roles", "too_long", detail,
    )]))
}
