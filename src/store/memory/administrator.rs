//! Administration in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event},
    store::AdministratorStore,
    user::{
        AppliedChange, DeleteUser, FirstAdministrator, NewUser, SeenUser, UpdateUser, UserChange,
        UserId,
    },
};

#[async_trait]
impl AdministratorStore for MemoryStore {
    async fn insert_first_administrator(
        &self,
        new: &NewUser,
        event: &Event,
    ) -> Result<FirstAdministrator, StoreError> {
        let mut state = self.state();
        if state.has_administrator_but(None) {
            return Ok(FirstAdministrator::NotFirst);
        }
        let Some(user) = state.add_user(new) else {
            return Ok(FirstAdministrator::EmailTaken);
        };
        state.record(event, Some(user.id));
        Ok(FirstAdministrator::Inserted(user))
    }

    async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        seen: Option<&SeenUser>,
        author: &Author,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError> {
        let mut state = self.state();
        let Some(before) = state.users.get(&id).map(|row| row.user.clone()) else {
            return Ok(UpdateUser::NotFound);
        };
        let changed = match change.apply(&before, seen, author, now) {
            AppliedChange::Changed(changed) => changed,
            AppliedChange::Overtaken => return Ok(UpdateUser::Overtaken(before)),
            AppliedChange::Unchanged => return Ok(UpdateUser::Updated(before, Vec::new())),
        };
        if before.is_administrator()
            && !changed.user.is_administrator()
            && !state.has_administrator_but(Some(id))
        {
            return Ok(UpdateUser::LastAdmin);
        }
        if let Some(row) = state.users.get_mut(&id) {
            row.user = changed.user.clone();
            row.credential_version += i64::from(changed.disabled);
        }
        for event in &changed.events {
            state.record(event, Some(id));
        }
        Ok(UpdateUser::Updated(changed.user, changed.events))
    }

    async fn delete_user(
        &self,
        id: UserId,
        credential_version: Option<i64>,
        event: &Event,
    ) -> Result<DeleteUser, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get(&id) else {
            return Ok(DeleteUser::NotFound);
        };
        if credential_version.is_some_and(|version| version != row.credential_version) {
            return Ok(DeleteUser::Stale);
        }
        let user = row.user.clone();
        if user.is_administrator() && !state.has_administrator_but(Some(id)) {
            return Ok(DeleteUser::LastAdmin);
        }
        state.users.remove(&id);
        state.addresses.remove(user.email.canonical());
        state.sessions.retain(|_, session| session.user_id != id);
        state.one_time.retain(|(of, ..), _| *of != id);
        state.forget_identities(id);
        state.drop_factors(id);
        state.record(event, Some(id));
        Ok(DeleteUser::Deleted(user))
    }
}

impl State {
    fn has_administrator_but(&self, id: Option<UserId>) -> bool {
        self.users
            .values()
            .map(|row| &row.user)
            .any(|user| Some(user.id) != id && user.is_administrator())
    }
}
