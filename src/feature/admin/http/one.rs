//! The endpoints without a request body: read, delete, log out, unlock.

use super::{Administrator, State, Target};
use crate::{
    error::Result,
    event::ClientInfo,
    http::{Json, NoContent},
    user::http::UserView,
};

pub(super) async fn user(
    state: State,
    _: Administrator,
    Target(id): Target,
) -> Result<Json<UserView>> {
    Ok(Json(state.administration.user(id).await?.into()))
}

pub(super) async fn delete_user(
    state: State,
    administrator: Administrator,
    Target(id): Target,
    client: ClientInfo,
) -> Result<NoContent> {
    state.require_step_up(&administrator)?;
    let author = administrator.author(client);
    state.administration.delete_user(id, &author).await?;
    Ok(NoContent)
}

pub(super) async fn log_out(
    state: State,
    administrator: Administrator,
    Target(id): Target,
    client: ClientInfo,
) -> Result<NoContent> {
    state
        .administration
        .log_out(id, &administrator.author(client))
        .await?;
    Ok(NoContent)
}

pub(super) async fn unlock(
    state: State,
    administrator: Administrator,
    Target(id): Target,
    client: ClientInfo,
) -> Result<NoContent> {
    state
        .administration
        .unlock(id, &administrator.author(client))
        .await?;
    Ok(NoContent)
}
