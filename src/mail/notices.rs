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
    /// The password was changed or reset. Default yes.
    pub password_changed: bool,
    /// A used refresh token came back, and its session was ended. Default yes.
    pub refresh_token_reused: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            password_changed: true,
            refresh_token_reused: true,
        }
    }
}
