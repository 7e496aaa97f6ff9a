//! `GET` and `POST /verify-email`, `/reset-password`, `/confirm-email-change` and `/unlock`.

use std::sync::Arc;

use super::{Action, Language, Pages, is_token};
use crate::{
    email_verification::EmailVerifications,
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    http::{Cookies, Endpoint, Form, FromMembers, Html, Input, Members, Request, WithDevice},
    lockout::Lockouts,
    secret::{OneTimeToken, Password},
    service::UserService,
    store::Store,
};

type Service = Arc<dyn UserService>;

/// What the forms are sent to.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) pages: Arc<Pages>,
    pub(crate) service: Service,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) verifications: EmailVerifications,
    pub(crate) lockouts: Lockouts,
    pub(crate) cookies: Cookies,
}

pub(crate) fn endpoints(parts: &Parts) -> Vec<Endpoint> {
    use Action::{ConfirmEmailChange, ResetPassword, Unlock, VerifyEmail};

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
        get(Unlock),
        click(Unlock),
    ];
    let for_people = |row: Endpoint| {
        let pages = Arc::clone(&parts.pages);
        row.for_people(move |headers, problem| pages.page_of(headers, problem))
    };
    rows.into_iter().map(for_people).collect()
}

type Asked = (Parts, Action);

async fn show((parts, action): Asked, language: Language, link: LinkToken) -> Result<Html> {
    match link.0.filter(|token| is_token(token)) {
        Some(token) => parts.pages.form(language, action, &token),
        None => parts.pages.invalid(language),
    }
}

async fn reset(
    (parts, action): Asked,
    language: Language,
    client: ClientInfo,
    _: OwnForm,
    Form(form): Form<ResetForm>,
) -> Result<Html> {
    if !is_token(form.token.expose()) {
        return parts.pages.invalid(language);
    }
    let done = parts
        .service
        .reset_password(&form.token, &form.new_password, &client);
    let done = done.await;
    parts
        .pages
        .outcome(language, action, form.token.expose(), done)
}

/// What needs no more than a click.
async fn click(
    (parts, action): Asked,
    language: Language,
    client: ClientInfo,
    _: OwnForm,
    Form(form): Form<ClickForm>,
) -> Result<WithDevice<Html>> {
    let token = &form.token;
    let (cookies, mut device) = (parts.cookies, None);
    if !is_token(token.expose()) {
        let reply = parts.pages.invalid(language)?;
        return Ok(WithDevice {
            reply,
            device,
            cookies,
        });
    }
    let (store, verifications) = (parts.store.as_ref(), &parts.verifications);
    let done = match action {
        Action::ConfirmEmailChange => verifications.confirm_change(store, token, &client).await,
        Action::Unlock => {
            let unlocked = parts.lockouts.unlock(store, token, &client).await;
            unlocked.map(|token| device = token)
        }
        Action::VerifyEmail => verifications.verify(store, token, &client).await,
        Action::ResetPassword => Err(Error::internal("a reset needs more than a click")),
    };
    let reply = parts
        .pages
        .outcome(language, action, token.expose(), done)?;
    Ok(WithDevice {
        reply,
        device,
        cookies,
    })
}

/// The token of the query. Whatever else mail programs add to a link is passed over.
struct LinkToken(Option<String>);

impl<S: Sync> Input<S> for LinkToken {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let query = request.query().unwrap_or_default();
        let token = query.get("token").and_then(|token| token.as_str());
        Ok(Self(token.map(str::to_owned)))
    }
}

impl<S: Sync> Input<S> for Language {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self::of(request.headers()))
    }
}

/// Refuses a form that a page of another site has sent.
struct OwnForm;

impl Input<Asked> for OwnForm {
    async fn take((parts, _): &Asked, request: &mut Request) -> Result<Self> {
        let origin = parts.pages.origin.as_ref();
        if super::origin::is_elsewhere(request.headers(), origin) {
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
        let token = members.token("token")?.into();
        Some(Self { token })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ResetForm {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    new_password: Password,
}

impl FromMembers for ResetForm {
    fn from_members(members: &mut Members) -> Option<Self> {
        let token = members.token("token");
        // Whatever is typed reaches the policy: the page says what is wrong with it.
        let new_password = members.token("new_password");
        Some(Self {
            token: token?.into(),
            new_password: new_password?.into(),
        })
    }
}
