//! Access tokens: short-lived JWTs (RFC 7519) with the header and claims of RFC 9068.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    Authentication, CurrentUser,
    check::{MAX_TOKEN, TokenCheck},
    claims::{ClaimsRef, Header, TYP, encode_part, is_reserved},
    key::SigningKeys,
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    secret::{AccessToken, random_bytes},
    user::{Permissions, User},
};

/// Issues and verifies access tokens.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    keys: SigningKeys,
    check: TokenCheck,
    client_id: String,
    lifetime: Duration,
}

impl AccessTokens {
    pub(crate) fn new(
        keys: SigningKeys,
        issuer: String,
        audience: String,
        client_id: String,
        lifetime: Duration,
    ) -> Self {
        Self {
            client_id,
            check: TokenCheck::new(keys.verifying(), issuer, audience),
            keys,
            lifetime,
        }
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token for the session. `permissions`, if given, become a claim. `others` are additional claims; any
    /// reserved claims among them are dropped.
    ///
    /// # Errors
    /// `Internal` if the token would be longer than verifiers accept.
    pub(crate) fn issue(
        &self,
        user: &User,
        authentication: &Authentication,
        permissions: Option<&Permissions>,
        others: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<AccessToken> {
        for claim in others.keys().filter(|name| is_reserved(name)) {
            tracing::warn!(claim, "a reserved claim was left out of an access token");
        }
        let key = self
            .keys
            .first()
            .ok_or_else(|| Error::internal("there is no signing key"))?;
        let header = Header {
            alg: key.verifying.algorithm.as_str(),
            typ: TYP,
            kid: &key.verifying.kid,
        };
        let iat = now.timestamp();
        let claims = ClaimsRef {
            iss: self.check.issuer(),
            sub: user.id.as_uuid(),
            aud: self.check.audience(),
            exp: iat.saturating_add(i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX)),
            iat,
            jti: uuid::Builder::from_random_bytes(random_bytes()).into_uuid(),
            sid: authentication.session_id.as_uuid(),
            roles: &user.roles,
            client_id: &self.client_id,
            auth_time: authentication.at.timestamp(),
            amr: &authentication.methods,
            acr: authentication.methods.acr(),
            permissions,
            others,
        };
        let mut token = format!("{}.{}", encode_part(&header)?, encode_part(&claims)?);
        let signature = key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN {
            return Err(Error::internal(
                "an access token is too long: its user has too many roles or permissions, or other claims",
            ));
        }
        Ok(token.into())
    }

    /// Accepts exactly the tokens that [`issue`](Self::issue) creates, until they expire.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<CurrentUser> {
        self.check
            .verify(token, now)
            .map_err(|_| ErrorKind::InvalidAccessToken.into())
    }
}

#[cfg(test)]
mod tests;
