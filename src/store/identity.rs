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

/// Keeps the identities of users at providers. This trait is part of
/// [`Store`](crate::store::Store).
#[async_trait]
pub trait IdentityStore: std::fmt::Debug + Send + Sync {
    /// Returns the accounts that an assertion matches, including disabled accounts, so that the
    /// caller can prepare the sign-in.
    ///
    /// # Errors
    /// If the database fails.
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError>;

    /// Resolves an assertion, applies the decision, and stores the code for the user.
    ///
    /// # Contract
    /// The call is atomic: [`Assertion::resolve`] decides based on the data that this call reads,
    /// which may have changed since [`candidates`](Self::candidates). No other call writes the
    /// identity or the users between the decision and the write. Unless the decision is to refuse,
    /// the code is stored with the flow, together with the user and their `credential_version`. The
    /// rest depends on the decision:
    ///
    /// * [`SignIn`](crate::identity::Linking::SignIn) writes nothing more;
    /// * [`Join`](crate::identity::Linking::Join) links the identity, and queues [`joined`](IdentitySignIn::joined);
    /// * [`TakeOver`](crate::identity::Linking::TakeOver) removes the password hash, ends every session, voids every
    ///   one-time token, and removes all of the user's identities and every flow with a code for the user. It also
    /// increments `credential_version`, verifies the address, and links the identity; the profile is kept;
    /// * [`Create`](crate::identity::Linking::Create) adds the user, links the identity, and queues
    ///   [`verification`](IdentitySignIn::verification) if the user's address is not verified;
    /// * [`Refuse`](crate::identity::Linking::Refuse) writes nothing at all, and neither does a
    ///   `Create` without a user to add.
    ///
    /// The events of [`IdentitySignIn::events`] are written together with these changes. Of any number of concurrent
    /// calls with the same identity, exactly one links the identity, and the others sign in the same user.
    ///
    /// # Errors
    /// If the database fails.
    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError>;

    /// Spends the code of a linking flow, if the code is neither spent nor expired, and links the flow's identity to
    /// the user of a live session.
    ///
    /// # Contract
    /// The call is atomic: the link, the email and the event are written together. The event is the
    /// one that [`Identity::noted_on`] creates from `event`. If the user already has the identity,
    /// the outcome is [`Linked::Known`]. If another user has the identity, it stays with that user.
    /// The code is spent in both cases. A call with a wrong challenge does not use up the code. The
    /// code of a sign-in flow is treated as unknown.
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

    /// Returns at most 200 of a user's identities, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Removes an identity from a user.
    ///
    /// # Contract
    /// Under any number of concurrent calls, a user without a password keeps at least one identity. The event is
    /// written if the identity is removed.
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
