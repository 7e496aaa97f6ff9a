//! The pages that the links in emails lead to, for hosts without their own pages.
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
//! `/confirm-email-change` and `/unlock`.
//!
//! A scanner that follows every link in an email changes nothing, because only a submitted form
//! changes anything. The pages need no script, load nothing and store nothing. They are in the
//! language of the browser, if there are texts in that language.
//!
//! The token alone authorizes the form; there is no cookie. Another site therefore gains nothing if it makes a browser
//! send the form, because a site that has the token can also send the request itself. If the browser reports that
//! another site sent the form, the form is still refused, because the audit trail would name the
//! wrong client.

mod answer;
mod form;
pub(crate) mod http;
mod language;
mod layout;
mod link;
mod origin;
mod texts;

use ::http::{HeaderMap, StatusCode};

pub(crate) use self::link::Links;
use self::{
    form::PageForm,
    language::Language,
    layout::Layout,
    origin::Origin,
    texts::{ActionTexts, Note, Texts},
};
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    http::{Html, Output as _, Problem, Response},
};

/// The common part of all pages.
#[derive(Debug)]
pub(crate) struct Pages {
    layout: Layout,
    origin: Option<Origin>,
    min_password: usize,
}

/// The purpose of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ConfirmEmailChange,
    ResetPassword,
    Unlock,
    VerifyEmail,
}

impl Action {
    fn path(self) -> &'static str {
        match self {
            Self::ConfirmEmailChange => "/confirm-email-change",
            Self::ResetPassword => "/reset-password",
            Self::Unlock => "/unlock",
            Self::VerifyEmail => "/verify-email",
        }
    }

    /// The URL that the form is sent to, relative to the page, so that it works below any prefix.
    fn page(self) -> &'static str {
        self.path().trim_start_matches('/')
    }

    /// The URL of the final page, [`DONE`] or [`USED`], relative to the page with the form.
    fn at(self, end: &str) -> String {
        format!("{}?{end}", self.page())
    }
}

/// The query of the page that reports success.
const DONE: &str = "done";
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
    /// The pages of the product with this name, at this URL.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) if the policy of the pages is not a valid header.
    pub(crate) fn new(product: &str, public_url: &str, min_password: usize) -> Result<Self> {
        Ok(Self {
            layout: Layout::new(product)?,
            origin: Origin::of(public_url),
            min_password,
        })
    }

    /// The form that a link leads to.
    fn form(&self, language: Language, action: Action, link: &Link<'_>) -> Result<Html> {
        let texts = language.texts();
        self.layout.form(texts, &self.blank(texts, action, link))
    }

    /// The headers of the page with the form, without looking up the link.
    fn head(&self) -> Html {
        self.layout.head()
    }

    /// The page that shows why a form was not processed.
    fn not_done(
        &self,
        language: Language,
        action: Action,
        link: &Link<'_>,
        error: Error,
    ) -> Result<Html> {
        let texts = language.texts();
        let mut form = self.blank(texts, action, link);
        match error.kind() {
            ErrorKind::InvalidToken => return self.invalid(language),
            ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::Unavailable => {
                form.notice = Some(texts.busy);
            }
            ErrorKind::ValidationFailed | ErrorKind::WeakPassword => {
                form.violations = self.said(texts, error.violations());
            }
            _ => return Err(error),
        }
        let problem = Problem::from(error).to_response();
        Ok(self.layout.form(texts, &form)?.in_place_of(&problem))
    }

    fn blank<'a>(&self, texts: &'a Texts, action: Action, link: &Link<'a>) -> PageForm<'a> {
        PageForm {
            page: action.page(),
            texts: texts.action(action),
            token: link.token,
            address: link.address,
            hint: (action == Action::ResetPassword).then(|| self.with_min(texts.min_password)),
            notice: None,
            violations: Vec::new(),
        }
    }

    /// Describes the violations of a password. If the page has no text for a rule, the description
    /// is in English.
    fn said(&self, texts: &Texts, violations: &[Violation]) -> Vec<String> {
        violations
            .iter()
            .map(|violation| {
                let known = texts
                    .rules
                    .iter()
                    .find(|(weakness, _)| weakness.code() == violation.code);
                known.map_or_else(|| violation.detail.clone(), |(_, text)| self.with_min(text))
            })
            .collect()
    }

    fn with_min(&self, text: &str) -> String {
        text.replace("{min}", &self.min_password.to_string())
    }

    fn done(&self, language: Language, action: Action) -> Result<Html> {
        let texts = language.texts();
        let ActionTexts { done, .. } = texts.action(action);
        self.layout.note(texts, done)
    }

    /// The page of a link that has already been used.
    fn used(&self, language: Language, action: Action) -> Result<Html> {
        let texts = language.texts();
        let ActionTexts { done, .. } = texts.action(action);
        let text = match action {
            Action::ResetPassword => texts.password_set_before,
            Action::ConfirmEmailChange | Action::Unlock | Action::VerifyEmail => texts.used,
        };
        let title = done.title;
        self.layout.note(texts, &Note { title, text })
    }

    /// The page of a link that is invalid or no longer valid.
    fn invalid(&self, language: Language) -> Result<Html> {
        let texts = language.texts();
        let problem = Problem::from(ErrorKind::InvalidToken).to_response();
        Ok(self
            .layout
            .error(texts, &texts.invalid)?
            .in_place_of(&problem))
    }

    /// The page of any other problem.
    fn page_of(&self, headers: &HeaderMap, problem: &Response) -> Response {
        let texts = Language::of(headers).texts();
        let note = match problem.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => &texts.unavailable,
            status if status.is_server_error() => &texts.failed,
            _ => &texts.refused,
        };
        match self.layout.error(texts, note) {
            Ok(page) => page.in_place_of(problem).render(),
            Err(error) => Problem::from(error).to_response(),
        }
    }
}

/// Whether the text can be a token of this service. Any other text is neither put into a page nor
/// looked up.
fn is_token(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(good)
}

/// The maximum length of a text that can be a token. All tokens of this service are shorter.
const MAX_TOKEN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_up_caller_gets_retry_after_and_others_the_reason() {
        let pages = Pages::new("Hallpass", "https://id.example.org", 8).unwrap();
        for (kind, title) in [
            (ErrorKind::Forbidden, "This form could not be submitted"),
            (ErrorKind::Overloaded, "Please try again in a moment"),
            (ErrorKind::RateLimited, "Please try again in a moment"),
            (ErrorKind::Internal, "Something went wrong"),
        ] {
            let problem = Problem::from(kind).to_response();
            let page = pages.page_of(&HeaderMap::new(), &problem);
            assert_eq!(page.status(), problem.status());
            let said = String::from_utf8(page.body().to_vec()).unwrap();
            assert!(said.contains(&format!("<h1>{title}</h1>")), "{said}");
        }
    }
}
