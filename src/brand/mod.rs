//! The host's branding on pages and in emails: its name, logo, colours and links.
//!
//! ```
//! use hallpass::brand::Brand;
//!
//! let brand = Brand::new("Acme Notes")
//!     .accent("#0b6e4f", "#7fd8b4")
//!     .home("https://acme.example")
//!     .help("https://acme.example/help");
//! brand.check()?;
//! # Ok::<(), hallpass::Error>(())
//! ```

mod colour;
mod rules;

use self::colour::{Colour, ON_DARK, ON_LIGHT, Scheme};
pub(crate) use self::rules::check_name;
use crate::error::{Error, Result};

/// The host's branding on pages and in emails. [`AuthBuilder::brand`](crate::AuthBuilder::brand) takes it.
///
/// All parts except the name are optional. [`check`](Self::check) finds mistakes; the builder calls it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Brand {
    name: String,
    logo: Option<Logo>,
    accent: Option<[String; 2]>,
    css: Option<String>,
    home: Option<String>,
    help: Option<String>,
    privacy: Option<String>,
    terms: Option<String>,
}

/// An image, and its media type.
#[derive(Clone, Debug)]
pub(crate) struct Logo {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: String,
}

/// A colour, and the colour of text that is displayed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accent {
    pub(crate) colour: String,
    pub(crate) text: &'static str,
}

impl Brand {
    /// A brand with this name: one line of at most 100 characters.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            logo: None,
            accent: None,
            css: None,
            home: None,
            help: None,
            privacy: None,
            terms: None,
        }
    }

    /// The logo, which pages show 24 pixels high in place of the name. It is an SVG, PNG, WebP, JPEG or GIF image of at
    /// most 64 KiB, served at `/brand/logo`. Emails show the name, because mail programs do not load images.
    pub fn logo(mut self, bytes: impl Into<Vec<u8>>, media_type: impl Into<String>) -> Self {
        self.logo = Some(Logo {
            bytes: bytes.into(),
            media_type: media_type.into(),
        });
        self
    }

    /// The colour of buttons and links in the light and dark colour schemes, as `#rgb` or `#rrggbb`. Text in this
    /// colour on a sheet, and text on a button of this colour, must have a contrast of at least 4.5 : 1 (WCAG 2.2,
    /// 1.4.3). The sheet is white in the light scheme and `#1d2125` in the dark scheme.
    pub fn accent(mut self, light: impl Into<String>, dark: impl Into<String>) -> Self {
        self.accent = Some([light.into(), dark.into()]);
        self
    }

    /// CSS that is appended to the pages' style sheet. It can set the variables `--hp-ground`, `--hp-sheet`,
    /// `--hp-text`, `--hp-quiet`, `--hp-line`, `--hp-hair`, `--hp-accent`, `--hp-on-accent`, `--hp-alarm`, `--hp-good`,
    /// `--hp-radius`, `--hp-font`, `--hp-form` and `--hp-page`, or contain rules. It cannot load anything.
    pub fn css(mut self, css: impl Into<String>) -> Self {
        self.css = Some(css.into());
        self
    }

    /// The URL of the host's own site.
    pub fn home(mut self, url: impl Into<String>) -> Self {
        self.home = Some(url.into());
        self
    }

    /// The URL of the help page.
    pub fn help(mut self, url: impl Into<String>) -> Self {
        self.help = Some(url.into());
        self
    }

    /// The URL of the privacy policy.
    pub fn privacy(mut self, url: impl Into<String>) -> Self {
        self.privacy = Some(url.into());
        self
    }

    /// The URL of the terms of use.
    pub fn terms(mut self, url: impl Into<String>) -> Self {
        self.terms = Some(url.into());
        self
    }

    /// Checks every part.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the name is not one line of 1 to 100 characters; a colour
    /// is malformed or lacks contrast; the CSS contains `@import`, `url(`, `expression(` or `</`; the logo has another
    /// media type or is too large; or a URL does not begin with `http://` or `https://`.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        self.accents()?;
        if let Some(css) = &self.css {
            rules::check_css(css)?;
        }
        if let Some(logo) = &self.logo {
            rules::check_logo(logo)?;
        }
        let urls = [&self.home, &self.help, &self.privacy, &self.terms];
        urls.into_iter()
            .flatten()
            .try_for_each(|url| rules::check_url(url))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn home_url(&self) -> Option<&str> {
        self.home.as_deref()
    }

    pub(crate) fn help_url(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The colours of buttons and links in the light and dark schemes.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a colour is malformed or lacks contrast.
    pub(crate) fn accents(&self) -> Result<Option<[Accent; 2]>> {
        let Some([light, dark]) = &self.accent else {
            return Ok(None);
        };
        let accent = |colour: &str, scheme| -> Result<Accent> {
            let text = Colour::parse(colour)?.check_accent(scheme)?;
            Ok(Accent {
                colour: colour.to_owned(),
                text,
            })
        };
        Ok(Some([
            accent(light, Scheme::Light)?,
            accent(dark, Scheme::Dark)?,
        ]))
    }
}

#[cfg(feature = "pages")]
impl Brand {
    pub(crate) fn image(&self) -> Option<&Logo> {
        self.logo.as_ref()
    }

    pub(crate) fn privacy_url(&self) -> Option<&str> {
        self.privacy.as_deref()
    }

    pub(crate) fn terms_url(&self) -> Option<&str> {
        self.terms.as_deref()
    }

    /// The brand's style rules, which are appended to the pages' style sheet.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a colour is malformed or lacks contrast.
    pub(crate) fn style(&self) -> Result<String> {
        let mut style = String::new();
        if let Some([light, dark]) = self.accents()? {
            let root = |Accent { colour, text }: &Accent| {
                format!(":root{{--hp-accent:{colour};--hp-on-accent:{text}}}")
            };
            style = format!(
                "{}@media(prefers-color-scheme:dark){{{}}}",
                root(&light),
                root(&dark)
            );
        }
        if let Some(css) = &self.css {
            style.push_str(css.trim());
        }
        Ok(style)
    }
}

impl Accent {
    /// The default light and dark colours in emails; the pages use the same defaults.
    pub(crate) fn usual() -> [Self; 2] {
        [("#1f5fbf", ON_LIGHT), ("#8ab4f8", ON_DARK)].map(|(colour, text)| Self {
            colour: colour.to_owned(),
            text,
        })
    }
}

fn configuration(message: impl Into<String>) -> Error {
    Error::configuration(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(brand: &Brand) -> String {
        let error = brand.check().expect_err("the brand is refused");
        format!("{error:?}")
    }

    fn brand() -> Brand {
        Brand::new("Acme Notes")
    }

    #[test]
    fn a_full_brand_passes() {
        let brand = brand()
            .logo(
                *b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
                "image/svg+xml",
            )
            .accent("#0b6e4f", "#7fd8b4")
            .css(":root{--hp-radius:0}")
            .home("https://acme.example")
            .help("https://acme.example/help")
            .privacy("http://localhost:3000/privacy")
            .terms("https://acme.example/terms?of=use");
        brand.check().unwrap();
    }

    #[test]
    fn every_part_is_checked() {
        for (brand, words) in [
            (Brand::new(""), "product name"),
            (Brand::new("a\nb"), "product name"),
            (brand().accent("green", "#7fd8b4"), "green"),
            (
                brand().accent("#9ad", "#7fd8b4"),
                "white on #9ad has contrast 2.2, text needs 4.5",
            ),
            (
                brand().accent("#0b6e4f", "#0b6e4f"),
                "#0b6e4f on #1d2125 has contrast 2.5, text needs 4.5",
            ),
            (brand().css("@IMPORT 'x';"), "@import"),
            (brand().css("a{background:URL(x)}"), "url("),
            (brand().css("</style><script>"), "</"),
            (brand().css("a{width:expression(1)}"), "expression("),
            (brand().logo(*b"x", "text/html"), "text/html"),
            (brand().logo(vec![0; 65_537], "image/png"), "64 KiB"),
            (brand().logo(Vec::new(), "image/png"), "empty"),
            (brand().home("acme.example"), "acme.example"),
            (brand().help("javascript:alert(1)"), "javascript"),
            (brand().privacy("https://"), "https://"),
            (brand().terms("https://acme.example/a b"), "a b"),
        ] {
            let message = refused(&brand);
            assert!(message.contains(words), "{words}: {message}");
        }
    }
}
