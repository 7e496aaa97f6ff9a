//! Second factors and recovery codes in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, surplus};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{
        AddTotp, ConfirmTotp, ConfirmedTotp, Factor, FactorId, FactorKind, FactorList, MAX_FACTORS,
        NewTotp, RemoveFactor, SealedTotp, SpentTotp,
    },
    id::{SessionId, UserId},
    mail::Intent,
    secret::TokenDigest,
    store::FactorStore,
    token::{Checked, EndReason, Method, Purpose, RenewedCookie},
};

#[derive(Debug)]
pub(super) struct FactorRow {
    user_id: UserId,
    session_id: Option<SessionId>,
    name: Option<String>,
    sealed: Vec<u8>,
    last_step: Option<i64>,
    created_at: Timestamp,
    expires_at: Timestamp,
    confirmed_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl FactorRow {
    pub(super) fn is_confirmed_of(&self, user: UserId) -> bool {
        self.user_id == user && self.confirmed_at.is_some()
    }

    fn is_pending_of(&self, user: UserId, now: Timestamp) -> bool {
        self.user_id == user && self.confirmed_at.is_none() && now < self.expires_at
    }

    pub(super) fn sealed(&self, id: FactorId) -> SealedTotp {
        SealedTotp {
            id,
            sealed: self.sealed.clone(),
            last_step: self.last_step,
        }
    }
}

#[async_trait]
impl FactorStore for MemoryStore {
    async fn factors(&self, user: UserId) -> Result<FactorList, StoreError> {
        Ok(self.state().factors_of(user))
    }

    async fn totps(&self, user: UserId) -> Result<Vec<SealedTotp>, StoreError> {
        Ok(self.state().sealed_totps(user))
    }

    async fn pending_totp(
        &self,
        user: UserId,
        id: FactorId,
        now: Timestamp,
    ) -> Result<Option<SealedTotp>, StoreError> {
        let state = self.state();
        let row = state.factors.get(&id);
        Ok(row
            .filter(|row| row.is_pending_of(user, now))
            .map(|row| row.sealed(id)))
    }

    async fn add_totp(&self, new: &NewTotp) -> Result<AddTotp, StoreError> {
        Ok(self.state().add_totp(new))
    }

    async fn confirm_totp(
        &self,
        new: &ConfirmTotp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<ConfirmedTotp, StoreError> {
        let mut state = self.state();
        let user = new.user_id;
        let pending = state.factors.get(&new.factor_id);
        let is_of_session = pending.is_some_and(|row| row.session_id == Some(new.session_id));
        if !is_of_session || state.live(new.session_id, user, new.now).is_none() {
            return Ok(ConfirmedTotp::NotFound);
        }
        let confirmed = state.confirm(user, new.factor_id, new.step, &new.codes, new.now);
        if let ConfirmedTotp::Confirmed { .. } = confirmed {
            state.strengthen(new.session_id, new.now);
            state.record(event, Some(user));
            state.order(mail, Some(user));
        }
        Ok(confirmed)
    }

    async fn remove_factor(
        &self,
        session: SessionId,
        user: UserId,
        id: FactorId,
        is_required: bool,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<RemoveFactor, StoreError> {
        let mut state = self.state();
        let factor = state.factors.get(&id);
        if !factor.is_some_and(|row| row.is_confirmed_of(user)) {
            return Ok(RemoveFactor::NotFound);
        }
        let Some(row) = state.users.get_mut(&user).filter(|row| row.is_active()) else {
            return Ok(RemoveFactor::NotFound);
        };
        let is_last = row.second_factors <= 1;
        if is_last && is_required {
            return Ok(RemoveFactor::Required);
        }
        row.second_factors -= 1;
        row.factor_version += 1;
        state.factors.remove(&id);
        if is_last {
            state.recovery_codes.remove(&user);
        }
        for (id, row) in &mut state.sessions {
            if row.user_id == user && *id != session {
                row.second_factor_at = None;
                if let Some(former) = &mut row.former {
                    former.second_factor_at = None;
                }
            }
        }
        state.record(event, Some(user));
        state.order(mail, Some(user));
        Ok(RemoveFactor::Removed)
    }

    async fn renew_codes(
        &self,
        user: UserId,
        codes: &[TokenDigest],
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let row = state.users.get_mut(&user);
        let row = row.filter(|row| row.is_active() && row.second_factors > 0);
        let Some(row) = row else {
            return Ok(false);
        };
        row.factor_version += 1;
        state.recovery_codes.insert(user, codes.to_vec());
        state.record(event, Some(user));
        state.order(mail, Some(user));
        Ok(true)
    }

    async fn authenticate_with_totp(
        &self,
        session: SessionId,
        user: UserId,
        spent: &SpentTotp,
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        let mut state = self.state();
        let live = state.live(session, user, now);
        let is_current = live.is_some_and(|(session, _)| session.has_current(renewed));
        if !is_current || !state.use_step(user, spent, now) {
            return Ok(Checked::Stale);
        }
        if let Some(session) = state.sessions.get_mut(&session) {
            session.renew(renewed);
        }
        state.strengthen(session, now);
        state.record(event, Some(user));
        Ok(Checked::Done)
    }

    async fn reset_factors(
        &self,
        user: UserId,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get_mut(&user) else {
            return Ok(false);
        };
        row.credential_version += 1;
        state.forget_factors(user);
        state.end_sessions(user, EndReason::LogoutAll, now);
        state.record(event, Some(user));
        state.order(mail, Some(user));
        Ok(true)
    }
}

impl State {
    /// A user's confirmed factors, oldest first, and the number of unused recovery codes.
    pub(super) fn factors_of(&self, user: UserId) -> FactorList {
        let rows = self.factors.iter();
        let mut items: Vec<Factor> = rows
            .filter(|(_, row)| row.is_confirmed_of(user))
            .map(|(id, row)| Factor {
                id: *id,
                kind: FactorKind::Totp,
                name: row.name.clone(),
                created_at: row.created_at,
                last_used_at: row.last_used_at,
            })
            .collect();
        items.sort_by_key(|factor| (factor.created_at, factor.id));
        let codes = self.recovery_codes.get(&user).map_or(0, Vec::len);
        FactorList {
            items,
            recovery_codes_left: u32::try_from(codes).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn sealed_totps(&self, user: UserId) -> Vec<SealedTotp> {
        let rows = self.factors.iter();
        rows.filter(|(_, row)| row.is_confirmed_of(user))
            .map(|(id, row)| row.sealed(*id))
            .collect()
    }

    pub(super) fn add_totp(&mut self, new: &NewTotp) -> AddTotp {
        let row = self.users.get(&new.user_id).filter(|row| row.is_active());
        match row.map(|row| row.second_factors) {
            None => return AddTotp::Gone,
            Some(MAX_FACTORS..) => return AddTotp::TooMany,
            Some(1..) if new.is_first => return AddTotp::Stale,
            Some(_) => {}
        }
        let pending = self.factors.iter();
        let pending =
            pending.filter(|(_, row)| row.user_id == new.user_id && row.confirmed_at.is_none());
        for oldest in surplus(pending.map(|(id, row)| (row.created_at, *id)), MAX_FACTORS) {
            self.factors.remove(&oldest);
        }
        let row = FactorRow {
            user_id: new.user_id,
            session_id: new.session_id,
            name: new.name.clone(),
            sealed: new.sealed.clone(),
            last_step: None,
            created_at: new.created_at,
            expires_at: new.expires_at,
            confirmed_at: None,
            last_used_at: None,
        };
        self.factors.insert(new.id, row);
        AddTotp::Added
    }

    pub(super) fn confirm(
        &mut self,
        user: UserId,
        id: FactorId,
        step: i64,
        codes: &[TokenDigest],
        now: Timestamp,
    ) -> ConfirmedTotp {
        let owner = self.users.get_mut(&user).filter(|row| row.is_active());
        let factor = self.factors.get_mut(&id);
        let factor = factor.filter(|row| row.is_pending_of(user, now));
        let (Some(owner), Some(factor)) = (owner, factor) else {
            return ConfirmedTotp::NotFound;
        };
        if owner.second_factors >= MAX_FACTORS {
            return ConfirmedTotp::TooMany;
        }
        factor.confirmed_at = Some(now);
        factor.last_used_at = Some(now);
        factor.last_step = Some(step);
        let is_first = owner.second_factors == 0;
        owner.second_factors += 1;
        owner.factor_version += 1;
        if is_first {
            self.recovery_codes.insert(user, codes.to_vec());
            self.factors
                .retain(|_, row| row.user_id != user || row.confirmed_at.is_some());
            self.use_token(user, Purpose::ConfirmEmailChange);
        }
        ConfirmedTotp::Confirmed { is_first }
    }

    /// Marks a time step as used, and returns whether it was unused before.
    pub(super) fn use_step(&mut self, user: UserId, spent: &SpentTotp, now: Timestamp) -> bool {
        let factor = self.factors.get_mut(&spent.id);
        let unused = factor.filter(|row| {
            row.is_confirmed_of(user) && row.last_step.is_none_or(|last| last < spent.step)
        });
        let Some(factor) = unused else {
            return false;
        };
        factor.last_step = Some(spent.step);
        factor.last_used_at = Some(now);
        if let Some(resealed) = &spent.resealed {
            factor.sealed.clone_from(resealed);
        }
        true
    }

    /// Removes all of a user's second factors, and all data that depends on them.
    pub(super) fn forget_factors(&mut self, user: UserId) {
        if let Some(row) = self.users.get_mut(&user) {
            row.second_factors = 0;
            row.factor_version += 1;
        }
        self.drop_factors(user);
    }

    /// Deletes the factors of a user, who may already be deleted, and all data that depends on
    /// them.
    pub(super) fn drop_factors(&mut self, user: UserId) {
        self.factors.retain(|_, row| row.user_id != user);
        self.recovery_codes.remove(&user);
        self.challenges.retain(|_, row| row.user_id != user);
        self.devices.retain(|_, row| row.user_id != user);
    }

    /// Records in a session that a code from an authenticator app was presented.
    fn strengthen(&mut self, session: SessionId, now: Timestamp) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.authenticated_at = now;
            session.second_factor_at = Some(now);
            session.methods = session.methods.clone().with_second_factor(Method::Otp);
        }
    }
}
