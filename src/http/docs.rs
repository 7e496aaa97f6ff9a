//! The OpenAPI document and an interactive page for it. All files are embedded, so no other host is contacted.

use std::{sync::Arc, time::Duration};

use ::http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use bytes::Bytes;
use tokio::sync::OnceCell;
use utoipa_swagger_ui::Config;

use super::{Document, Endpoint, Path, openapi, task};
use crate::error::{Error, ErrorKind, Result};

const PAGE: &str = include_str!("docs/page.html");
const START: &str = include_str!("docs/start.js");

/// The page runs only scripts from this server, and sends requests only to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files of the page, and their media types.
const FILES: [(&str, &str); 5] = [
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
    ("start.js", "text/javascript; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
];

/// The document that describes some endpoints. It is generated when it is first requested, because
/// generating it takes megabytes of memory and few servers ever need it.
#[derive(Clone, Default)]
struct Contract(Arc<Written>);

#[derive(Default)]
struct Written {
    rows: Vec<Endpoint>,
    json: OnceCell<Bytes>,
}

impl Contract {
    fn of(rows: Vec<Endpoint>) -> Self {
        Self(Arc::new(Written {
            rows,
            json: OnceCell::new(),
        }))
    }

    /// # Errors
    /// The errors of [`openapi::document`]; `Internal` if the document cannot be serialized as
    /// JSON.
    async fn json(&self) -> Result<Bytes> {
        let Written { rows, json } = &*self.0;
        json.get_or_try_init(|| async {
            let document = openapi::document(rows)?;
            let json = serde_json::to_vec(&document).map_err(Error::internal)?;
            Ok(Bytes::from(json))
        })
        .await
        .cloned()
    }
}

/// Adds the documentation endpoints. The document describes all endpoints, including its own. A
/// documentation endpoint replaces any other endpoint at the same path.
pub(crate) fn with_docs(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    let own = rows(&Contract::default());
    endpoints.retain(|row| !own.iter().any(|own| own.has_path_of(row)));
    let mut described = endpoints.clone();
    described.extend(own);
    endpoints.extend(rows(&Contract::of(described)));
    endpoints
}

/// `GET /openapi.json`, `GET /docs` and `GET /docs/{file}` for a contract.
fn rows(contract: &Contract) -> [Endpoint; 3] {
    [
        Endpoint::get("/openapi.json", contract.clone(), openapi_json)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get the OpenAPI document"),
        Endpoint::get("/docs", (), page)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get an interactive page for the OpenAPI document"),
        Endpoint::get("/docs/{file}", (), file)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get a file of the interactive page"),
    ]
}

async fn openapi_json(contract: Contract) -> Result<Document> {
    let json = HeaderValue::from_static("application/json");
    Ok(Document::new(json, contract.json().await?))
}

async fn page((): ()) -> Result<Document> {
    Ok(
        Document::new(HeaderValue::from_static("text/html; charset=utf-8"), PAGE)
            .header(CONTENT_SECURITY_POLICY, POLICY)
            .header(REFERRER_POLICY, "no-referrer"),
    )
}

async fn file((): (), Path(name): Path<String>) -> Result<Document> {
    let (name, content_type) = FILES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or(ErrorKind::NotFound)?;
    let body = match *name {
        "start.js" => Bytes::from_static(START.as_bytes()),
        name => vendored(name)?,
    };
    Ok(Document::new(HeaderValue::from_static(content_type), body)
        .max_age(Duration::from_secs(3600)))
}

fn vendored(name: &str) -> Result<Bytes> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from("openapi.json")))
        .map_err(|error| Error::internal(error.to_string()))?
        .ok_or_else(|| {
            Error::internal(format!("the file `{name}` is not embedded in the program"))
        })?;
    Ok(match file.bytes {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    })
}

#[cfg(test)]
mod tests;
