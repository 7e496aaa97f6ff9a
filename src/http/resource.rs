//! Endpoints grouped by path: selecting an endpoint, and everything that all endpoints share.

use std::{
    borrow::Borrow, cmp::Ordering, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc,
    time::Duration,
};

use ::http::{
    HeaderMap, HeaderValue, Method,
    header::{ALLOW, CONTENT_LENGTH},
    request::Parts,
};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use super::{
    ClientAddress, CredentialRule, Endpoint, Problem, Request, RequestId, RequestScope, Response,
    Visit, body::Body, reply::UnknownLength, span, template::Template,
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
};

/// All endpoints of a contract by path, in the order in which paths are matched.
#[derive(Debug)]
pub struct Resources(Vec<Arc<Resource>>);

/// The endpoints of one path.
#[derive(Debug)]
pub struct Resource {
    template: Template,
    endpoints: Vec<Endpoint>,
    timeout: Duration,
    client_address: Arc<ClientAddress>,
    credentials: CredentialRule,
}

impl Resources {
    /// # Errors
    /// `Configuration` if two endpoints have the same method and path, two patterns match the same
    /// paths, or a path is not a valid pattern.
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        timeout: Duration,
        client_address: ClientAddress,
        credentials: &CredentialRule,
    ) -> Result<Self> {
        let client_address = Arc::new(client_address);
        let resource = |(template, endpoints)| Resource {
            template,
            endpoints,
            timeout,
            client_address: Arc::clone(&client_address),
            credentials: credentials.clone(),
        };
        let mut resources: Vec<_> = by_path(endpoints)?.into_iter().map(resource).collect();
        resources.sort_by(Resource::precedence);
        Ok(Self(resources.into_iter().map(Arc::new).collect()))
    }

    /// # Errors
    /// The errors of [`new`](Self::new).
    pub(crate) fn check(endpoints: &[Endpoint]) -> Result<()> {
        by_path(endpoints).map(drop)
    }

    /// The resources, in the order in which paths are matched.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.0.iter()
    }
}

impl Resource {
    /// The path pattern, with parameters as `{name}`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.template.path()
    }

    /// Whether the raw path of a request, including a prefix, matches this resource. Servers that decode paths before
    /// they match them must call this.
    #[must_use]
    pub fn matches(&self, raw_path: &str) -> bool {
        self.template.matches(raw_path)
    }

    /// The methods of its endpoints, and HEAD if there is a GET. Other methods get a 405.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.endpoints
            .iter()
            .map(Endpoint::method)
            .flat_map(|method| {
                let also_head = (method == Method::GET).then_some(&Method::HEAD);
                [method].into_iter().chain(also_head)
            })
    }

    /// Answers a request to this path with any method. `peer` is the address of the other end of the connection, if
    /// known.
    pub async fn serve<B, E>(&self, head: Parts, peer: Option<SocketAddr>, body: B) -> Response
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        let id = RequestId::of(&head.headers);
        let is_head = head.method == Method::HEAD;
        let span = if head.extensions.get::<RequestScope>().is_some() {
            Span::none()
        } else {
            let mounted_at = self.template.before(head.uri.path()).unwrap_or_default();
            let path = [mounted_at, self.path()].concat();
            span(&id, head.method.as_str(), &path)
        };
        let response = self
            .answer((head, peer, id.clone()), body)
            .instrument(span)
            .await;
        finish(response, id, is_head)
    }

    async fn answer<B, E>(&self, (head, peer, id): Asked, body: B) -> Response
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        let ends_at = Instant::now() + self.timeout;
        // The body is read before any decision, because a client that is still writing would not read the reply.
        let body = match Body::read(body, ends_at).await {
            Ok(body) => body,
            Err(error) => {
                tracing::debug!(%error, "the body of a request did not arrive in time");
                return Problem::from(error).unlogged();
            }
        };
        let Some(params) = self.template.params(head.uri.path()) else {
            return Problem::from(ErrorKind::NotFound).to_response();
        };
        let Some(endpoint) = self.endpoint(&head.method) else {
            return self.method_not_allowed();
        };
        let visit = endpoint.is_for_people().then(|| {
            let mut headers = head.headers.clone();
            // A page can show the id that the reply will have.
            id.clone().stamp(&mut headers);
            let uri = head.uri.clone();
            Visit { uri, headers }
        });
        let problem = |error: Error| Problem::from(error).to_response();
        let running = async {
            let client = match endpoint.serves_anyone() {
                true => Ok(None),
                false => self.client_address.of(&head, peer),
            };
            match client {
                Ok(ip) => {
                    let request =
                        Request::new(head, params, ip, id, self.credentials.clone(), body);
                    endpoint.run(request).await
                }
                Err(error) => problem(error),
            }
        };
        let running = Deadline::at(ends_at, self.timeout).bind(running);
        let running = AssertUnwindSafe(running).catch_unwind();
        let response = match timeout_at(ends_at, running).await {
            Ok(Ok(response)) => response,
            // The panic hook has already received the payload. The payload may contain secrets, so it is not logged
            // here.
            Ok(Err(_panic)) => problem(Error::internal("the handler panicked")),
            Err(elapsed) => problem(Error::new(ErrorKind::Unavailable).with_source(elapsed)),
        };
        match visit {
            Some(visit) => endpoint.page_of_problem(&visit, response),
            None => response,
        }
    }

    /// The endpoint for a method; a GET endpoint also answers HEAD.
    fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.endpoints.iter().find(|row| row.method() == method)
    }

    fn method_not_allowed(&self) -> Response {
        let allowed: Vec<&str> = self.methods().map(Method::as_str).collect();
        let mut response = Problem::from(ErrorKind::MethodNotAllowed).to_response();
        if let Ok(allowed) = HeaderValue::try_from(allowed.join(", ")) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }

    fn precedence(&self, other: &Self) -> Ordering {
        self.template.precedence(&other.template)
    }
}

/// The endpoints of each path pattern.
///
/// # Errors
/// `Configuration` if two endpoints have the same method and path, two patterns match the same
/// paths, or a path is not a valid pattern.
fn by_path<E: Borrow<Endpoint>>(
    endpoints: impl IntoIterator<Item = E>,
) -> Result<Vec<(Template, Vec<E>)>> {
    let mut groups: Vec<(Template, Vec<E>)> = Vec::new();
    for endpoint in endpoints {
        let (method, path) = (endpoint.borrow().method(), endpoint.borrow().path());
        let template = Template::new(path)?;
        let group = groups.iter_mut().find(|(of, _)| of.same_shape(&template));
        let Some((known, rows)) = group else {
            groups.push((template, vec![endpoint]));
            continue;
        };
        if known.path() != path {
            return Err(Error::configuration(format!(
                "`{path}` and `{}` match the same paths",
                known.path()
            )));
        }
        if rows.iter().any(|row| row.borrow().method() == method) {
            return Err(Error::configuration(format!(
                "there are two rows for {method} {path}"
            )));
        }
        rows.push(endpoint);
    }
    Ok(groups)
}

/// A request's head, the other end of its connection, and its id.
type Asked = (Parts, Option<SocketAddr>, RequestId);

/// A 404 problem with an `X-Request-Id`. A server can use this reply for paths without an endpoint.
#[must_use]
pub fn not_found(method: &Method, headers: &HeaderMap) -> Response {
    answering(
        Problem::from(ErrorKind::NotFound).to_response(),
        method,
        headers,
    )
}

/// The reply with an `X-Request-Id`, and without a body for HEAD.
pub(crate) fn answering(response: Response, method: &Method, headers: &HeaderMap) -> Response {
    finish(response, RequestId::of(headers), method == Method::HEAD)
}

/// The reply to HEAD has the content length that GET would have (RFC 9110, section 9.3.2), if that is known.
fn finish(mut response: Response, id: RequestId, is_head: bool) -> Response {
    id.stamp(response.headers_mut());
    if is_head {
        if response.extensions().get::<UnknownLength>().is_none() {
            let length = HeaderValue::from(response.body().len());
            response.headers_mut().insert(CONTENT_LENGTH, length);
        }
        response.body_mut().clear();
    }
    response
}

#[cfg(test)]
mod tests;
