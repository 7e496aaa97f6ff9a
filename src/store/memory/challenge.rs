//! Challenges in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, device::DeviceRow, surplus};
use crate::{
    clock::Timestamp,
    error::StoreError,
    factor::{AddTotp, ConfirmedTotp, CountedFactors, FactorId, NewTotp},
    id::UserId,
    store::ChallengeStore,
    token::{
        Attempted, ChallengeId, ChallengePurpose, MAX_CHALLENGES, MAX_TRIES, Methods, NewChallenge,
        NewSession, OpenChallenge, SecondProof, SpentFactor,
    },
};

#[derive(Debug)]
pub(super) struct ChallengeRow {
    pub(super) user_id: UserId,
    purpose: ChallengePurpose,
    credential_version: i64,
    factor_version: i64,
    methods: Methods,
    provider: Option<String>,
    factor_id: Option<FactorId>,
    attempts: u32,
    created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    is_spent: bool,
}

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn open_challenge(&self, new: &NewChallenge) -> Result<OpenChallenge, StoreError> {
        let mut state = self.state();
        let row = state.users.get_mut(&new.user_id);
        let verified = new.verified_hash.as_ref();
        let versions = (new.credential_version, new.factor_version);
        let Some(row) = row.filter(|row| row.is_proved(versions, verified)) else {
            return Ok(OpenChallenge::Stale);
        };
        row.rehash(verified, new.rehashed.as_ref());
        state.trim_challenges(new.user_id);
        state.challenges.insert(
            new.id,
            ChallengeRow {
                user_id: new.user_id,
                purpose: new.purpose,
                credential_version: new.credential_version,
                factor_version: new.factor_version,
                methods: new.methods.clone(),
                provider: new.provider.clone(),
                factor_id: None,
                attempts: 0,
                created_at: new.created_at,
                expires_at: new.expires_at,
                is_spent: false,
            },
        );
        self.limits.forget(new.cleared_counter);
        let totps = state.sealed_totps(new.user_id).len();
        let codes = state.recovery_codes.get(&new.user_id).map_or(0, Vec::len);
        Ok(OpenChallenge::Opened(CountedFactors {
            totps: u32::try_from(totps).unwrap_or(u32::MAX),
            recovery_codes: u32::try_from(codes).unwrap_or(u32::MAX),
        }))
    }

    async fn attempt_challenge(
        &self,
        id: ChallengeId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Attempted>, StoreError> {
        let mut state = self.state();
        if !state.is_open(id, user, now) {
            return Ok(None);
        }
        let Some(row) = state.challenges.get_mut(&id) else {
            return Ok(None);
        };
        row.attempts += 1;
        let (row, owner) = (state.challenges.get(&id), state.users.get(&user));
        Ok(row.zip(owner).map(|(row, owner)| {
            let pending = row.factor_id.and_then(|id| {
                let factor = state.factors.get(&id)?;
                Some(factor.sealed(id))
            });
            let (totps, recovery_codes) = match row.purpose {
                ChallengePurpose::Enrolment => (pending.into_iter().collect(), Vec::new()),
                ChallengePurpose::SecondFactor => (
                    state.sealed_totps(user),
                    state.recovery_codes.get(&user).cloned().unwrap_or_default(),
                ),
            };
            Attempted {
                user: owner.user.clone(),
                credential_version: row.credential_version,
                factor_version: row.factor_version,
                purpose: row.purpose,
                methods: row.methods.clone(),
                provider: row.provider.clone(),
                totps,
                recovery_codes,
            }
        }))
    }

    async fn enrol_totp(&self, id: ChallengeId, totp: &NewTotp) -> Result<AddTotp, StoreError> {
        let mut state = self.state();
        let asks = |row: &ChallengeRow| row.purpose == ChallengePurpose::Enrolment;
        if !state.is_open(id, totp.user_id, totp.created_at)
            || !state.challenges.get(&id).is_some_and(asks)
        {
            return Ok(AddTotp::Gone);
        }
        let earlier = state.challenges.get(&id).and_then(|row| row.factor_id);
        if let Some(earlier) = earlier {
            state.factors.remove(&earlier);
        }
        let added = state.add_totp(totp);
        if let (AddTotp::Added, Some(row)) = (added, state.challenges.get_mut(&id)) {
            row.factor_id = Some(totp.id);
        }
        Ok(added)
    }
}

impl State {
    fn is_open(&self, id: ChallengeId, user: UserId, now: Timestamp) -> bool {
        let row = self.challenges.get(&id).filter(|row| row.user_id == user);
        row.zip(self.users.get(&user)).is_some_and(|(row, user)| {
            !row.is_spent
                && now < row.expires_at
                && row.attempts < MAX_TRIES
                && user.is_at(row.credential_version)
                && user.factor_version == row.factor_version
        })
    }

    /// Deletes a user's oldest challenges, to make room for another one.
    fn trim_challenges(&mut self, user: UserId) {
        let own = self.challenges.iter();
        let own = own.filter(|(_, row)| row.user_id == user);
        for oldest in surplus(own.map(|(id, row)| (row.created_at, *id)), MAX_CHALLENGES) {
            self.challenges.remove(&oldest);
        }
    }

    /// Spends a sign-in's second proof, and returns whether it could be spent. The caller has
    /// checked that the account is unchanged.
    pub(super) fn prove(&mut self, new: &NewSession) -> bool {
        let (user, now) = (new.user_id, new.created_at);
        let (challenge, spent, remember) = match &new.second {
            None => return true,
            Some(SecondProof::Device(id)) => {
                let is_remembered = self.is_remembered(user, *id, now);
                let device = self.devices.get_mut(id).filter(|_| is_remembered);
                return device.map(|row| row.last_used_at = now).is_some();
            }
            Some(SecondProof::Answer {
                challenge,
                spent,
                remember,
            }) => (challenge, spent, remember),
        };
        let row = self.challenges.get(challenge);
        let row = row.filter(|row| row.user_id == user && !row.is_spent && now < row.expires_at);
        let Some(pending) = row.map(|row| row.factor_id) else {
            return false;
        };
        let proved = match spent {
            SpentFactor::Totp(totp) => self.use_step(user, totp, now),
            SpentFactor::RecoveryCode(digest) => {
                let codes = self.recovery_codes.get_mut(&user);
                codes.is_some_and(|codes| {
                    let place = codes.iter().position(|code| code == digest);
                    place.map(|place| codes.remove(place)).is_some()
                })
            }
            SpentFactor::Enrolled { id, step, codes } => {
                pending == Some(*id)
                    && matches!(
                        self.confirm(user, *id, *step, codes, now),
                        ConfirmedTotp::Confirmed { .. }
                    )
            }
        };
        if !proved {
            return false;
        }
        if let Some(row) = self.challenges.get_mut(challenge) {
            row.is_spent = true;
        }
        let version = self.users.get(&user).map(|row| row.factor_version);
        if let (Some(device), Some(factor_version)) = (remember, version) {
            let row = DeviceRow {
                user_id: user,
                credential_version: new.credential_version,
                factor_version,
                user_agent: new.client.user_agent.clone(),
                created_at: now,
                last_used_at: now,
                expires_at: device.expires_at,
            };
            self.remember(device.id, row);
        }
        true
    }
}
