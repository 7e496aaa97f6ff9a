//! `GET /sign-in/{provider}`: a sign-in with a provider that begins and ends on the pages.

use super::{super::answer::Reply, Parts, asked::Asked};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    feature::oauth::http::page::OldFlows,
    http::{Input, Path, Request},
    identity::FlowIntent,
};

/// Whether a person has followed the link on the sign-in page. Another site must not begin a sign-in.
pub(super) struct Followed {
    is_followed: bool,
    client: ClientInfo,
}

impl<S: Sync> Input<S> for Followed {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        Ok(Self {
            // Older browsers send neither header with a link.
            is_followed: !request.is_head() && !request.is_elsewhere(),
            client: ClientInfo::take(state, request).await?,
        })
    }
}

/// Sends the browser to the provider. The browser then returns to the callback, which opens the session.
pub(super) async fn begin(
    parts: Parts,
    Path(provider): Path<String>,
    asked: Asked,
    Followed {
        is_followed,
        client,
    }: Followed,
    old: OldFlows,
) -> Result<Reply> {
    let asked = asked.below(1);
    if !is_followed {
        return Ok(Reply::see_other(asked.to("sign-in")));
    }
    let start = ProviderStart {
        provider: &provider,
        intent: FlowIntent::SignIn,
        query: &asked.frame().of_link(),
        back: "sign-in",
    };
    parts.to_provider(&asked, &start, &old, &client).await
}

/// The start of a flow that ends on the pages.
pub(super) struct ProviderStart<'a> {
    pub(super) provider: &'a str,
    pub(super) intent: FlowIntent,
    /// The query that the flow ends with, which may begin with `?`.
    pub(super) query: &'a str,
    /// The page that reports that a provider cannot be reached.
    pub(super) back: &'a str,
}

impl Parts {
    /// Sends the browser to a provider.
    pub(super) async fn to_provider(
        &self,
        asked: &Asked,
        start: &ProviderStart<'_>,
        old: &OldFlows,
        client: &ClientInfo,
    ) -> Result<Reply> {
        let sign_ins = &self.provider_sign_ins;
        let begun = sign_ins.begin_on_pages(start.provider, start.intent, start.query, client);
        match begun.await {
            Ok(Some(begun)) => {
                let now = sign_ins.core.clock.now();
                let cookies = old.replaced_by(&begun, self.cookies, now);
                Ok(Reply::see_other(begun.location).with_cookies(cookies))
            }
            Ok(None) => {
                let page = asked.to_with(start.back, "error=provider_failed");
                Ok(Reply::see_other(page))
            }
            Err(error) if error.kind() == ErrorKind::ProviderUnknown => {
                self.pages.not_found(&asked.frame()).map(Reply::page)
            }
            Err(error) => Err(error),
        }
    }
}
