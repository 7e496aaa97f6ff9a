//! `GET` and `DELETE /admin/users/{id}/factors`.

use super::{Administrator, State, Target};
use crate::{
    error::Result,
    event::ClientInfo,
    factor::http::FactorListView,
    http::{Json, NoContent},
};

pub(super) async fn factors(
    state: State,
    _: Administrator,
    Target(id): Target,
) -> Result<Json<FactorListView>> {
    let user = state.administration.user(id).await?;
    let factors = state.administration.factors(id).await?;
    let is_required = state.administration.policy.requires(&user.roles);
    Ok(Json(FactorListView::new(factors, is_required)))
}

pub(super) async fn reset_factors(
    state: State,
    administrator: Administrator,
    Target(id): Target,
    client: ClientInfo,
) -> Result<NoContent> {
    let now = state.administration.core.clock.now();
    administrator.0.require_step_up(now)?;
    let author = administrator.author(client);
    state.administration.reset_factors(id, &author).await?;
    Ok(NoContent)
}
