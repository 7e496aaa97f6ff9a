//! The OpenAPI document and a page that lists the same endpoints for people.
//!
//! The page is a single file that loads nothing else. It is complete without its script: each endpoint has an entry
//! with its request, its replies and a `curl` line. The script adds forms that send the calls.

mod kept;
mod list;
mod page;
mod shape;

use std::sync::Arc;

use ::http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS},
};
use tokio::sync::OnceCell;

use self::{
    kept::{Kept, Ready, Wanted},
    list::List,
};
use super::{Endpoint, openapi, task};
use crate::error::{Error, Result};

/// The documents that describe a set of endpoints. They are generated when one is first requested, because generating
/// them takes megabytes of memory and few servers ever need them.
#[derive(Clone, Default)]
struct Contract(Arc<Written>);

#[derive(Default)]
struct Written {
    rows: Vec<Endpoint>,
    documents: OnceCell<Documents>,
}

struct Documents {
    json: Kept,
    page: Kept,
}

impl Contract {
    fn of(rows: Vec<Endpoint>) -> Self {
        Self(Arc::new(Written {
            rows,
            documents: OnceCell::new(),
        }))
    }

    /// # Errors
    /// The errors of [`Documents::new`].
    async fn documents(&self) -> Result<&Documents> {
        let Written { rows, documents } = &*self.0;
        let new = || async { Documents::new(rows) };
        documents.get_or_try_init(new).await
    }
}

impl Documents {
    /// # Errors
    /// The errors of [`openapi::document`]; `Internal` if a document cannot be written.
    fn new(rows: &[Endpoint]) -> Result<Self> {
        let document = openapi::document(rows)?;
        let json = serde_json::to_vec(&document).map_err(Error::internal)?;
        let document = serde_json::to_value(&document).map_err(Error::internal)?;
        let page = page::page(&List::new(rows, &document))?;
        let headers = [
            (CONTENT_SECURITY_POLICY, page::policy()?),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        Ok(Self {
            json: Kept::new("application/json", json, [])?,
            page: Kept::new("text/html; charset=utf-8", page.into_bytes(), headers)?,
        })
    }
}

/// Adds the documentation endpoints. The documents describe all endpoints, including their own. A documentation
/// endpoint replaces any other endpoint at the same path.
pub(crate) fn with_docs(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    let own = rows(&Contract::default());
    endpoints.retain(|row| !own.iter().any(|own| own.has_path_of(row)));
    let mut described = endpoints.clone();
    described.extend(own);
    endpoints.extend(rows(&Contract::of(described)));
    endpoints
}

/// `GET /openapi.json` and `GET /docs` for a contract.
fn rows(contract: &Contract) -> [Endpoint; 2] {
    [
        Endpoint::get("/openapi.json", contract.clone(), openapi_json)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get the OpenAPI document"),
        Endpoint::get("/docs", contract.clone(), docs)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get a page that lists every call and can send it"),
    ]
}

async fn openapi_json(contract: Contract, wanted: Wanted) -> Result<Ready> {
    Ok(contract.documents().await?.json.reply(&wanted))
}

async fn docs(contract: Contract, wanted: Wanted) -> Result<Ready> {
    Ok(contract.documents().await?.page.reply(&wanted))
}

#[cfg(test)]
mod tests;
