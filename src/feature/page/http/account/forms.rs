//! The forms on the account pages.

use super::super::{super::chosen::skip_ui, forms::text};
use crate::{
    factor::DeviceId,
    http::{FromMembers, Members},
    identity::IdentityId,
    secret::Password,
    token::SessionId,
};

/// The fields of `/account`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct AccountForm {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) step: Step,
}

/// The change that a form on `/account` requests.
#[derive(Clone, Debug)]
pub(super) enum Step {
    EndOtherSessions,
    EndSession(Option<SessionId>),
    Forget(Option<DeviceId>),
    Profile(String),
    Unlink(Option<IdentityId>),
}

impl FromMembers for AccountForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let name = text(members, "display_name").unwrap_or_default();
        let id = text(members, "id").unwrap_or_default();
        // A malformed id is treated like an unknown one.
        let step = members.word(
            "step",
            &[
                ("end_others", Step::EndOtherSessions),
                ("end_session", Step::EndSession(id.parse().ok())),
                ("forget", Step::Forget(id.parse().ok())),
                ("profile", Step::Profile(name)),
                ("unlink", Step::Unlink(id.parse().ok())),
            ],
        );
        step.map(|step| Self { step })
    }
}

/// The fields of the pages below `/account`. Each page uses some of them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct BelowForm {
    pub(super) new_email: String,
    /// Nothing if the field is empty.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub(super) current_password: Option<Password>,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) new_password: Password,
    pub(super) name: String,
    pub(super) code: String,
}

impl FromMembers for BelowForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        // The name of the account is there for password managers.
        text(members, "username");
        let new_email = text(members, "new_email");
        let current_password = text(members, "current_password");
        let new_password = text(members, "new_password");
        let name = text(members, "name");
        let code = text(members, "code");
        Some(Self {
            new_email: new_email?,
            current_password: Some(current_password?)
                .filter(|password| !password.is_empty())
                .map(Password::from),
            new_password: new_password?.into(),
            name: name?,
            code: code?,
        })
    }
}
