//! A user's second factors as they appear in replies.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Factor, FactorId, FactorList, TotpCode};
use crate::http::{Members, time};

const INVALID_TOTP: &str = "invalid_totp";
const SIX_DIGITS: &str = "A code has six digits.";

/// Reads the member `totp`.
pub(crate) fn totp(members: &mut Members) -> Option<TotpCode> {
    members.parse("totp", INVALID_TOTP, SIX_DIGITS)
}

/// Reads the member `totp`, which may be omitted.
pub(crate) fn optional_totp(members: &mut Members) -> Option<Option<TotpCode>> {
    members.optional_parse("totp", INVALID_TOTP, SIX_DIGITS)
}

/// An account's second factors.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = FactorList))]
pub(crate) struct FactorListView {
    items: Vec<FactorView>,
    /// The number of unused recovery codes.
    recovery_codes_left: u32,
    /// Whether the account must have a second factor.
    required: bool,
}

impl FactorListView {
    pub(crate) fn new(factors: FactorList, required: bool) -> Self {
        Self {
            items: factors.items.into_iter().map(FactorView::from).collect(),
            recovery_codes_left: factors.recovery_codes_left,
            required,
        }
    }
}

/// A second factor.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Factor))]
struct FactorView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: FactorId,
    /// `totp`.
    kind: &'static str,
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    #[cfg_attr(feature = "openapi", schema(required))]
    #[serde(serialize_with = "time::serialize_option")]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Factor> for FactorView {
    fn from(factor: Factor) -> Self {
        Self {
            id: factor.id,
            kind: factor.kind.as_str(),
            name: factor.name,
            created_at: factor.created_at,
            last_used_at: factor.last_used_at,
        }
    }
}
