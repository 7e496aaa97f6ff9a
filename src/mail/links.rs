//! The links in emails.

use std::fmt;

use crate::{
    error::{Error, Result},
    purpose::Purpose,
    secret::OneTimeToken,
    user::Locale,
};

/// The languages of the built-in pages.
const LANGUAGES: [&str; 5] = ["de", "en", "es", "fr", "zh"];

/// Creates the links in emails from configuration only. Nothing from a request becomes part of a
/// link.
///
/// ```
/// use hallpass::{secret::OneTimeToken, mail::Links, token::Purpose};
///
/// let links = Links::new("https://id.example.org")?;
/// let link = links.to(Purpose::ResetPassword, &OneTimeToken::new("hp_ot_example"));
/// assert_eq!(link.expose(), "https://id.example.org/reset-password?token=hp_ot_example");
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Links {
    base: String,
    /// The host's own pages.
    pages: Vec<(Purpose, String)>,
}

/// A link that contains a one-time token. `Debug` prints no content.
#[derive(Clone)]
pub struct Link(String);

impl Link {
    /// The link itself. Do not log it or pass it to untrusted code.
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
    /// Links to pages below this URL, such as `https://id.example.org`. Each purpose has its own [page](Purpose::page)
    /// there.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not an `http` or `https` URL, or has a user, a
    /// password, a query or a fragment.
    pub fn new(public_url: &str) -> Result<Self> {
        check("the public URL", public_url)?;
        let authority = public_url.split('/').nth(2).unwrap_or_default();
        if public_url.contains(['?', '#']) || authority.contains('@') {
            return Err(Error::configuration(
                "the public URL must have no user, no password, no query and no fragment",
            ));
        }
        let base = public_url.strip_suffix('/').unwrap_or(public_url);
        Ok(Self {
            base: base.to_owned(),
            pages: Vec::new(),
        })
    }

    /// Uses this page instead of the default page for this purpose. The token is added to the query
    /// of the URL.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not an `http` or `https` URL.
    pub fn with_page(mut self, purpose: Purpose, url: &str) -> Result<Self> {
        check(&format!("the URL of the page {}", purpose.page()), url)?;
        self.pages.retain(|(of, _)| *of != purpose);
        self.pages.push((purpose, url.to_owned()));
        Ok(self)
    }

    /// The link with this token.
    #[must_use]
    pub fn to(&self, purpose: Purpose, token: &OneTimeToken) -> Link {
        match self.pages.iter().find(|(of, _)| *of == purpose) {
            Some((_, url)) => with_token(url, token),
            None => with_token(&format!("{}{}", self.base, purpose.page()), token),
        }
    }

    /// The link with this token. A built-in page opens in this language if the page supports the language.
    pub(crate) fn to_in(&self, locale: &Locale, purpose: Purpose, token: &OneTimeToken) -> Link {
        let Link(mut url) = self.to(purpose, token);
        let is_own = self.pages.iter().any(|(of, _)| *of == purpose);
        let language = locale.language();
        if !is_own && LANGUAGES.contains(&language) {
            url.push_str("&ui=");
            url.push_str(language);
        }
        Link(url)
    }
}

/// Adds the token to the query of the URL. If the URL has a fragment (`https://app.example/#/reset`), the query is
/// added to the fragment, where the page's own router reads it.
fn with_token(url: &str, token: &OneTimeToken) -> Link {
    let last = url.rsplit('#').next().unwrap_or(url);
    let separator = if last.contains('?') { '&' } else { '?' };
    Link(format!("{url}{separator}token={}", token.expose()))
}

/// The URL is written into emails unchanged. It therefore needs a host and a scheme that mail
/// programs open, and must not contain a character that would end the link in plain text.
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
            "{what} is not an http or https URL: {url:?}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(links: &Links) -> String {
        links
            .to(Purpose::ResetPassword, &"T".into())
            .expose()
            .to_owned()
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
            assert_eq!(
                link(&links.with_page(Purpose::ResetPassword, page).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn a_link_to_a_built_in_page_names_its_language() {
        let links = Links::new("https://id.example.org").unwrap();
        let links = links
            .with_page(Purpose::Unlock, "https://app.example/unlock")
            .unwrap();
        let link = |tag: &str, purpose| {
            let locale = tag.parse().unwrap();
            links.to_in(&locale, purpose, &"T".into()).0
        };
        for (tag, ui) in [("de-AT", "&ui=de"), ("zh-Hant", "&ui=zh"), ("it", "")] {
            assert_eq!(
                link(tag, Purpose::VerifyEmail),
                format!("https://id.example.org/verify-email?token=T{ui}")
            );
            assert_eq!(
                link(tag, Purpose::Unlock),
                "https://app.example/unlock?token=T"
            );
        }
    }

    #[test]
    fn each_letter_has_a_page_of_its_own() {
        let links = Links::new("https://id.example.org").unwrap();
        let of = |links: &Links| {
            let link = |purpose: &Purpose| links.to(*purpose, &"T".into()).0;
            Purpose::ALL.iter().map(link).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&links),
            [
                "https://id.example.org/confirm-email-change?token=T",
                "https://id.example.org/reset-password?token=T",
                "https://id.example.org/secure-account?token=T",
                "https://id.example.org/unlock?token=T",
                "https://id.example.org/verify-email?token=T",
            ]
        );
        let links = links
            .with_page(Purpose::ConfirmEmailChange, "https://a.example")
            .and_then(|links| links.with_page(Purpose::Unlock, "https://b.example"))
            .and_then(|links| links.with_page(Purpose::VerifyEmail, "https://c.example"));
        assert_eq!(
            of(&links.unwrap()),
            [
                "https://a.example?token=T",
                "https://id.example.org/reset-password?token=T",
                "https://id.example.org/secure-account?token=T",
                "https://b.example?token=T",
                "https://c.example?token=T",
            ]
        );
    }

    #[test]
    fn a_malformed_web_address_is_refused() {
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
        let link = links.to(Purpose::ResetPassword, &"secret".into());
        assert!(!format!("{link:?}").contains("secret"));
    }
}
