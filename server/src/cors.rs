//! The origins whose pages may call the server (the Fetch standard, section 3.3), the same on both frameworks.

use std::{convert::Infallible, time::Duration};

use http::{
    HeaderMap, HeaderName, Method, Request, Response,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE,
        ORIGIN, RETRY_AFTER, VARY,
    },
};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;

use crate::Settings;

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
const MAX_AGE: Duration = Duration::from_secs(3600);

/// The headers that browsers send for tracing: W3C Trace Context, W3C Baggage and Sentry.
const TRACING: [&str; 4] = ["traceparent", "tracestate", "baggage", "sentry-trace"];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The configured origins.
#[derive(Clone, Debug)]
pub(crate) struct Cors(CorsLayer);

/// The decision for a request.
#[derive(Debug)]
pub(crate) enum Judged {
    /// The request is answered with 200 and these headers.
    Preflight(HeaderMap),
    /// The request is answered normally, with these additional headers.
    Call(HeaderMap),
}

impl Cors {
    /// `None` if no origin is set. In that case, no header is added.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        if settings.cors_origins.is_empty() {
            return None;
        }
        let tracing = TRACING.map(HeaderName::from_static);
        let limits = ["ratelimit", "ratelimit-policy"].map(HeaderName::from_static);
        let sent = [AUTHORIZATION, CONTENT_TYPE, REQUEST_ID]
            .into_iter()
            .chain(tracing);
        let read = [RETRY_AFTER, REQUEST_ID].into_iter().chain(limits);
        let layer = CorsLayer::new()
            .allow_origin(settings.cors_origins.clone())
            // Known devices are identified by a cookie, which counts as a credential.
            .allow_credentials(true)
            .allow_methods(METHODS)
            .allow_headers(sent.collect::<Vec<_>>())
            .expose_headers(read.collect::<Vec<_>>())
            .max_age(MAX_AGE);
        Some(Self(layer))
    }

    /// An origin that is not allowed gets only `Vary`.
    pub(crate) async fn judge(&self, method: &Method, headers: &HeaderMap) -> Judged {
        let is_preflight = method == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let mut request = Request::new(());
        *request.headers_mut() = headers.clone();
        // The layer treats every OPTIONS request as a preflight, so other requests are passed to it as GET.
        *request.method_mut() = match is_preflight {
            true => Method::OPTIONS,
            false => Method::GET,
        };
        let nothing = service_fn(async |_| Ok::<_, Infallible>(Response::new(())));
        let Ok(judged) = self.0.layer(nothing).oneshot(request).await;
        let mut judged = judged.into_parts().0.headers;
        if !judged.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            let vary = judged.remove(VARY);
            judged.clear();
            judged.extend(vary.map(|vary| (VARY, vary)));
        }
        if !is_preflight {
            return Judged::Call(judged);
        }
        judged.insert(REQUEST_ID, hallpass::http::request_id(headers));
        Judged::Preflight(judged)
    }
}
