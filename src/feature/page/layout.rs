//! The layout of all pages.

use std::fmt;

use minijinja::{
    Environment, HtmlEscape, UndefinedBehavior, Value, context,
    value::{Rest, Serde},
};

use super::{
    frame::{Bar, Frame, Room, Tab},
    host::{LAYOUT, LAYOUT_NAME, PageTemplates, unusable},
    language::Language,
    policy::Policies,
    texts::OwnTexts,
};
use crate::{
    brand::Brand,
    error::{Error, Result},
    http::{Html, minified},
};

const STYLE: &str = include_str!("templates/style.css");
/// The CSS rules for pages with a bar, which are appended to the base rules.
const ACCOUNT_STYLE: &str = include_str!("templates/account.css");
/// The rules for the console, which are appended to those for pages with a bar.
const CONSOLE_STYLE: &str = include_str!("templates/console.css");
const SCRIPT: &str = include_str!("templates/script.js");

/// The templates, by name. Values are escaped, because the names end in `.html`.
macro_rules! templates {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}

const TEMPLATES: [(&str, &str); 26] = templates! {
    "account.html" "account-activity.html" "account-factors.html" "one-form.html" "begin-enrol.html" "check-mail.html" "confirm-password.html" "console.html" "console-events.html" "console-mail.html"
    "console-status.html" "console-user.html" "console-users.html" "enrol.html" "fields.html" "forgot-password.html" "link.html" "lists.html"
    "note.html" "notice.html" "recovery-codes.html" "rows.html" "second-factor.html" "sign-in.html" "sign-out.html"
    "sign-up.html"
};

/// Renders pages. The templates are parsed once, because the sign-in page is requested often.
pub(super) struct Layout {
    environment: Environment<'static>,
    /// In the order of [`Language::ALL`].
    texts: [LanguageTexts; 5],
    plain: Style,
    with_bar: Style,
    of_console: Style,
    product: String,
}

/// The texts of a language, for the views and for the templates.
struct LanguageTexts {
    texts: OwnTexts,
    value: Value,
}

/// A style sheet, and the policies for the pages that use it.
struct Style {
    css: Value,
    policies: Policies,
}

impl Style {
    fn new(css: String, script: Option<&str>, has_image: bool) -> Result<Self> {
        Ok(Self {
            policies: Policies::new(&css, script, has_image)?,
            css: Value::from_safe_string(css),
        })
    }
}

/// The part of a page that does not depend on its template.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) title: &'a str,
    /// Whether the title reports a failure.
    pub(super) is_error: bool,
    /// Whether the page has a form, and therefore the script.
    pub(super) has_form: bool,
    /// The query that leads to the same page in other languages; `None` if there is no such page.
    pub(super) keep: Option<&'a str>,
    /// Whether the page has several sections and needs a wide layout.
    pub(super) is_wide: bool,
}

impl Layout {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the host's layout cannot be rendered.
    pub(super) fn new(
        brand: &Brand,
        templates: &PageTemplates,
        min_password: usize,
        has_script: bool,
    ) -> Result<Self> {
        let own = brand.style()?;
        let has_image = brand.image().is_some();
        let script = has_script.then(|| SCRIPT.trim());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .add_template_owned(LAYOUT_NAME, templates.layout().unwrap_or(LAYOUT).to_owned())
            .map_err(|error| unusable().with_source(error))?;
        for (name, source) in TEMPLATES {
            environment
                .add_template(name, source)
                .map_err(Error::internal)?;
        }
        environment.add_filter("linked", |text: String, urls: Rest<String>| {
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            Value::from_safe_string(linked(&text, &urls))
        });
        environment.add_filter("fill", |text: String, name: String, value: String| {
            text.replace(&format!("{{{name}}}"), &value)
        });
        let languages: Vec<Value> = Language::ALL
            .into_iter()
            .map(|language| {
                context! { code => language.code(), lang => language.texts().lang, name => language.name() }
            })
            .collect();
        environment.add_global("languages", languages);
        let shown = script.map(|script| Value::from_safe_string(script.to_owned()));
        environment.add_global("script", Value::from(shown));
        environment.add_global("product", brand.name());
        environment.add_global("has_logo", brand.image().is_some());
        environment.add_global("home_url", brand.home_url());
        environment.add_global("help_url", brand.help_url());
        environment.add_global("privacy_url", brand.privacy_url());
        environment.add_global("terms_url", brand.terms_url());
        let (product, min_password) = (brand.name().to_owned(), min_password.to_string());
        // The name of a product may look like a placeholder, so it comes last.
        let fill = |text: &str| {
            let text = text.replace("{min}", &min_password);
            text.replace("{product}", &product)
        };
        let texts = |language| -> Result<LanguageTexts> {
            let texts = templates.filled(language, fill)?;
            let value = Value::from(Serde(&texts));
            Ok(LanguageTexts { texts, value })
        };
        let [english, german, french, spanish, chinese] = Language::ALL.map(texts);
        let [usual, of_bar, of_console] = [STYLE, ACCOUNT_STYLE, CONSOLE_STYLE].map(minified);
        let style = |rules: &str| Style::new(format!("{usual}{rules}{own}"), script, has_image);
        let plain = style("")?;
        let with_bar = style(&of_bar)?;
        let of_console = style(&format!("{of_bar}{of_console}"))?;
        let layout = Self {
            environment,
            texts: [english?, german?, french?, spanish?, chinese?],
            plain,
            with_bar,
            of_console,
            product,
        };
        if templates.layout().is_some() {
            layout.check()?;
        }
        Ok(layout)
    }

    /// Renders a page of each kind in the host's layout.
    fn check(&self) -> Result<()> {
        const PROBE: &str = "the content of the page";
        let bar = |room| Bar {
            email: "ann@example.org",
            room,
            current: None,
        };
        let account = Room::Account { has_console: true };
        for (is_error, has_form, keep, bar) in [
            (false, true, Some(""), None),
            (true, false, None, None),
            (false, true, Some(""), Some(bar(account))),
            (false, true, Some(""), Some(bar(Room::Console))),
        ] {
            for language in Language::ALL {
                let frame = Frame {
                    language,
                    ui_chosen: false,
                    query: "",
                    root: "",
                    leads_to: None,
                    bar,
                };
                let head = Head {
                    frame: &frame,
                    title: "Title",
                    is_error,
                    has_form,
                    keep,
                    is_wide: false,
                };
                let v = context! { text => PROBE, way_on => Value::from(()) };
                let html = self.html("note.html", &head, v);
                let html = html.map_err(|error| unusable().with_source(error))?;
                if html.matches(PROBE).count() != 1 {
                    return Err(Error::configuration(
                        "the layout of pages must show the block `content` once",
                    ));
                }
            }
        }
        Ok(())
    }

    /// The texts of a language.
    pub(super) fn texts(&self, language: Language) -> &OwnTexts {
        &self.in_language(language).texts
    }

    fn in_language(&self, language: Language) -> &LanguageTexts {
        let [english, german, french, spanish, chinese] = &self.texts;
        match language {
            Language::Chinese => chinese,
            Language::English => english,
            Language::French => french,
            Language::German => german,
            Language::Spanish => spanish,
        }
    }

    /// A page's headers, for a reply without a body.
    pub(super) fn head(&self) -> Html {
        Html::head(self.plain.policies.scripted.clone())
    }

    /// Renders a page. The context is available in the template as `v`.
    pub(super) fn render(&self, template: &str, head: &Head<'_>, v: Value) -> Result<Html> {
        let html = self.html(template, head, v).map_err(Error::internal)?;
        let policies = &self.style_of(head.frame).policies;
        let policy = if head.has_form {
            &policies.scripted
        } else {
            &policies.plain
        };
        let page = Html::new(policy.clone(), html);
        match head.frame.leads_to {
            Some(source) if head.has_form => page.leading_to(source),
            _ => Ok(page),
        }
    }

    /// The bar as it is passed to a template.
    fn bar(&self, frame: &Frame<'_>, bar: Bar<'_>) -> Value {
        let texts = self.texts(frame.language);
        let (own, console) = (&texts.account, &texts.console);
        // The layout puts the way to the mount point in front.
        let at_root = Frame { root: "", ..*frame };
        let part = |page: &str, part: &str, label: &str, tab: Option<Tab>| {
            let is_current = tab == bar.current && tab.is_some();
            let url = format!("{}{part}", at_root.away(page));
            context! { url, label, is_current }
        };
        let link = |page: &str, label: &str, tab: Option<Tab>| part(page, "", label, tab);
        let (name, links) = match bar.room {
            Room::Account { has_console } => {
                let mut links = vec![
                    link("account", &own.profile, Some(Tab::Account)),
                    part("account", "#security", &own.security, None),
                    part("account", "#devices", &own.devices, None),
                    link("account/activity", &own.activity, Some(Tab::Activity)),
                ];
                if has_console {
                    links.push(link("console", &console.navigation, None));
                }
                (&own.navigation, links)
            }
            Room::Console => {
                let links = vec![
                    link("console", &console.title, Some(Tab::Console)),
                    link("console/users", &console.users, Some(Tab::Users)),
                    link("console/events", &console.events, Some(Tab::Events)),
                    link("console/mail", &console.mail, Some(Tab::Mail)),
                    link("console/status", &console.status, Some(Tab::Status)),
                ];
                (&console.navigation, links)
            }
        };
        context! {
            email => bar.email,
            name,
            links,
            is_console => bar.room == Room::Console,
            query => at_root.away(""),
        }
    }

    fn style_of(&self, frame: &Frame<'_>) -> &Style {
        match frame.bar {
            Some(_) if frame.is_of_console() => &self.of_console,
            Some(_) => &self.with_bar,
            None => &self.plain,
        }
    }

    /// A page's HTML.
    fn html(
        &self,
        template: &str,
        head: &Head<'_>,
        v: Value,
    ) -> std::result::Result<String, minijinja::Error> {
        let Head {
            frame,
            title,
            is_error,
            has_form,
            keep,
            is_wide,
        } = head;
        let t = &self.in_language(frame.language).value;
        let keep = keep.map(|query| match query {
            "" => String::new(),
            query => format!("&{query}"),
        });
        let context = context! {
            t,
            v,
            title => *title,
            is_error,
            has_form,
            keep,
            wide => *is_wide,
            bar => frame.bar.map(|bar| self.bar(frame, bar)),
            style => self.style_of(frame).css.clone(),
            root => frame.root,
            ui => frame.ui(),
            code => frame.language.code(),
            action_query => frame.of_action(),
            link_query => frame.of_link(),
        };
        self.environment.get_template(template)?.render(context)
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

/// The text as HTML, in which each part in brackets becomes a link to the next URL.
pub(super) fn linked(text: &str, urls: &[&str]) -> String {
    if urls.is_empty() {
        return HtmlEscape(text).to_string();
    }
    let mut urls = urls.iter();
    let mut html = String::new();
    for (index, part) in text.split(['[', ']']).enumerate() {
        // Every second part was in brackets.
        match (index % 2, urls.as_slice().first()) {
            (1, Some(url)) => {
                urls.next();
                let (url, part) = (HtmlEscape(url), HtmlEscape(part));
                html.push_str(&format!("<a href=\"{url}\">{part}</a>"));
            }
            _ => html.push_str(&HtmlEscape(part).to_string()),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_links_and_values_stay_text() {
        assert_eq!(
            linked("A & B: [x] or [y].", &["a?b=1&c", "\"d"]),
            "A &amp; B: <a href=\"a?b=1&amp;c\">x</a> or <a href=\"&quot;d\">y</a>."
        );
        assert_eq!(linked("<b> [x]", &[]), "&lt;b&gt; [x]");
    }

    #[test]
    fn style_and_script_are_small() {
        assert!(minified(STYLE).len() < 4096, "{}", minified(STYLE).len());
        assert!(SCRIPT.len() <= 1024, "{}", SCRIPT.len());
    }
}
