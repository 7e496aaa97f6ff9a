use super::texts::ActionTexts;

/// What a form shows, in the language of the page.
#[derive(Debug)]
pub(super) struct PasswordForm<'a> {
    /// Where it is sent to, relative to itself.
    pub(super) page: &'static str,
    pub(super) texts: &'a ActionTexts,
    /// Has passed [`is_token`](super::is_token).
    pub(super) token: &'a str,
    /// What is asked of the password.
    pub(super) hint: String,
    /// Why it was not done, if that is not about the password.
    pub(super) notice: Option<&'a str>,
    /// What is wrong with the password.
    pub(super) violations: Vec<String>,
}
