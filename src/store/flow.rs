//! The store trait for sign-in flows and their codes.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    identity::{Assertion, CodeChallenge, Flow, NewCode, NewFlow, Redeemed},
    secret::TokenDigest,
    token::PresentedCookie,
};

/// Keeps sign-in flows and their codes. This trait is part of
/// [`Store`](crate::store::Store).
///
/// A flow is *pending* until it is taken or expires. A flow's code is *valid* while `now < expires_at` and the code is
/// not spent. In addition, the code's user must be active, and must still have the `credential_version` that was stored
/// with the code. The code of a browser session is valid only while that session is live.
#[async_trait]
pub trait FlowStore: std::fmt::Debug + Send + Sync {
    /// Stores a new flow.
    ///
    /// # Errors
    /// If the database fails.
    async fn begin_flow(&self, flow: &NewFlow) -> Result<(), StoreError>;

    /// Returns a pending flow, and marks it as taken, so that it cannot be taken again; `None` if
    /// no pending flow has this state and this binding.
    ///
    /// # Contract
    /// Exactly one of any number of concurrent calls gets the flow (I1). A call with a wrong
    /// binding has no effect.
    ///
    /// # Errors
    /// If the database fails.
    async fn take_flow(
        &self,
        state: &TokenDigest,
        binding: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Flow>, StoreError>;

    /// Stores the code of a linking flow, together with the identity to be linked. The identity is
    /// not linked yet.
    ///
    /// # Errors
    /// If the database fails.
    async fn offer_identity(&self, code: &NewCode, assertion: &Assertion)
    -> Result<(), StoreError>;

    /// Stores a flow, already ended, and its code, which is issued to the user of a browser session. Returns whether
    /// there is such a session.
    ///
    /// # Contract
    /// The call is atomic. Nothing is written unless [`browser_user`](super::BrowserSessionStore::browser_user) would
    /// find a session by this cookie at `created_at`. The session, the authentication that the cookie represents, the
    /// user's `factor_version` and the session's `credential_version` are stored with the code. The flow cannot be
    /// taken.
    ///
    /// # Errors
    /// If the database fails.
    async fn issue_code(
        &self,
        cookie: &PresentedCookie,
        flow: &NewFlow,
        code: &NewCode,
    ) -> Result<bool, StoreError>;

    /// Spends a valid code of a sign-in flow, and returns the user; `None` if there is no valid
    /// code with this challenge.
    ///
    /// # Contract
    /// Exactly one of any number of concurrent calls gets the user (I1). A call with a wrong
    /// challenge does not use up the code. The code of a linking flow is treated as unknown.
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
