//! The HTTP contract, implemented once with the types of the `http` crate. axum and actix only transport bytes.
//!
//! * An [`Endpoint`] is one entry of the contract: a method, a path, and an async function. The
//!   argument and return types of the function read the request, write the reply, and describe
//!   both.
//! * Endpoints are grouped by path. This module selects the endpoint, and handles `HEAD`, 405 with
//!   `Allow`, the size and the media type of bodies, percent-decoding, request ids, the time limit
//!   and every error body. All of that is therefore the same on every server.
//! * A failure is a [`Problem`]: `application/problem+json` (RFC 9457) with a stable `code` for programs to match on.
//!   Its documentation lists every code.
//! * [`ClientAddress`] is the rule for finding the client's address.
//! * [`not_found`] creates a 404 problem. A server can use it for paths without an endpoint.
//!
//! ```
//! use hallpass::{Error, ErrorKind, http::Problem};
//!
//! let reply = Problem::from(Error::new(ErrorKind::Forbidden)).to_response();
//! assert_eq!(reply.status(), 403);
//! assert_eq!(reply.headers()["content-type"], "application/problem+json");
//! ```

#![cfg_attr(
    not(all(
        feature = "actix",
        feature = "oauth",
        feature = "openapi",
        feature = "pages"
    )),
    allow(
        dead_code,
        unused_imports,
        reason = "each of them uses a part of this folder that the others do not"
    )
)]

mod bearer;
mod body;
mod client_address;
mod cookie;
mod credentials;
mod described;
mod device;
#[cfg(feature = "openapi")]
pub(crate) mod docs;
mod endpoint;
mod inline;
mod input;
mod members;
pub(crate) mod next;
#[cfg(feature = "openapi")]
pub(crate) mod openapi;
mod origin;
mod output;
mod problem;
pub(crate) mod query;
mod reply;
mod request;
mod request_id;
mod resource;
mod row_docs;
mod scope;
mod session_cookie;
pub(crate) mod task;
mod template;
pub(crate) mod time;

#[cfg(test)]
pub(crate) mod sample;

#[cfg(feature = "openapi")]
pub use self::openapi::Operation;
#[cfg(any(feature = "oauth", feature = "pages"))]
pub(crate) use self::output::is_source;
pub(crate) use self::{
    bearer::bearer,
    cookie::Cookies,
    credentials::{CredentialRule, Presented},
    device::WithDevice,
    endpoint::{BROWSER_SESSION, Visit},
    inline::{hash_source, minified},
    input::{Form, OwnOrigin},
    origin::Origin,
    output::{Html, SeeOther, json_reply},
    request::user_agent,
    request_id::RequestId,
    resource::answering,
    scope::{Caching, span},
    session_cookie::{WithSession, forget_cached_pages},
};
pub use self::{
    client_address::{ClientAddress, ForwardingHeader},
    described::Described,
    endpoint::{Endpoint, Handler},
    input::{Input, Json, Path, Query},
    members::{FromMembers, Members},
    output::{Accepted, Created, Document, NoContent, Output},
    problem::Problem,
    reply::{Response, UnknownLength},
    request::Request,
    request_id::request_id,
    resource::{Resource, Resources, not_found},
    scope::RequestScope,
};
