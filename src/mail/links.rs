use std::fmt;

use crate::{
    error::{Error, Result},
    secret::OneTimeToken,
};

/// Makes the links in mails, from configuration only: nothing a request says goes into them.
///
/// ```
/// use hallpass::{secret::OneTimeToken, mail::Links};
///
/// let links = Links::new("https://id.example.org")?;
/// let link = links.reset_password(&OneTimeToken::new("hp_ot_example"));
/// assert_eq!(link.expose(), "https://id.example.org/reset-password?token=hp_ot_example");
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Links {
    confirm_email_change: String,
    reset_password: String,
    unlock: String,
    verify_email: String,
}

/// A link with a one-time token in it. `Debug` prints no content.
#[derive(Clone)]
pub struct Link(String);

impl Link {
    /// The link itself. Look twice where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(redacted)")
    }
}

impl Links {
    /// Links to pages under this URL, such as `https://id.example.org`: to `/confirm-email-change`, `/reset-password`,
    /// `/unlock` and `/verify-email` there.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no `http` or `https` URL, or has a user, a
    /// query or a fragment.
    pub fn new(public_url: &str) -> Result<Self> {
        check("the public URL", public_url)?;
        let authority = public_url.split('/').nth(2).unwrap_or_default();
        if public_url.contains(['?', '#']) || authority.contains('@') {
            return Err(Error::configuration(
                "the public URL has no user, no password, no query and no fragment",
            ));
        }
        let base = public_url.strip_suffix('/').unwrap_or(public_url);
        Ok(Self {
            confirm_email_change: format!("{base}/confirm-email-change"),
            reset_password: format!("{base}/reset-password"),
            unlock: format!("{base}/unlock"),
            verify_email: format!("{base}/verify-email"),
        })
    }

    /// Sends users who confirm a new address to this page instead. The token is added to its query.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no `http` or `https` URL.
    pub fn with_confirm_email_change(mut self, url: &str) -> Result<Self> {
        check("the URL of the page that confirms an address", url)?;
        url.clone_into(&mut self.confirm_email_change);
        Ok(self)
    }

    /// Sends users who reset their password to this page instead. The token is added to its query.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no `http` or `https` URL.
    pub fn with_reset_password(mut self, url: &str) -> Result<Self> {
        check("the URL of the reset page", url)?;
        url.clone_into(&mut self.reset_password);
        Ok(self)
    }

    /// Sends users who unlock their account to this page instead. The token is added to its query.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no `http` or `https` URL.
    pub fn with_unlock(mut self, url: &str) -> Result<Self> {
        check("the URL of the page that unlocks", url)?;
        url.clone_into(&mut self.unlock);
        Ok(self)
    }

    /// Sends users who verify their address to this page instead. The token is added to its query.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is no `http` or `https` URL.
    pub fn with_verify_email(mut self, url: &str) -> Result<Self> {
        check("the URL of the page that verifies an address", url)?;
        url.clone_into(&mut self.verify_email);
        Ok(self)
    }

    /// The link that makes a new address the one of the account.
    #[must_use]
    pub fn confirm_email_change(&self, token: &OneTimeToken) -> Link {
        with_token(&self.confirm_email_change, token)
    }

    /// The link that sets a new password.
    #[must_use]
    pub fn reset_password(&self, token: &OneTimeToken) -> Link {
        with_token(&self.reset_password, token)
    }

    /// The link that unlocks sign-in.
    #[must_use]
    pub fn unlock(&self, token: &OneTimeToken) -> Link {
        with_token(&self.unlock, token)
    }

    /// The link that shows that the address is the user's.
    #[must_use]
    pub fn verify_email(&self, token: &OneTimeToken) -> Link {
        with_token(&self.verify_email, token)
    }
}

/// A query in a fragment (`https://app.example/#/reset`) is for the page's own router.
fn with_token(url: &str, token: &OneTimeToken) -> Link {
    let last = url.rsplit('#').next().unwrap_or(url);
    let separator = if last.contains('?') { '&' } else { '?' };
    Link(format!("{url}{separator}token={}", token.expose()))
}

/// The URL goes into mails as it is written: a scheme that mail programs open, a host, and no character that ends
/// the link in a plain text.
fn check(what: &str, url: &str) -> Result<()> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']));
    let clean = url
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b));
    if host && clean {
        Ok(())
    } else {
        Err(Error::configuration(format!(
            "{what} is no http or https URL: {url:?}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(links: &Links) -> String {
        links.reset_password(&"T".into()).expose().to_owned()
    }

    #[test]
    fn links_are_the_public_url_and_the_page() {
        for (base, expected) in [
            (
                "http://localhost:8000",
                "http://localhost:8000/reset-password?token=T",
            ),
            (
                "https://id.example.org/",
                "https://id.example.org/reset-password?token=T",
            ),
            (
                "https://example.org/id",
                "https://example.org/id/reset-password?token=T",
            ),
        ] {
            assert_eq!(link(&Links::new(base).unwrap()), expected);
        }
    }

    #[test]
    fn a_host_can_set_another_page() {
        for (page, expected) in [
            ("https://app.example/new", "https://app.example/new?token=T"),
            (
                "https://app.example/?p=reset",
                "https://app.example/?p=reset&token=T",
            ),
            (
                "https://app.example/?a=b#/reset",
                "https://app.example/?a=b#/reset?token=T",
            ),
        ] {
            let links = Links::new("http://localhost").unwrap();
            assert_eq!(link(&links.with_reset_password(page).unwrap()), expected);
        }
    }

    #[test]
    fn each_letter_has_a_page_of_its_own() {
        let links = Links::new("https://id.example.org").unwrap();
        let of = |links: &Links| {
            [
                links.confirm_email_change(&"T".into()).0,
                links.unlock(&"T".into()).0,
                links.verify_email(&"T".into()).0,
            ]
        };
        assert_eq!(
            of(&links),
            [
                "https://id.example.org/confirm-email-change?token=T",
                "https://id.example.org/unlock?token=T",
                "https://id.example.org/verify-email?token=T",
            ]
        );
        let links = links
            .with_confirm_email_change("https://a.example")
            .and_then(|links| links.with_unlock("https://b.example"))
            .and_then(|links| links.with_verify_email("https://c.example"));
        assert_eq!(
            of(&links.unwrap()),
            [
                "https://a.example?token=T",
                "https://b.example?token=T",
                "https://c.example?token=T",
            ]
        );
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in [
            "",
            "localhost:8000",
            "ftp://example.org",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://exa mple.org",
            "https://example.org\r\nBcc: a@b.org",
            "https://example.org/\"onclick=",
            "https://ex\u{e4}mple.org",
            "https://example.org?x=1",
            "https://example.org#x",
            "https://user@example.org",
            "https://user:password@example.org",
        ] {
            assert!(Links::new(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let links = Links::new("http://localhost").unwrap();
        let link = links.reset_password(&"secret".into());
        assert!(!format!("{link:?}").contains("secret"));
    }
}
