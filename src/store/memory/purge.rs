//! The purge in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::EventId,
    factor::DeviceId,
    limit::LimitKey,
    secret::TokenDigest,
    store::{PurgeBatch, PurgeStore},
    token::{ChallengeId, Purpose, SessionId},
    user::UserId,
};

#[async_trait]
impl PurgeStore for MemoryStore {
    async fn purge_sessions(
        &self,
        before: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<PurgeBatch<SessionId>, StoreError> {
        let mut state = self.state();
        let batch = batch(state.sessions.keys().copied(), after, limit, |id| *id);
        let ended = |id: &SessionId| {
            let session = state.sessions.get(id);
            session.is_some_and(|session| session.has_ended(before))
        };
        let ended: Vec<SessionId> = batch.iter().copied().filter(ended).collect();
        for id in &ended {
            state.sessions.remove(id);
        }
        Ok(done(&batch, ended.len(), limit))
    }

    async fn purge_one_time(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        let mut state = self.state();
        let digests = state.one_time.values().map(|token| token.digest);
        let batch = batch(digests, after, limit, |digest| *digest.as_bytes());
        let count = state.one_time.len();
        let stays: Vec<UserId> = state
            .one_time
            .keys()
            .filter(|(user, purpose, _)| {
                *purpose == Purpose::ConfirmEmailChange && state.changes_address(*user)
            })
            .map(|(user, ..)| *user)
            .collect();
        state.one_time.retain(|(user, purpose, _), token| {
            let is_looked_at = batch.contains(&token.digest);
            let stays = *purpose == Purpose::ConfirmEmailChange && stays.contains(user);
            !is_looked_at || before < token.expires_at || stays
        });
        let deleted = count - state.one_time.len();
        Ok(done(&batch, deleted, limit))
    }

    async fn purge_events(
        &self,
        before: Timestamp,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<PurgeBatch<EventId>, StoreError> {
        let mut state = self.state();
        let end = EventId::first_of(before);
        let ids = state.events.keys().copied().take_while(|id| *id < end);
        let batch = batch(ids, after, limit, |id| *id);
        for id in &batch {
            state.events.remove(id);
        }
        Ok(done(&batch, batch.len(), limit))
    }

    async fn purge_flows(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        let mut state = self.state();
        let states = state.flows.keys().copied();
        let batch = batch(states, after, limit, |digest| *digest.as_bytes());
        let count = state.flows.len();
        state
            .flows
            .retain(|digest, flow| !batch.contains(digest) || !flow.is_over(before));
        let deleted = count - state.flows.len();
        Ok(done(&batch, deleted, limit))
    }

    async fn purge_challenges(
        &self,
        before: Timestamp,
        after: Option<ChallengeId>,
        limit: u32,
    ) -> Result<PurgeBatch<ChallengeId>, StoreError> {
        let rows = &mut self.state().challenges;
        Ok(purge_rows(rows, after, limit, |row| {
            row.expires_at <= before
        }))
    }

    async fn purge_devices(
        &self,
        before: Timestamp,
        after: Option<DeviceId>,
        limit: u32,
    ) -> Result<PurgeBatch<DeviceId>, StoreError> {
        let rows = &mut self.state().devices;
        Ok(purge_rows(rows, after, limit, |row| {
            row.expires_at <= before
        }))
    }

    /// Deletes all expired counters in one batch. No caller waits for the whole batch, because the
    /// purge locks one shard at a time.
    async fn purge_limits(
        &self,
        before: Timestamp,
        _: Option<LimitKey>,
        _: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError> {
        Ok(PurgeBatch {
            deleted: self.limits.purge(before),
            next: None,
        })
    }
}

/// Deletes the expired rows among the first `limit` after the key `after`.
fn purge_rows<K: Copy + Ord, V>(
    rows: &mut BTreeMap<K, V>,
    after: Option<K>,
    limit: u32,
    is_over: impl Fn(&V) -> bool,
) -> PurgeBatch<K> {
    let batch = batch(rows.keys().copied(), after, limit, |id| *id);
    let count = rows.len();
    rows.retain(|id, row| !batch.contains(id) || !is_over(row));
    done(&batch, count - rows.len(), limit)
}

/// Returns the first `limit` keys after the key `after`, in the given order.
fn batch<K: Copy, O: Ord>(
    keys: impl Iterator<Item = K>,
    after: Option<K>,
    limit: u32,
    order: impl Fn(&K) -> O,
) -> Vec<K> {
    let after = after.as_ref().map(&order);
    let is_later = |key: &K| after.as_ref().is_none_or(|after| order(key) > *after);
    let mut keys: Vec<K> = keys.filter(is_later).collect();
    keys.sort_unstable_by_key(&order);
    keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    keys
}

fn done<K: Copy>(batch: &[K], deleted: usize, limit: u32) -> PurgeBatch<K> {
    let is_full = u32::try_from(batch.len()) == Ok(limit);
    PurgeBatch {
        deleted: deleted as u64,
        next: batch.last().copied().filter(|_| is_full),
    }
}
