//! Access to the store for unit tests.

use super::{MemoryStore, OutboxRow, UserRow};
use crate::{
    clock::Timestamp,
    mail::MailStatus,
    secret::{PasswordHash, TokenDigest},
    user::{Credentials, NewUser, Roles, UserId, UserStatus},
};

impl MemoryStore {
    pub(crate) fn add_user(&self, email: &str, hash: Option<PasswordHash>, now: Timestamp) {
        let new = NewUser {
            id: UserId::new(now),
            email: email.parse().unwrap(),
            email_verified_at: None,
            password_hash: hash,
            roles: Roles::default(),
            display_name: None,
            locale: None,
            created_at: now,
        };
        let mut state = self.state();
        state.add_user(&new).unwrap();
        state.users.get_mut(&new.id).unwrap().credential_version = 7;
    }

    pub(crate) fn disable(&self, email: &str) {
        self.with_user(email, |row| row.user.status = UserStatus::Disabled);
    }

    pub(crate) fn credentials_of(&self, email: &str) -> Credentials {
        self.with_user(email, |row| row.credentials())
    }

    fn with_user<T>(&self, email: &str, with: impl FnOnce(&mut UserRow) -> T) -> T {
        let mut users = self.state();
        let mut users = users.users.values_mut();
        with(users.find(|row| row.user.email.as_str() == email).unwrap())
    }

    /// The number of pending emails.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.state();
        state
            .outbox
            .values()
            .filter(|row| row.status == MailStatus::Pending)
            .count()
    }

    /// The due time of the only pending email and the reason why it was not sent.
    pub(crate) fn letter(&self) -> (Timestamp, Option<String>) {
        let letter = |row: &OutboxRow| (row.due_at, row.last_error.clone());
        let state = self.state();
        state
            .outbox
            .values()
            .find(|row| row.status == MailStatus::Pending)
            .map(letter)
            .unwrap()
    }

    /// The reasons why emails were marked dead.
    pub(crate) fn given_up(&self) -> Vec<String> {
        let state = self.state();
        state
            .outbox
            .values()
            .filter(|row| row.status == MailStatus::Dead)
            .filter_map(|row| row.last_error.clone())
            .collect()
    }

    /// An unused one-time token, if there is one.
    pub(crate) fn live_token(&self) -> Option<TokenDigest> {
        let state = self.state();
        state
            .one_time
            .values()
            .find(|row| !row.used)
            .map(|row| row.digest)
    }
}
