//! The sign-in of an application on another site or on a phone, for which the pages are one more provider.

use serde_json::{Map, Value};

use super::inputs::BeginSignInQuery;
use crate::{
    error::{ErrorKind, Result},
    feature::oauth::{NewSignIn, ProviderSignIns, redirect},
    http::{Members, Request},
    percent,
};

/// The parameters of the query. Pages ignore all others.
const PARAMETERS: [&str; 4] = [
    "redirect_to",
    "code_challenge",
    "code_challenge_method",
    "state",
];

/// The sign-in that an application has asked the pages for.
#[derive(Clone, Debug)]
pub(crate) struct AppSignIn {
    pub(crate) new: NewSignIn,
    /// The percent-encoded query, which every page of the sign-in keeps.
    pub(crate) query: String,
    /// The source to which a form may redirect the browser (Content Security Policy Level 3, section 6.4.1).
    pub(crate) origin: String,
}

impl AppSignIn {
    /// Reads the query of a page; `None` if it has no `redirect_to`.
    ///
    /// # Errors
    /// [`InvalidRedirect`](ErrorKind::InvalidRedirect), which is checked first, and which a parameter that is given
    /// twice causes as well; [`ValidationFailed`](ErrorKind::ValidationFailed) for the other parameters.
    pub(crate) fn of_request(
        sign_ins: &ProviderSignIns,
        request: &Request,
    ) -> Result<Option<Self>> {
        match request.pick_query(&["redirect_to"]) {
            Some(query) if query.is_empty() => return Ok(None),
            Some(_) => {}
            None => return Err(ErrorKind::InvalidRedirect.into()),
        }
        let query = request.pick_query(&PARAMETERS);
        Self::of_query(sign_ins, &query.ok_or(ErrorKind::InvalidRedirect)?)
    }

    /// Reads the parameters of a page; `None` if there is no `redirect_to`.
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
        let own = PARAMETERS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), query.get(*name)?.clone())));
        let own: Map<String, Value> = own.collect();
        let pairs: Vec<String> = PARAMETERS
            .iter()
            .filter_map(|name| {
                let value = own.get(*name)?.as_str()?;
                Some(format!("{name}={}", percent::encoded(value)))
            })
            .collect();
        let new: NewSignIn = Members::of_query(own).read::<BeginSignInQuery>()?.into();
        Ok(Some(Self {
            origin: redirect::source(&new.redirect_to),
            query: pairs.join("&"),
            new,
        }))
    }
}
