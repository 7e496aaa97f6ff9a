use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    secret::PasswordHash,
    user::{
        Credentials, EmailAddress, InsertUser, NewUser, Roles, User, UserFilter, UserId,
        UserStatus, UserStore,
    },
};

#[derive(Debug)]
pub(super) struct UserRow {
    pub(super) user: User,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) credential_version: i64,
}

impl UserRow {
    /// Active, and with the credentials of this version.
    pub(super) fn is_at(&self, credential_version: i64) -> bool {
        self.is_active() && self.credential_version == credential_version
    }

    pub(super) fn is_active(&self) -> bool {
        self.user.status == UserStatus::Active
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn insert_user(&self, new: &NewUser, event: &Event) -> Result<InsertUser, StoreError> {
        let mut state = self.state();
        let address = new.email.canonical().to_owned();
        if state.addresses.contains_key(&address) {
            return Ok(InsertUser::EmailTaken);
        }
        let user = new.to_user();
        state.addresses.insert(address, new.id);
        state.users.insert(
            new.id,
            UserRow {
                user: user.clone(),
                password_hash: new.password_hash.clone(),
                credential_version: 0,
            },
        );
        state.record(event, Some(user.id));
        Ok(InsertUser::Inserted(user))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        let id = state.addresses.get(email.canonical());
        let row = id.and_then(|id| state.users.get(id));
        Ok(row.map(|row| Credentials {
            user: row.user.clone(),
            password_hash: row.password_hash.clone(),
            credential_version: row.credential_version,
        }))
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

    async fn set_status(
        &self,
        id: UserId,
        status: UserStatus,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        Ok(state.users.get_mut(&id).map(|row| {
            if status == UserStatus::Disabled {
                row.credential_version += 1;
            }
            row.user.status = status;
            row.user.updated_at = now;
            row.user.clone()
        }))
    }

    async fn set_roles(
        &self,
        id: UserId,
        roles: &Roles,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        Ok(state.users.get_mut(&id).map(|row| {
            row.user.roles = roles.clone();
            row.user.updated_at = now;
            row.user.clone()
        }))
    }
}

fn matches(filter: &UserFilter, user: &User) -> bool {
    let email = filter.email.as_ref();
    let role = filter.role.as_ref();
    email.is_none_or(|prefix| user.email.canonical().starts_with(prefix.as_str()))
        && role.is_none_or(|role| user.roles.contains(role))
        && filter.status.is_none_or(|status| user.status == status)
}
