//! The endpoints of the pages, and `GET` and `POST /verify-email`, `/reset-password`, `/confirm-email-change`,
//! `/secure-account` and `/unlock`.

mod account;
mod asked;
mod console;
mod forms;
mod owner;
mod place;
#[cfg(feature = "oauth")]
mod provider;
mod second_factor;
mod sign_in;
mod sign_up;
mod start;

use std::sync::Arc;

use super::{
    Action, DONE, Link, Links, MOVED, Pages, USED,
    answer::Answer,
    chosen::{Chosen, skip_ui},
    is_token, logo,
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    feature::{
        account::Accounts, admin::Administration, email_verification::EmailVerifications,
        lockout::Lockouts, safeguard::Safeguards, second_factor::Factors, session::Sessions,
    },
    http::{Cookies, Endpoint, Form, FromMembers, Html, Input, Members, Request, WithDevice},
    secret::{OneTimeToken, Password},
    service::UserService,
    token::OneTimeStatus,
    user::{EmailAddress, Locale},
};

pub(crate) use self::{
    account::endpoints as account_endpoints,
    console::{CONSOLE, endpoints as console_endpoints},
};

type Service = Arc<dyn UserService>;

/// The state of the endpoints: the pages, and the use cases that they call.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) pages: Arc<Pages>,
    pub(crate) service: Service,
    pub(crate) links: Links,
    pub(crate) verifications: EmailVerifications,
    pub(crate) lockouts: Lockouts,
    pub(crate) safeguards: Safeguards,
    pub(crate) cookies: Cookies,
    pub(crate) sessions: Sessions,
    pub(crate) factors: Factors,
    pub(crate) accounts: Accounts,
    pub(crate) administration: Administration,
    /// Whether the console is mounted too.
    pub(crate) has_console: bool,
    /// The path of the public URL, without a slash at the end.
    pub(crate) base: Arc<str>,
    /// Whether nobody can register.
    pub(crate) is_closed: bool,
    /// Whether the reply to a registration does not reveal whether the address is taken.
    pub(crate) is_private: bool,
    /// Whether signing in requires a verified address.
    pub(crate) require_verified: bool,
    /// The languages of emails.
    pub(crate) locales: Arc<[Locale]>,
    /// Each provider's name in URLs, and its display name.
    pub(crate) providers: Arc<[(String, String)]>,
    #[cfg(feature = "oauth")]
    pub(crate) provider_sign_ins: crate::feature::oauth::ProviderSignIns,
}

/// The pages on which people sign in, sign up and sign out.
pub(crate) fn sign_in_endpoints(parts: &Parts) -> Vec<Endpoint> {
    let state = || parts.clone();
    let rows = [
        Endpoint::get("/sign-in", state(), sign_in::show),
        Endpoint::post("/sign-in", state(), sign_in::sign_in),
        #[cfg(feature = "oauth")]
        Endpoint::get("/sign-in/{provider}", state(), provider::begin),
        Endpoint::get("/sign-out", state(), sign_in::ask_to_sign_out),
        Endpoint::post("/sign-out", state(), sign_in::sign_out),
        Endpoint::get("/second-factor", state(), second_factor::show),
        Endpoint::post("/second-factor", state(), second_factor::answer),
        Endpoint::get("/sign-up", state(), sign_up::show),
        Endpoint::post("/sign-up", state(), sign_up::sign_up),
        Endpoint::get("/forgot-password", state(), sign_up::ask_for_link),
        Endpoint::post("/forgot-password", state(), sign_up::forgot),
        Endpoint::get("/check-mail", state(), sign_up::check_mail),
        Endpoint::post("/check-mail", state(), sign_up::send_again),
    ];
    let rows = rows.into_iter();
    rows.map(|row| for_people(parts, row)).collect()
}

/// The paths that lead to the pages.
pub(crate) fn start_endpoints(parts: &Parts) -> Vec<Endpoint> {
    let state = || parts.clone();
    let rows = [
        Endpoint::get("/", state(), start::start),
        Endpoint::get(
            "/.well-known/change-password",
            state(),
            start::change_password,
        ),
    ];
    let rows = rows.into_iter();
    rows.map(|row| for_people(parts, row)).collect()
}

fn for_people(parts: &Parts, row: Endpoint) -> Endpoint {
    let pages = Arc::clone(&parts.pages);
    row.for_people(move |visit, refused| {
        let chosen = Chosen::of(&visit.headers, None);
        pages.page_of(&chosen.frame(""), &visit.headers, &refused.problem)
    })
}

pub(crate) fn endpoints(parts: &Parts) -> Vec<Endpoint> {
    use Action::{ConfirmEmailChange, ResetPassword, SecureAccount, Unlock, VerifyEmail};

    let get = |action: Action| Endpoint::get(action.path(), (parts.clone(), action), show);
    let click = |action: Action| Endpoint::post(action.path(), (parts.clone(), action), click);
    let reset = Endpoint::post(ResetPassword.path(), (parts.clone(), ResetPassword), reset);
    let rows = [
        get(VerifyEmail),
        click(VerifyEmail),
        get(ResetPassword),
        reset,
        get(ConfirmEmailChange),
        click(ConfirmEmailChange),
        get(SecureAccount),
        click(SecureAccount),
        get(Unlock),
        click(Unlock),
    ];
    let logo = parts.pages.logo.as_ref().map(logo::endpoint);
    let rows = rows.into_iter().chain(logo);
    rows.map(|row| for_people(parts, row)).collect()
}

type Asked = (Parts, Action);

/// Looks up a link when it is opened, so that the page does not ask for a password if the link is
/// dead. A HEAD request, as sent by link scanners, causes no look-up.
async fn show(
    (parts, action): Asked,
    chosen: Chosen,
    client: ClientInfo,
    link: LinkQuery,
) -> Result<Html> {
    let Parts { pages, links, .. } = parts;
    let token = match link.query {
        Query::Done => return pages.done(chosen, action),
        Query::Moved if action == Action::SecureAccount => return pages.moved(chosen),
        Query::Used => return pages.used(chosen, action),
        Query::Token(token) if is_token(&token) => token,
        Query::Token(_) | Query::Moved | Query::Nothing => return pages.invalid(chosen, action),
    };
    if link.is_head {
        return Ok(pages.head());
    }
    match links.open(action, &token, &client).await? {
        OneTimeStatus::Dead => pages.invalid(chosen, action),
        OneTimeStatus::Live(address) => {
            let link = Link {
                token: &token,
                address: Some(address.as_str()),
            };
            pages.form(chosen, action, &link)
        }
        OneTimeStatus::Used => pages.used(chosen, action),
    }
}

async fn reset(
    (parts, action): Asked,
    chosen: Chosen,
    client: ClientInfo,
    _: OwnForm,
    Form(form): Form<ResetForm>,
) -> Result<Answer> {
    let token = &form.token;
    if !is_token(token.expose()) {
        return parts.pages.invalid(chosen, action).map(Answer::Page);
    }
    let done = parts
        .service
        .reset_password(token, &form.new_password, &client)
        .await
        .map(|()| DONE);
    let link = Link {
        token: token.expose(),
        address: form.address.as_ref().map(EmailAddress::as_str),
    };
    parts.outcome(chosen, action, &link, done).await
}

/// Handles a form that needs only a click.
async fn click(
    (parts, action): Asked,
    chosen: Chosen,
    client: ClientInfo,
    _: OwnForm,
    Form(form): Form<ClickForm>,
) -> Result<WithDevice<Answer>> {
    let token = &form.token;
    let (cookies, mut device) = (parts.cookies, None);
    if !is_token(token.expose()) {
        return Ok(WithDevice {
            reply: Answer::Page(parts.pages.invalid(chosen, action)?),
            device,
            cookies,
        });
    }
    let verifications = &parts.verifications;
    let done = match action {
        Action::ConfirmEmailChange => {
            let changed = verifications.confirm_change(token, &client).await;
            changed.map(|()| DONE)
        }
        Action::SecureAccount => {
            let secured = parts.safeguards.secure_account(token, &client).await;
            secured.map(|secured| if secured.is_reset_mailed { DONE } else { MOVED })
        }
        Action::Unlock => {
            let unlocked = parts.lockouts.unlock(token, &client).await;
            unlocked.map(|token| {
                device = token;
                DONE
            })
        }
        Action::VerifyEmail => verifications.verify(token, &client).await.map(|()| DONE),
        Action::ResetPassword => Err(Error::internal("a reset needs more than a click")),
    };
    let link = Link {
        token: token.expose(),
        address: None,
    };
    let reply = parts.outcome(chosen, action, &link, done).await?;
    Ok(WithDevice {
        reply,
        device,
        cookies,
    })
}

impl Parts {
    /// Renders the outcome of a form: a final page or an error. A success redirects to a page that can be reloaded. A second click redirects as
    /// well, because the first click succeeded.
    async fn outcome(
        &self,
        chosen: Chosen,
        action: Action,
        link: &Link<'_>,
        done: Result<&str>,
    ) -> Result<Answer> {
        let error = match done {
            Ok(end) => return Ok(Answer::SeeOther(action.at(end, chosen))),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::InvalidToken
            && self.links.status(action, link.token).await? == OneTimeStatus::Used
        {
            return Ok(Answer::SeeOther(action.at(USED, chosen)));
        }
        self.pages
            .not_done(chosen, action, link, error)
            .map(Answer::Page)
    }
}

/// The query of a link, or of the page that a form redirects to. Parameters that mail programs add
/// to a link are ignored.
struct LinkQuery {
    query: Query,
    is_head: bool,
}

enum Query {
    Done,
    Moved,
    Nothing,
    Token(String),
    Used,
}

impl<S: Sync> Input<S> for LinkQuery {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let query = request.query().unwrap_or_default();
        let query = match query.get("token").and_then(|token| token.as_str()) {
            Some(token) => Query::Token(token.to_owned()),
            None if query.contains_key(DONE) => Query::Done,
            None if query.contains_key(MOVED) => Query::Moved,
            None if query.contains_key(USED) => Query::Used,
            None => Query::Nothing,
        };
        Ok(Self {
            query,
            is_head: request.is_head(),
        })
    }
}

/// Refuses a form that was sent from a page of another site.
struct OwnForm;

impl Input<Asked> for OwnForm {
    async fn take(_: &Asked, request: &mut Request) -> Result<Self> {
        if request.is_elsewhere() {
            return Err(ErrorKind::Forbidden.into());
        }
        Ok(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::Forbidden]
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ClickForm {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for ClickForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        Some(Self {
            token: members.token("token")?.into(),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ResetForm {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    new_password: Password,
    /// The link that the form belongs to, for showing the form again.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    address: Option<EmailAddress>,
}

impl FromMembers for ResetForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        skip_ui(members);
        let token = members.token("token");
        // Any text is passed to the password policy, so that the page can show which rule it violates.
        let new_password = members.token("new_password");
        let address = members.optional_token("username")?;
        Some(Self {
            token: token?.into(),
            new_password: new_password?.into(),
            address: address.and_then(|address| address.parse().ok()),
        })
    }
}
