//! The end of a sign-in with a provider that began on the pages.

use ::http::HeaderValue;

use super::{Own, kept};
use crate::{
    clock::Timestamp,
    error::Result,
    event::ClientInfo,
    feature::oauth::{Answer, Begun},
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
    parameters: Vec<(String, String)>,
    answer: &Answer,
    client: &ClientInfo,
) -> Result<SeeOther> {
    let named = |name: &str| {
        let mut pairs = parameters.iter();
        let found = pairs.find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    };
    let next = named("next").filter(|next| next::is_local(next));
    let kept = [("next", next), ("ui", named("ui"))];
    let page = |page: &str, error: Option<&str>| {
        let pairs = kept.into_iter().chain([("error", error)]);
        let query: Vec<String> = pairs
            .filter_map(|(name, value)| Some(format!("{name}={}", percent::encoded(value?))))
            .collect();
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
    let redeemed = own.feature.redeem(&code, &verifier, kind, client);
    let sign_in = match redeemed.await {
        Ok(sign_in) => sign_in,
        Err(error) => {
            let problem = Problem::from(error);
            if problem.status().is_server_error() {
                problem.log();
            }
            return Ok(lead(page("sign-in", Some(problem.code()))));
        }
    };
    let (step, cookies) = sign_in.on_pages(own.cookies)?;
    let start = || format!("{}/", own.feature.providers.public_url);
    let location = match step {
        NextStep::GoOn => next.map_or_else(start, str::to_owned),
        NextStep::SecondFactor => page("second-factor", None),
    };
    Ok(SeeOther { location, cookies })
}
