//! The layout of all pages.

use ::http::HeaderValue;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::{
    form::PageForm,
    texts::{Note, Texts},
};
use crate::{
    error::{Error, Result},
    http::Html,
};

const PAGE: &str = include_str!("templates/page.html");
const STYLE: &str = include_str!("templates/style.css");

/// Renders pages. They are rarely requested, so the template is parsed each time.
#[derive(Debug)]
pub(super) struct Layout {
    product: String,
    policy: HeaderValue,
}

impl Layout {
    pub(super) fn new(product: &str) -> Result<Self> {
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        // The page loads nothing, runs no script, and sends its form only to this service.
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        Ok(Self {
            product: product.to_owned(),
            policy: HeaderValue::try_from(policy).map_err(Error::internal)?,
        })
    }

    /// A page with a message.
    pub(super) fn note(&self, texts: &Texts, note: &Note) -> Result<Html> {
        self.render(texts, note, None, false)
    }

    /// The headers of a page, for a reply without a body.
    pub(super) fn head(&self) -> Html {
        Html::head(self.policy.clone())
    }

    /// A page with the reason for a failure.
    pub(super) fn error(&self, texts: &Texts, note: &Note) -> Result<Html> {
        self.render(texts, note, None, true)
    }

    /// A page with a form.
    pub(super) fn form(&self, texts: &Texts, form: &PageForm<'_>) -> Result<Html> {
        let value = context! {
            page => form.page,
            token => form.token,
            address => form.address,
            label => texts.new_password,
            hint => &form.hint,
            notice => form.notice,
            violations => &form.violations,
            button => form.texts.button,
        };
        self.render(texts, &form.texts.ask, Some(value), form.is_refused())
    }

    fn render(
        &self,
        texts: &Texts,
        note: &Note,
        form: Option<Value>,
        is_error: bool,
    ) -> Result<Html> {
        let product = self.product.as_str();
        let context = context! {
            lang => texts.lang,
            product,
            style => Value::from_safe_string(STYLE.to_owned()),
            is_error,
            error => texts.error,
            title => note.title,
            text => note.text.replace("{product}", product),
            form => Value::from(form),
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // The template engine escapes values, because the name of the template ends in `.html`.
        let page = environment
            .render_named_str("page.html", PAGE, context)
            .map_err(Error::internal)?;
        Ok(Html::new(self.policy.clone(), page))
    }
}
