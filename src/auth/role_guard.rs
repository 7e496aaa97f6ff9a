use std::{fmt, marker::PhantomData};

#[cfg(any(feature = "axum", feature = "actix"))]
use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    http::bearer,
    token::CurrentUser,
};
use crate::{
    token::ActiveUser,
    user::{Role, User},
};

/// How a host's own routes ask who is calling.
#[cfg(any(feature = "axum", feature = "actix"))]
impl Auth {
    /// Trusts the access token.
    pub(crate) fn claimed(&self, headers: &::http::HeaderMap) -> Result<CurrentUser> {
        self.verify(&bearer(headers)?.into())
    }

    /// Asks the database, within the time that a request may take; not again if a guard before has asked.
    pub(crate) async fn admit(
        &self,
        headers: &::http::HeaderMap,
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
#[cfg(any(feature = "axum", feature = "actix"))]
#[derive(Clone, Debug)]
pub struct RequireRole {
    auth: Auth,
    role: Role,
}

#[cfg(any(feature = "axum", feature = "actix"))]
impl RequireRole {
    /// Demands this role.
    #[must_use]
    pub fn new(auth: &Auth, role: Role) -> Self {
        Self {
            auth: auth.clone(),
            role,
        }
    }

    pub(crate) async fn admit(
        &self,
        headers: &::http::HeaderMap,
        known: Option<&ActiveUser>,
    ) -> Result<ActiveUser> {
        let caller = self.auth.admit(headers, known).await?;
        caller.require_role(&self.role)?;
        Ok(caller)
    }
}

/// Names a role as a type, for [`WithRole`].
///
/// ```
/// use hallpass::{RequiredRole, Role};
///
/// struct Editor;
///
/// impl RequiredRole for Editor {
///     const ROLE: Role = Role::from_static("editor");
/// }
/// ```
pub trait RequiredRole: 'static {
    /// The role.
    const ROLE: Role;
}

/// The role `admin`, as a type.
#[derive(Debug)]
#[non_exhaustive]
pub struct Admin;

impl RequiredRole for Admin {
    const ROLE: Role = Role::ADMIN;
}

/// An [`ActiveUser`] who has the role `R`, as an argument of a handler.
///
/// 401 without a user, 403 without the role; the role is checked in the database, so that a change acts at once.
pub struct WithRole<R> {
    /// Who is calling.
    pub caller: ActiveUser,
    role: PhantomData<fn() -> R>,
}

impl<R: RequiredRole> WithRole<R> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(caller: ActiveUser) -> Result<Self> {
        caller.require_role(&R::ROLE)?;
        Ok(Self {
            caller,
            role: PhantomData,
        })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.caller.user
    }
}

impl<R: RequiredRole> fmt::Debug for WithRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithRole")
            .field("role", &R::ROLE)
            .field("caller", &self.caller)
            .finish()
    }
}
