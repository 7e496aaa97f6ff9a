//! The page as HTML, with its policy.

use ::http::HeaderValue;
use minijinja::{Environment, UndefinedBehavior, Value, context, escape_formatter, value::Serde};

use super::list::List;
use crate::{
    error::{Error, Result},
    http::{hash_source, minified},
};

const NAME: &str = "page.html";
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page. It is complete without its script.
///
/// # Errors
/// `Internal` if the template cannot be rendered.
pub(super) fn page(list: &List) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escaped(text).replace('"', "&quot;"))?),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("prose", |text: String| {
        Value::from_safe_string(prose(&text))
    });
    environment.add_filter("command", |text: String| {
        Value::from_safe_string(escaped(&text))
    });
    environment
        .add_template(NAME, PAGE)
        .map_err(Error::internal)?;
    let template = environment.get_template(NAME).map_err(Error::internal)?;
    let safe = |text: String| Value::from_safe_string(text);
    let own = context! { style => safe(minified(STYLE)), script => safe(script()) };
    let values = context! { ..own, ..Value::from(Serde(list)) };
    template.render(values).map_err(Error::internal)
}

/// The page runs only its own script, which sends requests only to this server.
///
/// # Errors
/// `Internal` if the policy is not a valid header.
pub(super) fn policy() -> Result<HeaderValue> {
    HeaderValue::try_from(format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; require-trusted-types-for 'script'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash_source(&minified(STYLE)),
        hash_source(&script()),
    ))
    .map_err(Error::internal)
}

fn script() -> String {
    let lines = SCRIPT.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// HTML in which text between backticks is code.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        html.push_str(&match index % 2 {
            0 => part,
            _ => format!("<code>{part}</code>"),
        });
    }
    html
}

/// A string as HTML. The usual escapes would needlessly double the size of quotation marks and slashes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_code_is_marked() {
        assert_eq!(prose("a `<b>` & c"), "a <code>&lt;b></code> &amp; c");
    }

    #[test]
    fn the_script_holds_no_comment_and_no_end_of_itself() {
        assert!(!script().contains("//") && !script().contains("</"));
    }
}
