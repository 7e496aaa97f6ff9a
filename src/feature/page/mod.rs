//! The built-in pages: sign-in, sign-up, second factor, and the pages that mailed links open. [`PageTemplates`]
//! replaces their layout and texts.
//!
//! A mailed link:
//!
//! ```text
//! HEAD  /verify-email?token=…   no database query
//! GET   /verify-email?token=…   one read, uses up no token: a form with the token, or a page with the reason
//! POST  /verify-email           the use case: 303 to ?done, or to ?used if the token was already used;
//!                               otherwise the form again, or a page with the reason
//! GET   /verify-email?done      no database query
//! ```
//!
//! The other pages work in the same way: `/reset-password` (where the form asks for the new password),
//! `/confirm-email-change`, `/secure-account` and `/unlock`.
//!
//! A scanner that follows every link in an email changes nothing, because only a submitted form changes anything. The
//! pages need no script, load only the logo and store nothing. They are in the language that the reader chooses with
//! `ui`, or otherwise in the browser's language if there are texts in it.
//!
//! `view` defines each page as a function of its state.
//!
//! The token alone authorizes the form; there is no cookie. Another site therefore gains nothing if it makes a browser
//! send the form, because a site that has the token can also send the request itself. If the browser reports that
//! another site sent the form, the form is still refused, because the audit trail would otherwise record the wrong
//! client.

mod answer;
mod chosen;
mod form;
mod frame;
mod host;
pub(crate) mod http;
mod language;
mod layout;
mod link;
mod logo;
mod notice;
mod policy;
mod qr;
mod texts;
mod view;

use std::sync::Arc;

pub use self::host::{LAYOUT, PageTemplates};
pub(crate) use self::{
    chosen::Chosen,
    link::Links,
    notice::{Held, seconds},
    qr::qr,
    view::*,
};
use self::{language::Language, layout::Layout, texts::OwnTexts};
use crate::{brand::Brand, error::Result, http::Document};

/// The common part of all pages.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    layout: Arc<Layout>,
    logo: Option<Document>,
    /// The brand's home page, if it has one.
    home: Option<String>,
    /// Whether the sign-in pages are mounted too, so that the pages for links can lead to them.
    has_sign_in: bool,
}

/// The purpose of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ConfirmEmailChange,
    ResetPassword,
    SecureAccount,
    Unlock,
    VerifyEmail,
}

impl Action {
    fn path(self) -> &'static str {
        match self {
            Self::ConfirmEmailChange => "/confirm-email-change",
            Self::ResetPassword => "/reset-password",
            Self::SecureAccount => "/secure-account",
            Self::Unlock => "/unlock",
            Self::VerifyEmail => "/verify-email",
        }
    }

    /// The URL that the form is sent to, relative to the page, so that it works below any prefix.
    fn page(self) -> &'static str {
        self.path().trim_start_matches('/')
    }

    /// The URL of the final page, [`DONE`], [`MOVED`] or [`USED`], relative to the page with the form.
    fn at(self, end: &str, chosen: Chosen) -> String {
        chosen.frame(end).to(self.page())
    }
}

/// The query of the page that reports success.
const DONE: &str = "done";
/// The query of the page that is shown if the sessions ended, but the account's address has changed.
const MOVED: &str = "moved";
/// The query of the page that is shown if the token was already used.
const USED: &str = "used";

/// The link for which a form is shown.
#[derive(Debug)]
struct Link<'a> {
    /// The token, which has passed [`is_token`].
    token: &'a str,
    /// The address that the link was mailed to, if known.
    address: Option<&'a str>,
}

impl Pages {
    /// The pages for this brand.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the brand or the host's layout has a mistake, or
    /// [`Internal`](crate::ErrorKind::Internal) if a template is broken.
    pub(crate) fn new(
        brand: &Brand,
        templates: &PageTemplates,
        min_password: usize,
        has_script: bool,
    ) -> Result<Self> {
        brand.check()?;
        Ok(Self {
            layout: Arc::new(Layout::new(brand, templates, min_password, has_script)?),
            home: brand.home_url().map(str::to_owned),
            logo: brand.image().map(logo::document).transpose()?,
            has_sign_in: false,
        })
    }

    /// The URL to which visitors continue unless they have requested a different one.
    fn start(&self) -> &str {
        self.home.as_deref().unwrap_or("./")
    }

    /// The texts of a language.
    fn texts(&self, language: Language) -> &OwnTexts {
        self.layout.texts(language)
    }

    /// Whether the sign-in pages are mounted too.
    pub(crate) fn with_sign_in(mut self, mounted: bool) -> Self {
        self.has_sign_in = mounted;
        self
    }
}

/// Whether the text can be one of this service's tokens. Any other text is neither put into a page nor looked up.
fn is_token(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(good)
}

/// The maximum length of a string that can be a token. All of this service's tokens are shorter.
const MAX_TOKEN: usize = 200;
