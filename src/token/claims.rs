//! The header and the claims of an access token, read strictly.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::Result, user::Roles};

/// RFC 9068, section 2.1.
pub(super) const TYP: &str = "at+jwt";

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    pub(super) alg: &'a str,
    pub(super) typ: &'a str,
    pub(super) kid: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: String,
    pub(super) sid: String,
    pub(super) roles: Vec<String>,
}

/// The same claims, borrowed for signing.
#[derive(Debug, Serialize)]
pub(super) struct ClaimsRef<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: uuid::Uuid,
    pub(super) aud: &'a str,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: uuid::Uuid,
    pub(super) sid: uuid::Uuid,
    pub(super) roles: &'a Roles,
}

pub(super) fn encode_part<T: Serialize>(part: &T) -> Result<String> {
    let json = serde_json::to_vec(part).map_err(crate::error::Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

pub(super) fn decode_part(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// Reads a JSON object. serde would take an array for a struct, by position.
pub(super) fn read_object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    is_object(json)
        .then(|| serde_json::from_slice(json).ok())
        .flatten()
}

pub(super) fn read_header(json: &[u8]) -> Option<Header<'_>> {
    is_object(json)
        .then(|| serde_json::from_slice(json).ok())
        .flatten()
}

fn is_object(json: &[u8]) -> bool {
    json.first() == Some(&b'{')
}
