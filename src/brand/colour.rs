//! Colours, and the contrast between them (WCAG 2.2, "relative luminance" and "contrast ratio").

use super::configuration;
use crate::error::Result;

/// The minimum contrast of text (WCAG 2.2, 1.4.3).
const LEAST: f64 = 4.5;
pub(super) const ON_LIGHT: &str = "#ffffff";
pub(super) const ON_DARK: &str = "#14171a";

/// A colour scheme for the pages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Dark,
    Light,
}

impl Scheme {
    /// The background colour of sheets, as in the pages' style sheet.
    fn sheet(self) -> &'static str {
        match self {
            Self::Dark => "#1d2125",
            Self::Light => ON_LIGHT,
        }
    }
}

/// A colour in sRGB.
#[derive(Clone, Debug)]
pub(super) struct Colour {
    written: String,
    luminance: f64,
}

impl Colour {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the text is neither `#rgb` nor `#rrggbb`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refused = || configuration(format!("a colour looks like #0b6e4f, not {text:?}"));
        let digits = text.strip_prefix('#').ok_or_else(refused)?;
        let values: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
        let channels = match values.as_deref() {
            Some([r, g, b]) => [r * 17, g * 17, b * 17],
            Some([r, r0, g, g0, b, b0]) => [r * 16 + r0, g * 16 + g0, b * 16 + b0],
            _ => return Err(refused()),
        };
        let [r, g, b] = channels.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        Ok(Self {
            written: text.to_owned(),
            luminance: 0.2126 * r + 0.7152 * g + 0.0722 * b,
        })
    }

    /// Checks that the colour has enough contrast for links on a sheet and for buttons. Returns the colour for text on
    /// it.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a contrast is too low.
    pub(super) fn check_accent(&self, scheme: Scheme) -> Result<&'static str> {
        let on_light = self.contrast(&Self::parse(ON_LIGHT)?);
        let on_dark = self.contrast(&Self::parse(ON_DARK)?);
        let (text, contrast) = if on_light >= on_dark {
            (ON_LIGHT, on_light)
        } else {
            (ON_DARK, on_dark)
        };
        let sheet = scheme.sheet();
        let as_link = self.contrast(&Self::parse(sheet)?);
        if as_link < LEAST {
            return Err(match scheme {
                Scheme::Dark => too_low(&self.written, sheet, as_link),
                Scheme::Light => too_low("white", &self.written, as_link),
            });
        }
        if contrast < LEAST {
            return Err(too_low(text, &self.written, contrast));
        }
        Ok(text)
    }

    fn contrast(&self, other: &Self) -> f64 {
        let lighter = self.luminance.max(other.luminance);
        let darker = self.luminance.min(other.luminance);
        (lighter + 0.05) / (darker + 0.05)
    }
}

fn too_low(text: &str, ground: &str, contrast: f64) -> crate::error::Error {
    // Rounded down, so that the message never says that 4.5 is too little.
    let contrast = (contrast * 10.0).floor() / 10.0;
    configuration(format!(
        "{text} on {ground} has contrast {contrast:.1}, text needs {LEAST}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contrast_is_that_of_the_standard() {
        let contrast = |a: &str, b: &str| {
            let contrast = Colour::parse(a)
                .unwrap()
                .contrast(&Colour::parse(b).unwrap());
            (contrast * 100.0).round() / 100.0
        };
        for (a, b, expected) in [
            ("#000", "#ffffff", 21.0),
            ("#fff", "#fff", 1.0),
            ("#777777", "#fff", 4.48),
            ("#767676", "#FFF", 4.54),
        ] {
            assert!((contrast(a, b) - expected).abs() < 0.005, "{a} {b}");
        }
    }

    #[test]
    fn text_on_an_accent_is_light_or_dark() {
        let text = |colour: &str, scheme| Colour::parse(colour).unwrap().check_accent(scheme);
        assert_eq!(text("#0b6e4f", Scheme::Light).unwrap(), ON_LIGHT);
        assert_eq!(text("#7fd8b4", Scheme::Dark).unwrap(), ON_DARK);
        assert!(text("#777", Scheme::Light).is_err());
        assert!(text("#777", Scheme::Dark).is_err());
    }

    #[test]
    fn other_notations_are_refused() {
        for text in [
            "", "#", "#12", "#1234", "#12345g", "0b6e4f", "red", "#0b6e4f;", "#ä",
        ] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
    }
}
