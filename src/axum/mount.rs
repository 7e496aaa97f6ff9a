use std::{net::SocketAddr, sync::Arc};

use ::axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    routing::any,
};

use crate::http::Resources;

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
