//! The client as an argument of handlers.

use super::ClientInfo;
use crate::{
    error::Result,
    http::{Input, Request},
};

impl<S: Sync> Input<S> for ClientInfo {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let client = Self::new(request.peer_ip(), request.user_agent());
        Ok(client.with_request_id(request.id()))
    }
}
