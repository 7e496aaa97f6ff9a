//! Guards that require a permission.

use std::{fmt, marker::PhantomData};

use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    token::{ActiveUser, CurrentUser},
    user::{Permission, Permissions, Roles, User},
};

impl Auth {
    /// The permissions of these roles, as set by
    /// [`AuthBuilder::role_permissions`](crate::AuthBuilder::role_permissions).
    #[must_use]
    pub fn permissions(&self, roles: &Roles) -> Permissions {
        self.parts.permissions.of(roles)
    }

    /// Requires a permission.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) if none of the caller's roles grants the permission.
    pub fn require_permission(&self, caller: &ActiveUser, permission: &Permission) -> Result<()> {
        if self.parts.permissions.allow(&caller.user.roles, permission) {
            Ok(())
        } else {
            Err(ErrorKind::Forbidden.into())
        }
    }
}

/// A type that names one permission, for [`WithPermission`] and [`ClaimedPermission`].
///
/// ```
/// use hallpass::{user::Permission, guard::RequiredPermission};
///
/// struct ReadNotes;
///
/// impl RequiredPermission for ReadNotes {
///     const PERMISSION: Permission = Permission::from_static("notes:read");
/// }
/// ```
pub trait RequiredPermission: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

/// An [`ActiveUser`] whose roles grant the permission `P`, as a handler argument.
///
/// The reply is 401 if no user is signed in, and 403 if the user lacks the permission. The roles
/// are read from the database, so that a change takes effect immediately.
/// [`AuthBuilder::role_permissions`](crate::AuthBuilder::role_permissions) sets the permissions of
/// each role.
pub struct WithPermission<P> {
    /// The caller.
    pub caller: ActiveUser,
    permission: PhantomData<fn() -> P>,
}

impl<P: RequiredPermission> WithPermission<P> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(auth: &Auth, caller: ActiveUser) -> Result<Self> {
        auth.require_permission(&caller, &P::PERMISSION)?;
        Ok(Self {
            caller,
            permission: PhantomData,
        })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.caller.user
    }
}

impl<P: RequiredPermission> fmt::Debug for WithPermission<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithPermission")
            .field("permission", &P::PERMISSION)
            .field("caller", &self.caller)
            .finish()
    }
}

/// A [`CurrentUser`] whose access token carries the permission `P`, as a handler argument.
///
/// The reply is 401 if no user is signed in, and 403 if the user lacks the permission. The database
/// is not queried. The service that issues the tokens must turn on
/// [`AuthBuilder::permissions_in_tokens`](crate::AuthBuilder::permissions_in_tokens). To check the
/// database instead, use [`WithPermission`].
pub struct ClaimedPermission<P> {
    /// The caller.
    pub caller: CurrentUser,
    permission: PhantomData<fn() -> P>,
}

impl<P: RequiredPermission> ClaimedPermission<P> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(caller: CurrentUser) -> Result<Self> {
        caller.require_permission(&P::PERMISSION)?;
        Ok(Self {
            caller,
            permission: PhantomData,
        })
    }
}

impl<P: RequiredPermission> fmt::Debug for ClaimedPermission<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedPermission")
            .field("permission", &P::PERMISSION)
            .field("caller", &self.caller)
            .finish()
    }
}
