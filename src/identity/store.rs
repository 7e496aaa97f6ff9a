use async_trait::async_trait;

use super::{
    Assertion, Candidates, CodeChallenge, Flow, Identity, IdentityId, LinkRefusal, Linking,
    NewCode, NewFlow,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event, EventKind},
    id::SessionId,
    outbox::Intent,
    secret::TokenDigest,
    user::{Credentials, NewUser, User, UserId},
};

/// Keeps identities, and the flows in which they are found out. Part of [`Store`](crate::store::Store).
///
/// A flow is *pending* until it is taken or expires. Its code is *good* while it is not spent, `now < expires_at`, and
/// its user is active at the `credential_version` it was kept at.
#[async_trait]
pub trait IdentityStore: std::fmt::Debug + Send + Sync {
    /// Keeps a flow that begins.
    ///
    /// # Errors
    /// If the database fails.
    async fn begin_flow(&self, flow: &NewFlow) -> Result<(), StoreError>;

    /// Takes a pending flow, so that it cannot be taken again; `None` if there is none with this state and this
    /// binding.
    ///
    /// # Contract
    /// Of any number of concurrent calls one gets it (I1). Another binding takes nothing.
    ///
    /// # Errors
    /// If the database fails.
    async fn take_flow(
        &self,
        state: &TokenDigest,
        binding: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Flow>, StoreError>;

    /// What is known of an assertion, disabled users included: for whoever has to prepare what it comes to.
    ///
    /// # Errors
    /// If the database fails.
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError>;

    /// Does what an assertion comes to, and keeps the code for its user.
    ///
    /// # Contract
    /// One fact: [`Assertion::resolve`] decides on what stands at that moment, and nobody else writes the identity or the
    /// users between the two. Then, beside keeping the code with the flow, for the user at their `credential_version`,
    ///
    /// * [`SignIn`](super::Linking::SignIn) writes nothing more;
    /// * [`Join`](super::Linking::Join) links the identity, and orders [`joined`](IdentitySignIn::joined);
    /// * [`TakeOver`](super::Linking::TakeOver) takes the password hash away, ends every session, uses every one-time
    ///   token, removes every identity and every flow with a code of the user, raises `credential_version`, verifies the
    ///   address, and links the identity; the profile stays;
    /// * [`Create`](super::Linking::Create) adds the user, links the identity, and orders
    ///   [`verification`](IdentitySignIn::verification) if the address of the user is not verified;
    /// * [`Refuse`](super::Linking::Refuse) writes nothing at all, nor does a `Create` without a user to add.
    ///
    /// The events of [`IdentitySignIn::events`] are written with it. Of any number of concurrent calls with one identity one
    /// links it, and the others sign the same user in.
    ///
    /// # Errors
    /// If the database fails.
    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError>;

    /// Keeps the code of a flow that is to link an identity, and the identity with it. Links nothing yet.
    ///
    /// # Errors
    /// If the database fails.
    async fn offer_identity(&self, code: &NewCode, assertion: &Assertion)
    -> Result<(), StoreError>;

    /// Spends the good code of a flow that signs in, and gives who signs in; `None` if there is none with this
    /// challenge.
    ///
    /// # Contract
    /// Of any number of concurrent calls one gets the user (I1). Another challenge spends nothing. The
    /// codes of flows that link are not found.
    ///
    /// # Errors
    /// If the database fails.
    async fn redeem_code(
        &self,
        code: &TokenDigest,
        challenge: &CodeChallenge,
        now: Timestamp,
    ) -> Result<Option<Redeemed>, StoreError>;

    /// Spends the code of a flow that links, which is neither spent nor expired, and links its identity to the user of
    /// a live session.
    ///
    /// # Contract
    /// One fact, with the mail and the event that [`Identity::noted_on`] makes of this one. An identity that the user has already is [`Linked::Known`], and one of another user stays theirs; either
    /// way the code is spent. Another challenge spends nothing. The codes of flows that sign
    /// in are not found.
    ///
    /// # Errors
    /// If the database fails.
    async fn link_identity(
        &self,
        link: &LinkIdentity,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Linked, StoreError>;

    /// The identities of a user, oldest first, 200 at most.
    ///
    /// # Errors
    /// If the database fails.
    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Takes an identity from a user.
    ///
    /// # Contract
    /// However many calls run at once, a user without a password keeps one identity. The event is written if it is gone.
    ///
    /// # Errors
    /// If the database fails.
    async fn unlink_identity(
        &self,
        user: UserId,
        id: IdentityId,
        event: &Event,
    ) -> Result<Unlinked, StoreError>;
}

/// Somebody who is back from a provider.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct IdentitySignIn {
    /// What the provider says.
    pub assertion: Assertion,
    /// The identifier of the identity, if it is new.
    pub identity: IdentityId,
    /// The account to be made, with the address of the assertion, if there is to be one.
    pub new_user: Option<NewUser>,
    /// The code to be kept.
    pub code: NewCode,
    /// From where.
    pub author: Author,
    /// The notice to the user of a verified account that gets the identity, if there is to be one.
    pub joined: Option<Intent>,
    /// The letter with the link, to the user of an account that is made without proof of its address.
    pub verification: Option<Intent>,
    /// Now.
    pub now: Timestamp,
}

impl IdentitySignIn {
    /// The events of what it comes to for this user.
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
        let linked = event(EventKind::IdentityLinked);
        events.push(linked.with("identity_id", self.identity.to_string()));
        events
    }
}

/// The outcome of a sign-in with an identity.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum IdentityAdmission {
    /// The code is good for this user. With the events that were written.
    Admitted(User, Vec<Event>),
    /// Nothing was written.
    Refused(LinkRefusal),
    /// There is no account, and none was given to be made: nothing was written.
    NoAccount,
}

/// Who a code was good for.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Redeemed {
    /// Who signs in.
    pub credentials: Credentials,
    /// The name of the provider.
    pub provider: String,
}

/// An identity to be linked to the caller.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct LinkIdentity {
    /// The identifier it gets.
    pub id: IdentityId,
    /// The digest of the code.
    pub code: TokenDigest,
    /// Made of the verifier that came with it.
    pub challenge: CodeChallenge,
    /// The session of the caller.
    pub session_id: SessionId,
    /// The caller.
    pub user_id: UserId,
}

/// What became of linking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
pub enum Linked {
    /// It is the user's now.
    Linked(Identity),
    /// It was the user's before; no event was written.
    Known(Identity),
    /// It is another user's.
    Taken,
    /// The code is not good.
    BadCode,
    /// The session is over, or the user is disabled or gone; nothing was written.
    Gone,
}

/// What became of unlinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
pub enum Unlinked {
    /// It is gone.
    Unlinked,
    /// It is the only way in that the user has; nothing was written.
    LastCredential,
    /// The user has no such identity.
    NotFound,
}
