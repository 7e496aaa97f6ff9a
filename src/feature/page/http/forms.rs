//! The forms on the sign-in pages.

use super::super::{MailPurpose, chosen::skip_ui};
use crate::{
    http::{FromMembers, Members},
    secret::Password,
};

/// The fields of `/sign-in`. Any text is accepted, so that the page can show it again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct SignInForm {
    pub(super) email: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) password: Password,
    pub(super) remember: bool,
    /// Whether a signed-in user continues to the application.
    pub(super) is_continued: bool,
    /// The id of the user who was signed in when the page was rendered.
    pub(super) user: String,
}

impl FromMembers for SignInForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let email = text(members, "email");
        let password = text(members, "password");
        let step = members.optional_word("step", &[("continue", ())]);
        let user = text(members, "user");
        Some(Self {
            email: email?,
            password: password?.into(),
            remember: is_checked(members, "remember")?,
            is_continued: step?.is_some(),
            user: user?,
        })
    }
}

/// The step that a form on `/second-factor` requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Code,
    Enrol,
}

/// The fields of `/second-factor`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct SecondFactorForm {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) step: Step,
    pub(super) code: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) password: Password,
    pub(super) remember_device: bool,
}

impl FromMembers for SecondFactorForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        // The name of the account is there for password managers.
        text(members, "username");
        let code = text(members, "code");
        let password = text(members, "password");
        let step = members.optional_word("step", &[("enrol", Step::Enrol)]);
        Some(Self {
            code: code?,
            password: password?.into(),
            step: step?.unwrap_or(Step::Code),
            remember_device: is_checked(members, "remember_device")?,
        })
    }
}

/// The fields of `/sign-up`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct SignUpForm {
    pub(super) email: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub(super) password: Password,
    pub(super) display_name: Option<String>,
}

impl FromMembers for SignUpForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let email = text(members, "email");
        let password = text(members, "password");
        let name = text(members, "display_name")?;
        Some(Self {
            email: email?,
            password: password?.into(),
            display_name: (!name.trim().is_empty()).then_some(name),
        })
    }
}

/// The fields of `/forgot-password` and `/check-mail`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct MailForm {
    pub(super) email: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub(super) purpose: Option<MailPurpose>,
}

impl FromMembers for MailForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let email = text(members, "email");
        let purpose = text(members, "purpose");
        Some(Self {
            email: email?,
            purpose: purpose.as_deref().and_then(MailPurpose::named),
        })
    }
}

/// The text of a field; empty if the field is absent.
pub(super) fn text(members: &mut Members, name: &str) -> Option<String> {
    members
        .optional_token(name)
        .map(|text| text.unwrap_or_default())
}

fn is_checked(members: &mut Members, name: &str) -> Option<bool> {
    text(members, name).map(|text| text == "true")
}
