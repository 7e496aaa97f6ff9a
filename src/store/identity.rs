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

/// Keeps the identities of users at providers. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait IdentityStore: std::fmt::Debug + Send + Sync {
    /// The stored data about an assertion, including disabled users, for a caller that has to prepare the outcome.
    ///
    /// # Errors
    /// If the database fails.
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError>;

    /// Applies the outcome of an assertion, and stores the code for its user.
    ///
    /// # Contract
    /// One fact: [`Assertion::resolve`] decides on the data at that moment, and no other call writes the identity or
    /// the users between the decision and the write. The code is stored with the flow, for the user at their
    /// `credential_version`. In addition,
    ///
    /// * [`SignIn`](crate::identity::Linking::SignIn) writes nothing more;
    /// * [`Join`](crate::identity::Linking::Join) links the identity, and orders [`joined`](IdentitySignIn::joined);
    /// * [`TakeOver`](crate::identity::Linking::TakeOver) removes the password hash, ends every session, uses every
    ///   one-time token, removes every identity and every flow with a code of the user, increments
    ///   `credential_version`, verifies the address, and links the identity; the profile stays;
    /// * [`Create`](crate::identity::Linking::Create) adds the user, links the identity, and orders
    ///   [`verification`](IdentitySignIn::verification) if the address of the user is not verified;
    /// * [`Refuse`](crate::identity::Linking::Refuse) writes nothing at all; the same holds for a `Create` without a
    ///   user to add.
    ///
    /// The events of [`IdentitySignIn::events`] are written with it. Of any number of concurrent calls with one
    /// identity, one links it and the others sign in the same user.
    ///
    /// # Errors
    /// If the database fails.
    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError>;

    /// Spends the code of a flow that links, which is neither spent nor expired, and links its identity to the user of
    /// a live session.
    ///
    /// # Contract
    /// One fact, with the mail, and the event that [`Identity::noted_on`] makes of the given one. An identity that the
    /// user already has is [`Linked::Known`], and one of another user stays theirs; either way the code is spent. A
    /// wrong challenge spends nothing. The codes of flows that sign in are not found.
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

    /// The identities of a user, oldest first, at most 200.
    ///
    /// # Errors
    /// If the database fails.
    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Removes an identity from a user.
    ///
    /// # Contract
    /// Under any number of concurrent calls, a user without a password keeps one identity. The event is written if the
    /// identity is removed.
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
