//! The tasks by which the documentation groups endpoints, in the order in which a client encounters them.

/// Creating an account, and proving its address.
pub(crate) const REGISTER: &str = "Register";
/// Getting, renewing and ending a session.
pub(crate) const SIGN_IN: &str = "Sign in";
/// The caller's own account.
pub(crate) const ACCOUNT: &str = "Account";
/// Signing in with a provider.
pub(crate) const PROVIDERS: &str = "Providers";
/// Calls by administrators.
pub(crate) const ADMINISTRATION: &str = "Administration";
/// Calls by machines rather than people.
pub(crate) const SERVICE: &str = "Service";

/// All tasks, in order.
#[cfg(feature = "openapi")]
pub(super) const TASKS: [&str; 6] = [
    REGISTER,
    SIGN_IN,
    ACCOUNT,
    PROVIDERS,
    ADMINISTRATION,
    SERVICE,
];
