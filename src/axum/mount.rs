use std::{net::SocketAddr, sync::Arc};

use ::axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    routing::any,
};

use crate::{auth::Endpoints, http::Resources};

/// The endpoints as a router, for any state of the host: whole, or with rows left out.
///
/// ```
/// # fn app(auth: &hallpass::Auth) -> axum::Router {
/// axum::Router::new().nest("/api", hallpass::axum::router(auth))
/// # }
/// ```
pub fn router<S>(endpoints: impl Into<Endpoints>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    mount(&endpoints.into().into_resources())
}

/// The resources as a router for any state of the host.
pub(crate) fn mount<S>(resources: &Resources) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    resources.iter().fold(Router::new(), |router, resource| {
        let path = resource.path();
        let resource = Arc::clone(resource);
        let answer = move |request: Request| async move {
            let (head, body) = request.into_parts();
            let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
            let peer = peer.map(|ConnectInfo(peer)| *peer);
            let response = resource.serve(head, peer, body.into_data_stream()).await;
            response.map(Body::from)
        };
        router.route(path, any(answer))
    })
}
