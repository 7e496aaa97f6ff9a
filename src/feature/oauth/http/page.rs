//! The end of a sign-in with a provider that began on the pages.

use ::http::HeaderValue;
use serde_json::{Map, Value};

use super::{Own, app::AppSignIn, kept};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    event::ClientInfo,
    feature::oauth::{Answer, Begun, Issued},
    http::{Cookies, Input, Problem, Request, SeeOther, next},
    percent,
    sign_in::http::NextStep,
    token::SessionKind,
};

/// The cookies of older flows that a new one replaces.
pub(crate) struct OldFlows(Vec<String>);

impl OldFlows {
    pub(crate) fn replaced_by(
        &self,
        begun: &Begun,
        cookies: Cookies,
        now: Timestamp,
    ) -> Vec<HeaderValue> {
        kept::cookies(begun, &self.0, cookies, now)
    }
}

impl<S: Sync> Input<S> for OldFlows {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self(kept::surplus(request)))
    }
}

/// Opens a session with the code at the end of a flow, and leads to the place where the user goes
/// on, or back to the sign-in with the reason of a failure.
pub(super) async fn end(
    own: &Own,
    parameters: &Map<String, Value>,
    answer: &Answer,
    client: &ClientInfo,
) -> Result<SeeOther> {
    let named = |name: &str| parameters.get(name).and_then(Value::as_str);
    let app = AppSignIn::of_query(&own.feature, parameters)?;
    let next = named("next").filter(|next| next::is_local(next));
    let page = |page: &str, error: Option<&str>| {
        let pair = |(name, value)| Some(format!("{name}={}", percent::encoded(value?)));
        let pairs = [("next", next), ("ui", named("ui")), ("error", error)];
        let app = app.iter().map(|app| app.query.clone());
        let query: Vec<String> = app.chain(pairs.into_iter().filter_map(pair)).collect();
        let joint = if query.is_empty() { "" } else { "?" };
        let base = &own.feature.providers.public_url;
        format!("{base}/{page}{joint}{}", query.join("&"))
    };
    let lead = |location: String| SeeOther {
        location,
        cookies: Vec::new(),
    };
    let Some(code) = named("code") else {
        return Ok(lead(page("sign-in", named("error"))));
    };
    let (code, verifier) = (code.into(), answer.page_verifier());
    let kind = SessionKind::browser(false);
    let redeemed = own
        .feature
        .redeem_for(&code, &verifier, kind, client.clone(), app.is_some());
    let refused = |error: Error| {
        let problem = Problem::from(error);
        problem.log();
        page("sign-in", Some(problem.code()))
    };
    let sign_in = match redeemed.await {
        Ok(sign_in) => sign_in,
        Err(error) => return Ok(lead(refused(error))),
    };
    let (step, cookies) = sign_in.on_pages(own.cookies)?;
    let start = || format!("{}/", own.feature.providers.public_url);
    let location = match (step, &app) {
        (NextStep::GoOn(cookie), Some(app)) => {
            match own.feature.issue(cookie, &app.new, client).await {
                Ok(Issued::At(url)) => url,
                Ok(Issued::First(first)) => page(first, None),
                Err(error) => refused(error),
            }
        }
        (NextStep::GoOn(_), None) => next.map_or_else(start, str::to_owned),
        (NextStep::SecondFactor, _) => page("second-factor", None),
    };
    Ok(SeeOther { location, cookies })
}
