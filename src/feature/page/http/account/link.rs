//! `GET /account/link/{provider}`: linking an identity at a provider.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    super::{
        super::{answer::Reply, frame::Frame},
        Parts,
        provider::ProviderStart,
    },
    Asked, Owner,
};
use crate::{
    error::Result,
    event::ClientInfo,
    feature::oauth::http::page::{LINK, OldFlows},
    http::{Input, Path, Request},
    identity::FlowIntent,
    percent,
    secret::SessionCookie,
    token::ActiveUser,
};

/// The parameter that proves that the user has followed a link on a page of this service.
pub(super) const PROOF: &str = "proof";

/// The proof for the links in a session. Another site does not know the session's cookie, so it cannot send a user to a
/// valid link.
pub(super) fn proof(cookie: &SessionCookie) -> String {
    let text = format!("link:{}", cookie.expose());
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The user who has followed a link, and the cookies of older flows.
pub(super) struct Begin {
    owner: ActiveUser,
    old: OldFlows,
    is_head: bool,
}

impl Input<Parts> for Begin {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        let Owner(owner) = Owner::take(parts, request).await?;
        Ok(Self {
            owner,
            old: OldFlows::take(parts, request).await?,
            is_head: request.is_head(),
        })
    }
}

/// Sends the browser to the provider. The browser then returns to the callback, which links the identity.
pub(super) async fn begin(
    parts: Parts,
    Path(provider): Path<String>,
    asked: Asked,
    Begin {
        owner,
        old,
        is_head,
    }: Begin,
    client: ClientInfo,
) -> Result<Reply> {
    let asked = asked.below(2);
    let expected = owner.cookie.as_ref().map(proof);
    if is_head || expected.as_deref() != asked.parameter(PROOF) {
        return Ok(Reply::see_other(asked.to("account")));
    }
    owner.require_recent_sign_in(parts.links.core.clock.now())?;
    // The callback compares the user, because another one may have signed in by then.
    let query = format!("{LINK}={}", percent::encoded(&owner.user.id.to_string()));
    let frame = Frame {
        query: &query,
        ..asked.frame()
    };
    let start = ProviderStart {
        provider: &provider,
        intent: FlowIntent::Link,
        query: &frame.of_link(),
        back: "account",
    };
    parts.to_provider(&asked, &start, &old, &client).await
}
