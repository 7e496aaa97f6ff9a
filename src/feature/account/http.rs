//! `GET`, `PATCH` and `DELETE /users/me`, `POST /users/me/password`, `POST /auth/reauthenticate`.

use serde_json::{Map, Value};

use super::Accounts;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    factor::{TotpCode, http::optional_totp},
    http::{Endpoint, FromMembers, Json, Members, NoContent, WithSession, task},
    secret::Password,
    service::http::{Caller, Context},
    token::NewCookie,
    user::{ProfileChange, http::UserView},
};

type Own = Context<Accounts>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/users/me", own.clone(), me)
            .tag(task::ACCOUNT)
            .summary("Read your account"),
        Endpoint::patch("/users/me", own.clone(), update)
            .tag(task::ACCOUNT)
            .summary("Change your profile")
            .description(
                "Omitted members stay unchanged; null removes `display_name`; `metadata` is replaced entirely.",
            ),
        Endpoint::delete("/users/me", own.clone(), delete)
            .tag(task::ACCOUNT)
            .summary("Delete your account")
            .description(
                "All its sessions end immediately, and the address can be registered again. For an account without a \
                 password, omit `current_password`; the call then requires a sign-in within the last 10 minutes. An \
                 account with a second factor requires a step-up.",
            )
            .errors(&[
                ErrorKind::InvalidCredentials,
                ErrorKind::LastAdmin,
                ErrorKind::Overloaded,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::Refused,
                ErrorKind::StepUpRequired,
                ErrorKind::TooManyAttempts,
            ]),
        Endpoint::post("/users/me/password", own.clone(), change_password)
            .tag(task::ACCOUNT)
            .summary("Change your password")
            .description(
                "This session continues, and every other session ends. For an account without a password, omit \
                 `current_password`; the call then requires a sign-in within the last 10 minutes.",
            )
            .errors(&[
                ErrorKind::InvalidCredentials,
                ErrorKind::Overloaded,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::TooManyAttempts,
                ErrorKind::WeakPassword,
            ]),
        Endpoint::post("/auth/reauthenticate", own.clone(), reauthenticate)
            .tag(task::SIGN_IN)
            .summary("Confirm your password or a second factor again")
            .description(
                "Send exactly one of `password` and `totp`. The session counts as freshly signed in for 10 minutes. \
                 With a second factor, its `acr` becomes `urn:hallpass:aal2`. Access tokens reflect this from the next \
                 refresh on.",
            )
            .errors(&[
                ErrorKind::InvalidCode,
                ErrorKind::InvalidCredentials,
                ErrorKind::Overloaded,
                ErrorKind::TooManyAttempts,
            ]),
    ]
}

async fn me(_: Own, Caller(caller): Caller) -> Result<Json<UserView>> {
    Ok(Json(caller.user.into()))
}

async fn update(
    own: Own,
    Caller(caller): Caller,
    Json(body): Json<UpdateAccountRequest>,
) -> Result<Json<UserView>> {
    let mut change = ProfileChange::new();
    change.display_name = body.display_name;
    change.metadata = body.metadata;
    Ok(Json(own.feature.update(&caller, &change).await?.into()))
}

async fn delete(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Json(body): Json<DeleteAccountRequest>,
) -> Result<NoContent> {
    own.feature
        .delete(&caller, body.current_password.as_ref(), &client)
        .await?;
    Ok(NoContent)
}

async fn change_password(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Json(body): Json<ChangePasswordRequest>,
) -> Result<WithSession<NoContent>> {
    let (current, new) = (body.current_password.as_ref(), &body.new_password);
    let changed = own.feature.change_password(&caller, current, new, &client);
    Ok(with_cookie(&own, changed.await?))
}

async fn reauthenticate(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Json(body): Json<ReauthenticateRequest>,
) -> Result<WithSession<NoContent>> {
    let feature = &own.feature;
    let renewed = match body {
        ReauthenticateRequest::Password(password) => {
            feature.reauthenticate(&caller, &password, &client).await?
        }
        ReauthenticateRequest::Totp(code) => {
            let second_factors = &feature.second_factors;
            let renewed = second_factors.reauthenticate(&caller, &code, &client);
            renewed.await?
        }
    };
    Ok(with_cookie(&own, renewed))
}

/// A reply without a body, with the new cookie of a browser session.
fn with_cookie(own: &Own, renewed: Option<NewCookie>) -> WithSession<NoContent> {
    WithSession {
        reply: NoContent,
        cookie: renewed.and_then(|cookie| cookie.header(own.cookies)),
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct UpdateAccountRequest {
    /// The display name; null removes it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 200))]
    display_name: Option<Option<String>>,
    /// A JSON object that the application defines.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, required = false))]
    metadata: Option<Map<String, Value>>,
}

impl FromMembers for UpdateAccountRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let display_name = members.if_there("display_name", Members::optional_text);
        let metadata = members.if_there("metadata", Members::object);
        Some(Self {
            display_name: display_name?,
            metadata: metadata?,
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct DeleteAccountRequest {
    /// Omit this for an account without a password.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password", max_length = 256))]
    current_password: Option<Password>,
}

impl FromMembers for DeleteAccountRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let current_password = members.optional_text("current_password")?;
        Some(Self {
            current_password: current_password.map(Password::from),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ChangePasswordRequest {
    /// Omit this for an account without a password.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password", max_length = 256))]
    current_password: Option<Password>,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", max_length = 256))]
    new_password: Password,
}

impl FromMembers for ChangePasswordRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let current_password = members.optional_text("current_password");
        let new_password = members.text("new_password");
        Some(Self {
            current_password: current_password?.map(Password::from),
            new_password: new_password?.into(),
        })
    }
}

/// The credential that the caller presents again.
enum ReauthenticateRequest {
    Password(Password),
    Totp(TotpCode),
}

impl FromMembers for ReauthenticateRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let password = members.optional_text("password");
        let totp = optional_totp(members);
        match (password?, totp?) {
            (Some(password), None) => Some(Self::Password(password.into())),
            (None, Some(code)) => Some(Self::Totp(code)),
            (None, None) => {
                members.refuse("password", "required", "Send `password` or `totp`.");
                None
            }
            (Some(_), Some(_)) => {
                members.refuse("totp", "ambiguous", "Send either `password` or `totp`.");
                None
            }
        }
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::{PartialSchema, ToSchema, openapi};

    use super::ReauthenticateRequest;

    /// The request contains exactly one of these members.
    #[derive(ToSchema)]
    #[allow(dead_code, reason = "describes the members")]
    struct Members {
        #[schema(format = "password", max_length = 256)]
        password: Option<String>,
        /// Six digits; spaces are ignored.
        totp: Option<String>,
    }

    impl PartialSchema for ReauthenticateRequest {
        fn schema() -> openapi::RefOr<openapi::Schema> {
            Members::schema()
        }
    }

    impl ToSchema for ReauthenticateRequest {
        fn name() -> std::borrow::Cow<'static, str> {
            "ReauthenticateRequest".into()
        }
    }
}
