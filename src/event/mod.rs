//! The audit trail, which records the actor, action, affected user, time, client and outcome of
//! each event.
//!
//! An event for a change is written in the same statement or transaction as the change, so that the event exists if and
//! only if the change was committed. Events are kept when the affected account is deleted. Once an event is written, it
//! is published to the [sinks](Sink).

mod author;
mod client_info;
#[cfg(feature = "http")]
pub(crate) mod http;
mod query;
mod sink;

use serde_json::{Map, Value};

pub use self::{
    author::Author,
    client_info::ClientInfo,
    query::{EventFilter, EventQuery},
    sink::{Sink, TracingSink},
};
use crate::{
    clock::Timestamp,
    id::{UserId, first_of, id},
};

id! {
    /// Identifies an event; a later event has a greater identifier.
    EventId
}

impl EventId {
    /// The smallest identifier of this millisecond; earlier events have smaller identifiers.
    #[must_use]
    pub fn first_of(millisecond: Timestamp) -> Self {
        first_of(millisecond).into()
    }
}

/// An event in the audit trail.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Event {
    /// The identifier.
    pub id: EventId,
    /// The kind.
    pub kind: EventKind,
    /// The outcome.
    pub outcome: Outcome,
    /// The affected user. `None` for an attempt on an address without an account. If the store
    /// writes the event together with a change, `None` means the user whom the change affects.
    pub user_id: Option<UserId>,
    /// The acting user; `None` if unknown.
    pub actor_id: Option<UserId>,
    /// The client.
    pub client: ClientInfo,
    /// Further details, which depend on the kind. They never contain a secret or an address in
    /// plain text.
    pub detail: Map<String, Value>,
    /// The time.
    pub created_at: Timestamp,
}

impl Event {
    /// An event at the time `now`, without an affected user or an acting user.
    #[must_use]
    pub fn new(kind: EventKind, now: Timestamp, client: &ClientInfo) -> Self {
        Self {
            id: EventId::new(now),
            kind,
            outcome: kind.outcome(),
            user_id: None,
            actor_id: None,
            client: client.remembered(),
            detail: Map::new(),
            created_at: now,
        }
    }

    /// Sets the affected user.
    #[must_use]
    pub fn of(mut self, user: UserId) -> Self {
        self.user_id = Some(user);
        self
    }

    /// Sets the acting user.
    #[must_use]
    pub fn by(mut self, actor: UserId) -> Self {
        self.actor_id = Some(actor);
        self
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

macro_rules! kinds {
    ($($(#[$docs:meta])* $kind:ident $word:literal $outcome:ident)*) => {
        /// The kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$docs])* $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name used in replies and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }

            /// The outcome of events of this kind.
            #[must_use]
            pub fn outcome(self) -> Outcome {
                match self {
                    $(Self::$kind => Outcome::$outcome,)*
                }
            }
        }

        impl std::str::FromStr for EventKind {
            type Err = UnknownEventKind;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$kind),)*
                    _ => Err(UnknownEventKind(())),
                }
            }
        }
    };
}

kinds! {
    /// An account was created.
    AccountCreated "account_created" Success
    /// An account was deleted.
    AccountDeleted "account_deleted" Success
    /// All sessions of a user were ended with the link in a notice. Detail `letter` is the template of the email that
    /// contained the link. Detail `reset_mailed` is whether the password was invalidated and a reset link was mailed.
    /// Both happen if the account still had the address that the notice was sent to.
    AccountSecured "account_secured" Success
    /// The owner of an address took over the account with this address. The address had not been verified before. The
    /// account's password, sessions, identities and tokens were deleted. The cause was either a sign-in with a
    /// provider, named by the detail `provider`, or a password reset, which is also recorded as
    /// [`PasswordReset`](Self::PasswordReset).
    AccountTakenOver "account_taken_over" Success
    /// A new password was accepted although the [breach check](crate::credential::BreachCheck) gave no answer. The
    /// detail `address` is the same as in [`SignInFailed`](Self::SignInFailed).
    BreachCheckFailed "breach_check_failed" Failure
    /// A remembered device was removed by its user: detail `device_id`.
    DeviceForgotten "device_forgotten" Success
    /// A device was remembered at a sign-in with a second factor: detail `device_id`.
    DeviceRemembered "device_remembered" Success
    /// An account's address was changed.
    EmailChanged "email_changed" Success
    /// A change of address was requested. The new address is not confirmed yet.
    EmailChangeRequested "email_change_requested" Success
    /// An administrator marked the address as unverified.
    EmailUnverified "email_unverified" Success
    /// Another verification link was requested. The detail `address` is the same as in
    /// [`SignInFailed`](Self::SignInFailed).
    EmailVerificationRequested "email_verification_requested" Success
    /// The user verified the address, or an administrator marked it as verified.
    EmailVerified "email_verified" Success
    /// A second factor was added: details `kind` and `factor_id`.
    FactorAdded "factor_added" Success
    /// A second factor was refused: detail `reason` is `wrong_code` or `too_many_attempts`, detail `method` is the
    /// [method](crate::token::Method), and detail `session_id` is the session, unless the factor was refused at
    /// sign-in.
    FactorFailed "factor_failed" Failure
    /// A second factor was removed by its user: detail `factor_id`.
    FactorRemoved "factor_removed" Success
    /// An administrator removed all second factors, recovery codes and remembered devices of a user, and the user's
    /// sessions were ended.
    FactorsReset "factors_reset" Success
    /// An identity at a provider was linked to a user: details `provider` and `identity_id`.
    IdentityLinked "identity_linked" Success
    /// An identity at a provider was unlinked from a user: details `provider` and `identity_id`.
    IdentityUnlinked "identity_unlinked" Success
    /// A sign-in with a provider was refused. The details are `provider`, `reason` (the code of the reply) and, if the
    /// provider gave an address, `address`, as in [`SignInFailed`](Self::SignInFailed). The event is also written if an
    /// identity was not linked because it is linked to another user; the event's only detail is then `reason`.
    LinkRefused "link_refused" Failure
    /// A user logged out: the session was ended with its refresh token.
    LoggedOut "logged_out" Success
    /// All sessions of a user were ended.
    LoggedOutEverywhere "logged_out_everywhere" Success
    /// An administrator retried an email that was marked dead. Detail `mail_id` is the identifier of that email, and
    /// detail `letter` is its template. A new email with a different identifier has replaced it.
    MailRetried "mail_retried" Success
    /// A signed-in user changed the password, or an administrator set it.
    PasswordChanged "password_changed" Success
    /// A password was set with a mailed token.
    PasswordReset "password_reset" Success
    /// A password reset link was requested. The detail `address` is the same as in
    /// [`SignInFailed`](Self::SignInFailed).
    PasswordResetRequested "password_reset_requested" Success
    /// A signed-in user confirmed the password or, with the detail `method`, a second factor.
    Reauthenticated "reauthenticated" Success
    /// A signed-in user failed to confirm the password. It was wrong, or was not checked because of too many earlier
    /// failures. The detail `reason` is the same as in [`SignInFailed`](Self::SignInFailed), or is `too_many_attempts`.
    ReauthenticationFailed "reauthentication_failed" Failure
    /// New recovery codes replaced the older ones.
    RecoveryCodesRenewed "recovery_codes_renewed" Success
    /// A recovery code was used at a sign-in: detail `left` is the number of remaining codes.
    RecoveryCodeUsed "recovery_code_used" Success
    /// A used refresh token was presented again, so its session was ended. The detail `class` is the
    /// [`ReuseClass`](crate::token::ReuseClass).
    RefreshTokenReused "refresh_token_reused" Failure
    /// A registration named an address that already has an account. This event is written only with
    /// private registration. The detail `address` is the same as in
    /// [`SignInFailed`](Self::SignInFailed).
    RegistrationRefused "registration_refused" Failure
    /// An account's roles were changed.
    RolesChanged "roles_changed" Success
    /// A user ended one of their sessions: detail `session_id`; or all except one: detail `kept_session_id`.
    SessionRevoked "session_revoked" Success
    /// A session was opened: details `session_id` and `methods`, and `provider` if the user signed in with one. If the
    /// user had too many sessions, the least recently used session was ended, without a separate event.
    SignedIn "signed_in" Success
    /// A sign-in was refused: detail `reason` is `account_disabled`, `email_not_verified`,
    /// `no_password`, `provider_failed`, `refused_by_application` (with its `code`),
    /// `unknown_address` or `wrong_password`. Detail `address` is a keyed digest of the address,
    /// and is the same whether or not the address has an account. For `provider_failed`, the detail `provider` replaces
    /// `address`. For `email_not_verified`, both details are present
    /// if the user signed in with a provider.
    SignInFailed "sign_in_failed" Failure
    /// A sign-in was refused because too many failures preceded it. The detail `address` is the
    /// same as in [`SignInFailed`](Self::SignInFailed).
    SignInLocked "sign_in_locked" Failure
    /// The link in the lockout email, or an administrator, cleared the counter of failed sign-ins.
    SignInUnlocked "sign_in_unlocked" Success
    /// An account was disabled or made active again.
    StatusChanged "status_changed" Success
}

/// The text is not the name of an event kind.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("unknown event kind")]
pub struct UnknownEventKind(());

/// The outcome of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
pub enum Outcome {
    /// The action was performed.
    Success,
    /// The action was refused, or could not be performed.
    Failure,
}

impl Outcome {
    /// The word used in replies and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}
