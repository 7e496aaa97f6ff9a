//! Hooks of the host: it looks on the life of accounts, and has a say in it.
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
//! The operation waits for the hooks before it, in the order in which they were given; the first that objects ends it.
//! It fails closed: a hook that refuses, fails, panics or takes too long means no account, no session, no deletion.
//! Another hook, or the database, may still stop what a hook let pass, and a caller who tries again is asked about
//! again: such a hook decides, and leaves no trace.
//!
//! # After
//! A hook after an operation starts once the store has written, in a task of its own: it neither delays the reply nor
//! changes it, and a failure is logged. It runs at most once: a process that ends takes it along
//! ([`Auth::finish_hooks`](crate::Auth::finish_hooks) waits for what is under way). Hooks run in their order for one
//! moment; those of two moments may overtake each other. Data that must not be lost belongs in the host's own tables,
//! beside the account.
//!
//! # Limits
//! All hooks before one moment share [`AuthBuilder::hook_timeout`](crate::AuthBuilder::hook_timeout); after one, each
//! has it for itself. The timeout cannot stop a hook that blocks its thread: blocking work belongs in `spawn_blocking`.

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

/// Callbacks of the host at moments in the life of an account. The default of every method does nothing.
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
    /// Called for a registration; whether the address is free is not known yet, so that no answer can reveal it.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<(), HookError> {
        let _ = applicant;
        Ok(())
    }

    /// An account was made: by registration, by an administrator, or at start.
    ///
    /// # Errors
    /// For the log.
    async fn after_registration(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// The credential was right, and a session is about to be opened.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_sign_in(&self, user: &User, client: &ClientInfo) -> Result<(), HookError> {
        let _ = (user, client);
        Ok(())
    }

    /// A session was opened.
    ///
    /// # Errors
    /// For the log.
    async fn after_sign_in(&self, user: &User, session: SessionId) -> Result<(), BoxError> {
        let _ = (user, session);
        Ok(())
    }

    /// Further claims of an access token that is about to be issued, at sign-in and at each refresh.
    ///
    /// Of two hooks that give one claim the later one counts. Left out, with a warning: `iss`, `sub`, `aud`,
    /// `client_id`, `exp`, `iat`, `nbf`, `jti`, `sid`, `roles`, `permissions`, `scope`, `org`, `act`, `cnf`,
    /// `auth_time`, `amr` and `acr`. A token that becomes longer than 8 KiB is not issued.
    ///
    /// # Errors
    /// A failure: no token is issued, and nothing happens. At sign-in no session is opened; at a refresh the refresh
    /// token is not exchanged, and the client can try again with it for as long as the session lives.
    async fn access_token_claims(
        &self,
        user: &User,
        session: SessionId,
    ) -> Result<Map<String, Value>, BoxError> {
        let _ = (user, session);
        Ok(Map::new())
    }

    /// The password was changed or reset. The user is as they were just before.
    ///
    /// # Errors
    /// For the log.
    async fn after_password_change(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// The owner of the address took the account over, by a reset or by a provider that is trusted for the address,
    /// which was never verified before. Password, sessions, identities and tokens are wiped; the profile stays, and so
    /// does what the host keeps beside the account: it may come from a previous holder. Mostly that is the same person,
    /// without a click on the link. The user is as they are now. A reset calls
    /// [`after_password_change`](Self::after_password_change) as well.
    ///
    /// # Errors
    /// For the log.
    async fn after_takeover(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }

    /// The account is about to be deleted, by its user or by an administrator. A host that deletes one
    /// [within](crate::Auth::within) a transaction of its own is not asked.
    ///
    /// # Errors
    /// A [`Refusal`](crate::error::Refusal), or a failure.
    async fn before_deletion(&self, user: &User) -> Result<(), HookError> {
        let _ = user;
        Ok(())
    }

    /// The account is gone. The user is as they were just before.
    ///
    /// # Errors
    /// For the log.
    async fn after_deletion(&self, user: &User) -> Result<(), BoxError> {
        let _ = user;
        Ok(())
    }
}

/// The applicant for a new account.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Applicant<'a> {
    /// The address, as given.
    pub email: &'a EmailAddress,
    /// The name to show, as given.
    pub display_name: Option<&'a str>,
    /// The client.
    pub client: &'a ClientInfo,
}
