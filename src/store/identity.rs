//! The store trait for identities.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    identity::{
        Assertion, Candidates, Identity, IdentityAdmission, IdentityId, IdentitySignIn,
        LinkIdentity, Linked, Unlinked,
    },
    outbox::Intent,
    user::UserId,
};

/// Keeps who users are at providers. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait IdentityStore: std::fmt::Debug + Send + Sync {
    /// The stored data about an assertion, disabled users included: for the caller that has to prepare its outcome.
    ///
    /// # Errors
    /// If the database fails.
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError>;

    /// Does what an assertion comes to, and keeps the code for its user.
    ///
    /// # Contract
    /// One fact: [`Assertion::resolve`] decides on what stands at that moment, and no other call writes the identity or
    /// the users between the two. Then, beside keeping the code with the flow, for the user at their
    /// `credential_version`,
    ///
    /// * [`SignIn`](crate::identity::Linking::SignIn) writes nothing more;
    /// * [`Join`](crate::identity::Linking::Join) links the identity, and orders [`joined`](IdentitySignIn::joined);
    /// * [`TakeOver`](crate::identity::Linking::TakeOver) takes the password hash away, ends every session, uses every
    ///   one-time token, removes every identity and every flow with a code of the user, raises `credential_version`,
    ///   verifies the address, and links the identity; the profile stays;
    /// * [`Create`](crate::identity::Linking::Create) adds the user, links the identity, and orders
    ///   [`verification`](IdentitySignIn::verification) if the address of the user is not verified;
    /// * [`Refuse`](crate::identity::Linking::Refuse) writes nothing at all, nor does a `Create` without a user to add.
    ///
    /// The events of [`IdentitySignIn::events`] are written with it. Of any number of concurrent calls with one
    /// identity one links it, and the others sign the same user in.
    ///
    /// # Errors
    /// If the database fails.
    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError>;

    /// Spends the code of a flow that links, which is neither spent nor expired, and links its identity to the user of
    /// a live session.
    ///
    /// # Contract
    /// One fact, with the mail and the event that [`Identity::noted_on`] makes of this one. An identity that the user
    /// has already is [`Linked::Known`], and one of another user stays theirs; either way the code is spent. Another
    /// challenge spends nothing. The codes of flows that sign in are not found.
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
    /// However many calls run at once, a user without a password keeps one identity. The event is written if it is
    /// gone.
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
