//! One endpoint of the contract and the functions that can handle it.

use std::{fmt, net::IpAddr, sync::Arc};

use ::http::{HeaderMap, Method, Uri};
use futures_util::future::BoxFuture;

#[cfg(feature = "openapi")]
use super::openapi::Operation;
use super::{
    Input, Output, Problem, Request, Response, problem::problem_kind, row_docs::Docs,
    template::Template,
};
use crate::error::{ErrorKind, Result};

/// The path of browser sessions. It exists only if browser sessions are enabled.
pub(crate) const BROWSER_SESSION: &str = "/auth/session";

/// One endpoint of the HTTP contract: a method, a path, and a handler.
#[derive(Clone)]
pub struct Endpoint {
    method: Method,
    path: &'static str,
    docs: Docs,
    serves_anyone: bool,
    page_of: Option<Arc<PageOf>>,
    run: Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>,
    #[cfg(feature = "openapi")]
    describe: fn(&mut Operation),
}

/// Renders a problem as a page.
type PageOf = dyn Fn(&Visit, &Refused) -> Response + Send + Sync;

/// A request for a page for human readers.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) uri: Uri,
    /// The headers, with the id that the reply will have.
    pub(crate) headers: HeaderMap,
}

/// A problem that a page replaces.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) kind: ErrorKind,
    pub(crate) problem: Response,
}

impl Endpoint {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path, with parameters as `{name}`, relative to the mount point of the endpoints.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// An endpoint for GET and HEAD.
    pub fn get<S, I>(path: &'static str, state: S, handler: impl Handler<S, I>) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self::new(Method::GET, path, state, handler)
    }

    /// An endpoint for POST.
    pub fn post<S, I>(path: &'static str, state: S, handler: impl Handler<S, I>) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self::new(Method::POST, path, state, handler)
    }

    /// An endpoint for PATCH.
    pub fn patch<S, I>(path: &'static str, state: S, handler: impl Handler<S, I>) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self::new(Method::PATCH, path, state, handler)
    }

    /// An endpoint for DELETE.
    pub fn delete<S, I>(path: &'static str, state: S, handler: impl Handler<S, I>) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self::new(Method::DELETE, path, state, handler)
    }

    /// Sets the tag under which the documentation shows the endpoint.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.docs.tag = tag;
        self
    }

    /// Marks the endpoint as independent of the client: no rate limit counts its calls, and it does
    /// not need the client's address.
    #[must_use]
    pub fn for_anyone(mut self) -> Self {
        self.serves_anyone = true;
        self
    }

    /// Sets the summary.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.docs.summary = summary;
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, description: &'static str) -> Self {
        self.docs.description = description;
        self
    }

    /// Adds the error kinds of the use case to those of the inputs.
    #[must_use]
    pub fn errors(mut self, kinds: &[ErrorKind]) -> Self {
        self.docs.errors.extend_from_slice(kinds);
        self
    }

    /// Marks the endpoint as a page for human readers: the OpenAPI document leaves it out, and its problems are
    /// rendered as pages.
    #[cfg_attr(
        not(any(test, feature = "pages")),
        expect(dead_code, reason = "for pages")
    )]
    pub(crate) fn for_people(
        mut self,
        page_of: impl Fn(&Visit, &Refused) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.page_of = Some(Arc::new(page_of));
        self
    }

    /// Sets a check that runs first and decides whether to answer a request from this client.
    pub(crate) fn behind<F>(
        mut self,
        gate: impl Fn(Option<IpAddr>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let run = Arc::clone(&self.run);
        self.run = Arc::new(move |request| {
            let (run, asked) = (Arc::clone(&run), gate(request.client_ip()));
            Box::pin(async move {
                match asked.await {
                    Ok(()) => run(request).await,
                    Err(error) => Problem::from(error).to_response(),
                }
            })
        });
        self
    }

    /// Whether the endpoint is independent of the client; see [`for_anyone`](Self::for_anyone).
    #[must_use]
    pub fn serves_anyone(&self) -> bool {
        self.serves_anyone
    }

    /// Whether both endpoints match the same paths, regardless of methods and parameter names.
    pub(crate) fn has_path_of(&self, other: &Self) -> bool {
        match (Template::new(self.path), Template::new(other.path)) {
            (Ok(own), Ok(other)) => own.same_shape(&other),
            _ => false,
        }
    }

    pub(crate) fn is_for_people(&self) -> bool {
        self.page_of.is_some()
    }

    /// Renders a problem as a page if the endpoint is a page for human readers. Other replies are not changed.
    pub(crate) fn page_of_problem(&self, visit: &Visit, response: Response) -> Response {
        match (&self.page_of, problem_kind(&response)) {
            (Some(page_of), Some(kind)) => {
                let problem = response;
                page_of(visit, &Refused { kind, problem })
            }
            _ => response,
        }
    }

    pub(crate) fn docs(&self) -> &Docs {
        &self.docs
    }

    pub(crate) fn run(&self, request: Request) -> BoxFuture<'static, Response> {
        (self.run)(request)
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn describe(&self, operation: &mut Operation) {
        (self.describe)(operation);
    }

    fn new<S, I, H: Handler<S, I>>(method: Method, path: &'static str, state: S, handler: H) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self {
            method,
            path,
            docs: Docs {
                errors: H::errors(),
                ..Docs::default()
            },
            serves_anyone: false,
            page_of: None,
            run: Arc::new(move |request| Box::pin(handler.clone().run(state.clone(), request))),
            #[cfg(feature = "openapi")]
            describe: H::describe,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("docs", &self.docs)
            .finish_non_exhaustive()
    }
}

/// A request handler: a plain `async fn(state, input, …) -> Result<output>` with up to four inputs.
/// Every such function implements this trait.
pub trait Handler<S, I>: Clone + Send + Sync + 'static {
    /// Takes the inputs from left to right, and renders the output or the problem.
    fn run(self, state: S, request: Request) -> impl Future<Output = Response> + Send + 'static;

    /// The error kinds that the inputs can return.
    fn errors() -> Vec<ErrorKind>;

    /// Adds the inputs and the output to the OpenAPI document.
    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation);
}

fn reply(result: Result<impl Output>) -> Response {
    match result {
        Ok(output) => output.render(),
        Err(error) => Problem::from(error).to_response(),
    }
}

macro_rules! handler {
    ($($input:ident)*) => {
        #[allow(non_snake_case, reason = "an input is named as its type")]
        impl<F, Fut, S, O, $($input,)*> Handler<S, ($($input,)*)> for F
        where
            F: Fn(S, $($input),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<O>> + Send + 'static,
            S: Clone + Send + Sync + 'static,
            O: Output + 'static,
            $($input: Input<S> + 'static,)*
        {
            #[allow(unused_mut, unused_variables, reason = "there are handlers without inputs")]
            async fn run(self, state: S, mut request: Request) -> Response {
                let result = async {
                    $(let $input = $input::take(&state, &mut request).await?;)*
                    drop(request);
                    self(state, $($input),*).await
                };
                reply(result.await)
            }

            fn errors() -> Vec<ErrorKind> {
                let errors: &[&[ErrorKind]] = &[$($input::errors()),*];
                errors.concat()
            }

            #[cfg(feature = "openapi")]
            fn describe(operation: &mut Operation) {
                $($input::describe(operation);)*
                O::describe(operation);
            }
        }
    };
}

handler! {}
handler! { A }
handler! { A B }
handler! { A B C }
handler! { A B C D }
