//! Listing users.

use super::Administration;
use crate::{
    error::{Error, Result, Violation},
    user::{Page, User, UserFilter, UserQuery},
};

pub(super) const MAX_LIMIT: u32 = 200;

impl Administration {
    /// A page of users, newest first.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a limit out of range, an
    /// invalid cursor, or a cursor for another filter.
    pub async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        check_limit(query.limit)?;
        let (cursors, filter) = (&self.user_cursors, bytes(&query.filter));
        let after = cursors.after(query.cursor.as_deref(), &filter)?;
        let users = self
            .core
            .store
            .list_users(&query.filter, after, query.limit + 1)
            .await?;
        cursors.page(users, query.limit, &filter, |user| user.id.as_uuid())
    }
}

pub(super) fn check_limit(limit: u32) -> Result<()> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    let detail = format!("the limit must be 1 to {MAX_LIMIT}");
    Err(Error::validation(vec![Violation::new(
        "limit",
        "out_of_range",
        detail,
    )]))
}

/// An unambiguous encoding of the filter. The separator is not valid UTF-8, so no part can contain it.
fn bytes(filter: &UserFilter) -> Vec<u8> {
    let email = filter.email.as_ref().map_or("", |email| email.as_str());
    let role = filter.role.as_ref().map_or("", |role| role.as_str());
    let status = filter.status.map_or("", |status| status.as_str());
    [email.as_bytes(), role.as_bytes(), status.as_bytes()].join(&0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{EmailPrefix, Role, UserStatus};

    #[test]
    fn no_two_filters_look_alike() {
        let email = |text: &str| UserFilter {
            email: Some(EmailPrefix::new(text)),
            ..UserFilter::default()
        };
        let role = |role| UserFilter {
            role: Some(role),
            ..UserFilter::default()
        };
        let status = |status| UserFilter {
            status: Some(status),
            ..UserFilter::default()
        };
        let filters = [
            UserFilter::default(),
            email("active"),
            email("user"),
            role(Role::from_static("active")),
            role(Role::USER),
            status(UserStatus::Active),
            status(UserStatus::Disabled),
        ];
        for (index, one) in filters.iter().enumerate() {
            for other in filters.iter().skip(index + 1) {
                assert_ne!(bytes(one), bytes(other), "{one:?} and {other:?}");
            }
        }
    }
}
