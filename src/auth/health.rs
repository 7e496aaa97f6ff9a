//! `GET /health/live` and `/health/ready`.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    error::{ErrorKind, Result},
    http::{Endpoint, Json, SERVICE},
    store::Store,
};

pub(super) fn endpoints(store: &Arc<dyn Store>) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/health/live", (), live)
            .tag(SERVICE)
            .summary("Whether the process answers"),
        Endpoint::get("/health/ready", store.clone(), ready)
            .tag(SERVICE)
            .summary("Whether the database answers")
            .errors(&[ErrorKind::Unavailable]),
    ]
}

async fn live((): ()) -> Result<Json<Health>> {
    Ok(Json(Health { status: "ok" }))
}

async fn ready(store: Arc<dyn Store>) -> Result<Json<Health>> {
    store.ping().await?;
    Ok(Json(Health { status: "ok" }))
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Health {
    /// Always `ok`: anything else is a problem.
    status: &'static str,
}
