//! The host's own page layout and texts.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Environment;
use serde_json::Value;

use super::{
    language::Language,
    texts::{OwnTexts, Texts},
};
use crate::{
    error::{Error, Result},
    user::Locale,
};

/// The maximum length of a host's text, in characters.
const LONGEST: usize = 2000;

/// The built-in layout, for a host that wants to change it.
pub const LAYOUT: &str = include_str!("templates/page.html");

/// The key of the `lang` attribute, which depends only on the language.
const LANG: &str = "lang";

/// The name of the layout among the templates.
pub(super) const LAYOUT_NAME: &str = "page.html";

/// The host's own layout and texts for the built-in pages. [`AuthBuilder::page_templates`] takes them. Everything that
/// is not replaced stays as it is.
///
/// ```
/// use hallpass::{page::PageTemplates, user::Locale};
///
/// let templates = PageTemplates::default()
///     .with_text("sign_in.title", &Locale::EN, "Welcome back")?
///     .with_text("sign_in.title", &Locale::DE, "Willkommen zurück")?;
/// # Ok::<(), hallpass::Error>(())
/// ```
///
/// [`AuthBuilder::page_templates`]: crate::AuthBuilder::page_templates
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PageTemplates {
    layout: Option<String>,
    /// The host's texts, by language code and key.
    texts: BTreeMap<(&'static str, String), String>,
}

impl PageTemplates {
    /// Replaces a page text in one language. [`texts`](Self::texts) lists the keys.
    ///
    /// The text is plain text, not HTML. It can use the placeholders of the built-in text in any language, such as
    /// `{wait}`, and `{product}`. A text in brackets is a link; the built-in text determines how many there are, and
    /// where they lead.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the key or the language is unknown, or the text is empty,
    /// longer than 2000 characters, or contains control characters, an unknown placeholder or a different number of
    /// links.
    pub fn with_text(mut self, key: &str, locale: &Locale, text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Err(Error::configuration(format!(
                "the text `{key}` of the pages in `{locale}` cannot be used: {why}"
            )))
        };
        let Some(language) = Language::named(locale.as_str()) else {
            return refuse("the pages do not have this language");
        };
        let Some(own) = built_in(language, key) else {
            return refuse("there is no text with this key");
        };
        if text.trim().is_empty() {
            return refuse("it is empty");
        }
        if text.chars().count() > LONGEST {
            return refuse(&format!("it is longer than {LONGEST} characters"));
        }
        if text.chars().any(char::is_control) {
            return refuse("it has control characters");
        }
        let all = Language::ALL
            .into_iter()
            .filter_map(|language| built_in(language, key));
        let mut known: BTreeSet<String> = all.flat_map(|text| placeholders(&text)).collect();
        known.insert("product".to_owned());
        if let Some(unknown) = placeholders(text).difference(&known).next() {
            return refuse(&format!("it has the unknown placeholder `{{{unknown}}}`"));
        }
        match (links(text), links(&own)) {
            (Some(own), Some(expected)) if own == expected => {}
            (None, _) => return refuse("its brackets do not match"),
            (_, expected) => {
                let expected = expected.unwrap_or_default();
                return refuse(&format!("it must have {expected} links in brackets"));
            }
        }
        self.texts
            .insert((language.code(), key.to_owned()), text.to_owned());
        Ok(self)
    }

    /// Renders all pages in the host's own layout.
    ///
    /// The layout is a [minijinja](https://docs.rs/minijinja) template; [`LAYOUT`] is the built-in one. It must contain
    /// the block `content`, and can use these values, which are escaped where necessary:
    ///
    /// * `title`, and `is_error` if the page reports a failure;
    /// * `product`, and the URLs `home_url`, `help_url`, `privacy_url` and `terms_url` of the
    ///   [`Brand`](crate::brand::Brand), each of which can be none; `has_logo`, for the image `{{ root }}brand/logo`;
    /// * `style`, the style sheet with the brand's CSS; without it, a page has no style;
    /// * `script` and `has_form`: pages with a form can contain the script, which can be none;
    /// * `languages`, each with `code`, `lang` and `name`; `code` of the current one; `keep`, the query of a link to
    ///   the same page in another language, or none;
    /// * `bar`, which pages for a signed-in user have: `email`, `name`, `is_console` for administrators' pages,
    ///   `query` (the query for a link, which carries over the language), and `links`, each with `url`, `label` and
    ///   `is_current`; and `wide` if the page has several sections;
    /// * `t`, the texts, such as `t.common.help`.
    ///
    /// The pages' policy lets them load nothing except the logo: no other style sheet, script, image or font. Put rules
    /// into [`Brand::css`](crate::brand::Brand::css).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the layout cannot be parsed. The builder also refuses a
    /// layout that cannot be rendered or does not show the block `content` exactly once.
    pub fn with_layout(mut self, html: &str) -> Result<Self> {
        Environment::new()
            .add_template(LAYOUT_NAME, html)
            .map_err(|error| unusable().with_source(error))?;
        self.layout = Some(html.to_owned());
        Ok(self)
    }

    /// The keys of the built-in texts in a language, with the texts; nothing if the pages are not available in this
    /// language.
    #[must_use]
    pub fn texts(locale: &Locale) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Some(language) = Language::named(locale.as_str())
            && let Ok(mut texts) = serde_json::to_value(language.texts())
        {
            let mut add = |key: &str, text: &mut String| found.push((key.to_owned(), text.clone()));
            visit(&mut texts, "", &mut add);
        }
        found.retain(|(key, _)| key != LANG);
        found
    }

    /// The host's layout.
    pub(super) fn layout(&self) -> Option<&str> {
        self.layout.as_deref()
    }

    /// The texts in a language, including the host's own, with the placeholders replaced by `fill`.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the texts cannot be converted.
    pub(super) fn filled(
        &self,
        language: Language,
        fill: impl Fn(&str) -> String,
    ) -> Result<OwnTexts> {
        let built_in: &Texts = language.texts();
        let mut texts = serde_json::to_value(built_in).map_err(Error::internal)?;
        visit(&mut texts, "", &mut |key, text| {
            let own = self.texts.get(&(language.code(), key.to_owned()));
            *text = fill(own.unwrap_or(text));
        });
        serde_json::from_value(texts).map_err(Error::internal)
    }
}

/// The error for a layout that cannot be rendered.
pub(super) fn unusable() -> Error {
    Error::configuration("the layout of pages cannot be used")
}

/// The built-in text with this key.
fn built_in(language: Language, key: &str) -> Option<String> {
    let texts = serde_json::to_value(language.texts()).ok()?;
    let text = texts.pointer(&format!("/{}", key.replace('.', "/")))?;
    let text = text.as_str().filter(|_| key != LANG)?;
    Some(text.to_owned())
}

/// Visits each text, with its key.
fn visit(texts: &mut Value, key: &str, with: &mut impl FnMut(&str, &mut String)) {
    match texts {
        Value::String(text) => with(key, text),
        Value::Object(members) => {
            for (name, member) in members {
                visit(member, &below(key, name), with);
            }
        }
        _ => {}
    }
}

fn below(key: &str, name: &str) -> String {
    match key {
        "" => name.to_owned(),
        key => format!("{key}.{name}"),
    }
}

/// The names of the placeholders in a text.
fn placeholders(text: &str) -> BTreeSet<String> {
    let parts = text.split('{').skip(1);
    let names = parts.filter_map(|part| part.split_once('}'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The number of links in a text; `None` if its brackets do not match.
fn links(text: &str) -> Option<usize> {
    let (mut links, mut is_open) = (0, false);
    for letter in text.chars() {
        match (letter, is_open) {
            ('[', false) => {
                links += 1;
                is_open = true;
            }
            (']', true) => is_open = false,
            ('[', true) | (']', false) => return None,
            _ => {}
        }
    }
    (!is_open).then_some(links)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{brand::Brand, feature::page::Pages};

    fn built(templates: &PageTemplates) -> Result<Pages> {
        Pages::new(&Brand::new("Acme"), templates, 8, true)
    }

    #[test]
    fn every_text_has_the_same_keys_and_links_in_every_language() {
        let english = PageTemplates::texts(&Locale::EN);
        assert!(english.len() > 100, "{}", english.len());
        assert!(english.iter().any(|(key, _)| key == "sign_in.wrong.text"));
        for language in Language::ALL {
            let own = PageTemplates::texts(&language.locale());
            assert_eq!(own.len(), english.len());
            for ((key, text), (other, english)) in own.iter().zip(&english) {
                assert_eq!(key, other);
                assert_eq!(links(text), links(english), "{key} in {language:?}");
                // Each built-in text could also be a host's.
                let templates = PageTemplates::default();
                let set = templates.with_text(key, &language.locale(), text);
                assert!(set.is_ok(), "{key} in {language:?}: {set:?}");
            }
        }
        assert!(PageTemplates::texts(&"nl".parse().unwrap()).is_empty());
    }

    #[test]
    fn unusable_text_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        for (key, locale, text, why) in [
            ("sign_in.title", "nl", "Welkom", "this language"),
            ("sign_in.nothing", "en", "Welcome", "no text with this key"),
            ("sign_in", "en", "Welcome", "no text with this key"),
            ("lang", "en", "de", "no text with this key"),
            ("sign_in.title", "en", " ", "empty"),
            ("sign_in.title", "en", &long, "longer than"),
            ("sign_in.title", "en", "Wel\ncome", "control"),
            ("sign_in.title", "en", "Welcome, {email}", "`{email}`"),
            ("sign_in.title", "en", "[Welcome]", "0 links"),
            ("sign_in.new_here", "en", "New here?", "1 links"),
            ("sign_in.new_here", "en", "New here? [Sign up", "brackets"),
            ("sign_in.new_here", "en", "]New here?[ Sign up", "brackets"),
            ("sign_in.new_here", "en", "[New [here]]", "brackets"),
        ] {
            let templates = PageTemplates::default();
            let set = templates.with_text(key, &locale.parse().unwrap(), text);
            let error = format!("{:?}", set.expect_err(text));
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn placeholders_of_a_text_are_replaced() {
        let templates = PageTemplates::default()
            .with_text("password.hint", &Locale::EN, "{min} or more for {product}")
            .unwrap();
        let pages = built(&templates).unwrap();
        let texts = pages.layout.texts(Language::English);
        assert_eq!(texts.password.hint, "8 or more for Acme");
        let german = pages.layout.texts(Language::German);
        assert_ne!(german.password.hint, texts.password.hint);
    }

    #[test]
    fn layout_must_show_the_content_once() {
        for layout in [
            LAYOUT,
            "{% block content %}{% endblock %}",
            "<b>{{ title }}{{ t.common.help }}</b>{% block content %}{% endblock %}",
        ] {
            let templates = PageTemplates::default().with_layout(layout).unwrap();
            built(&templates).unwrap();
        }
        for layout in [
            "",
            "<h1>{{ title }}</h1>",
            "{% block body %}{% endblock %}",
            "{% block content %}{% endblock %}{{ self.content() }}",
            "{{ nothing }}{% block content %}{% endblock %}",
            "{% include 'other.html' %}{% block content %}{% endblock %}",
            "{% if is_error %}{{ nothing }}{% endif %}{% block content %}{% endblock %}",
            "{% if has_form %}{% block content %}{% endblock %}{% endif %}",
        ] {
            let templates = PageTemplates::default().with_layout(layout).unwrap();
            let error = built(&templates).expect_err(layout);
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
        }
        for layout in ["{% block content %}", "{{ title"] {
            let refused = PageTemplates::default().with_layout(layout);
            assert!(refused.is_err(), "{layout}");
        }
    }
}
