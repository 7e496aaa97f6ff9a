use std::{fmt, time::Duration};

use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::{Content, Letter};
use crate::error::{Error, Result};

const MAX_PRODUCT: usize = 100;

/// Renders letters, in English, as plain text and as HTML that loads nothing from anywhere.
pub struct Templates {
    environment: Environment<'static>,
    product: String,
}

/// The files of one letter, whose folder is its word: their names, as [`Environment`] knows them, and their contents.
macro_rules! files {
    ($letter:literal) => {
        [
            (
                concat!($letter, "/subject.txt"),
                include_str!(concat!("templates/", $letter, "/subject.txt")),
            ),
            (
                concat!($letter, "/body.txt"),
                include_str!(concat!("templates/", $letter, "/body.txt")),
            ),
            (
                concat!($letter, "/body.html"),
                include_str!(concat!("templates/", $letter, "/body.html")),
            ),
        ]
    };
}

impl Templates {
    /// Letters from this product, `Hallpass` by default.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the name is empty, longer than 100 characters,
    /// or has control characters.
    pub fn new(product: impl Into<String>) -> Result<Self> {
        let product = product.into();
        if product.trim().is_empty()
            || product.contains(char::is_control)
            || product.chars().count() > MAX_PRODUCT
        {
            return Err(Error::configuration(format!(
                "the product name is a line of at most {MAX_PRODUCT} characters, not {product:?}"
            )));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in files!("reset_password") {
            environment
                .add_template(name, source)
                .map_err(Error::internal)?;
        }
        Ok(Self {
            environment,
            product,
        })
    }

    /// The text of a letter.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if a template is broken.
    pub fn render(&self, letter: &Letter) -> Result<Content> {
        let plain = |link: &str| Value::from(link);
        // Escaped here, because the engine would escape slashes as well.
        let escaped = |link: &str| Value::from_safe_string(escape_html(link));
        Ok(Content {
            subject: self.file("subject.txt", letter, plain)?,
            text: self.file("body.txt", letter, plain)?,
            html: self.file("body.html", letter, escaped)?,
        })
    }

    fn file(&self, file: &str, letter: &Letter, as_link: impl Fn(&str) -> Value) -> Result<String> {
        let product = &self.product;
        let context = match letter {
            Letter::ResetPassword { link, expires_in } => context! {
                product,
                link => as_link(link.expose()),
                expires_in => in_words(*expires_in),
            },
        };
        self.environment
            .get_template(&format!("{}/{file}", letter.kind().as_str()))
            .and_then(|template| template.render(context))
            .map_err(Error::internal)
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The largest unit that a duration fills twice over, or once exactly, to the nearest.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = if seconds < 90 {
        (seconds, "second")
    } else {
        match (seconds + 30) / 60 {
            minutes if minutes < 120 && minutes != 60 => (minutes, "minute"),
            minutes if minutes < 60 * 48 && minutes != 60 * 24 => ((minutes + 30) / 60, "hour"),
            minutes => ((minutes + 60 * 12) / (60 * 24), "day"),
        }
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Links;

    fn letter(url: &str) -> Letter {
        let links = Links::new("http://localhost:8000").unwrap();
        Letter::ResetPassword {
            link: links
                .with_reset_password(url)
                .unwrap()
                .reset_password(&"hp_ot_abc-_123".into()),
            expires_in: Duration::from_secs(1800),
        }
    }

    #[test]
    fn the_reset_letter_says_what_to_do() {
        let templates = Templates::new("Hallpass").unwrap();
        let letter = letter("http://localhost:8000/reset-password");
        let content = templates.render(&letter).unwrap();
        let link = "http://localhost:8000/reset-password?token=hp_ot_abc-_123";
        assert_eq!(content.subject.trim(), "Reset your Hallpass password");
        assert!(content.text.lines().any(|line| line == link));
        assert!(content.text.contains("within 30 minutes"));
        assert!(
            content
                .text
                .lines()
                .all(|line| line.len() <= 78 || line == link)
        );
        assert!(content.html.contains(&format!("href=\"{link}\"")));
        assert!(content.html.contains("within 30 minutes"));
        assert!(!content.html.contains("<img") && !content.html.contains("{{"));
        assert!(!format!("{letter:?} {content:?}").contains("hp_ot_"));
    }

    #[test]
    fn hostile_names_and_links_stay_text() {
        let templates = Templates::new("<b>\"A&B\"</b> {{ link }}").unwrap();
        let letter = letter("http://localhost:8000/?a=1&b=%22");
        let content = templates.render(&letter).unwrap();
        let html = &content.html;
        assert!(!html.contains("<b>") && !html.contains("\"A&B\""), "{html}");
        assert!(html.contains("&lt;b&gt;&quot;A&amp;B&quot;"), "{html}");
        assert!(
            html.contains("href=\"http://localhost:8000/?a=1&amp;b=%22&amp;token=hp_ot_abc-_123\"")
        );
        assert!(content.text.contains("<b>\"A&B\"</b> {{ link }}"));
        assert!(content.text.contains("/?a=1&b=%22&token=hp_ot_abc-_123\n"));
        assert!(content.subject.contains("<b>\"A&B\"</b> {{ link }}"));
    }

    #[test]
    fn a_product_has_a_name_of_one_line() {
        for name in ["", "  ", "Acme\r\nBcc: x@y.org", "A\0", &"x".repeat(101)] {
            assert!(Templates::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        for (seconds, words) in [
            (1, "1 second"),
            (60, "60 seconds"),
            (600, "10 minutes"),
            (1799, "30 minutes"),
            (1800, "30 minutes"),
            (3599, "1 hour"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (7200, "2 hours"),
            (86_399, "1 day"),
            (86_400, "1 day"),
            (172_800, "2 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
