//! The end of a sign-in with a provider that began on the pages.

use ::http::HeaderValue;
use serde_json::{Map, Value};

use super::{Own, app::AppSignIn, kept};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    feature::oauth::{Answer, Begun, Issued},
    http::{Cookies, Input, Problem, Request, SeeOther, next},
    percent,
    sign_in::http::NextStep,
    token::{Credential, SessionKind},
};

/// The cookies of older flows that a new flow replaces.
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

/// The parameter for a flow that links an identity: the id of the user who began it.
pub(crate) const LINK: &str = "link";

/// Whether a flow links an identity.
pub(super) fn links(parameters: &Map<String, Value>) -> bool {
    parameters.contains_key(LINK)
}

/// Links the identity at the end of a flow to the browser session's user, and redirects to the account page.
pub(super) async fn link(
    own: &Own,
    parameters: &Map<String, Value>,
    answer: &Answer,
    (session, client): (Option<Credential>, &ClientInfo),
) -> Result<SeeOther> {
    let named = |name: &str| parameters.get(name).and_then(Value::as_str);
    let account = |name: &str, value: &str| {
        let pairs = [(name, Some(value)), ("ui", named("ui"))];
        lead(page_at(own, "account", None, &pairs))
    };
    let Some(code) = named("code") else {
        let error = named("error").unwrap_or_default();
        return Ok(account("error", error));
    };
    let linked = async {
        let session = session.ok_or(ErrorKind::Unauthenticated)?;
        let caller = own.service.current_user(&session).await?;
        if named(LINK) != Some(caller.user.id.to_string().as_str()) {
            return Err(ErrorKind::InvalidToken.into());
        }
        let verifier = answer.page_verifier();
        let code = code.into();
        let linked = own.feature.link(&caller, &code, &verifier, client);
        linked.await
    };
    Ok(match linked.await {
        Ok(_) => account("saved", "linked"),
        Err(error) => {
            let problem = Problem::from(error);
            problem.log();
            account("error", problem.code())
        }
    })
}

/// Opens a session with the code at the end of a flow. The browser then continues to the page that the user wanted, or
/// returns to the sign-in page with the reason for the failure.
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
        let app = app.as_ref().map(|app| app.query.as_str());
        let pairs = [("next", next), ("ui", named("ui")), ("error", error)];
        page_at(own, page, app, &pairs)
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

/// A page's URL with an already encoded query, followed by these parameters.
fn page_at(own: &Own, page: &str, query: Option<&str>, pairs: &[(&str, Option<&str>)]) -> String {
    let pair = |(name, value): &(&str, Option<&str>)| {
        let value = percent::encoded((*value)?);
        Some(format!("{name}={value}"))
    };
    let parts = query.map(str::to_owned).into_iter();
    let parts: Vec<String> = parts.chain(pairs.iter().filter_map(pair)).collect();
    let joint = if parts.is_empty() { "" } else { "?" };
    let base = &own.feature.providers.public_url;
    format!("{base}/{page}{joint}{}", parts.join("&"))
}

fn lead(location: String) -> SeeOther {
    SeeOther {
        location,
        cookies: Vec::new(),
    }
}
