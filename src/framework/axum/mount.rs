//! The endpoints as an axum router.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use ::axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, FromRequestParts as _, OriginalUri, Request},
    routing::{MethodFilter, any},
};
use ::http::{Method, Uri, request::Parts};
use bytes::Bytes;
use futures_util::stream;

use crate::{
    auth::endpoints::Endpoints,
    http::{ClientAddress, Resources, UnknownLength},
};

/// All or some of the endpoints as a router, for any host state.
///
/// ```
/// use hallpass::ClientAddress;
///
/// # fn app(auth: &hallpass::Auth) -> axum::Router {
/// axum::Router::new().nest("/api", hallpass::axum::router(auth, ClientAddress::peer()))
/// # }
/// ```
///
/// The peer that [`ClientAddress`] uses is the `ConnectInfo<SocketAddr>` of the request. It is set by
/// `into_make_service_with_connect_info::<SocketAddr>()` or, in tests, by the layer `MockConnectInfo`. If the rule
/// needs a peer and there is none, every request is answered with 500 `internal`, except those for health, keys and
/// documentation. The reason is logged, or written to standard error if no subscriber records the
/// log.
pub fn router<S>(endpoints: impl Into<Endpoints>, client_address: ClientAddress) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    mount(&endpoints.into().into_resources(client_address))
}

/// The resources as a router for any host state.
pub(crate) fn mount<S>(resources: &Resources) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    resources.iter().fold(Router::new(), |router, resource| {
        let path = resource.path();
        // Methods are registered one by one, so that axum refuses a second handler for a method. axum would not notice
        // a clash with methods that a fallback serves.
        let methods = methods(resource.methods());
        let resource = Arc::clone(resource);
        let answer = move |request: Request| async move {
            let (mut head, body) = request.into_parts();
            // Below a prefix, axum removes the prefix from the path, but the log and a host's rule for client
            // addresses need the whole path.
            if let Some(OriginalUri(whole)) = head.extensions.get().cloned()
                && only_stripped(&head.uri, &whole)
            {
                head.uri = whole;
            }
            let peer = peer(&mut head).await;
            let response = resource.serve(head, peer, body.into_data_stream()).await;
            if response.extensions().get::<UnknownLength>().is_none() {
                return response.map(Body::from);
            }
            // With an empty body, axum would announce a length of zero.
            response.map(|_| Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()))
        };
        router.route(path, any(answer.clone()).on(methods, answer))
    })
}

/// The address of the other end of the connection, if the server reports it.
pub(super) async fn peer(head: &mut Parts) -> Option<SocketAddr> {
    let peer = ConnectInfo::from_request_parts(head, &()).await;
    peer.ok().map(|ConnectInfo(peer)| peer)
}

/// The URI with the prefix that axum removes from the path.
pub(super) fn whole_uri(head: &Parts) -> &Uri {
    match head.extensions.get() {
        Some(OriginalUri(whole)) => whole,
        None => &head.uri,
    }
}

/// Whether the only difference between the URIs is a removed path prefix. Otherwise, the host has rewritten the URI.
fn only_stripped(uri: &Uri, whole: &Uri) -> bool {
    whole.query() == uri.query() && whole.path().ends_with(uri.path())
}

/// The filter for these methods.
fn methods<'a>(methods: impl Iterator<Item = &'a Method>) -> MethodFilter {
    methods
        .filter_map(|method| MethodFilter::try_from(method.clone()).ok())
        .reduce(MethodFilter::or)
        .unwrap_or(MethodFilter::GET)
}
