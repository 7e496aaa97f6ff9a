//! Guards that require a role.

use std::{fmt, marker::PhantomData};

#[cfg(any(feature = "axum", feature = "actix"))]
use crate::error::Result;
use crate::{
    token::{ActiveUser, CurrentUser},
    user::{Role, User},
};

/// A type that names one role, for [`WithRole`] and [`ClaimedRole`].
///
/// ```
/// use hallpass::{guard::RequiredRole, user::Role};
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

/// An [`ActiveUser`] who has the role `R`, as a handler argument.
///
/// The reply is 401 if no user is signed in, and 403 if the user lacks the role. The role is
/// checked in the database, so that a change takes effect immediately.
pub struct WithRole<R> {
    /// The caller.
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

/// A [`CurrentUser`] whose access token carries the role `R`, as a handler argument.
///
/// The reply is 401 if no user is signed in, and 403 if the user lacks the role. The database is
/// not queried, so a token that contains a revoked role, or belongs to an ended session, is accepted until the
/// token expires.
/// To check the database instead, use [`WithRole`].
pub struct ClaimedRole<R> {
    /// The caller.
    pub caller: CurrentUser,
    role: PhantomData<fn() -> R>,
}

impl<R: RequiredRole> ClaimedRole<R> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(caller: CurrentUser) -> Result<Self> {
        caller.require_role(&R::ROLE)?;
        Ok(Self {
            caller,
            role: PhantomData,
        })
    }
}

impl<R: RequiredRole> fmt::Debug for ClaimedRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedRole")
            .field("role", &R::ROLE)
            .field("caller", &self.caller)
            .finish()
    }
}
