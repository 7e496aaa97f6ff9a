//! The forms of the console.

use super::super::{super::chosen::skip_ui, forms::text};
use crate::{
    error::{Error, Result, Violation},
    http::{FromMembers, Members},
    outbox::IntentId,
    user::{Roles, SeenUser},
};

/// The fields of `/console/users/new` and `/console/users/{id}/edit`. Each page uses some of them.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct UserForm {
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) roles: String,
    pub(super) verified: bool,
    seen_name: String,
    seen_roles: String,
    seen_verified: String,
}

impl FromMembers for UserForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        // The address of the administrator is there for password managers.
        text(members, "username");
        let email = text(members, "email");
        let display_name = text(members, "display_name");
        let roles = text(members, "roles");
        let verified = text(members, "verified");
        let seen_name = text(members, "seen_name");
        let seen_roles = text(members, "seen_roles");
        let seen_verified = text(members, "seen_verified");
        Some(Self {
            email: email?,
            display_name: display_name?,
            roles: roles?,
            verified: !verified?.is_empty(),
            seen_name: seen_name?,
            seen_roles: seen_roles?,
            seen_verified: seen_verified?,
        })
    }
}

impl UserForm {
    /// The typed name; `None` if the field is empty.
    pub(super) fn name(&self) -> Option<String> {
        let name = self.display_name.trim();
        Some(name.to_owned()).filter(|name| !name.is_empty())
    }

    /// Whether the name differs from the one that the page showed.
    pub(super) fn has_new_name(&self) -> bool {
        self.display_name.trim() != self.seen_name.trim()
    }

    /// The typed roles.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for `roles`.
    pub(super) fn roles(&self) -> Result<Roles> {
        roles(&self.roles).ok_or_else(|| {
            let detail = "The text is not a list of roles.";
            Error::validation(vec![Violation::new("roles", "invalid_role", detail)])
        })
    }

    /// The values that the page showed.
    pub(super) fn seen(&self) -> SeenUser {
        SeenUser {
            roles: roles(&self.seen_roles).unwrap_or_default(),
            // Users can put spaces around their names.
            display_name: Some(self.seen_name.clone()).filter(|name| !name.is_empty()),
            email_verified: self.seen_verified == "true",
        }
    }
}

/// The hidden fields with the values that the page displayed.
pub(super) fn hidden(seen: &SeenUser) -> Vec<(&'static str, String)> {
    vec![
        ("seen_name", seen.display_name.clone().unwrap_or_default()),
        ("seen_roles", seen.roles.to_string()),
        ("seen_verified", seen.email_verified.to_string()),
    ]
}

/// Reads role names that are separated by spaces or commas.
fn roles(text: &str) -> Option<Roles> {
    let names = text.split(|letter: char| letter.is_whitespace() || letter == ',');
    let names = names.filter(|name| !name.is_empty());
    names.map(|name| name.parse().ok()).collect()
}

/// The fields of `/console/mail`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct RetryForm {
    /// A malformed id is treated like an unknown one.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) id: Option<IntentId>,
}

impl FromMembers for RetryForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let id = text(members, "id")?;
        Some(Self {
            id: id.parse().ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_names_with_something_between_them() {
        let expected: Roles = "admin user".parse().unwrap();
        for text in ["admin user", " user,admin ", "user,\tadmin user"] {
            assert_eq!(roles(text), Some(expected.clone()), "{text:?}");
        }
        assert_eq!(roles(" , "), Some(Roles::default()));
        for text in ["Admin", "admin;user", "<i>", "admin\u{202e}"] {
            assert_eq!(roles(text), None, "{text:?}");
        }
    }
}
