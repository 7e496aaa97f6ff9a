//! The store trait for provider sign-in flows.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    identity::{Assertion, CodeChallenge, Flow, NewCode, NewFlow, Redeemed},
    secret::TokenDigest,
};

/// Keeps the flows in which identities are found out, and their codes. Part of [`Store`](crate::store::Store).
///
/// A flow is *pending* until it is taken or expires. Its code is *good* while it is not spent, `now < expires_at`, and
/// its user is active at the `credential_version` it was kept at.
#[async_trait]
pub trait FlowStore: std::fmt::Debug + Send + Sync {
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

    /// Keeps the code of a flow that is to link an identity, and the identity with it. Links nothing yet.
    ///
    /// # Errors
    /// If the database fails.
    async fn offer_identity(&self, code: &NewCode, assertion: &Assertion)
    -> Result<(), StoreError>;

    /// Spends the good code of a flow that signs in, and returns the user; `None` if there is none with this challenge.
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
}
