//! Provider sign-in flows in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    clock::Timestamp,
    error::StoreError,
    identity::{Assertion, CodeChallenge, Flow, FlowProof, NewCode, NewFlow, Redeemed},
    secret::TokenDigest,
    store::FlowStore,
    token::{EarlierSignIn, PresentedCookie},
    user::UserId,
};

#[derive(Debug)]
pub(super) struct FlowRow {
    flow: Flow,
    binding: TokenDigest,
    expires_at: Timestamp,
    taken: bool,
    pub(super) code: Option<CodeRow>,
}

#[derive(Debug)]
pub(super) struct CodeRow {
    digest: TokenDigest,
    expires_at: Timestamp,
    used: bool,
    pub(super) good_for: GoodFor,
}

#[derive(Clone, Debug)]
pub(super) enum GoodFor {
    User(UserId, i64, Option<EarlierSignIn>),
    Identity(Assertion),
}

impl FlowRow {
    /// Whether the flow and its code expired at this time or earlier.
    pub(super) fn is_over(&self, before: Timestamp) -> bool {
        let code = self.code.as_ref().map(|code| code.expires_at);
        code.is_none_or(|code| code <= before) && self.expires_at <= before
    }
}

#[async_trait]
impl FlowStore for MemoryStore {
    async fn begin_flow(&self, new: &NewFlow) -> Result<(), StoreError> {
        let row = FlowRow {
            flow: new.flow.clone(),
            binding: new.binding,
            expires_at: new.expires_at,
            taken: false,
            code: None,
        };
        self.state().flows.insert(new.flow.state, row);
        Ok(())
    }

    async fn take_flow(
        &self,
        state: &TokenDigest,
        binding: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Flow>, StoreError> {
        let mut rows = self.state();
        let row = rows
            .flows
            .get_mut(state)
            .filter(|row| !row.taken && row.binding == *binding && now < row.expires_at);
        Ok(row.map(|row| {
            row.taken = true;
            row.flow.clone()
        }))
    }

    async fn offer_identity(
        &self,
        code: &NewCode,
        assertion: &Assertion,
    ) -> Result<(), StoreError> {
        let good_for = GoodFor::Identity(assertion.clone());
        self.state().keep_code(code, good_for);
        Ok(())
    }

    async fn issue_code(
        &self,
        cookie: &PresentedCookie,
        new: &NewFlow,
        code: &NewCode,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(found) = state.browser_user(cookie, new.created_at) else {
            return Ok(false);
        };
        let Some(row) = state.users.get(&cookie.user_id) else {
            return Ok(false);
        };
        let earlier = EarlierSignIn {
            session_id: cookie.session_id,
            authenticated_at: found.session.authenticated_at,
            methods: found.session.methods,
            second_factor_at: found.session.second_factor_at,
            factor_version: row.factor_version,
        };
        let good_for = GoodFor::User(cookie.user_id, row.credential_version, Some(earlier));
        let row = FlowRow {
            flow: new.flow.clone(),
            binding: new.binding,
            expires_at: new.expires_at,
            taken: true,
            code: None,
        };
        state.flows.insert(new.flow.state, row);
        state.keep_code(code, good_for);
        Ok(true)
    }

    async fn redeem_code(
        &self,
        code: &TokenDigest,
        challenge: &CodeChallenge,
        now: Timestamp,
    ) -> Result<Option<Redeemed>, StoreError> {
        let mut state = self.state();
        let found = state.flow_of(code, challenge, now);
        let Some((flow, GoodFor::User(user, version, earlier))) = found else {
            return Ok(None);
        };
        let is_live = |earlier: &EarlierSignIn| {
            let session = state.sessions.get(&earlier.session_id);
            session.is_some_and(|session| session.is_open(now))
        };
        if !earlier.as_ref().is_none_or(is_live) {
            return Ok(None);
        }
        let row = state.users.get(user).filter(|row| row.is_at(*version));
        let Some(row) = row else {
            return Ok(None);
        };
        let redeemed = Redeemed {
            credentials: row.credentials(),
            proof: match earlier {
                Some(earlier) => FlowProof::Session(earlier.clone()),
                None => FlowProof::Provider(flow.provider.clone()),
            },
        };
        let flow = flow.state;
        state.use_code(&flow);
        Ok(Some(redeemed))
    }
}

impl State {
    /// The flow with this code, if the code is neither used nor expired and the challenge matches
    /// the flow.
    pub(super) fn flow_of(
        &self,
        digest: &TokenDigest,
        challenge: &CodeChallenge,
        now: Timestamp,
    ) -> Option<(&Flow, &GoodFor)> {
        self.flows.values().find_map(|row| {
            let code = row.code.as_ref().filter(|code| code.digest == *digest)?;
            let is_good = !code.used && now < code.expires_at && row.flow.challenge == *challenge;
            is_good.then_some((&row.flow, &code.good_for))
        })
    }

    pub(super) fn use_code(&mut self, flow: &TokenDigest) {
        let flow = self.flows.get_mut(flow);
        if let Some(code) = flow.and_then(|flow| flow.code.as_mut()) {
            code.used = true;
        }
    }

    pub(super) fn keep_code(&mut self, code: &NewCode, good_for: GoodFor) {
        if let Some(flow) = self.flows.get_mut(&code.flow) {
            flow.code = Some(CodeRow {
                digest: code.digest,
                expires_at: code.expires_at,
                used: false,
                good_for,
            });
        }
    }
}
