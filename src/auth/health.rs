//! `GET /health/live` and `/health/ready`.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    error::{Error, ErrorKind, Result},
    http::{Endpoint, Json, task},
    store::Store,
};

/// How long a result is cached. It is cached because each check writes to the store, and any client
/// may call the endpoint.
const KEPT_FOR: Duration = Duration::from_secs(1);

pub(super) fn endpoints(store: &Arc<dyn Store>) -> Vec<Endpoint> {
    let readiness = Arc::new(Readiness {
        store: store.clone(),
        last: Mutex::new(None),
    });
    vec![
        Endpoint::get("/health/live", (), live)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Check whether the process answers"),
        Endpoint::get("/health/ready", readiness, ready)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Check whether the database accepts writes")
            .errors(&[ErrorKind::Unavailable]),
    ]
}

async fn live((): ()) -> Result<Json<Health>> {
    Ok(Json(Health { status: "ok" }))
}

async fn ready(readiness: Arc<Readiness>) -> Result<Json<Health>> {
    readiness.check().await?;
    Ok(Json(Health { status: "ok" }))
}

/// Checks whether the store accepts writes. Only one request at a time performs the check, and concurrent requests
/// share its result.
#[derive(Debug)]
struct Readiness {
    store: Arc<dyn Store>,
    /// When the store was last checked, and the error, if the check failed; `None` until the first
    /// check.
    last: Mutex<Option<(Instant, Option<ErrorKind>)>>,
}

impl Readiness {
    async fn check(&self) -> Result<()> {
        let mut last = self.last.lock().await;
        if let Some((at, finding)) = *last
            && at.elapsed() < KEPT_FOR
        {
            return finding.map_or(Ok(()), |kind| Err(kind.into()));
        }
        let asked = self.store.ping().await.map_err(Error::from);
        *last = Some((Instant::now(), asked.as_ref().err().map(Error::kind)));
        asked
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Health {
    /// Always `ok`; any other state is reported as a problem.
    status: &'static str,
}
