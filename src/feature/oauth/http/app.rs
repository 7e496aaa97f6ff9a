//! Sign-in for an application on another site or on a phone, for which the pages act as another provider.

use serde_json::{Map, Value};

use super::inputs::BeginSignInQuery;
use crate::{
    error::{ErrorKind, Result},
    feature::oauth::{NewSignIn, ProviderSignIns, redirect},
    http::{Members, Request},
    percent,
};

/// The query parameters. Pages ignore all others.
const PARAMETERS: [&str; 4] = [
    "redirect_to",
    "code_challenge",
    "code_challenge_method",
    "state",
];

/// The sign-in that an application has requested from the pages.
#[derive(Clone, Debug)]
pub(crate) struct AppSignIn {
    pub(crate) new: NewSignIn,
    /// The percent-encoded query, which every page of the sign-in carries over.
    pub(crate) query: String,
    /// The source to which a form may redirect the browser (Content Security Policy Level 3, section 6.4.1).
    pub(crate) source: String,
}

impl AppSignIn {
    /// Reads a page's query. Without `redirect_to`, no application has requested the sign-in.
    ///
    /// # Errors
    /// [`InvalidRedirect`](ErrorKind::InvalidRedirect), also for a repeated parameter. It is checked before
    /// [`ValidationFailed`](ErrorKind::ValidationFailed).
    pub(crate) fn of_request(
        sign_ins: &ProviderSignIns,
        request: &Request,
    ) -> Result<Option<Self>> {
        let pick = |names: &[&str]| request.pick_query(names).ok_or(ErrorKind::InvalidRedirect);
        if pick(&["redirect_to"])?.is_empty() {
            return Ok(None);
        }
        Self::of_query(sign_ins, &pick(&PARAMETERS)?)
    }

    /// Reads a page's parameters. Without `redirect_to`, no application has requested the sign-in.
    ///
    /// # Errors
    /// The errors of [`of_request`](Self::of_request).
    pub(crate) fn of_query(
        sign_ins: &ProviderSignIns,
        query: &Map<String, Value>,
    ) -> Result<Option<Self>> {
        match query.get("redirect_to") {
            None => return Ok(None),
            Some(Value::String(url)) => sign_ins.ensure_redirect(url)?,
            Some(_) => return Err(ErrorKind::InvalidRedirect.into()),
        }
        let (mut own, mut pairs) = (Map::new(), Vec::new());
        for name in PARAMETERS {
            if let Some(Value::String(value)) = query.get(name) {
                pairs.push(format!("{name}={}", percent::encoded(value)));
                own.insert(name.to_owned(), value.as_str().into());
            }
        }
        let new: NewSignIn = Members::of_query(own).read::<BeginSignInQuery>()?.into();
        Ok(Some(Self {
            source: redirect::source(&new.redirect_to),
            query: pairs.join("&"),
            new,
        }))
    }
}
