//! The endpoints at and below `/admin/users`, and `/admin/events`.

mod change;
mod create;
mod events;
mod factors;
mod list;
mod mail;
mod one;

use std::sync::Arc;

use self::{
    change::update_user,
    create::create_user,
    events::list_events,
    factors::{factors, reset_factors},
    list::list_users,
    mail::{list_mail, retry_mail},
    one::{delete_user, log_out, unlock, user},
};
use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, ClientInfo},
    http::{Endpoint, Input, Request, task},
    service::UserService,
    token::{ActiveUser, http::Shown},
    user::{Role, UserId, UserStatus},
};

/// The state of the endpoints.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) service: Arc<dyn UserService>,
    pub(crate) administration: Administration,
}

impl AsRef<dyn UserService> for State {
    fn as_ref(&self) -> &(dyn UserService + 'static) {
        self.service.as_ref()
    }
}

pub(crate) fn endpoints(state: &State) -> Vec<Endpoint> {
    let not_found = &[ErrorKind::UserNotFound];
    vec![
        Endpoint::get("/admin/users", state.clone(), list_users)
            .tag(task::ADMINISTRATION)
            .summary("List users, newest first")
            .description(
                "Requires the role `admin`, like all administrative endpoints. The role is checked in the database.",
            ),
        Endpoint::post("/admin/users", state.clone(), create_user)
            .tag(task::ADMINISTRATION)
            .summary("Create an account")
            .description(
                "Without a password, the user receives an email with a link to set one. If the administrator has or \
                 must have a second factor, `roles` requires a step-up.",
            )
            .errors(&[
                ErrorKind::EmailTaken,
                ErrorKind::Overloaded,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::StepUpRequired,
                ErrorKind::WeakPassword,
            ]),
        Endpoint::get("/admin/users/{id}", state.clone(), user)
            .tag(task::ADMINISTRATION)
            .summary("Read a user")
            .errors(not_found),
        Endpoint::patch("/admin/users/{id}", state.clone(), update_user)
            .tag(task::ADMINISTRATION)
            .summary("Change a user")
            .description(
                "Omitted members stay unchanged. The change takes effect on the user's next request; disabling a user \
                 ends every session permanently. The last active administrator can be neither demoted nor disabled. If \
                 the administrator has or must have a second factor, a change of `roles`, `status` or `email_verified` \
                 requires a step-up.",
            )
            .errors(&[
                ErrorKind::LastAdmin,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::StepUpRequired,
                ErrorKind::UserNotFound,
            ]),
        Endpoint::delete("/admin/users/{id}", state.clone(), delete_user)
            .tag(task::ADMINISTRATION)
            .summary("Delete a user")
            .description(
                "The last active administrator cannot be deleted. If the administrator has or must have a second \
                 factor, this requires a step-up.",
            )
            .errors(&[
                ErrorKind::LastAdmin,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::Refused,
                ErrorKind::StepUpRequired,
                ErrorKind::UserNotFound,
            ]),
        Endpoint::post("/admin/users/{id}/logout", state.clone(), log_out)
            .tag(task::ADMINISTRATION)
            .summary("End every session of a user")
            .errors(not_found),
        Endpoint::post("/admin/users/{id}/unlock", state.clone(), unlock)
            .tag(task::ADMINISTRATION)
            .summary("Unlock the sign-in of a user")
            .description(
                "Clears the failed sign-ins of the user, and the wait that they caused. It does not enable a disabled \
                 account.",
            )
            .errors(not_found),
        Endpoint::get("/admin/users/{id}/factors", state.clone(), factors)
            .tag(task::ADMINISTRATION)
            .summary("List the second factors of a user")
            .errors(not_found),
        Endpoint::delete("/admin/users/{id}/factors", state.clone(), reset_factors)
            .tag(task::ADMINISTRATION)
            .summary("Reset the second factors of a user")
            .description(
                "Removes all second factors, recovery codes and remembered devices, and ends every session. An email \
                 notifies the user. Requires a step-up.",
            )
            .errors(&[
                ErrorKind::ReauthenticationRequired,
                ErrorKind::StepUpRequired,
                ErrorKind::UserNotFound,
            ]),
        Endpoint::get("/admin/events", state.clone(), list_events)
            .tag(task::ADMINISTRATION)
            .summary("Read the audit trail, newest first")
            .description(
                "An event can be listed once the call that caused it has been answered. Refused sign-ins are events \
                 too, even those with an unknown address. Addresses appear as keyed digests.",
            ),
        Endpoint::get("/admin/mail", state.clone(), list_mail)
            .tag(task::ADMINISTRATION)
            .summary("List the emails in the outbox, newest first")
            .description("Sent emails are not listed. The content of an email is never shown."),
        Endpoint::post("/admin/mail/{id}/retry", state.clone(), retry_mail)
            .tag(task::ADMINISTRATION)
            .summary("Retry a dead email")
            .description(
                "The retry is a new email, with a new identifier. An email that is no longer valid for the account is \
                 not sent.",
            )
            .errors(&[ErrorKind::NotFound]),
    ]
}

/// A caller who is an administrator. All others are refused before their input is read.
pub(crate) struct Administrator(ActiveUser);

impl Administrator {
    /// The administrator as the author of events in the audit trail.
    fn author(&self, client: ClientInfo) -> Author {
        Author {
            actor_id: Some(self.0.user.id),
            client,
        }
    }
}

impl<S: AsRef<dyn UserService> + Sync> Input<S> for Administrator {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let Shown(credential) = Shown::take(state, request).await?;
        let service = state.as_ref();
        service
            .require_role(&credential, &Role::ADMIN)
            .await
            .map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[
            ErrorKind::Forbidden,
            ErrorKind::InvalidAccessToken,
            ErrorKind::Unauthenticated,
        ]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        operation.bearer();
    }
}

impl State {
    /// Requires a step-up if the administrator has a second factor or must have one.
    fn require_step_up(&self, Administrator(caller): &Administrator) -> Result<()> {
        self.administration.require_step_up(caller)
    }
}

/// The identifier of the user in the path. A malformed identifier is treated like an unknown one.
struct Target(UserId);

impl<S: Sync> Input<S> for Target {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        request
            .next_param()?
            .parse()
            .map(Self)
            .map_err(|_| ErrorKind::UserNotFound.into())
    }
}

fn statuses() -> [(&'static str, UserStatus); 2] {
    [UserStatus::Active, UserStatus::Disabled].map(|status| (status.as_str(), status))
}
