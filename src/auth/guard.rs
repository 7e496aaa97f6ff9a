//! How a host's own routes ask who is calling, and whether they may.

use ::http::HeaderMap;

use super::Auth;
use crate::{
    error::{Error, ErrorKind, Result},
    http::bearer,
    token::{ActiveUser, CurrentUser},
    user::{Permission, Role},
};

impl Auth {
    /// Trusts the access token.
    pub(crate) fn claimed(&self, headers: &HeaderMap) -> Result<CurrentUser> {
        self.verify(&bearer(headers)?.into())
    }

    /// Asks the database, within the time that a request may take; not again if a guard before has asked.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        known: Option<&ActiveUser>,
    ) -> Result<ActiveUser> {
        if let Some(caller) = known {
            return Ok(caller.clone());
        }
        let token = bearer(headers)?.into();
        tokio::time::timeout(self.0.request_timeout, self.0.service.current_user(&token))
            .await
            .unwrap_or_else(|elapsed| Err(Error::new(ErrorKind::Unavailable).with_source(elapsed)))
    }
}

/// What both guards are, on both frameworks.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    auth: Auth,
    demand: Demand,
}

#[derive(Clone, Debug)]
enum Demand {
    Permission(Permission),
    Role(Role),
}

impl Guard {
    fn new(auth: &Auth, demand: Demand) -> Self {
        Self {
            auth: auth.clone(),
            demand,
        }
    }

    /// Who is calling, if they may pass.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        known: Option<&ActiveUser>,
    ) -> Result<ActiveUser> {
        let caller = self.auth.admit(headers, known).await?;
        match &self.demand {
            Demand::Permission(permission) => self.auth.require_permission(&caller, permission)?,
            Demand::Role(role) => caller.require_role(role)?,
        }
        Ok(caller)
    }
}

/// Lets only callers with a role pass: 401 without a user, 403 without the role. On axum it is a layer, on actix a
/// middleware.
///
/// The role is checked in the database. Handlers behind it take [`ActiveUser`] without a further query.
///
/// ```
/// # use hallpass::{Auth, Role};
/// # #[cfg(feature = "axum")]
/// # fn routes(auth: &Auth) -> axum::Router {
/// use axum::{Router, routing::get};
///
/// Router::new()
///     .route("/reports", get(async || "all of them"))
///     .route_layer(hallpass::axum::RequireRole::new(auth, Role::ADMIN))
/// # }
/// ```
///
/// ```
/// # use hallpass::{Auth, Role};
/// # #[cfg(feature = "actix")]
/// # fn routes(auth: &Auth) {
/// use actix_web::web;
///
/// let reports = web::scope("/reports")
///     .wrap(hallpass::actix::RequireRole::new(auth, Role::ADMIN))
///     .route("", web::get().to(async || "all of them"));
/// # let _ = reports;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireRole(pub(crate) Guard);

impl RequireRole {
    /// Demands this role.
    #[must_use]
    pub fn new(auth: &Auth, role: Role) -> Self {
        Self(Guard::new(auth, Demand::Role(role)))
    }
}

/// Lets only callers with a permission pass: as [`RequireRole`], with what the caller's roles bring by
/// [`AuthBuilder::role_permissions`](crate::AuthBuilder::role_permissions).
///
/// ```
/// # use hallpass::{Auth, Permission};
/// # #[cfg(feature = "axum")]
/// # fn routes(auth: &Auth) -> axum::Router {
/// use axum::{Router, routing::get};
///
/// const READ: Permission = Permission::from_static("reports:read");
///
/// Router::new()
///     .route("/reports", get(async || "all of them"))
///     .route_layer(hallpass::axum::RequirePermission::new(auth, READ))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequirePermission(pub(crate) Guard);

impl RequirePermission {
    /// Demands this permission.
    #[must_use]
    pub fn new(auth: &Auth, permission: Permission) -> Self {
        Self(Guard::new(auth, Demand::Permission(permission)))
    }
}
