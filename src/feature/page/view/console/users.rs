//! `/console/users`: finding users.

use minijinja::{Value, context};

use super::{
    super::super::{Pages, frame::Frame, texts::ConsoleTexts},
    Done, head, next_page, time,
};
use crate::{
    error::Result,
    http::Html,
    percent,
    user::{Role, User, UserStatus},
};

/// The maximum number of roles that a row shows.
const ROLES_SHOWN: usize = 5;

/// The search that the form requests, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserSearch {
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) status: Option<UserStatus>,
}

impl UserSearch {
    /// The percent-encoded query for the search.
    pub(crate) fn query(&self) -> String {
        let status = self.status.map(UserStatus::as_str);
        let parts = [
            ("email", self.email.as_str()),
            ("role", self.role.as_str()),
            ("status", status.unwrap_or_default()),
        ];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty());
        let parts = parts.map(|(name, value)| format!("{name}={}", percent::encoded(value)));
        parts.collect::<Vec<_>>().join("&")
    }
}

/// A page of the users that match a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsersView<'a> {
    pub(crate) search: &'a UserSearch,
    pub(crate) users: &'a [User],
    /// The cursor of the next page.
    pub(crate) next: Option<&'a str>,
    pub(crate) done: Option<Done>,
}

impl Pages {
    /// `console/users`. The form sends `email`, `role` and `status` in the query.
    pub(crate) fn users(&self, frame: &Frame<'_>, view: &UsersView<'_>) -> Result<Html> {
        let own = &self.texts(frame.language).console;
        let UsersView { search, .. } = view;
        let is_bad_role = !search.role.is_empty() && search.role.parse::<Role>().is_err();
        let rows = view.users.iter().map(|user| row(own, frame, user));
        let v = context! {
            notice => Done::notice(view.done, own),
            email => search.email.as_str(),
            role => search.role.as_str(),
            bad_role => is_bad_role.then_some(&own.find.bad_role),
            status => search.status.map(UserStatus::as_str),
            rows => rows.collect::<Vec<Value>>(),
            next => next_page(frame, "console/users", view.next),
            new_user => frame.away("console/users/new"),
        };
        self.layout
            .render("console-users.html", &head(frame, &own.users, true), v)
    }
}

fn row(own: &ConsoleTexts<String>, frame: &Frame<'_>, user: &User) -> Value {
    let find = &own.find;
    let confirmed = match user.email_verified_at {
        Some(_) => &find.confirmed,
        None => &find.not_confirmed,
    };
    context! {
        email => user.email.as_str(),
        name => user.display_name.as_deref(),
        url => frame.away(&format!("console/users/{}", user.id)),
        status => format!("{}, {confirmed}", find.of(user.status)),
        roles => roles(own, user),
        last_sign_in => user.last_login_at.map(|at| time(frame, at)),
    }
}

/// The first few roles, and the number of remaining roles.
fn roles(own: &ConsoleTexts<String>, user: &User) -> String {
    let names: Vec<&str> = user.roles.iter().map(Role::as_str).collect();
    match names.get(..ROLES_SHOWN) {
        Some(first) if names.len() > ROLES_SHOWN => {
            let others = (names.len() - ROLES_SHOWN).to_string();
            let more = own.find.more_roles.replace("{count}", &others);
            format!("{} {more}", first.join(", "))
        }
        _ if names.is_empty() => own.none.clone(),
        _ => names.join(", "),
    }
}
