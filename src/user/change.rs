//! Changes to a user.

use super::{Role, Roles, User, UserStatus};
use crate::{
    clock::Timestamp,
    event::{Author, Event, EventKind},
};

/// The changes to a user. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct UserChange {
    /// The new set of roles.
    pub roles: Option<Roles>,
    /// Roles to add.
    pub add_roles: Roles,
    /// Whether the account may be used.
    pub status: Option<UserStatus>,
    /// The display name; `Some(None)` removes it.
    pub display_name: Option<Option<String>>,
    /// Whether the address counts as verified.
    pub email_verified: Option<bool>,
}

/// The user's values that the author of a change has seen. The whole change is refused if another change has already
/// replaced a value that it would replace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SeenUser {
    /// The roles.
    pub roles: Roles,
    /// The display name; `None` if it is empty.
    pub display_name: Option<String>,
    /// Whether the address counts as verified.
    pub email_verified: bool,
}

impl From<&User> for SeenUser {
    fn from(user: &User) -> Self {
        let name = user.display_name.clone();
        Self {
            roles: user.roles.clone(),
            display_name: name.filter(|name| !name.is_empty()),
            email_verified: user.email_verified_at.is_some(),
        }
    }
}

/// The result of changing a user.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum AppliedChange {
    /// The user and the events to be written.
    Changed(ChangedUser),
    /// Another change has replaced a value that the author has seen; nothing is written.
    Overtaken,
    /// The user already has all values of the change; nothing is written.
    Unchanged,
}

/// A user after a change.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct ChangedUser {
    /// The user.
    pub user: User,
    /// Whether the change disabled the account. If so, `credential_version` is incremented, and
    /// open sessions and tokens become permanently invalid.
    pub disabled: bool,
    /// The events to be written with the change.
    pub events: Vec<Event>,
}

impl UserChange {
    /// Whether the change can disable an administrator or remove the role `admin`.
    #[must_use]
    pub fn can_remove_administrator(&self) -> bool {
        let demotes =
            |roles: &Roles| !roles.contains(&Role::ADMIN) && !self.add_roles.contains(&Role::ADMIN);
        self.roles.as_ref().is_some_and(demotes) || self.status == Some(UserStatus::Disabled)
    }

    /// The result of the change for this user. Every store writes the result while no other call can write the user.
    #[must_use]
    pub fn apply(
        &self,
        before: &User,
        seen: Option<&SeenUser>,
        author: &Author,
        now: Timestamp,
    ) -> AppliedChange {
        if seen.is_some_and(|seen| self.is_overtaken(seen, before)) {
            return AppliedChange::Overtaken;
        }
        let mut user = before.clone();
        let mut events = Vec::new();
        let roles = self.roles.as_ref().unwrap_or(&before.roles);
        let roles: Roles = roles.iter().chain(self.add_roles.iter()).cloned().collect();
        if roles != before.roles {
            let names = |roles: &Roles| roles.iter().map(Role::to_string).collect::<Vec<_>>();
            events.push(
                author
                    .event(EventKind::RolesChanged, now)
                    .with("from", names(&before.roles))
                    .with("to", names(&roles)),
            );
            user.roles = roles;
        }
        if let Some(status) = self.status
            && status != before.status
        {
            user.status = status;
            events.push(
                author
                    .event(EventKind::StatusChanged, now)
                    .with("from", before.status.as_str())
                    .with("to", status.as_str()),
            );
        }
        if let Some(verified) = self.email_verified
            && verified != before.email_verified_at.is_some()
        {
            user.email_verified_at = verified.then_some(now);
            let kind = if verified {
                EventKind::EmailVerified
            } else {
                EventKind::EmailUnverified
            };
            events.push(author.event(kind, now));
        }
        if let Some(name) = &self.display_name {
            user.display_name.clone_from(name);
        }
        if user == *before {
            return AppliedChange::Unchanged;
        }
        user.updated_at = now;
        AppliedChange::Changed(ChangedUser {
            disabled: user.status == UserStatus::Disabled && before.status == UserStatus::Active,
            user,
            events,
        })
    }

    /// Whether a value that the change would replace is neither the value that the author has seen nor the new value.
    fn is_overtaken(&self, seen: &SeenUser, before: &User) -> bool {
        let now = SeenUser::from(before);
        replaces_another(self.roles.as_ref(), &seen.roles, &now.roles)
            || replaces_another(
                self.display_name.as_ref(),
                &seen.display_name,
                &now.display_name,
            )
            || replaces_another(
                self.email_verified.as_ref(),
                &seen.email_verified,
                &now.email_verified,
            )
    }
}

fn replaces_another<T: PartialEq>(new: Option<&T>, seen: &T, now: &T) -> bool {
    new.is_some_and(|new| new != now && seen != now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        event::ClientInfo,
        user::UserId,
    };

    fn ann() -> User {
        let now = SystemClock.now();
        User {
            id: UserId::new(now),
            email: "ann@example.org".parse().unwrap(),
            email_verified_at: None,
            roles: [Role::USER].into_iter().collect(),
            status: UserStatus::Active,
            display_name: Some("Ann".to_owned()),
            metadata: serde_json::Map::new(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
            locale: None,
        }
    }

    fn author(ann: &User) -> Author {
        Author {
            actor_id: Some(ann.id),
            client: ClientInfo::default(),
        }
    }

    fn changed(change: &UserChange, user: &User, author: &Author, now: Timestamp) -> ChangedUser {
        match change.apply(user, None, author, now) {
            AppliedChange::Changed(changed) => changed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_change_of_the_same_value_overtakes() {
        let ann = ann();
        let (author, seen) = (author(&ann), SeenUser::from(&ann));
        let mut renamed = ann.clone();
        renamed.display_name = Some("Anna".to_owned());
        let apply =
            |change: UserChange| change.apply(&renamed, Some(&seen), &author, ann.created_at);
        let name = |name: &str| UserChange {
            display_name: Some(Some(name.to_owned())),
            ..UserChange::default()
        };
        let applied = apply(name("Ann B."));
        assert!(matches!(applied, AppliedChange::Overtaken), "{applied:?}");
        let applied = apply(name("Anna"));
        assert!(matches!(applied, AppliedChange::Unchanged), "{applied:?}");
        let disable = UserChange {
            status: Some(UserStatus::Disabled),
            ..UserChange::default()
        };
        let AppliedChange::Changed(disabled) = apply(disable) else {
            panic!("the name is not part of the change");
        };
        assert_eq!(disabled.user.display_name.as_deref(), Some("Anna"));
    }

    #[test]
    fn a_value_that_stands_already_is_not_a_change() {
        let ann = ann();
        let same = UserChange {
            roles: Some(ann.roles.clone()),
            add_roles: ann.roles.clone(),
            status: Some(ann.status),
            display_name: Some(ann.display_name.clone()),
            email_verified: Some(false),
        };
        for change in [UserChange::default(), same] {
            let applied = change.apply(&ann, None, &author(&ann), ann.created_at);
            assert!(matches!(applied, AppliedChange::Unchanged), "{applied:?}");
        }
    }

    #[test]
    fn a_change_records_its_old_and_new_value() {
        let ann = ann();
        let (author, later) = (author(&ann), ann.created_at + Duration::from_secs(1));
        let change = UserChange {
            roles: Some([Role::ADMIN, Role::USER].into_iter().collect()),
            status: Some(UserStatus::Disabled),
            display_name: Some(None),
            email_verified: Some(true),
            ..UserChange::default()
        };
        let changed = changed(&change, &ann, &author, later);
        assert!(changed.disabled);
        assert_eq!(changed.user.display_name, None);
        assert_eq!(changed.user.email_verified_at, Some(later));
        assert_eq!(changed.user.updated_at, later);
        let said: Vec<_> = changed
            .events
            .iter()
            .map(|event| (event.kind, json!(event.detail)))
            .collect();
        let expected = [
            (
                EventKind::RolesChanged,
                json!({"from": ["user"], "to": ["admin", "user"]}),
            ),
            (
                EventKind::StatusChanged,
                json!({"from": "active", "to": "disabled"}),
            ),
            (EventKind::EmailVerified, json!({})),
        ];
        assert_eq!(said, expected);
        assert!(
            changed
                .events
                .iter()
                .all(|event| event.actor_id == Some(ann.id))
        );

        let back = UserChange {
            status: Some(UserStatus::Active),
            email_verified: Some(false),
            ..UserChange::default()
        };
        let again = self::changed(&back, &changed.user, &author, later);
        assert!(!again.disabled);
        assert_eq!(again.user.email_verified_at, None);
        assert_eq!(again.events[1].kind, EventKind::EmailUnverified);
    }

    #[test]
    fn only_demoting_and_disabling_can_remove_an_administrator() {
        let roles = |roles: &str| UserChange {
            roles: Some(roles.parse().unwrap()),
            ..UserChange::default()
        };
        let status = |status| UserChange {
            status: Some(status),
            ..UserChange::default()
        };
        assert!(roles("user").can_remove_administrator());
        assert!(!roles("admin").can_remove_administrator());
        assert!(status(UserStatus::Disabled).can_remove_administrator());
        assert!(!status(UserStatus::Active).can_remove_administrator());
        assert!(!UserChange::default().can_remove_administrator());
    }
}
