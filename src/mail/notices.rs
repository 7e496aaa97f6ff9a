/// Which letters tell users of what was done to their accounts.
///
/// ```
/// use hallpass::mail::Notices;
///
/// let notices = Notices {
///     password_changed: false,
///     ..Notices::default()
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "with the default for the rest, a further field breaks nobody"
)]
pub struct Notices {
    /// Sign-in is locked after too many failures; with the link that unlocks it. Default yes.
    pub account_locked: bool,
    /// Signing in with a provider was linked to an account that was there before. Default yes.
    pub identity_linked: bool,
    /// There was a sign-in on a device that was not seen before: one without a valid
    /// [device token](crate::event::ClientInfo::device), the first of an account apart. Default no.
    pub new_sign_in: bool,
    /// The password was changed or reset. Default yes.
    pub password_changed: bool,
    /// A used refresh token came back, and its session was ended. Default yes.
    pub refresh_token_reused: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            account_locked: true,
            identity_linked: true,
            new_sign_in: false,
            password_changed: true,
            refresh_token_reused: true,
        }
    }
}
