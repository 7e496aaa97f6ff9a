//! Identities in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, flow::GoodFor};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    identity::{
        Assertion, Candidates, Identity, IdentityAdmission, IdentityId, IdentitySignIn,
        LinkIdentity, Linked, Linking, Local, Unlinked,
    },
    mail::Intent,
    store::IdentityStore,
    token::EndReason,
    user::UserId,
};

#[derive(Debug)]
pub(super) struct IdentityRow {
    user_id: UserId,
    identity: Identity,
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError> {
        Ok(self.state().candidates(assertion))
    }

    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError> {
        let mut state = self.state();
        let IdentitySignIn { assertion, now, .. } = sign_in;
        let (id, now) = (sign_in.identity, *now);
        let linking = assertion.resolve(&state.candidates(assertion));
        let user_id = match linking {
            Linking::SignIn(user) => user,
            Linking::Join(user) => {
                state.link(id, user, assertion, now);
                state.order(sign_in.joined.as_ref(), Some(user));
                user
            }
            Linking::TakeOver(user) => {
                state.take_over(user, None, EndReason::TakenOver, now);
                state.link(id, user, assertion, now);
                user
            }
            Linking::Create => {
                let Some(user) = sign_in
                    .new_user
                    .as_ref()
                    .and_then(|user| state.add_user(user))
                else {
                    return Ok(IdentityAdmission::NoAccount);
                };
                state.link(id, user.id, assertion, now);
                if user.email_verified_at.is_none() {
                    state.order(sign_in.verification.as_ref(), Some(user.id));
                }
                user.id
            }
            Linking::Refuse(refusal) => return Ok(IdentityAdmission::Refused(refusal)),
        };
        let Some(row) = state.users.get(&user_id) else {
            return Ok(IdentityAdmission::NoAccount);
        };
        let (user, version) = (row.user.clone(), row.credential_version);
        state.keep_code(&sign_in.code, GoodFor::User(user_id, version, None));
        let events = sign_in.events(linking, user_id);
        for event in &events {
            state.record(event, Some(user_id));
        }
        Ok(IdentityAdmission::Admitted(user, events))
    }

    async fn link_identity(
        &self,
        link: &LinkIdentity,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Linked, StoreError> {
        let mut state = self.state();
        let user = link.user_id;
        if state.live(link.session_id, user, now).is_none() {
            return Ok(Linked::Gone);
        }
        let Some((flow, GoodFor::Identity(assertion))) =
            state.flow_of(&link.code, &link.challenge, now)
        else {
            return Ok(Linked::BadCode);
        };
        let (flow, assertion) = (flow.state, assertion.clone());
        state.use_code(&flow);
        if let Some(known) = state.identity_of(&assertion) {
            return Ok(if known.user_id == user {
                Linked::Known(known.identity.clone())
            } else {
                Linked::Taken
            });
        }
        let identity = state.link(link.id, user, &assertion, now);
        state.record(&identity.noted_on(event), Some(user));
        state.order(mail, Some(user));
        Ok(Linked::Linked(identity))
    }

    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        Ok(self.state().identities_of(user))
    }

    async fn unlink_identity(
        &self,
        user: UserId,
        id: IdentityId,
        event: &Event,
    ) -> Result<Unlinked, StoreError> {
        let mut state = self.state();
        if !state
            .identities
            .iter()
            .any(|(of, row)| *of == id && row.user_id == user)
        {
            return Ok(Unlinked::NotFound);
        }
        let has_password = state
            .users
            .get(&user)
            .is_some_and(|row| row.password_hash.is_some());
        let has_other = state
            .identities
            .iter()
            .any(|(of, row)| *of != id && row.user_id == user);
        if !has_password && !has_other {
            return Ok(Unlinked::LastCredential);
        }
        state.identities.remove(&id);
        state.record(event, Some(user));
        Ok(Unlinked::Unlinked)
    }
}

impl State {
    /// A user's identities in the order in which they were linked, at most 200.
    pub(super) fn identities_of(&self, user: UserId) -> Vec<Identity> {
        let own = self.identities.values().filter(|row| row.user_id == user);
        own.take(200).map(|row| row.identity.clone()).collect()
    }

    fn candidates(&self, assertion: &Assertion) -> Candidates {
        let local = |id: UserId| {
            let row = self.users.get(&id)?;
            Some(Local::new(&row.user))
        };
        let address = assertion.email.as_ref().map(|email| email.canonical());
        let holder = address.and_then(|address| self.addresses.get(address));
        Candidates {
            linked: self
                .identity_of(assertion)
                .and_then(|row| local(row.user_id)),
            holder: holder.and_then(|id| local(*id)),
        }
    }

    fn identity_of(&self, assertion: &Assertion) -> Option<&IdentityRow> {
        self.identities.values().find(|row| {
            row.identity.issuer == assertion.issuer && row.identity.subject == assertion.subject
        })
    }

    fn link(
        &mut self,
        id: IdentityId,
        user_id: UserId,
        assertion: &Assertion,
        now: Timestamp,
    ) -> Identity {
        let identity = Identity {
            id,
            provider: assertion.provider.clone(),
            issuer: assertion.issuer.clone(),
            subject: assertion.subject.clone(),
            email: assertion
                .email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
            created_at: now,
        };
        self.identities.insert(
            id,
            IdentityRow {
                user_id,
                identity: identity.clone(),
            },
        );
        identity
    }

    /// Removes the user's identities and the flows with a code for the user.
    pub(super) fn forget_identities(&mut self, user: UserId) {
        self.identities.retain(|_, row| row.user_id != user);
        self.flows.retain(|_, row| {
            let code = row.code.as_ref().map(|code| &code.good_for);
            !matches!(code, Some(GoodFor::User(of, ..)) if *of == user)
        });
    }
}
