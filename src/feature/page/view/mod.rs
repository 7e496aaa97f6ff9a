//! The pages as functions of their state. None of these functions reads or changes anything else.

mod account;
mod console;
mod failure;
mod mailed;
mod one_form;
mod reports;
mod row;
mod second_factor;
mod sign_in;
mod sign_up;

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod tests;

use super::{frame::Frame, layout::Head};

pub(crate) use self::{
    account::{AccountNotice, AccountView, ActivityView, FactorsView, Saved},
    console::{ConsoleUserView, Done, EventSearch, EventsView, MailView, UserSearch, UsersView},
    one_form::{CURRENT_PASSWORD, FormView},
    second_factor::{
        CodeNotice, ConfirmPasswordView, EnrolView, PasswordNotice, RecoveryCodesView,
        SecondFactorView,
    },
    sign_in::{SignInNotice, SignInView, SignOutView, SignedInAs},
    sign_up::{CheckMailView, ForgotNotice, ForgotView, MailPurpose, SignUpNotice, SignUpView},
};

impl<'a> Head<'a> {
    /// The head of a page with a form, which exists in every language with the same query.
    fn of_form(frame: &'a Frame<'a>, title: &'a str, is_error: bool) -> Self {
        Self {
            frame,
            title,
            is_error,
            has_form: true,
            keep: Some(frame.query),
            is_wide: false,
        }
    }
}
