//! `GET /users/me`.

use std::sync::Arc;

use crate::{
    error::Result,
    http::{Endpoint, Json},
    service::UserService,
    token::http::Bearer,
    user::http::UserView,
};

type Service = Arc<dyn UserService>;

pub(crate) fn endpoints(service: &Service) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/users/me", service.clone(), me)
            .tag("Account")
            .summary("Read yourself"),
    ]
}

async fn me(service: Service, Bearer(token): Bearer) -> Result<Json<UserView>> {
    Ok(Json(service.current_user(&token).await?.user.into()))
}
