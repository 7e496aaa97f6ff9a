//! `POST /auth/verify-email`, `/auth/resend-verification`, `/users/me/email` and `/auth/confirm-email-change`.

use super::EmailVerifications;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Accepted, Endpoint, FromMembers, Json, Members, NoContent, task},
    secret::{OneTimeToken, Password},
    service::http::{Caller, Context},
    user::EmailAddress,
};

type Own = Context<EmailVerifications>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/verify-email", own.clone(), verify)
            .tag(task::REGISTER)
            .summary("Verify an address with a mailed token")
            .errors(&[ErrorKind::InvalidToken, ErrorKind::Overloaded]),
        Endpoint::post("/auth/resend-verification", own.clone(), resend)
            .tag(task::REGISTER)
            .summary("Request another verification link")
            .description(
                "The answer is the same whether or not the address has an account or is verified. Earlier links stay \
                 valid until they expire or one of them is used.",
            )
            .errors(&[ErrorKind::Overloaded]),
        Endpoint::post("/users/me/email", own.clone(), request_change)
            .tag(task::ACCOUNT)
            .summary("Request a change of address")
            .description(
                "A link is mailed to the new address, and a notice to the old one. The old address stays in use until \
                 the change is confirmed. A newer request invalidates the links of older requests. The answer is the \
                 same whether or not the address has an account. For an account without a password, omit \
                 `current_password`; the call then requires a sign-in within the last 10 minutes. An account with a \
                 second factor requires a step-up.",
            )
            .errors(&[
                ErrorKind::InvalidCredentials,
                ErrorKind::Overloaded,
                ErrorKind::ReauthenticationRequired,
                ErrorKind::StepUpRequired,
                ErrorKind::TooManyAttempts,
            ]),
        Endpoint::post("/auth/confirm-email-change", own.clone(), confirm_change)
            .tag(task::ACCOUNT)
            .summary("Confirm a new address with a mailed token")
            .description("This also verifies the address. Every session ends.")
            .errors(&[ErrorKind::InvalidToken, ErrorKind::Overloaded]),
    ]
}

async fn verify(
    own: Own,
    client: ClientInfo,
    Json(body): Json<VerifyEmailRequest>,
) -> Result<NoContent> {
    own.feature.verify(&body.token, &client).await?;
    Ok(NoContent)
}

async fn resend(
    own: Own,
    client: ClientInfo,
    Json(body): Json<ResendVerificationRequest>,
) -> Result<Accepted> {
    own.feature.resend(&body.email, &client).await?;
    Ok(Accepted)
}

async fn request_change(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Json(body): Json<ChangeEmailRequest>,
) -> Result<Accepted> {
    own.feature
        .request_change(
            &caller,
            &body.new_email,
            body.current_password.as_ref(),
            &client,
        )
        .await?;
    Ok(Accepted)
}

async fn confirm_change(
    own: Own,
    client: ClientInfo,
    Json(body): Json<ConfirmEmailChangeRequest>,
) -> Result<NoContent> {
    own.feature.confirm_change(&body.token, &client).await?;
    Ok(NoContent)
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct VerifyEmailRequest {
    /// The token from the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for VerifyEmailRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self {
            token: members.token("token")?.into(),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ResendVerificationRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
}

impl FromMembers for ResendVerificationRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        address(members, "email").map(|email| Self { email })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ChangeEmailRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    new_email: EmailAddress,
    /// Omit this for an account without a password.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password", max_length = 256))]
    current_password: Option<Password>,
}

impl FromMembers for ChangeEmailRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let new_email = address(members, "new_email");
        let current_password = members.optional_text("current_password");
        Some(Self {
            new_email: new_email?,
            current_password: current_password?.map(Password::from),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ConfirmEmailChangeRequest {
    /// The token from the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for ConfirmEmailChangeRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self {
            token: members.token("token")?.into(),
        })
    }
}

fn address(members: &mut Members, name: &str) -> Option<EmailAddress> {
    members.parse(name, "invalid_email", "The text is not an email address.")
}
