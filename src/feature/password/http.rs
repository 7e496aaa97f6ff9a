//! `POST /users`, `/auth/login`, `/auth/forgot-password`, `/auth/reset-password`.

use std::{future::ready, sync::Arc};

use super::RegistrationMode;
use crate::{
    credential::Hasher,
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{
        Accepted, Cookies, Created, Endpoint, FromMembers, Json, Members, NoContent, OwnOrigin,
        task,
    },
    secret::{OneTimeToken, Password},
    service::{Login, Registration, UserService},
    sign_in::http::{BrowserSignInReply, SignInReply},
    token::SessionKind,
    user::{
        EmailAddress, Locale, User,
        http::{AcceptLanguage, UserView},
    },
};

type Service = Arc<dyn UserService>;

const LOGIN_ERRORS: &[ErrorKind] = &[
    ErrorKind::AccountDisabled,
    ErrorKind::EmailNotVerified,
    ErrorKind::InvalidCredentials,
    ErrorKind::Overloaded,
    ErrorKind::Refused,
    ErrorKind::TooManyAttempts,
];

/// The state of the registration endpoint: the use cases, and the languages in which emails are
/// available.
#[derive(Clone)]
struct Registrations {
    service: Service,
    mode: RegistrationMode,
    locales: Arc<[Locale]>,
}

pub(crate) fn endpoints(
    service: &Service,
    hasher: &Hasher,
    cookies: Cookies,
    mode: RegistrationMode,
    locales: &[Locale],
) -> Vec<Endpoint> {
    let registrations = Registrations {
        service: service.clone(),
        mode,
        locales: locales.into(),
    };
    let register = match mode {
        RegistrationMode::Private => Endpoint::post("/users", registrations, register_privately)
            .description(
                "The answer is the same whether or not the address has an account: an email reports the outcome, in \
                 the language that `Accept-Language` prefers.",
            ),
        _ => Endpoint::post("/users", registrations, register)
            .description("Emails to the user are in the language that `Accept-Language` prefers.")
            .errors(&[ErrorKind::EmailTaken, ErrorKind::RegistrationClosed]),
    };
    let has_slot = || {
        let hasher = hasher.clone();
        move |_| ready(hasher.has_slot())
    };
    vec![
        register.behind(has_slot()).tag(task::REGISTER).summary("Register").errors(&[
            ErrorKind::Overloaded,
            ErrorKind::Refused,
            ErrorKind::WeakPassword,
        ]),
        Endpoint::post("/auth/login", (service.clone(), cookies), login)
            .behind(has_slot())
            .tag(task::SIGN_IN)
            .summary("Log in")
            .description(
                "An unknown address, a wrong password and an account without a password get the same answer. A \
                 disabled account or an unverified address is disclosed only after the right password. After too many \
                 failures, no password is checked for a while, not even the right one. The cookie grants no access: at \
                 the next sign-in it identifies a known device, so that failed attempts by others do not lock it out.",
            )
            .errors(LOGIN_ERRORS),
        Endpoint::post("/auth/forgot-password", service.clone(), forgot)
            .tag(task::SIGN_IN)
            .summary("Request a link that sets a new password")
            .description("The answer is the same whether or not the address has an account.")
            .errors(&[ErrorKind::Overloaded]),
        Endpoint::post("/auth/reset-password", service.clone(), reset)
            .tag(task::SIGN_IN)
            .summary("Set a new password with a mailed token")
            .description("Every session ends. A password that is refused does not use up the token.")
            .errors(&[
                ErrorKind::InvalidToken,
                ErrorKind::Overloaded,
                ErrorKind::WeakPassword,
            ]),
    ]
}

/// Browser sign-in.
pub(crate) fn browser_endpoints(
    service: &Service,
    hasher: &Hasher,
    cookies: Cookies,
) -> Vec<Endpoint> {
    let hasher = hasher.clone();
    vec![
        Endpoint::post("/auth/session", (service.clone(), cookies), login_in_browser)
            .behind(move |_| ready(hasher.has_slot()))
            .tag(task::SIGN_IN)
            .summary("Sign in a browser")
            .description(
                "The session is in a cookie that no script can read. With `remember`, it outlives the browser; \
                 otherwise, it ends after 12 hours at the latest.",
            )
            .errors(LOGIN_ERRORS),
    ]
}

async fn register(
    registrations: Registrations,
    client: ClientInfo,
    AcceptLanguage(accepted): AcceptLanguage,
    Json(body): Json<RegisterRequest>,
) -> Result<Created<UserView>> {
    if registrations.mode == RegistrationMode::Closed {
        return Err(ErrorKind::RegistrationClosed.into());
    }
    let user = registrations.make(body, client, &accepted).await?;
    Ok(Created {
        location: format!("/admin/users/{}", user.id),
        body: user.into(),
    })
}

async fn register_privately(
    registrations: Registrations,
    client: ClientInfo,
    AcceptLanguage(accepted): AcceptLanguage,
    Json(body): Json<RegisterRequest>,
) -> Result<Accepted> {
    match registrations.make(body, client, &accepted).await {
        Err(error) if error.kind() != ErrorKind::EmailTaken => Err(error),
        _ => Ok(Accepted),
    }
}

impl Registrations {
    async fn make(
        &self,
        body: RegisterRequest,
        client: ClientInfo,
        accepted: &str,
    ) -> Result<User> {
        let mut registration = Registration::new(body.email, body.password).with_client(client);
        registration.display_name = body.display_name;
        registration.locale = Locale::accepted(accepted, &self.locales).cloned();
        self.service.register(registration).await
    }
}

async fn login(
    (service, cookies): (Service, Cookies),
    client: ClientInfo,
    Json(body): Json<LoginRequest>,
) -> Result<SignInReply> {
    let login = Login::new(body.email, body.password).with_client(client);
    Ok(service.login(login).await?.into_reply(cookies))
}

async fn login_in_browser(
    (service, cookies): (Service, Cookies),
    _: OwnOrigin,
    client: ClientInfo,
    Json(body): Json<BrowserLoginRequest>,
) -> Result<BrowserSignInReply> {
    let login = Login::new(body.email, body.password)
        .with_kind(SessionKind::browser(body.remember))
        .with_client(client);
    let reply = service.login(login).await?.into_reply(cookies);
    Ok(BrowserSignInReply(reply))
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
struct BrowserLoginRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", max_length = 256))]
    password: Password,
    /// Whether the session outlives the browser.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    remember: bool,
}

impl FromMembers for BrowserLoginRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let login = LoginRequest::from_members(members);
        let remember = members.if_there("remember", Members::boolean);
        let LoginRequest { email, password } = login?;
        Some(Self {
            email,
            password,
            remember: remember?.unwrap_or_default(),
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
    /// The token from the mailed link.
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
