//! `POST /users`, `/auth/login`, `/auth/forgot-password`, `/auth/reset-password`.

use std::sync::Arc;

use super::RegistrationMode;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Accepted, Created, Endpoint, FromMembers, Json, Members, NoContent},
    secret::{OneTimeToken, Password},
    service::{Login, Registration, UserService},
    token::http::TokenPairView,
    user::{
        EmailAddress, Locale,
        http::{AcceptLanguage, UserView},
    },
};

type Service = Arc<dyn UserService>;

/// `locales` are the languages there are letters in.
pub(crate) fn endpoints(
    service: &Service,
    mode: RegistrationMode,
    locales: &[Locale],
) -> Vec<Endpoint> {
    let locales: Arc<[Locale]> = locales.into();
    vec![
        Endpoint::post("/users", (service.clone(), mode, locales), register)
            .tag("Account")
            .summary("Register")
            .description("Mails to the user are in the language that `Accept-Language` likes best.")
            .errors(&[
                ErrorKind::EmailTaken,
                ErrorKind::Overloaded,
                ErrorKind::Refused,
                ErrorKind::RegistrationClosed,
                ErrorKind::WeakPassword,
            ]),
        Endpoint::post("/auth/login", service.clone(), login)
            .tag("Sign-in")
            .summary("Log in")
            .description(
                "An unknown address, a wrong password and an account without a password are answered alike. That \
                 the account is disabled is told after the right password only.",
            )
            .errors(&[
                ErrorKind::AccountDisabled,
                ErrorKind::InvalidCredentials,
                ErrorKind::Overloaded,
                ErrorKind::Refused,
            ]),
        Endpoint::post("/auth/forgot-password", service.clone(), forgot)
            .tag("Account")
            .summary("Ask for a link that sets a new password")
            .description("The answer is the same whether or not the address has an account."),
        Endpoint::post("/auth/reset-password", service.clone(), reset)
            .tag("Account")
            .summary("Set a new password with a mailed token")
            .description("Every session ends. A password that is refused does not spend the token.")
            .errors(&[
                ErrorKind::InvalidToken,
                ErrorKind::Overloaded,
                ErrorKind::WeakPassword,
            ]),
    ]
}

async fn register(
    (service, mode, locales): (Service, RegistrationMode, Arc<[Locale]>),
    client: ClientInfo,
    AcceptLanguage(accepted): AcceptLanguage,
    Json(body): Json<RegisterRequest>,
) -> Result<Created<UserView>> {
    if mode == RegistrationMode::Closed {
        return Err(ErrorKind::RegistrationClosed.into());
    }
    let mut registration = Registration::new(body.email, body.password).with_client(client);
    registration.display_name = body.display_name;
    registration.locale = Locale::accepted(&accepted, &locales).cloned();
    let user = service.register(registration).await?;
    Ok(Created {
        location: format!("/admin/users/{}", user.id),
        body: user.into(),
    })
}

async fn login(
    service: Service,
    client: ClientInfo,
    Json(body): Json<LoginRequest>,
) -> Result<Json<TokenPairView>> {
    let login = Login::new(body.email, body.password).with_client(client);
    Ok(Json(service.login(login).await?.into()))
}

async fn forgot(
    service: Service,
    client: ClientInfo,
    Json(body): Json<ForgotPasswordRequest>,
) -> Result<Accepted> {
    service.forgot_password(&body.email, &client).await?;
    Ok(Accepted)
}

async fn reset(
    service: Service,
    client: ClientInfo,
    Json(body): Json<ResetPasswordRequest>,
) -> Result<NoContent> {
    service
        .reset_password(&body.token, &body.new_password, &client)
        .await?;
    Ok(NoContent)
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RegisterRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", max_length = 256))]
    password: Password,
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    display_name: Option<String>,
}

impl FromMembers for RegisterRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let email = email(members);
        let password = members.text("password");
        let display_name = members.optional_text("display_name");
        Some(Self {
            email: email?,
            password: password?.into(),
            display_name: display_name?,
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct LoginRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", max_length = 256))]
    password: Password,
}

impl FromMembers for LoginRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let email = email(members);
        let password = members.text("password");
        Some(Self {
            email: email?,
            password: password?.into(),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ForgotPasswordRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
}

impl FromMembers for ForgotPasswordRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        email(members).map(|email| Self { email })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ResetPasswordRequest {
    /// From the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", max_length = 256))]
    new_password: Password,
}

impl FromMembers for ResetPasswordRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let token = members.token("token");
        let new_password = members.text("new_password");
        Some(Self {
            token: token?.into(),
            new_password: new_password?.into(),
        })
    }
}

fn email(members: &mut Members) -> Option<EmailAddress> {
    members.parse(
        "email",
        "invalid_email",
        "The text is not an email address.",
    )
}
