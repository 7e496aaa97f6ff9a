//! `GET /auth/oauth`, `/auth/oauth/{provider}` and its callback, `POST /auth/oauth/token`, and `/users/me/identities`.

#[cfg(feature = "pages")]
pub(crate) mod app;
mod identities;
mod inputs;
mod kept;
#[cfg(feature = "pages")]
pub(crate) mod page;

use std::time::Duration;

use serde::Serialize;

use self::inputs::{BroughtBack, SignInBegun};
use super::ProviderSignIns;
#[cfg(feature = "pages")]
use super::redirect;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members, OwnOrigin, SeeOther, task},
    secret::OneTimeToken,
    service::http::Context,
    sign_in::http::{BrowserSignInReply, SignInReply},
    token::SessionKind,
};

const REDEEM_ERRORS: &[ErrorKind] = &[
    ErrorKind::EmailNotVerified,
    ErrorKind::InvalidToken,
    ErrorKind::Refused,
];

type Own = Context<ProviderSignIns>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    let mut rows = vec![
        Endpoint::get("/auth/oauth", own.clone(), providers)
            .tag(task::PROVIDERS)
            .summary("List the providers"),
        Endpoint::get("/auth/oauth/{provider}", own.clone(), begin)
            .tag(task::PROVIDERS)
            .summary("Send the browser to a provider")
            .description(
                "The browser returns to `redirect_to` with `code` or `error`, and with the given `state`. The \
                 application creates and keeps a verifier, and sends its challenge here (RFC 7636, S256): the code is \
                 useless without the verifier. With `intent=link`, the code is for `POST /users/me/identities`. The \
                 cookie binds the flow to the browser for 10 minutes. A browser can finish only its eight most recent \
                 flows.",
            )
            .errors(&[
                ErrorKind::InvalidRedirect,
                ErrorKind::Overloaded,
                ErrorKind::ProviderUnknown,
            ]),
        Endpoint::get("/auth/oauth/{provider}/callback", own.clone(), finish)
            .tag(task::PROVIDERS)
            .summary("Receive the redirect from a provider")
            .description(
                "Register this URL with the provider as the redirect URI. The browser is redirected to the \
                 `redirect_to` of the flow, with a `code` that is valid once and for one minute, or with an `error`: \
                 `access_denied`, `account_disabled`, `link_required`, `provider_failed`, `registration_closed`, \
                 `unavailable`, or a code that the application defines.",
            )
            .errors(&[ErrorKind::InvalidToken, ErrorKind::ProviderUnknown]),
        Endpoint::post("/auth/oauth/token", own.clone(), redeem)
            .tag(task::PROVIDERS)
            .summary("Exchange the code of a flow for tokens")
            .description(
                "The code is the end of a flow with a provider, or of a sign-in on the pages of this service \
                 (`/sign-in?redirect_to=…`). A wrong verifier does not use up the code.",
            )
            .errors(REDEEM_ERRORS),
    ];
    rows.extend(identities::endpoints(own));
    rows
}

/// The endpoints that finish a flow by opening a browser session.
pub(crate) fn browser_endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/session/oauth", own.clone(), redeem_in_browser)
            .tag(task::PROVIDERS)
            .summary("Exchange the code of a flow for a browser session")
            .description(
                "A wrong verifier does not use up the code. The session ends with the browser.",
            )
            .errors(REDEEM_ERRORS),
    ]
}

async fn providers(own: Own) -> Result<Json<ProviderList>> {
    let view = |provider: &super::Provider| ProviderView {
        name: provider.name().to_owned(),
        display_name: provider.title().to_owned(),
    };
    Ok(Json(ProviderList {
        providers: own.feature.providers().map(view).collect(),
    }))
}

async fn begin(
    own: Own,
    client: ClientInfo,
    SignInBegun {
        provider,
        new,
        surplus,
    }: SignInBegun,
) -> Result<SeeOther> {
    let begun = own.feature.begin(&provider, new, &client).await?;
    let now = own.feature.core.clock.now();
    let cookies = kept::cookies(&begun, &surplus, own.cookies, now);
    Ok(SeeOther {
        location: begun.location,
        cookies,
    })
}

async fn finish(
    own: Own,
    client: ClientInfo,
    BroughtBack {
        provider,
        answer,
        cookie,
        #[cfg(feature = "pages")]
        session,
    }: BroughtBack,
) -> Result<SeeOther> {
    let location = own.feature.finish(&provider, &answer, &client).await?;
    #[cfg(feature = "pages")]
    if let Some(parameters) = redirect::of_pages(&location) {
        let gone = own.cookies.set(&cookie, "", Duration::ZERO);
        let ended = if page::links(&parameters) {
            page::link(&own, &parameters, &answer, (session, &client)).await?
        } else {
            page::end(&own, &parameters, &answer, &client).await?
        };
        return Ok(ended.with_cookies(gone));
    }
    Ok(SeeOther {
        location,
        cookies: own
            .cookies
            .set(&cookie, "", Duration::ZERO)
            .into_iter()
            .collect(),
    })
}

async fn redeem(
    own: Own,
    client: ClientInfo,
    Json(body): Json<RedeemCodeRequest>,
) -> Result<SignInReply> {
    let RedeemCodeRequest {
        code,
        code_verifier,
    } = body;
    Ok(own
        .feature
        .redeem(&code, &code_verifier, SessionKind::Tokens, &client)
        .await?
        .into_reply(own.cookies))
}

async fn redeem_in_browser(
    own: Own,
    _: OwnOrigin,
    client: ClientInfo,
    Json(body): Json<RedeemCodeRequest>,
) -> Result<BrowserSignInReply> {
    let RedeemCodeRequest {
        code,
        code_verifier,
    } = body;
    let kind = SessionKind::browser(false);
    let redeemed = own.feature.redeem(&code, &code_verifier, kind, &client);
    let reply = redeemed.await?.into_reply(own.cookies);
    Ok(BrowserSignInReply(reply))
}

/// The configured providers.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ProviderList {
    providers: Vec<ProviderView>,
}

/// A provider that users can sign in with.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Provider))]
struct ProviderView {
    /// The provider's name in paths.
    name: String,
    /// The name to show to users.
    display_name: String,
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RedeemCodeRequest {
    /// The `code` from the query of `redirect_to`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    code: OneTimeToken,
    /// The verifier that `code_challenge` was computed from: 43 to 128 characters.
    code_verifier: String,
}

impl FromMembers for RedeemCodeRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let code = members.token("code");
        let code_verifier = members.token("code_verifier");
        Some(Self {
            code: code?.into(),
            code_verifier: code_verifier?,
        })
    }
}
