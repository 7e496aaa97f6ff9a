//! How a host's own routes identify and authorize the caller.

use std::sync::Arc;

use ::http::{HeaderMap, Method, Uri};

use super::SignInPages;
use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    http::{Presented, Problem, Response, bearer},
    token::{ActiveUser, CurrentUser},
    user::{Permission, Role},
    verifier::Verifier,
};

impl Verifier {
    /// The caller named in the access token, without a database query, or the caller of a browser
    /// session.
    pub(crate) async fn claimed(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<CurrentUser> {
        let Some(rule) = self.credentials() else {
            return self.verify(&bearer(headers)?.into()).await;
        };
        match rule.find(method, headers)? {
            Presented::Bearer(token) => self.verify(&token.into()).await,
            cookie @ Presented::Cookie(_) => self.claims(&cookie.into()).await,
        }
    }
}

impl Auth {
    pub(crate) fn sign_in_pages(&self) -> &SignInPages {
        &self.parts.sign_in_pages
    }

    /// Whether the caller identifies itself with a cookie.
    #[cfg(feature = "axum")]
    pub(crate) fn is_by_cookie(&self, headers: &HeaderMap) -> bool {
        self.parts.credentials.is_by_cookie(headers)
    }

    /// The caller, as read from the database. In each request, only the first guard of this `Auth` queries the
    /// database, within the request timeout.
    pub(crate) async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
        known: Option<&Admitted>,
    ) -> Result<ActiveUser> {
        if let Some(caller) = known.and_then(|known| known.by(self)) {
            return Ok(caller.clone());
        }
        let credential = self.parts.credentials.find(method, headers)?.into();
        tokio::time::timeout(
            self.parts.request_timeout,
            self.as_service().current_user(&credential),
        )
        .await
        .unwrap_or_else(|elapsed| Err(Error::new(ErrorKind::Unavailable).with_source(elapsed)))
    }
}

/// The callers that earlier guards have identified, kept in the request's extensions. Each [`Auth`] trusts only its own
/// guards.
#[derive(Clone, Debug)]
pub(crate) struct Admitted(Vec<(Auth, ActiveUser)>);

impl Admitted {
    /// The caller that a guard of this `Auth`, or of one of its clones, has identified.
    fn by(&self, auth: &Auth) -> Option<&ActiveUser> {
        let own = |(by, _): &&(Auth, ActiveUser)| Arc::ptr_eq(&by.parts, &auth.parts);
        self.0.iter().find(own).map(|(_, caller)| caller)
    }

    fn and(known: Option<&Self>, auth: &Auth, caller: ActiveUser) -> Self {
        let mut all = known.map_or_else(Vec::new, |known| known.0.clone());
        all.push((auth.clone(), caller));
        Self(all)
    }
}

/// The common part of the layers that guard routes, on both frameworks.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    witness: Witness,
    demand: Demand,
    /// Whether visitors who do not pass are sent to the sign-in page.
    leads: bool,
}

/// The source of the caller's roles and permissions.
#[derive(Clone, Debug)]
enum Witness {
    Database(Auth),
    Token(Verifier),
}

#[derive(Clone, Debug)]
enum Demand {
    Permission(Permission),
    Role(Role),
    StepUp,
}

impl Guard {
    fn checked(auth: &Auth, demand: Demand) -> Self {
        Self {
            witness: Witness::Database(auth.clone()),
            demand,
            leads: false,
        }
    }

    fn claimed(verifier: &Verifier, demand: Demand) -> Self {
        Self {
            witness: Witness::Token(verifier.clone()),
            demand,
            leads: false,
        }
    }

    fn leading(self) -> Self {
        let leads = matches!(self.witness, Witness::Database(_));
        Self { leads, ..self }
    }

    /// The answer to a request that this guard has refused.
    pub(crate) fn refuse(&self, asked: (&Method, &Uri, &HeaderMap), error: Error) -> Response {
        let problem = Problem::answering(asked.2, error);
        match &self.witness {
            Witness::Database(auth) if self.leads => auth.sign_in_pages().answer(asked, &problem),
            _ => problem.to_response(),
        }
    }

    /// Checks the caller's role or permission. If this check queried the database, it returns the known callers with
    /// this caller added, so that later guards need no query.
    pub(crate) async fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        known: Option<&Admitted>,
    ) -> Result<Option<Admitted>> {
        match &self.witness {
            Witness::Database(auth) => {
                let caller = auth.caller(method, headers, known).await?;
                match &self.demand {
                    Demand::Permission(permission) => auth.require_permission(&caller, permission),
                    Demand::Role(role) => caller.require_role(role),
                    Demand::StepUp => auth.require_step_up(&caller),
                }?;
                let is_known = known.is_some_and(|known| known.by(auth).is_some());
                Ok((!is_known).then(|| Admitted::and(known, auth, caller)))
            }
            Witness::Token(verifier) => {
                let caller = verifier.claimed(method, headers).await?;
                match &self.demand {
                    Demand::Permission(permission) => caller.require_permission(permission),
                    Demand::Role(role) => caller.require_role(role),
                    Demand::StepUp => verifier.require_step_up(&caller),
                }?;
                Ok(None)
            }
        }
    }
}

/// Admits only callers with the given role. The reply is 401 if no user is signed in, and 403 if
/// the user lacks the role. On axum this is a layer, and on actix a middleware.
///
/// The role is checked in the database. Handlers behind the guard can take [`ActiveUser`] without another query.
///
/// ```
/// # use hallpass::{Auth, user::Role};
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
/// # use hallpass::{Auth, user::Role};
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
    /// Sends a visitor who does not pass to the sign-in page, as [`OrSignIn`](super::OrSignIn) does. This has no effect
    /// on a guard that only verifies tokens.
    #[must_use]
    pub fn or_sign_in(self) -> Self {
        Self(self.0.leading())
    }

    /// Requires this role.
    #[must_use]
    pub fn new(auth: &Auth, role: Role) -> Self {
        Self(Guard::checked(auth, Demand::Role(role)))
    }

    /// Requires this role in the access token. The database is not queried, so a token that
    /// contains a revoked role, or belongs to an ended session, is accepted until the token expires.
    #[must_use]
    pub fn claimed(verifier: &Verifier, role: Role) -> Self {
        Self(Guard::claimed(verifier, Demand::Role(role)))
    }
}

/// Admits only callers with the given permission. It works like [`RequireRole`].
/// [`AuthBuilder::role_permissions`](crate::AuthBuilder::role_permissions) sets the permissions of
/// the caller's roles.
///
/// ```
/// # use hallpass::{Auth, user::Permission};
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
    /// Sends a visitor who does not pass to the sign-in page, as [`OrSignIn`](super::OrSignIn) does. This has no effect
    /// on a guard that only verifies tokens.
    #[must_use]
    pub fn or_sign_in(self) -> Self {
        Self(self.0.leading())
    }

    /// Requires this permission.
    #[must_use]
    pub fn new(auth: &Auth, permission: Permission) -> Self {
        Self(Guard::checked(auth, Demand::Permission(permission)))
    }

    /// Requires this permission in the access token, as [`RequireRole::claimed`] does for a role.
    /// The service that issues the tokens must turn on
    /// [`AuthBuilder::permissions_in_tokens`](crate::AuthBuilder::permissions_in_tokens).
    #[must_use]
    pub fn claimed(verifier: &Verifier, permission: Permission) -> Self {
        Self(Guard::claimed(verifier, Demand::Permission(permission)))
    }
}

/// Refuses callers who have not presented a second factor within the last 10 minutes, as
/// [`StepUp`](super::StepUp) does. It works like [`RequireRole`].
///
/// ```
/// # use hallpass::Auth;
/// # #[cfg(feature = "axum")]
/// # fn routes(auth: &Auth) -> axum::Router {
/// use axum::{Router, routing::post};
///
/// Router::new()
///     .route("/payouts", post(async || "paid"))
///     .route_layer(hallpass::axum::RequireStepUp::new(auth))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireStepUp(pub(crate) Guard);

impl RequireStepUp {
    /// Sends a visitor who does not pass to the sign-in page, as [`OrSignIn`](super::OrSignIn) does. This has no effect
    /// on a guard that only verifies tokens.
    #[must_use]
    pub fn or_sign_in(self) -> Self {
        Self(self.0.leading())
    }

    /// Requires a second factor, confirmed by the database. A user who has no second factor needs a
    /// recent sign-in.
    #[must_use]
    pub fn new(auth: &Auth) -> Self {
        Self(Guard::checked(auth, Demand::StepUp))
    }

    /// Requires that the access token records a second factor, as
    /// [`ClaimedStepUp`](super::ClaimedStepUp) does.
    #[must_use]
    pub fn claimed(verifier: &Verifier) -> Self {
        Self(Guard::claimed(verifier, Demand::StepUp))
    }
}
