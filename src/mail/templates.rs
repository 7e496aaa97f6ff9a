//! Rendering letters as plain text and HTML.

mod client;
mod date;
mod source;
mod why;
mod words;

use std::{borrow::Cow, collections::HashMap, fmt, net::Ipv4Addr, time::Duration};

use minijinja::{Environment, UndefinedBehavior, Value, context};

use self::{
    client::client,
    source::{Part, Source},
    why::reason,
};
pub(crate) use self::{date::moment, words::in_words};
use super::{Content, Letter, Links, Seen};
use crate::{
    brand::{Accent, Brand, check_name},
    clock::Timestamp,
    error::{Error, Result},
    outbox::{LetterKind, letters},
    purpose::Purpose,
    user::{EmailAddress, Locale},
};

/// The longest line, in characters. RFC 5322 section 2.1.1 recommends at most 78.
const MAX_LINE: usize = 76;

/// The time of the action in a preview: 1 March 2026, 09:05 UTC.
const SAMPLE_TIME: Duration = Duration::from_secs(1_772_355_900);
const SAMPLE_USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Renders letters, as plain text and as HTML that loads no other resources.
///
/// A letter is written once: the subject on the first line, then paragraphs, separated by empty lines. A paragraph in
/// brackets is the link, and the text in the brackets is its button label. Both the plain text and the HTML are
/// rendered from this source.
///
/// ```
/// use hallpass::mail::{LetterKind, Templates};
/// use hallpass::user::Locale;
///
/// let templates = Templates::new("Acme")?.with_letter(
///     LetterKind::ResetPassword,
///     &Locale::EN,
///     "A new password for {{ product }}\n\nHere is your link.\n\n[Choose a password]\n\nIt works for {{ expires_in }}.",
/// )?;
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone)]
pub struct Templates {
    /// The letters in source form. A process uses only a few letters, so each letter is parsed when it is used.
    letters: HashMap<(Locale, LetterKind), Cow<'static, str>>,
    locales: Vec<Locale>,
    layout: Cow<'static, str>,
    product: String,
    /// The accent colours for the light and the dark colour scheme.
    accents: [Accent; 2],
    home: Option<String>,
    help: Option<String>,
}

/// The texts of all letters in one language, from that language's folder.
macro_rules! texts {
    ($folder:literal $($(#[$docs:meta])* $letter:ident $file:literal: $row:expr;)*) => {
        [$((
            LetterKind::$letter,
            include_str!(concat!("templates/", $folder, "/", $file, ".txt")),
        )),*]
    };
}

impl Templates {
    /// The built-in letters, sent in the name of this product. A host that sets no templates uses
    /// `Hallpass`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the name is empty, longer than 100
    /// characters, or contains control characters.
    pub fn new(product: impl Into<String>) -> Result<Self> {
        let product = product.into();
        check_name(&product)?;
        let written = [
            (Locale::EN, letters!(texts "en")),
            (Locale::DE, letters!(texts "de")),
            (Locale::ES, letters!(texts "es")),
            (Locale::FR, letters!(texts "fr")),
            (Locale::ZH, letters!(texts "zh")),
        ];
        let (mut letters, mut locales) = (HashMap::new(), Vec::new());
        for (locale, texts) in written {
            letters.extend(texts.map(|(kind, text)| ((locale.clone(), kind), Cow::Borrowed(text))));
            locales.push(locale);
        }
        Ok(Self {
            letters,
            locales,
            layout: Cow::Borrowed(include_str!("templates/layout.html")),
            product,
            accents: Accent::usual(),
            home: None,
            help: None,
        })
    }

    /// Renders the letters with a brand's name, colours and links.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the brand is invalid.
    pub(crate) fn with_brand(mut self, brand: &Brand) -> Result<Self> {
        brand.check()?;
        brand.name().clone_into(&mut self.product);
        if let Some(accents) = brand.accents()? {
            self.accents = accents;
        }
        self.home = brand.home_url().map(ToOwned::to_owned);
        self.help = brand.help_url().map(ToOwned::to_owned);
        Ok(self)
    }

    /// Sets the text of a letter in a language. The language may be one that has no letters yet.
    /// Letters that have no text in a language are sent in English.
    ///
    /// Each paragraph is a [minijinja](https://docs.rs/minijinja) template that can use `product`
    /// and `lang`. Letters with a link can also use `expires_in`. Letters that report an action can use `at`, `ip`, and
    /// `client`, which is a readable description of the browser, its system and `ip`. `ip` and `client` are none if
    /// they are unknown. [`LetterKind::EmailChangeRequested`] can use `new_email`. Values are escaped in HTML.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the text has no subject, or uses data that the letter does
    /// not have. A letter with a link must have exactly one paragraph in brackets, except that a
    /// [notice](LetterKind::is_notice) may have none. A letter without a link must have none.
    pub fn with_letter(mut self, kind: LetterKind, locale: &Locale, text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            let kind = kind.as_str();
            Err(Error::configuration(format!(
                "the letter {kind} in `{locale}` cannot be used: {why}"
            )))
        };
        let source = Source::parse(text)?;
        let sample = sample(kind)?;
        let most = usize::from(sample.link.is_some());
        let least = if kind.is_notice() { 0 } else { most };
        if !(least..=most).contains(&source.actions()) {
            return refuse(
                "a letter with a link must have one paragraph in brackets, a notice may have one, and other letters none",
            );
        }
        self.letters
            .insert((locale.clone(), kind), Cow::Owned(text.to_owned()));
        if !self.locales.contains(locale) {
            self.locales.push(locale.clone());
        }
        if let Err(error) = self.render(&sample, locale) {
            let error = std::error::Error::source(&error).map(ToString::to_string);
            return refuse(&error.unwrap_or_default());
        }
        Ok(self)
    }

    /// Puts the HTML of every letter into the host's own layout.
    ///
    /// The layout is a [minijinja](https://docs.rs/minijinja) template that can use these values, which are already
    /// escaped:
    ///
    /// * `lang` and `dir` (`ltr` or `rtl`), `subject` and `product`
    /// * `parts`: each has a `text`, and the button also has a `link`
    /// * `preheader`: the text that mail programs show beside the subject, which is the first paragraph
    /// * `address`: the recipient, and `why`: the reason why the email was sent there, in the language `why_lang`; none
    ///   if the letter has [no recipient](Letter::to)
    /// * `accent` and `on_accent`, `accent_dark` and `on_accent_dark`: the colours of the [brand](Brand), and of text on
    ///   them, in the light and in the dark colour scheme
    /// * `home` and `help`: the brand's URLs, or none
    ///
    /// The default is `src/mail/templates/layout.html`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the layout cannot be rendered.
    pub fn with_layout(mut self, html: &str) -> Result<Self> {
        self.layout = Cow::Owned(html.to_owned());
        self.render(&sample(LetterKind::ResetPassword)?, &Locale::EN)
            .map(|_| self)
            .map_err(|error| {
                Error::configuration("the layout of letters cannot be used").with_source(error)
            })
    }

    /// The languages in which letters are available, English first.
    #[must_use]
    pub fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// The product that sends the letters.
    #[must_use]
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Renders a letter in this language, or in English if the letter has no text in this language.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if a template is broken.
    pub fn render(&self, letter: &Letter, locale: &Locale) -> Result<Content> {
        let (locale, text) = self.text(letter.kind, locale)?;
        let source = Source::parse(text)?;
        let context = self.context(letter, locale);
        let environment = environment();
        let render = |text: &str| {
            environment
                .render_str(text, &context)
                .map_err(Error::internal)
        };
        let link = letter.link.as_ref().map(|(link, _)| link.expose());
        let subject = render(&source.subject)?;
        let (mut text, mut parts, mut preheader) = (Vec::new(), Vec::new(), None);
        for part in &source.parts {
            match (part, link) {
                (Part::Action(label), Some(link)) => {
                    let label = render(label)?;
                    text.push(format!("{}\n{link}", wrap(&label)));
                    let link = Some(escape_html(link));
                    parts.push(context! { text => escape_html(&label), link });
                }
                (Part::Action(paragraph) | Part::Paragraph(paragraph), _) => {
                    let paragraph = render(paragraph)?;
                    text.push(wrap(&paragraph));
                    let paragraph = escape_html(&paragraph);
                    preheader.get_or_insert_with(|| paragraph.clone());
                    let link: Option<String> = None;
                    parts.push(context! { text => paragraph, link });
                }
            }
        }
        let page = context! {
            lang => locale.as_str(),
            dir => direction(locale),
            subject => escape_html(&subject),
            preheader => preheader.unwrap_or_default(),
            parts,
            ..self.frame(letter, locale)
        };
        let html = environment.render_str(&self.layout, page);
        Ok(Content {
            subject,
            text: text.join("\n\n") + "\n",
            html: html.map_err(Error::internal)?,
        })
    }

    /// Renders a letter with sample data, as a preview. Its link leads to `example.org`.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if a template is broken.
    pub fn preview(&self, kind: LetterKind, locale: &Locale) -> Result<Content> {
        let mut letter = sample(kind)?;
        if let Some(seen) = &mut letter.seen {
            seen.at += SAMPLE_TIME;
            seen.ip = Some(Ipv4Addr::new(203, 0, 113, 7).into());
            letter.user_agent = Some(SAMPLE_USER_AGENT.to_owned());
        }
        self.render(&letter, locale)
    }

    /// The values that the layout shows around the text.
    fn frame(&self, letter: &Letter, locale: &Locale) -> Value {
        let [light, dark] = &self.accents;
        let address = letter.to.as_ref().map(EmailAddress::as_str);
        let why = address.map(|address| reason(letter.kind, address, &self.product, locale));
        context! {
            product => escape_html(&self.product),
            address => address.map(escape_html),
            why => why.as_ref().map(|why| escape_html(&why.text)),
            why_lang => why.map(|why| why.lang),
            accent => &light.colour,
            on_accent => light.text,
            accent_dark => &dark.colour,
            on_accent_dark => dark.text,
            home => self.home.as_deref().map(escape_html),
            help => self.help.as_deref().map(escape_html),
        }
    }

    /// The language in which a letter is sent to a user with this language.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if there is no such letter.
    pub(crate) fn language(&self, kind: LetterKind, locale: &Locale) -> Result<&Locale> {
        self.text(kind, locale).map(|(locale, _)| locale)
    }

    /// The text of the letter in the language that fits best.
    fn text(&self, kind: LetterKind, locale: &Locale) -> Result<(&Locale, &str)> {
        locale
            .look_up(&self.locales)
            .into_iter()
            .chain([&Locale::EN])
            .find_map(|locale| self.letters.get_key_value(&(locale.clone(), kind)))
            .map(|((locale, _), text)| (locale, &**text))
            .ok_or_else(|| Error::internal(format!("there is no letter {}", kind.as_str())))
    }

    fn context(&self, letter: &Letter, locale: &Locale) -> Value {
        let new_email = letter.new_email.as_ref().map(EmailAddress::as_str);
        let seen = letter.seen.map(|seen| {
            context! {
                at => moment(seen.at, locale),
                ip => seen.ip.map(|ip| ip.to_string()),
                client => client(seen.ip, letter.user_agent.as_deref(), locale),
            }
        });
        let expires_in = letter
            .link
            .as_ref()
            .map(|(_, duration)| in_words(*duration, locale));
        let own = [
            expires_in.map(|expires_in| context! { expires_in }),
            new_email.map(|new_email| context! { new_email }),
            seen,
        ];
        let common = context! { product => self.product.as_str(), lang => locale.as_str() };
        own.into_iter()
            .flatten()
            .fold(common, |all, one| context! { ..all, ..one })
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("product", &self.product)
            .field("locales", &self.locales)
            .finish_non_exhaustive()
    }
}

/// If a template uses a variable that the letter does not have, rendering fails instead of inserting an empty text.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

/// A letter of this kind, for checking templates.
fn sample(kind: LetterKind) -> Result<Letter> {
    let links = Links::new("https://example.org")?;
    let token = "token".into();
    let link = |purpose: Purpose| (links.to(purpose, &token), Duration::from_secs(1800));
    let seen = || Seen {
        at: Timestamp::UNIX_EPOCH,
        ip: None,
    };
    let new_email = "new@example.org".parse().map_err(Error::internal)?;
    Ok(Letter {
        kind,
        link: kind.purpose().map(link),
        seen: kind.is_notice().then(seen),
        user_agent: None,
        new_email: kind.has_new_email().then_some(new_email),
        to: Some("ann@example.org".parse().map_err(Error::internal)?),
    })
}

/// Breaks lines at spaces only. A string without spaces, such as a link or a Chinese sentence, is not broken.
fn wrap(paragraph: &str) -> String {
    let (mut wrapped, mut length) = (String::new(), 0);
    for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if length > 0 {
            let fits = length + 1 + width <= MAX_LINE;
            wrapped.push(if fits { ' ' } else { '\n' });
            length = if fits { length + 1 } else { 0 };
        }
        wrapped.push_str(word);
        length += width;
    }
    wrapped
}

/// The base direction of a string in this language.
fn direction(locale: &Locale) -> &'static str {
    match locale.language() {
        "ar" | "ckb" | "dv" | "fa" | "he" | "ps" | "sd" | "ug" | "ur" | "yi" => "rtl",
        _ => "ltr",
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests;
