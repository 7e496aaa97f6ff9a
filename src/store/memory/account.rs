//! The account overview, in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    id::UserId,
    store::{AccountOverview, AccountStore},
};

#[async_trait]
impl AccountStore for MemoryStore {
    async fn account(&self, user: UserId, now: Timestamp) -> Result<AccountOverview, StoreError> {
        let state = self.state();
        let row = state.users.get(&user);
        Ok(AccountOverview {
            user: row.map(|row| row.user.clone()),
            has_password: row.is_some_and(|row| row.password_hash.is_some()),
            pending_email: state.pending_email(user, now),
            factors: state.factors_of(user),
            devices: state.devices_of(user, now),
            sessions: state.sessions_of(user, now),
            identities: state.identities_of(user),
        })
    }
}
