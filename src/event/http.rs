//! The client as a handler argument, and the event as it appears in replies.

use std::net::IpAddr;
#[cfg(any(feature = "axum", feature = "actix"))]
use std::net::SocketAddr;

#[cfg(any(feature = "axum", feature = "actix"))]
use ::http::request::Parts;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{ClientInfo, Event, EventId};
#[cfg(any(feature = "axum", feature = "actix"))]
use crate::{
    error::Error,
    http::{RequestId, RequestScope, user_agent},
};
use crate::{
    error::Result,
    http::{Input, Request, time},
    id::UserId,
    secret::DeviceToken,
};

impl<S: Sync> Input<S> for ClientInfo {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self::new(request.client_ip(), request.user_agent())
            .identified(request.device(), request.id()))
    }
}

impl ClientInfo {
    /// The client of a request that this scope covers.
    ///
    /// # Errors
    /// The errors of [`ClientAddress::of`](crate::http::ClientAddress::of).
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn within(
        scope: Option<&RequestScope>,
        head: &Parts,
        peer: Option<SocketAddr>,
    ) -> Result<Self> {
        let scope = scope.ok_or_else(|| {
            Error::internal("the route is not within the layer Auth::request_scope")
        })?;
        let headers = &head.headers;
        Ok(Self::new(scope.client_ip(head, peer)?, user_agent(headers))
            .identified(scope.device(headers), RequestId::of(headers).as_str()))
    }

    fn identified(mut self, device: Option<&str>, request_id: &str) -> Self {
        self.device = device.map(DeviceToken::from);
        self.with_request_id(request_id)
    }
}

/// An event in the audit trail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Event))]
pub(crate) struct EventView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: EventId,
    /// The type, such as `signed_in`. More types may follow.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `success` or `failure`.
    outcome: &'static str,
    /// The affected user; null for an attempt on an address without an account.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<uuid::Uuid>, required))]
    user_id: Option<UserId>,
    /// The user who caused the event; null if unknown.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<uuid::Uuid>, required))]
    actor_id: Option<UserId>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, required))]
    ip: Option<IpAddr>,
    #[cfg_attr(feature = "openapi", schema(required))]
    user_agent: Option<String>,
    /// The `X-Request-Id` of the request.
    #[cfg_attr(feature = "openapi", schema(required))]
    request_id: Option<String>,
    /// Further details, which depend on `type`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    detail: Map<String, Value>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            kind: event.kind.as_str(),
            outcome: event.outcome.as_str(),
            user_id: event.user_id,
            actor_id: event.actor_id,
            ip: event.client.ip,
            user_agent: event.client.user_agent,
            request_id: event.client.request_id,
            detail: event.detail,
            created_at: event.created_at,
        }
    }
}
