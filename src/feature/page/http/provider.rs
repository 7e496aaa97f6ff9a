//! `GET /sign-in/{provider}`: a sign-in with a provider that begins and ends on the pages.

use super::{
    super::{answer::Reply, frame::Frame},
    Parts,
    asked::Asked,
};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    feature::oauth::http::page::OldFlows,
    http::Path,
};

/// Sends the browser to the provider. It returns to the callback, which opens the session.
pub(super) async fn begin(
    parts: Parts,
    Path(provider): Path<String>,
    asked: Asked,
    client: ClientInfo,
    old: OldFlows,
) -> Result<Reply> {
    let sign_ins = &parts.provider_sign_ins;
    let query = asked.frame().to("");
    let begun = sign_ins.begin_on_pages(&provider, &query, &client).await;
    match begun {
        Ok(Some(begun)) => {
            let now = sign_ins.core.clock.now();
            let cookies = old.replaced_by(&begun, parts.cookies, now);
            Ok(Reply::see_other(begun.location).with_cookies(cookies))
        }
        Ok(None) => {
            let page = asked.to_with("sign-in", "error", Some("provider_failed"));
            Ok(Reply::see_other(format!("../{page}")))
        }
        Err(error) if error.kind() == ErrorKind::ProviderUnknown => {
            let frame = Frame {
                root: "../",
                ..asked.frame()
            };
            parts.pages.not_found(&frame).map(Reply::page)
        }
        Err(error) => Err(error),
    }
}
