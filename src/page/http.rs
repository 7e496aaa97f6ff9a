//! `GET` and `POST /reset-password`.

use std::sync::Arc;

use super::{Action, Language, Pages, is_token};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, Form, FromMembers, Html, Input, Members, Request},
    secret::{OneTimeToken, Password},
    service::UserService,
};

type Service = Arc<dyn UserService>;

pub(crate) fn endpoints(pages: &Arc<Pages>, service: &Service) -> Vec<Endpoint> {
    let shown = Shown(pages.clone(), Action::ResetPassword);
    let rows = [
        Endpoint::get("/reset-password", shown, show),
        Endpoint::post(
            "/reset-password",
            Asked(pages.clone(), service.clone()),
            reset,
        ),
    ];
    let for_people = |row: Endpoint| {
        let pages = pages.clone();
        row.for_people(move |headers, problem| pages.page_of(headers, problem))
    };
    rows.into_iter().map(for_people).collect()
}

#[derive(Clone)]
struct Shown(Arc<Pages>, Action);

#[derive(Clone)]
struct Asked(Arc<Pages>, Service);

impl AsRef<Pages> for Asked {
    fn as_ref(&self) -> &Pages {
        &self.0
    }
}

async fn show(Shown(pages, action): Shown, language: Language, link: LinkToken) -> Result<Html> {
    match link.0.filter(|token| is_token(token)) {
        Some(token) => pages.form(language, action, &token),
        None => pages.invalid(language),
    }
}

async fn reset(
    Asked(pages, service): Asked,
    language: Language,
    client: ClientInfo,
    _: OwnForm,
    Form(form): Form<ResetForm>,
) -> Result<Html> {
    let action = Action::ResetPassword;
    let token = form.token.expose();
    if !is_token(token) {
        return pages.invalid(language);
    }
    let done = service.reset_password(&form.token, &form.new_password, &client);
    let Err(error) = done.await else {
        return pages.done(language, action);
    };
    match error.kind() {
        ErrorKind::InvalidToken => pages.invalid(language),
        ErrorKind::Overloaded
        | ErrorKind::Unavailable
        | ErrorKind::ValidationFailed
        | ErrorKind::WeakPassword => pages.form_again(language, action, token, error),
        _ => Err(error),
    }
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

impl<S: AsRef<Pages> + Sync> Input<S> for OwnForm {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let origin = state.as_ref().origin.as_ref();
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
