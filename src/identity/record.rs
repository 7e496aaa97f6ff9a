//! Identity records, and sign-in with an identity.

use super::{Assertion, CodeChallenge, Identity, IdentityId, LinkRefusal, Linking, NewCode};
use crate::{
    clock::Timestamp,
    event::{Author, Event, EventKind},
    id::SessionId,
    outbox::Intent,
    secret::TokenDigest,
    token::EarlierSignIn,
    user::{Credentials, NewUser, User, UserId},
};

/// A user who has returned from a provider.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct IdentitySignIn {
    /// The provider's assertion.
    pub assertion: Assertion,
    /// The identifier that the identity gets if it is new.
    pub identity: IdentityId,
    /// The account to create, with the address from the assertion; `None` if no account may be
    /// created.
    pub new_user: Option<NewUser>,
    /// The code to store.
    pub code: NewCode,
    /// The client.
    pub author: Author,
    /// The notice to the user when the identity is linked to a verified account; `None` to send no
    /// notice.
    pub joined: Option<Intent>,
    /// The email with the verification link, for an account that is created without proof of its address.
    pub verification: Option<Intent>,
    /// The current time.
    pub now: Timestamp,
}

impl IdentitySignIn {
    /// The events of the sign-in for this user.
    #[must_use]
    pub fn events(&self, linking: Linking, user: UserId) -> Vec<Event> {
        let first = match linking {
            Linking::SignIn(_) | Linking::Refuse(_) => return Vec::new(),
            Linking::Join(_) => None,
            Linking::TakeOver(_) => Some(EventKind::AccountTakenOver),
            Linking::Create => Some(EventKind::AccountCreated),
        };
        let event = |kind| {
            self.author
                .event(kind, self.now)
                .of(user)
                .by(user)
                .with("provider", self.assertion.provider.as_str())
        };
        let mut events: Vec<Event> = first.map(event).into_iter().collect();
        events
            .push(event(EventKind::IdentityLinked).with("identity_id", self.identity.to_string()));
        events
    }
}

/// The outcome of a sign-in with an identity.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum IdentityAdmission {
    /// The code was stored for this user, and these events were written.
    Admitted(User, Vec<Event>),
    /// Nothing was written.
    Refused(LinkRefusal),
    /// There is no account, and no account may be created; nothing was written.
    NoAccount,
}

/// The user to whom a valid code was issued.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Redeemed {
    /// The credentials of the user who is signing in.
    pub credentials: Credentials,
    /// How the user has authenticated.
    pub proof: FlowProof,
}

/// How the user of a code has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third proof would change the contract"
)]
pub enum FlowProof {
    /// At the provider with this name.
    Provider(String),
    /// In a browser session of this service.
    Session(EarlierSignIn),
}

/// An identity to be linked to the caller.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct LinkIdentity {
    /// The identifier that the identity gets.
    pub id: IdentityId,
    /// The digest of the code.
    pub code: TokenDigest,
    /// The challenge for the verifier that was sent with the code.
    pub challenge: CodeChallenge,
    /// The caller's session.
    pub session_id: SessionId,
    /// The caller.
    pub user_id: UserId,
}

/// The outcome of linking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum Linked {
    /// The identity is now linked to the user.
    Linked(Identity),
    /// The identity was already linked to the user; no event was written.
    Known(Identity),
    /// The identity is linked to another user.
    Taken,
    /// The code is not valid.
    BadCode,
    /// The session has ended, or the user is disabled or no longer exists; nothing was written.
    Gone,
}

/// The outcome of unlinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum Unlinked {
    /// The identity was removed.
    Unlinked,
    /// The identity is the user's only way to sign in; nothing was written.
    LastCredential,
    /// The user has no such identity.
    NotFound,
}
