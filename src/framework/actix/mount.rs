//! The endpoints as an actix-web configuration.

use std::sync::Arc;

use ::http::{
    Method,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
};
use actix_web::{
    HttpRequest, HttpResponse,
    error::PayloadError,
    guard::fn_guard,
    web::{self, Payload, ServiceConfig},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::head::{parts, reply};
use crate::{
    auth::endpoints::Endpoints,
    http::{ClientAddress, Problem, Resource, Resources},
};

/// Mounts all or some of the endpoints on an `App` or a `Scope`.
///
/// ```
/// use hallpass::ClientAddress;
///
/// # fn api(auth: &hallpass::Auth) -> actix_web::Scope {
/// actix_web::web::scope("/api").configure(hallpass::actix::configure(auth, ClientAddress::peer()))
/// # }
/// ```
///
/// The peer that [`ClientAddress`] uses is the `peer_addr` of the request. A request over a Unix
/// socket, or in a test without a connection, has no peer. If the rule needs the peer, such a
/// request is answered with 500 `internal`, unless it is for health, keys or documentation. The
/// reason is logged.
pub fn configure(
    endpoints: impl Into<Endpoints>,
    client_address: ClientAddress,
) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static {
    mount(Arc::new(endpoints.into().into_resources(client_address)))
}

/// The resources as a configuration of an `App` or a `Scope`.
pub(crate) fn mount(
    resources: Arc<Resources>,
) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        for resource in resources.iter() {
            let (asked, served) = (Arc::clone(resource), Arc::clone(resource));
            // actix decodes percent-escapes before it matches a path, but the pattern must match
            // the raw path.
            let raw = fn_guard(move |context| asked.matches(context.head().uri.path()));
            let answer = move |request: HttpRequest, body: Payload| {
                let resource = Arc::clone(&served);
                async move { serve(&resource, &request, body).await }
            };
            config.service(web::resource(resource.path()).guard(raw).to(answer));
        }
    }
}

async fn serve(resource: &Resource, request: &HttpRequest, body: Payload) -> HttpResponse {
    reply(match parts(request) {
        Ok(head) => {
            let body = framed(&head, body);
            resource.serve(head, request.peer_addr(), body).await
        }
        Err(error) => Problem::from(error).to_response(),
    })
}

/// The body. After a request to switch protocols, actix would pass on the rest of the connection as
/// an endless body. No endpoint switches protocols, so the body is cut at the length that the head
/// announces.
fn framed(head: &Parts, body: Payload) -> impl Stream<Item = Result<Bytes, PayloadError>> + use<> {
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let switches = head.headers.contains_key(UPGRADE) || head.method == Method::CONNECT;
    let endless = switches && !head.headers.contains_key(TRANSFER_ENCODING);
    let left = if endless {
        announced.unwrap_or_default()
    } else {
        usize::MAX
    };
    stream::unfold((body, left), async |(mut body, left)| {
        if left == 0 {
            return None;
        }
        let chunk = body.next().await?;
        let chunk = chunk.map(|chunk| chunk.slice(..chunk.len().min(left)));
        let left = left.saturating_sub(chunk.as_ref().map_or(left, Bytes::len));
        Some((chunk, (body, left)))
    })
}
