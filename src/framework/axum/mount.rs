//! The endpoints as an axum router.

use std::{convert::Infallible, sync::Arc};

use ::axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, FromRequestParts as _, OriginalUri, Request},
    routing::{MethodFilter, any},
};
use ::http::Method;
use bytes::Bytes;
use futures_util::stream;

use crate::{
    auth::endpoints::Endpoints,
    http::{ClientAddress, Resources, UnknownLength},
};

/// The endpoints as a router, for any state of the host: whole, or with rows left out.
///
/// ```
/// use hallpass::ClientAddress;
///
/// # fn app(auth: &hallpass::Auth) -> axum::Router {
/// axum::Router::new().nest("/api", hallpass::axum::router(auth, ClientAddress::peer()))
/// # }
/// ```
///
/// The peer that [`ClientAddress`] goes by is the `ConnectInfo<SocketAddr>` of the request, which
/// `into_make_service_with_connect_info::<SocketAddr>()` sets, or for tests the layer `MockConnectInfo`. Where there is
/// none and the rule needs one, every request but those for health, keys and documentation is answered with 500
/// `internal`, and the log says why, or standard error without a subscriber for the log.
pub fn router<S>(endpoints: impl Into<Endpoints>, client_address: ClientAddress) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    mount(&endpoints.into().into_resources(client_address))
}

/// The resources as a router for any state of the host.
pub(crate) fn mount<S>(resources: &Resources) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    resources.iter().fold(Router::new(), |router, resource| {
        let path = resource.path();
        // Each method by itself: axum refuses a second handler for one, and sees none behind a fallback.
        let methods = methods(resource.methods());
        let resource = Arc::clone(resource);
        let answer = move |request: Request| async move {
            let (mut head, body) = request.into_parts();
            // Below a prefix axum cuts the path, which the log and a host's rule want whole.
            if let Some(OriginalUri(whole)) = head.extensions.remove() {
                head.uri = whole;
            }
            let peer = ConnectInfo::from_request_parts(&mut head, &()).await;
            let peer = peer.ok().map(|ConnectInfo(peer)| peer);
            let response = resource.serve(head, peer, body.into_data_stream()).await;
            if response.extensions().get::<UnknownLength>().is_none() {
                return response.map(Body::from);
            }
            // Else axum announces the length of the body it is given.
            let nothing = stream::empty::<Result<Bytes, Infallible>>();
            response.map(|_| Body::from_stream(nothing))
        };
        router.route(path, any(answer.clone()).on(methods, answer))
    })
}

/// The filter of these methods. CONNECT, which axum has no filter for, is left to `any`.
fn methods<'a>(methods: impl Iterator<Item = &'a Method>) -> MethodFilter {
    let filters = methods.filter_map(|method| MethodFilter::try_from(method.clone()).ok());
    filters
        .reduce(MethodFilter::or)
        .unwrap_or(MethodFilter::GET)
}
