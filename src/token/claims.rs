//! The header and the claims of an access token, read strictly.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Method, Methods};
use crate::{
    error::{Error, Result},
    json,
    user::{Permissions, Roles},
};

/// RFC 9068, section 2.1.
pub(super) const TYP: &str = "at+jwt";

/// Claims that a host cannot replace with its own claims. They are the claims of RFC 9068 and of this crate, and the
/// claims that identify a token's bearer and scope (RFC 7519, 7800, 8693).
pub(super) const RESERVED: [&str; 18] = [
    "acr",
    "act",
    "amr",
    "aud",
    "auth_time",
    "client_id",
    "cnf",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "org",
    "permissions",
    "roles",
    "scope",
    "sid",
    "sub",
];
/// A token with one of these claims is not accepted, because this crate does not implement their
/// rules. The other [`RESERVED`] claims that are not read merely describe the caller, and are ignored.
const UNENFORCED: [&str; 2] = ["cnf", "nbf"];

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    pub(super) alg: &'a str,
    pub(super) typ: &'a str,
    pub(super) kid: &'a str,
}

#[derive(Debug)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: Uuid,
    pub(super) aud: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: Uuid,
    pub(super) sid: Uuid,
    pub(super) roles: Roles,
    pub(super) permissions: Permissions,
    pub(super) auth_time: i64,
    pub(super) amr: Methods,
    pub(super) acr: String,
    /// All other claims.
    pub(super) others: Map<String, Value>,
}

/// The same claims, borrowed for signing.
#[derive(Debug, Serialize)]
pub(super) struct ClaimsRef<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: Uuid,
    pub(super) aud: &'a str,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: Uuid,
    pub(super) sid: Uuid,
    pub(super) roles: &'a Roles,
    pub(super) client_id: &'a str,
    pub(super) auth_time: i64,
    pub(super) amr: &'a Methods,
    pub(super) acr: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permissions: Option<&'a Permissions>,
    #[serde(flatten, serialize_with = "without_reserved")]
    pub(super) others: &'a Map<String, Value>,
}

fn without_reserved<S: Serializer>(
    others: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(others.iter().filter(|(name, _)| !is_reserved(name)))
}

pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

pub(super) fn encode_part<T: Serialize>(part: &T) -> Result<String> {
    let json = serde_json::to_vec(part).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

pub(super) fn decode_part(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

pub(super) fn read_header(json: &[u8]) -> Option<Header<'_>> {
    // Without this check, serde would also accept an array, and take its elements as the members in order.
    is_object(json)
        .then(|| serde_json::from_slice(json).ok())
        .flatten()
}

pub(super) fn read_claims(json: &[u8]) -> Option<Claims> {
    let mut claims = is_object(json)
        .then(|| json::parse_object(json).ok())
        .flatten()?;
    // The value of `client_id` is not checked, but RFC 9068 requires the claim.
    text(&mut claims, "client_id")?;
    let claims = Claims {
        iss: text(&mut claims, "iss")?,
        sub: uuid(&mut claims, "sub")?,
        aud: text(&mut claims, "aud")?,
        exp: claims.remove("exp")?.as_i64()?,
        iat: claims.remove("iat")?.as_i64()?,
        jti: uuid(&mut claims, "jti")?,
        sid: uuid(&mut claims, "sid")?,
        roles: names(claims.remove("roles")?)?,
        permissions: match claims.remove("permissions") {
            Some(permissions) => names(permissions)?,
            None => Permissions::default(),
        },
        auth_time: claims.remove("auth_time")?.as_i64()?,
        amr: methods(claims.remove("amr")?)?,
        acr: text(&mut claims, "acr")?,
        others: claims,
    };
    let unenforced = |name: &String| UNENFORCED.contains(&name.as_str());
    (!claims.others.keys().any(unenforced)).then_some(claims)
}

fn is_object(json: &[u8]) -> bool {
    json.first() == Some(&b'{')
}

fn text(claims: &mut Map<String, Value>, name: &str) -> Option<String> {
    match claims.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The `uuid` crate also accepts braces, URNs and capitals, but in a token only one spelling is valid.
fn uuid(claims: &mut Map<String, Value>, name: &str) -> Option<Uuid> {
    let text = text(claims, name)?;
    let id = Uuid::try_parse(&text).ok()?;
    (*id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text).then_some(id)
}

/// The known methods. An issuer with a newer version may write other methods, which are ignored.
fn methods(value: Value) -> Option<Methods> {
    let Value::Array(words) = value else {
        return None;
    };
    let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
    Some(words?.into_iter().filter_map(Method::named).collect())
}

/// A set of names, each of which must be valid.
fn names<T: std::str::FromStr, S: FromIterator<T>>(value: Value) -> Option<S> {
    let Value::Array(names) = value else {
        return None;
    };
    names
        .iter()
        .map(|name| name.as_str()?.parse().ok())
        .collect()
}
