//! The pages that mailed links open.

use ::http::{HeaderMap, StatusCode};
use minijinja::{Value, context};

use super::super::{
    Action, DONE, Link, MOVED, Pages, USED,
    chosen::Chosen,
    form::{Field, Kind, PageForm},
    frame::Frame,
    layout::Head,
    notice::{Held, Notice},
    texts::Note,
};
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    http::{Html, Output as _, Problem, RequestId, Response},
};

impl Pages {
    /// The form that a link leads to.
    pub(in super::super) fn form(
        &self,
        chosen: Chosen,
        action: Action,
        link: &Link<'_>,
    ) -> Result<Html> {
        self.link_form(chosen, action, link, None, &[])
    }

    /// The headers of the page with the form, built without looking up the link.
    pub(in super::super) fn head(&self) -> Html {
        self.layout.head()
    }

    /// The page that shows why a form was not processed.
    pub(in super::super) fn not_done(
        &self,
        chosen: Chosen,
        action: Action,
        link: &Link<'_>,
        error: Error,
    ) -> Result<Html> {
        let page = match error.kind() {
            ErrorKind::InvalidToken => return self.invalid(chosen, action),
            ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::Unavailable => {
                let busy = Held::Busy.notice(self.texts(chosen.language), chosen.language);
                self.link_form(chosen, action, link, Some(busy), &[])
            }
            ErrorKind::ValidationFailed | ErrorKind::WeakPassword => {
                self.link_form(chosen, action, link, None, error.violations())
            }
            _ => return Err(error),
        };
        Ok(page?.in_place_of(&Problem::from(error).to_response()))
    }

    fn link_form(
        &self,
        chosen: Chosen,
        action: Action,
        link: &Link<'_>,
        notice: Option<Notice>,
        violations: &[Violation],
    ) -> Result<Html> {
        let texts = self.texts(chosen.language);
        let own = texts.link.action(action);
        let fields = match action {
            Action::ResetPassword => {
                let label = texts.password.new_password.as_str();
                let mut field = Field::new("new_password", Kind::NewPassword, label);
                field.hint = Some(texts.password.hint.clone());
                vec![field.with_violations(texts, violations)]
            }
            Action::ConfirmEmailChange
            | Action::SecureAccount
            | Action::Unlock
            | Action::VerifyEmail => Vec::new(),
        };
        let form = PageForm { notice, fields };
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            purpose => Value::from(()),
            page => action.page(),
            token => link.token,
            address => link.address,
            text => own.ask.text.as_str(),
            button => own.button.as_str(),
        };
        let query = format!("token={}", link.token);
        let frame = chosen.frame("");
        let head = Head {
            frame: &frame,
            title: &own.ask.title,
            is_error: form.is_refused(),
            has_form: true,
            keep: Some(&query),
            is_wide: false,
        };
        self.layout.render("link.html", &head, v)
    }

    pub(in super::super) fn done(&self, chosen: Chosen, action: Action) -> Result<Html> {
        let done = &self.texts(chosen.language).link.action(action).done;
        self.link_end(chosen, done, DONE)
    }

    /// The page shown after using the link in a notice that was sent to a former address of the account.
    pub(in super::super) fn moved(&self, chosen: Chosen) -> Result<Html> {
        let moved = &self.texts(chosen.language).link.secured_elsewhere;
        self.link_end(chosen, moved, MOVED)
    }

    /// The page shown for a link that has already been used.
    pub(in super::super) fn used(&self, chosen: Chosen, action: Action) -> Result<Html> {
        let texts = &self.texts(chosen.language).link;
        let note = match action {
            Action::ResetPassword => &texts.password_set_before,
            Action::ConfirmEmailChange
            | Action::SecureAccount
            | Action::Unlock
            | Action::VerifyEmail => &texts.used,
        };
        self.link_end(chosen, note, USED)
    }

    fn link_end(&self, chosen: Chosen, note: &Note<String>, query: &str) -> Result<Html> {
        let texts = self.texts(chosen.language);
        let frame = chosen.frame("");
        let sign_in = frame.to("sign-in");
        let way_on = context! { url => sign_in, label => texts.common.sign_in.as_str() };
        let text = match self.has_sign_in {
            true => note.text.to_owned(),
            false => format!("{} {}", note.text, texts.link.close),
        };
        let v = context! { text, way_on => self.has_sign_in.then_some(way_on) };
        let head = Head {
            frame: &frame,
            title: &note.title,
            is_error: false,
            has_form: false,
            keep: Some(query),
            is_wide: false,
        };
        self.layout.render("note.html", &head, v)
    }

    /// The page shown for an invalid or expired link, with a form for requesting a new link.
    pub(in super::super) fn invalid(&self, chosen: Chosen, action: Action) -> Result<Html> {
        let texts = self.texts(chosen.language);
        let frame = chosen.frame("");
        let problem = Problem::from(ErrorKind::InvalidToken).to_response();
        let note = &texts.link.invalid;
        let form = match action {
            _ if !self.has_sign_in => None,
            Action::ResetPassword => Some(("forgot-password", None)),
            Action::VerifyEmail => Some(("check-mail", Some("resend"))),
            Action::ConfirmEmailChange | Action::SecureAccount | Action::Unlock => None,
        };
        let Some((page, purpose)) = form else {
            let sign_in = frame.to("sign-in");
            let way_on = (sign_in.as_str(), texts.common.sign_in.as_str());
            let way_on = self.has_sign_in.then_some(way_on);
            return Ok(self.note(&frame, note, way_on)?.in_place_of(&problem));
        };
        let fields = PageForm {
            notice: None,
            fields: vec![Field::email(texts, "")],
        };
        let v = context! {
            notice => Value::from(()),
            fields => fields.fields(),
            page,
            purpose,
            token => Value::from(()),
            address => Value::from(()),
            text => texts.link.ask_again.as_str(),
            button => texts.link.send_link.as_str(),
        };
        let head = Head {
            frame: &frame,
            title: &note.title,
            is_error: true,
            has_form: true,
            keep: None,
            is_wide: false,
        };
        let page = self.layout.render("link.html", &head, v)?;
        Ok(page.in_place_of(&problem))
    }

    /// The page shown for any other problem.
    pub(in super::super) fn page_of(
        &self,
        frame: &Frame<'_>,
        headers: &HeaderMap,
        problem: &Response,
    ) -> Response {
        let texts = self.texts(frame.language);
        let sign_in = frame.to("sign-in");
        let way_on = (sign_in.as_str(), texts.common.sign_in.as_str());
        let way_on = self.has_sign_in.then_some(way_on);
        let page = match problem.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                self.note(frame, &texts.link.unavailable, None)
            }
            status if status.is_server_error() => {
                self.failed(frame, RequestId::of(headers).as_str())
            }
            _ => self.note(frame, &texts.link.refused, way_on),
        };
        match page {
            Ok(page) => page.in_place_of(problem).render(),
            Err(error) => Problem::from(error).to_response(),
        }
    }
}
