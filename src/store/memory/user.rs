//! Users in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::Intent,
    secret::PasswordHash,
    store::UserStore,
    user::{
        Credentials, EmailAddress, InsertUser, NewUser, ProfileChange, User, UserFilter, UserId,
        UserStatus,
    },
};

#[derive(Debug)]
pub(super) struct UserRow {
    pub(super) user: User,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) credential_version: i64,
    pub(super) factor_version: i64,
    /// The number of confirmed second factors.
    pub(super) second_factors: u32,
}

impl UserRow {
    /// Whether the user is active and has this `credential_version`.
    pub(super) fn is_at(&self, credential_version: i64) -> bool {
        self.is_active() && self.credential_version == credential_version
    }

    /// Whether the user is active and unchanged since a proof was checked: the `credential_version`, the
    /// `factor_version` and the verified password hash, if any, are the same.
    pub(super) fn is_proved(
        &self,
        (credential_version, factor_version): (i64, i64),
        verified: Option<&PasswordHash>,
    ) -> bool {
        let stored = self.password_hash.as_ref().map(PasswordHash::expose);
        self.is_at(credential_version)
            && self.factor_version == factor_version
            && verified.is_none_or(|verified| Some(verified.expose()) == stored)
    }

    /// Replaces the password hash that was verified. Without a verified password, there is nothing to rehash.
    pub(super) fn rehash(
        &mut self,
        verified: Option<&PasswordHash>,
        rehashed: Option<&PasswordHash>,
    ) {
        if let Some(rehashed) = verified.and(rehashed) {
            self.password_hash = Some(rehashed.clone());
        }
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials {
            user: self.user.clone(),
            password_hash: self.password_hash.clone(),
            credential_version: self.credential_version,
            factor_version: self.factor_version,
            second_factors: self.second_factors,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.user.status == UserStatus::Active
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn insert_user(
        &self,
        new: &NewUser,
        event: &Event,
        mail: Option<&Intent>,
        if_taken: Option<(&Intent, &Event)>,
    ) -> Result<InsertUser, StoreError> {
        let mut state = self.state();
        let Some(user) = state.add_user(new) else {
            if let Some((mail, event)) = if_taken {
                state.record(event, None);
                state.order(Some(mail), None);
            }
            return Ok(InsertUser::EmailTaken);
        };
        state.record(event, Some(user.id));
        state.order(mail, Some(user.id));
        Ok(InsertUser::Inserted(user))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let state = self.state();
        Ok(state.users.get(&id).map(|row| row.user.clone()))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        let id = state.addresses.get(email.canonical());
        let row = id.and_then(|id| state.users.get(id));
        Ok(row.map(UserRow::credentials))
    }

    async fn addresses(&self, ids: &[UserId]) -> Result<Vec<(UserId, EmailAddress)>, StoreError> {
        let state = self.state();
        let rows = ids.iter().filter_map(|id| state.users.get(id));
        Ok(rows
            .map(|row| (row.user.id, row.user.email.clone()))
            .collect())
    }

    async fn list_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let state = self.state();
        let below = |user: &&User| after.is_none_or(|after| user.id < after);
        let users = state.users.values().map(|row| &row.user);
        let mut users: Vec<&User> = users
            .filter(below)
            .filter(|user| matches(filter, user))
            .collect();
        users.sort_by_key(|user| std::cmp::Reverse(user.id));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(users.into_iter().take(limit).cloned().collect())
    }

    async fn update_profile(
        &self,
        id: UserId,
        change: &ProfileChange,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        Ok(state.users.get_mut(&id).map(|row| {
            if let Some(name) = &change.display_name {
                row.user.display_name.clone_from(name);
            }
            if let Some(metadata) = &change.metadata {
                row.user.metadata.clone_from(metadata);
            }
            row.user.updated_at = now;
            row.user.clone()
        }))
    }
}

impl State {
    /// Adds a user; `None` if the address is taken.
    pub(super) fn add_user(&mut self, new: &NewUser) -> Option<User> {
        let address = new.email.canonical().to_owned();
        if self.addresses.contains_key(&address) {
            return None;
        }
        let user = new.to_user();
        self.addresses.insert(address, new.id);
        let row = UserRow {
            user: user.clone(),
            password_hash: new.password_hash.clone(),
            credential_version: 0,
            factor_version: 0,
            second_factors: 0,
        };
        self.users.insert(new.id, row);
        Some(user)
    }
}

fn matches(filter: &UserFilter, user: &User) -> bool {
    let email = filter.email.as_ref();
    let role = filter.role.as_ref();
    email.is_none_or(|prefix| user.email.canonical().starts_with(prefix.as_str()))
        && role.is_none_or(|role| user.roles.contains(role))
        && filter.status.is_none_or(|status| user.status == status)
}
