//! The table of error kinds: for each, its meaning, its text in a log, and the answer to a client.

use std::fmt;

/// Passes the table to a macro. A row contains the kind, its log text, and the status, code, title and detail of the
/// problem that a client receives.
macro_rules! error_kinds {
    ($with:ident) => {
        $with! {
            /// The password was right, but the account is disabled.
            AccountDisabled "the account is disabled"
                => FORBIDDEN "account_disabled" "Account disabled"
                "The account is disabled.";
            /// The request carries both a bearer token and a browser session cookie.
            AmbiguousCredentials "both a token and a cookie were sent"
                => BAD_REQUEST "ambiguous_credentials" "Ambiguous credentials"
                "The request carries both a bearer token and a session cookie. Send only one of them.";
            /// The request body is larger than the endpoint accepts.
            BodyTooLarge "the body is too large"
                => PAYLOAD_TOO_LARGE "body_too_large" "Body too large"
                "The request body is larger than 16 KiB.";
            /// A setting is missing or invalid. Only the builder and start-up return this kind.
            Configuration "the configuration is invalid"
                => INTERNAL_SERVER_ERROR "internal" "Internal error"
                "Something went wrong on our side.";
            /// Another site sent a browser sign-in or a request with a session cookie, or the browser did not report
            /// which site sent it.
            CrossSiteRequest "another site sent the request"
                => FORBIDDEN "cross_site_request" "Cross-site request"
                "This call must come from a page on this origin, but `Sec-Fetch-Site` or `Origin` does not match.";
            /// The password was right, but the address is not verified, and the host requires a verified address for
            /// signing in.
            EmailNotVerified "the address is not verified"
                => FORBIDDEN "email_not_verified" "Address not verified"
                "Verify the address before signing in. You can request another verification link.";
            /// The address already has an account.
            EmailTaken "the address already has an account"
                => CONFLICT "email_taken" "Address taken"
                "The address already has an account.";
            /// The call needs a second factor that the user does not have, or would remove the last one from a user who
            /// must have one.
            FactorRequired "the user must have a second factor"
                => CONFLICT "factor_required" "Second factor required"
                "The account must have a second factor before and after this call. Add one first.";
            /// The caller lacks the role or the permission.
            Forbidden "the caller lacks the required role or permission"
                => FORBIDDEN "forbidden" "Forbidden"
                "The caller lacks the role or the permission that this call requires.";
            /// The identity at the provider is linked to another user.
            IdentityTaken "the identity is linked to another user"
                => CONFLICT "identity_taken" "Identity taken"
                "The identity at the provider is linked to another user.";
            /// A defect in the software, or corrupt data.
            Internal "internal error"
                => INTERNAL_SERVER_ERROR "internal" "Internal error"
                "Something went wrong on our side.";
            /// The access token is malformed, expired or forged, or its session has ended.
            InvalidAccessToken "the access token is not valid"
                => UNAUTHORIZED "invalid_access_token" "Invalid access token"
                "The access token is malformed, expired or forged, or its session has ended.";
            /// The second-factor code is wrong or was already used.
            InvalidCode "the code is wrong or was already used"
                => UNAUTHORIZED "invalid_code" "Invalid code"
                "The code is wrong or was already used.";
            /// The address is unknown, the password is wrong, or the account has no password.
            InvalidCredentials "the address or the password is wrong"
                => UNAUTHORIZED "invalid_credentials" "Invalid credentials"
                "The address or the password is wrong.";
            /// The URL in `redirect_to` is not one of the configured URLs.
            InvalidRedirect "the redirect URL is not one of the configured URLs"
                => BAD_REQUEST "invalid_redirect" "Invalid redirect"
                "`redirect_to` is not one of the configured URLs.";
            /// The refresh token was not issued by this service, or its session has ended.
            InvalidRefreshToken "the refresh token is not valid"
                => UNAUTHORIZED "invalid_refresh_token" "Invalid refresh token"
                "The refresh token is not valid, or its session has ended.";
            /// The one-time token is unknown, used or expired.
            InvalidToken "the token is not valid"
                => BAD_REQUEST "invalid_token" "Invalid token"
                "The token is unknown, used or expired.";
            /// No active administrator would be left.
            LastAdmin "no active administrator would be left"
                => CONFLICT "last_admin" "Last administrator"
                "This is the last active administrator.";
            /// The user would no longer have a way to sign in.
            LastCredential "the user would have no way to sign in"
                => CONFLICT "last_credential" "Last credential"
                "This is the last way to sign in to the account. Set a password or link another provider first.";
            /// The provider is not trusted for the address, so the user has to sign in another way
            /// and link the identity.
            LinkRequired "the user has to link the identity first"
                => CONFLICT "link_required" "Link required"
                "This provider is not trusted for this address. Sign in another way, then link this identity.";
            /// The request body is not a JSON object.
            MalformedBody "the body is not a JSON object"
                => BAD_REQUEST "malformed_body" "Malformed body"
                "The request body is not a single JSON object, or a member occurs twice.";
            /// The path exists, but does not support the method.
            MethodNotAllowed "the method is not allowed here"
                => METHOD_NOT_ALLOWED "method_not_allowed" "Method not allowed"
                "The path does not support this method. `Allow` lists the supported methods.";
            /// Nothing was found at this path.
            NotFound "not found"
                => NOT_FOUND "not_found" "Not found"
                "Nothing was found at this path.";
            /// Too many calls are waiting; retry later.
            Overloaded "too many calls are waiting"
                => SERVICE_UNAVAILABLE "overloaded" "Overloaded"
                "Too many calls are waiting; retry after `Retry-After` seconds.";
            /// The provider did not answer, or its answer was not valid.
            ProviderFailed "the provider failed"
                => BAD_GATEWAY "provider_failed" "Provider failed"
                "The provider did not answer, or its answer was not valid.";
            /// No provider has this name.
            ProviderUnknown "no provider has this name"
                => NOT_FOUND "provider_unknown" "Unknown provider"
                "There is no provider with this name.";
            /// The client calls too often; retry later. See [`Error::policy`](super::Error::policy).
            RateLimited "the client made too many calls"
                => TOO_MANY_REQUESTS "rate_limited" "Rate limited"
                "The client made too many calls; retry after `Retry-After` seconds. `RateLimit` and `RateLimit-Policy` describe the limit.";
            /// The call requires a sign-in within the last 10 minutes.
            ReauthenticationRequired "the sign-in is not recent enough"
                => FORBIDDEN "reauthentication_required" "Reauthentication required"
                "This call requires a sign-in within the last 10 minutes. Sign in again or reauthenticate.";
            /// A superseded refresh token was presented again, so the session was ended.
            RefreshTokenReused "the refresh token was already used; the session has ended"
                => UNAUTHORIZED "refresh_token_reused" "Refresh token reused"
                "The refresh token was already used, so its session has been ended.";
            /// The host refused the call for its own reasons; see [`Error::refusal`](super::Error::refusal).
            Refused "the application refused the call"
                => UNPROCESSABLE_ENTITY "refused" "Refused"
                "The application refused the call; the application defines the code and the text.";
            /// Registration is switched off.
            RegistrationClosed "registration is closed"
                => FORBIDDEN "registration_closed" "Registration closed"
                "Registration is closed.";
            /// The caller has no live session with this id.
            SessionNotFound "the caller has no live session with this id"
                => NOT_FOUND "session_not_found" "Session not found"
                "The caller has no live session with this id.";
            /// The call needs a second factor that was presented within the last 10 minutes (RFC 9470).
            StepUpRequired "a second factor must be presented again"
                => UNAUTHORIZED "step_up_required" "Step-up required"
                "This call requires a second factor that was presented within the last 10 minutes. Reauthenticate with a second factor.";
            /// There were too many wrong passwords or codes, so no more are checked for now; retry later.
            TooManyAttempts "there were too many wrong passwords or codes"
                => TOO_MANY_REQUESTS "too_many_attempts" "Too many attempts"
                "There were too many wrong passwords or codes, so no more are checked for now; retry after `Retry-After` seconds.";
            /// The user has the maximum number of second factors.
            TooManyFactors "the user has the maximum number of second factors"
                => CONFLICT "too_many_factors" "Too many second factors"
                "An account can have five second factors. Remove one before you add another.";
            /// Neither a bearer token nor a browser session cookie was sent.
            Unauthenticated "no bearer token was sent"
                => UNAUTHORIZED "unauthenticated" "Unauthenticated"
                "This call requires a bearer token, but none was sent.";
            /// The database or another component that the service depends on is not responding; retry later.
            Unavailable "a component that this service depends on is unavailable"
                => SERVICE_UNAVAILABLE "unavailable" "Unavailable"
                "A component that this service depends on is not responding; retry after `Retry-After` seconds.";
            /// The request body has a media type other than `application/json`.
            UnsupportedMediaType "the body is not application/json"
                => UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Unsupported media type"
                "The request body must be `application/json`.";
            /// No user has this identifier.
            UserNotFound "no user has this identifier"
                => NOT_FOUND "user_not_found" "User not found"
                "There is no user with this identifier.";
            /// The input is well-formed but not valid; see [`Error::violations`](super::Error::violations).
            ValidationFailed "the input is not valid"
                => UNPROCESSABLE_ENTITY "validation_failed" "Validation failed"
                "The input is not valid; `errors` lists the violations.";
            /// The new password does not meet the policy; see [`Error::violations`](super::Error::violations).
            WeakPassword "the password does not meet the policy"
                => UNPROCESSABLE_ENTITY "weak_password" "Weak password"
                "The password does not meet the policy; `errors` lists the violated rules.";
        }
    };
}

#[cfg(feature = "http")]
pub(crate) use error_kinds;

macro_rules! kinds {
    ($($(#[$docs:meta])* $kind:ident $text:literal => $status:ident $code:literal $title:literal $detail:literal;)*) => {
        /// The kinds of errors, each with a stable name. The HTTP contract defines a status and a
        /// code for every kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$docs])* $kind,)*
        }

        /// The codes of all kinds, in the order of the kinds.
        pub(super) const CODES: &[&str] = &[$($code),*];

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => $text,)*
                })
            }
        }
    };
}

error_kinds!(kinds);
