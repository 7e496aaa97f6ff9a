//! The host's hooks: code that reacts to account events, and can refuse some of them.
//!
//! ```text
//! register   policy ► before_registration ► hash ► INSERT user ──────────────────► after_registration
//! login      verify ► before_sign_in ► access_token_claims ► INSERT session ─────► after_sign_in
//! refresh    SELECT session ► access_token_claims ► UPDATE session
//! change     verify ► hash ► UPDATE user ────────────────────────────────────────► after_password_change
//! reset      hash ► UPDATE user ─────────────────────────────────────────────────► after_password_change
//! takeover   UPDATE user, whose address is verified now ─────────────────────────► after_takeover
//! delete     before_deletion ► DELETE user ──────────────────────────────────────► after_deletion
//! ```
//!
//! # Before
//! The operation waits for the hooks that run before it. They run in the order in which they were
//! added, and the first hook that refuses ends the operation. Hooks fail closed: if a hook refuses,
//! fails, panics or takes too long, no account is created or deleted, and no session is opened.
//! Another hook, or the database, may still stop an operation that a hook has allowed, and a retry
//! calls the hooks again. A hook before an operation should therefore only decide, and have no side
//! effects.
//!
//! # After
//! A hook after an operation runs in its own task, which starts once the store has written the
//! change. It neither delays nor changes the reply, and its failure is only logged. It runs at most
//! once, and is lost if the process ends first. [`Auth::finish_hooks`](crate::Auth::finish_hooks)
//! waits for running hooks. Hooks for the same event run in the order in which they were added, but
//! hooks for different events may overtake each other. Data that must not be lost belongs in the
//! host's own tables, next to the account.
//!
//! # Limits
//! All hooks before one operation share [`AuthBuilder::hook_timeout`](crate::AuthBuilder::hook_timeout). Each hook
//! after an operation has the whole timeout. The timeout cannot stop a hook that blocks its thread, so blocking work
//! belongs in `spawn_blocking`.

mod chain;
mod error;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub(crate) use self::chain::HookChain;
pub use self::error::HookError;
use crate::{
    error::BoxError,
    event::ClientInfo,
    id::SessionId,
    user::{EmailAddress, User},
};

/// The host's callbacks for events in the life of an account. By default, every method does nothing.
///
/// ```
/// use async_trait::async_trait;
/// use hallpass::{error::{BoxError, Refusal}, token::SessionId, User, hook::{Applicant, HookError, Hooks}};
/// use serde_json::{Map, Value};
///
/// #[derive(Debug)]
/// struct Company;
///
/// #[async_trait]
/// impl Hooks for Company {
///     async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<(), HookError> {
///         if applicant.email.as_str().ends_with("@example.org") {
///             return Ok(());
///         }
///         Err(Refusal::new("company_address_needed", "Please use your address at work.").into())
///     }
///
///     async fn access_token_claims(
///         &self,
///         user: &User,
///         _: SessionId,
///     ) -> Result<Map<String, Value>, BoxError> {
///         let tenant = user.metadata.get("tenant").cloned().unwrap_or_default();
///         Ok([("tenant".to_owned(), tenant)].into_iter().collect())
///     }
/// }
/// # fn build(builder: hallpass::AuthBuilder) -> hallpass::AuthBuilder {
/// builder.hooks(Company)
/// # }
/// ```
#[async_trait]
pub trait Hooks: std::fmt::Debug + Send + Sync + 'static {
    /// Called for a registration, before the service checks whether the address is free, so that a
    /// refusal cannot reveal it.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<(), HookError> {
        let _ = applicant;
        Ok(())
    }

    /// Called after an account has been created: by registration, by an administrator, or when the service starts.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_registration(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// Called after the credential was accepted, before a session is opened.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_sign_in(&self, user: &User, client: &ClientInfo) -> Result<(), HookError> {
        let _ = (user, client);
        Ok(())
    }

    /// Called after a session was opened.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_sign_in(&self, user: &User, session: SessionId) -> Result<(), BoxError> {
        let _ = (user, session);
        Ok(())
    }

    /// Returns additional claims for an access token that is about to be issued, at sign-in and at each refresh.
    ///
    /// If two hooks set the same claim, the claim of the later hook is used. The following claims
    /// are left out, with a warning: `iss`, `sub`, `aud`, `client_id`, `exp`, `iat`, `nbf`, `jti`,
    /// `sid`, `roles`, `permissions`, `scope`, `org`, `act`, `cnf`, `auth_time`, `amr` and `acr`. A
    /// token that becomes longer than 8 KiB is not issued.
    ///
    /// # Errors
    /// A failure. In this case, no token is issued, and nothing changes. At sign-in, no session is opened. At a
    /// refresh, the refresh token is not exchanged, and the client can try again with the same
    /// token while the session is live.
    async fn access_token_claims(
        &self,
        user: &User,
        session: SessionId,
    ) -> Result<Map<String, Value>, BoxError> {
        let _ = (user, session);
        Ok(Map::new())
    }

    /// Called after the second factors or the recovery codes were changed by the user or by an
    /// administrator. `user` is the account as it was just before the change.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_factor_change(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// Called after the password was changed or reset. `user` is the account as it was just before
    /// the change.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_password_change(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// Called after the owner of the address took over the account, through a password reset or through a provider that
    /// is trusted for the address. Before that, the address had never been verified. The account's password, sessions,
    /// identities and tokens are deleted. The profile and the data that the host keeps for the user remain; both may
    /// come from a previous account holder. In most cases, the previous holder and the owner are the same person, who never
    /// followed the verification link. `user` is the account as it is now. A reset calls
    /// [`after_password_change`](Self::after_password_change) as well.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_takeover(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// Called before the account is deleted by its user or by an administrator. The hook is not
    /// called for a deletion [within](crate::Auth::within) the host's transaction.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_deletion(&self, user: &User) -> Result<(), HookError> {
        let _ = user;
        Ok(())
    }

    /// Called after the account was deleted. `user` is the account as it was just before the
    /// deletion.
    ///
    /// # Errors
    /// The error is logged.
    async fn after_deletion(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }
}

/// The applicant for a new account.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Applicant<'a> {
    /// The email address, as the applicant entered it.
    pub email: &'a EmailAddress,
    /// The display name, as the applicant entered it.
    pub display_name: Option<&'a str>,
    /// The client.
    pub client: &'a ClientInfo,
}
