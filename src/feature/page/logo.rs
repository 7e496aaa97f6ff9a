//! `GET /brand/logo`.

use std::time::Duration;

use ::http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};

use crate::{
    brand::Logo,
    error::{Error, Result},
    http::{Document, Endpoint},
};

/// The path, which pages reference with a relative URL.
const PATH: &str = "/brand/logo";

/// The logo as a document. An SVG that is opened on its own can neither run a script nor load anything.
pub(super) fn document(logo: &Logo) -> Result<Document> {
    let media_type = HeaderValue::from_str(&logo.media_type).map_err(Error::internal)?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    Ok(Document::new(media_type, logo.bytes.clone())
        .max_age(Duration::from_secs(3600))
        .header(CONTENT_SECURITY_POLICY, policy)
        .header(REFERRER_POLICY, "no-referrer"))
}

pub(super) fn endpoint(logo: &Document) -> Endpoint {
    Endpoint::get(PATH, logo.clone(), async |logo: Document| Ok(logo))
}
