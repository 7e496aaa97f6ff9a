//! `/auth/second-factor`, `/users/me/factors`, `/users/me/recovery-codes` and `/users/me/devices`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Factors, SecondFactor, TotpSecret};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    factor::{
        DeviceId, FactorId, RecoveryCode, RememberedDevice, TotpCode,
        http::{FactorListView, optional_totp, totp},
    },
    http::{Created, Endpoint, FromMembers, Json, Members, NoContent, OwnOrigin, Path, task, time},
    secret::Ticket,
    service::http::{Caller, Context},
    sign_in::http::{BrowserSignInReply, SignInReply},
};

type Own = Context<Factors>;

const ANSWER_ERRORS: &[ErrorKind] = &[
    ErrorKind::InvalidCode,
    ErrorKind::InvalidToken,
    ErrorKind::Refused,
    ErrorKind::TooManyAttempts,
];

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/second-factor", own.clone(), answer)
            .tag(task::SIGN_IN)
            .summary("Complete a sign-in with a second factor")
            .description(
                "Send the ticket of the first step and exactly one of `totp` and `recovery_code`. A ticket allows five \
                 tries. After ten wrong codes in an hour, further codes for the account are not checked, except on \
                 known devices, which have their own limit. With `remember_device`, the cookie of the reply replaces \
                 the second factor on this device for 30 days.",
            )
            .errors(ANSWER_ERRORS),
        Endpoint::post("/auth/second-factor/enrol", own.clone(), enrol)
            .tag(task::SIGN_IN)
            .summary("Begin the enrolment that a sign-in requires")
            .description(
                "Requires a ticket with `enrol: true`. A second call replaces the key. Complete the sign-in with the \
                 first code of the authenticator app.",
            )
            .errors(&[ErrorKind::InvalidToken]),
        Endpoint::get("/users/me/factors", own.clone(), list)
            .tag(task::ACCOUNT)
            .summary("List your second factors"),
        Endpoint::post("/users/me/factors/totp", own.clone(), begin)
            .tag(task::ACCOUNT)
            .summary("Begin the enrolment of an authenticator app")
            .description(
                "Requires a sign-in within the last 10 minutes. If the account has a second factor, the user must also \
                 have presented one in this session within the last 10 minutes. The app takes effect once it is \
                 confirmed.",
            )
            .errors(&[
                ErrorKind::ReauthenticationRequired,
                ErrorKind::StepUpRequired,
                ErrorKind::TooManyFactors,
            ]),
        Endpoint::post("/users/me/factors/totp/{id}/confirm", own.clone(), confirm)
            .tag(task::ACCOUNT)
            .summary("Confirm an authenticator app with its first code")
            .description(
                "The first factor of an account comes with ten recovery codes, which are shown only once. No session \
                 ends.",
            )
            .errors(&[ErrorKind::InvalidCode, ErrorKind::TooManyFactors]),
        Endpoint::delete("/users/me/factors/{id}", own.clone(), remove)
            .tag(task::ACCOUNT)
            .summary("Remove a second factor")
            .errors(&[ErrorKind::FactorRequired, ErrorKind::StepUpRequired]),
        Endpoint::post("/users/me/recovery-codes", own.clone(), renew)
            .tag(task::ACCOUNT)
            .summary("Replace your recovery codes")
            .description("The older codes become invalid. The new ones are shown only once.")
            .errors(&[ErrorKind::FactorRequired, ErrorKind::StepUpRequired]),
        Endpoint::get("/users/me/devices", own.clone(), devices)
            .tag(task::ACCOUNT)
            .summary("List your remembered devices"),
        Endpoint::delete("/users/me/devices/{id}", own.clone(), forget)
            .tag(task::ACCOUNT)
            .summary("Forget one of your remembered devices"),
    ]
}

/// The second step of a browser's sign-in.
pub(crate) fn browser_endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/session/second-factor", own.clone(), answer_in_browser)
            .tag(task::SIGN_IN)
            .summary("Complete the sign-in of a browser with a second factor")
            .description(
                "Takes the ticket of `POST /auth/session`, and the members of `POST /auth/second-factor`. Enrol with \
                 `POST /auth/second-factor/enrol` first if the ticket asks for it.",
            )
            .errors(ANSWER_ERRORS),
    ]
}

async fn answer(
    own: Own,
    client: ClientInfo,
    Json(body): Json<SecondFactorRequest>,
) -> Result<SignInReply> {
    let SecondFactorRequest {
        ticket,
        shown,
        remember_device,
    } = body;
    let answered = own.feature.answer(&ticket, shown, remember_device, client);
    Ok(answered.await?.into_reply(own.cookies))
}

async fn answer_in_browser(
    own: Own,
    _: OwnOrigin,
    client: ClientInfo,
    Json(body): Json<SecondFactorRequest>,
) -> Result<BrowserSignInReply> {
    let SecondFactorRequest {
        ticket,
        shown,
        remember_device,
    } = body;
    let factors = &own.feature;
    let answered = factors.answer_in_browser(&ticket, shown, remember_device, client);
    let reply = answered.await?.into_reply(own.cookies);
    Ok(BrowserSignInReply(reply))
}

async fn enrol(own: Own, Json(body): Json<EnrolRequest>) -> Result<Created<TotpSecretView>> {
    let secret = own.feature.enrol(&body.ticket).await?;
    Ok(created(&secret))
}

async fn list(own: Own, Caller(caller): Caller) -> Result<Json<FactorListView>> {
    let factors = own.feature.list(&caller).await?;
    let is_required = own.feature.is_required(&caller);
    Ok(Json(FactorListView::new(factors, is_required)))
}

async fn begin(
    own: Own,
    Caller(caller): Caller,
    Json(body): Json<AddTotpRequest>,
) -> Result<Created<TotpSecretView>> {
    let name = body.name.as_deref();
    let secret = own.feature.begin_totp(&caller, name).await?;
    Ok(created(&secret))
}

async fn confirm(
    own: Own,
    Caller(caller): Caller,
    Path(id): Path<FactorId>,
    client: ClientInfo,
    Json(body): Json<ConfirmTotpRequest>,
) -> Result<Json<RecoveryCodesView>> {
    let codes = own.feature.confirm_totp(&caller, id, &body.totp, &client);
    Ok(Json(codes.await?.into()))
}

async fn remove(
    own: Own,
    Caller(caller): Caller,
    Path(id): Path<FactorId>,
    client: ClientInfo,
) -> Result<NoContent> {
    own.feature.remove(&caller, id, &client).await?;
    Ok(NoContent)
}

async fn renew(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
) -> Result<Json<RecoveryCodesView>> {
    let codes = own.feature.renew_recovery_codes(&caller, &client).await?;
    Ok(Json(codes.into()))
}

async fn devices(own: Own, Caller(caller): Caller) -> Result<Json<DeviceList>> {
    let devices = own.feature.devices(&caller).await?;
    Ok(Json(DeviceList {
        items: devices.into_iter().map(DeviceView::from).collect(),
    }))
}

async fn forget(
    own: Own,
    Caller(caller): Caller,
    Path(id): Path<DeviceId>,
    client: ClientInfo,
) -> Result<NoContent> {
    own.feature.forget_device(&caller, id, &client).await?;
    Ok(NoContent)
}

fn created(secret: &TotpSecret) -> Created<TotpSecretView> {
    Created {
        location: format!("/users/me/factors/{}", secret.id),
        body: TotpSecretView {
            id: secret.id,
            secret: secret.expose_base32().to_owned(),
            otpauth_uri: secret.expose_uri().to_owned(),
            expires_in: secret.expires_in.as_secs(),
        },
    }
}

struct SecondFactorRequest {
    ticket: Ticket,
    shown: SecondFactor,
    remember_device: bool,
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::{PartialSchema, ToSchema, openapi};

    use super::SecondFactorRequest;

    /// The request contains the ticket, and exactly one of `totp` and `recovery_code`.
    #[derive(ToSchema)]
    #[allow(dead_code, reason = "describes the members")]
    struct Members {
        ticket: String,
        /// Six digits; spaces are ignored.
        totp: Option<String>,
        /// `XXXX-XXXX`; case and dashes are ignored.
        recovery_code: Option<String>,
        /// Whether to remember this device, so that it needs no second factor for 30 days.
        #[schema(required = false)]
        remember_device: bool,
    }

    impl PartialSchema for SecondFactorRequest {
        fn schema() -> openapi::RefOr<openapi::Schema> {
            Members::schema()
        }
    }

    impl ToSchema for SecondFactorRequest {
        fn name() -> std::borrow::Cow<'static, str> {
            "SecondFactorRequest".into()
        }
    }
}

impl FromMembers for SecondFactorRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let ticket = members.token("ticket");
        let totp = optional_totp(members);
        let recovery_code = members.optional_parse::<RecoveryCode>(
            "recovery_code",
            "invalid_recovery_code",
            "A recovery code has the form XXXX-XXXX.",
        );
        let remember = members.if_there("remember_device", Members::boolean);
        let shown = match (totp?, recovery_code?) {
            (Some(code), None) => SecondFactor::Totp(code),
            (None, Some(code)) => SecondFactor::RecoveryCode(code),
            (None, None) => {
                members.refuse("totp", "required", "Send `totp` or `recovery_code`.");
                return None;
            }
            (Some(_), Some(_)) => {
                members.refuse(
                    "recovery_code",
                    "ambiguous",
                    "Send only one of `totp` and `recovery_code`.",
                );
                return None;
            }
        };
        Some(Self {
            ticket: ticket?.into(),
            shown,
            remember_device: remember?.unwrap_or_default(),
        })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct EnrolRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    ticket: Ticket,
}

impl FromMembers for EnrolRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let ticket = members.token("ticket")?.into();
        Some(Self { ticket })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct AddTotpRequest {
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    name: Option<String>,
}

impl FromMembers for AddTotpRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let name = members.optional_text("name")?;
        Some(Self { name })
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ConfirmTotpRequest {
    /// Six digits; spaces are ignored.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    totp: TotpCode,
}

impl FromMembers for ConfirmTotpRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let totp = totp(members)?;
        Some(Self { totp })
    }
}

/// The key of an authenticator app.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = TotpSecret))]
struct TotpSecretView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: FactorId,
    /// The key in base32, for manual entry.
    secret: String,
    /// The key as a URI, for a QR code.
    otpauth_uri: String,
    /// Seconds until the enrolment expires.
    expires_in: u64,
}

/// Recovery codes, which are shown only once.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RecoveryCodes))]
struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

impl From<Vec<RecoveryCode>> for RecoveryCodesView {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        let codes = codes.iter().map(|code| code.expose().to_owned());
        Self {
            recovery_codes: codes.collect(),
        }
    }
}

/// An account's remembered devices.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct DeviceList {
    items: Vec<DeviceView>,
}

/// A remembered device.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Device))]
pub(crate) struct DeviceView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: DeviceId,
    #[cfg_attr(feature = "openapi", schema(required))]
    user_agent: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "time::serialize")]
    last_used_at: DateTime<Utc>,
}

impl From<RememberedDevice> for DeviceView {
    fn from(device: RememberedDevice) -> Self {
        Self {
            id: device.id,
            user_agent: device.user_agent,
            created_at: device.created_at,
            last_used_at: device.last_used_at,
        }
    }
}
