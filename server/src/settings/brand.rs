//! The settings for the content of pages and emails.

use std::{fs, path::Path};

use clap::Args;
use hallpass::{Error, brand::Brand};

use crate::failure::reason;

/// What pages and emails show.
#[derive(Debug, Args)]
#[allow(rustdoc::bare_urls, reason = "terminals also show this text")]
pub(crate) struct BrandSettings {
    /// Name that pages and emails show
    #[arg(long, env = "HALLPASS_PRODUCT_NAME", default_value = "Hallpass", value_parser = product_name)]
    product_name: String,
    /// SVG, PNG, WebP, JPEG or GIF file of at most 64 KiB that pages show in place of the name
    #[arg(long, env = "HALLPASS_LOGO", value_parser = logo)]
    logo: Option<Logo>,
    /// Colour of buttons and links in the light and in the dark colour scheme, such as #0b6e4f,#7fd8b4
    #[arg(long, env = "HALLPASS_ACCENT", value_parser = accent)]
    accent: Option<Accent>,
    /// URL of your own site
    #[arg(long, env = "HALLPASS_HOME_URL", value_parser = url)]
    home_url: Option<String>,
    /// URL of your help
    #[arg(long, env = "HALLPASS_HELP_URL", value_parser = url)]
    help_url: Option<String>,
    /// URL of your privacy policy
    #[arg(long, env = "HALLPASS_PRIVACY_URL", value_parser = url)]
    privacy_url: Option<String>,
    /// CSS file that follows the style sheet of the pages; it cannot load anything
    #[arg(long, env = "HALLPASS_CSS", value_parser = css)]
    css: Option<Css>,
}

#[derive(Clone, Debug)]
struct Accent {
    light: String,
    dark: String,
}

/// The content of a CSS file.
#[derive(Clone, Debug)]
struct Css(String);

#[derive(Clone)]
struct Logo {
    bytes: Vec<u8>,
    media_type: &'static str,
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.media_type)
    }
}

impl BrandSettings {
    pub(crate) fn brand(&self) -> Brand {
        let mut brand = Brand::new(&self.product_name);
        if let Some(Logo { bytes, media_type }) = &self.logo {
            brand = brand.logo(bytes.clone(), *media_type);
        }
        if let Some(Accent { light, dark }) = &self.accent {
            brand = brand.accent(light, dark);
        }
        if let Some(Css(css)) = &self.css {
            brand = brand.css(css);
        }
        if let Some(url) = &self.home_url {
            brand = brand.home(url);
        }
        if let Some(url) = &self.help_url {
            brand = brand.help(url);
        }
        if let Some(url) = &self.privacy_url {
            brand = brand.privacy(url);
        }
        brand
    }
}

/// A brand with only a name, for checking one other part.
fn blank() -> Brand {
    Brand::new("Hallpass")
}

fn product_name(text: &str) -> Result<String, Error> {
    Brand::new(text).check().map(|()| text.to_owned())
}

fn url(text: &str) -> Result<String, Error> {
    blank().home(text).check().map(|()| text.to_owned())
}

fn accent(text: &str) -> Result<Accent, String> {
    let (light, dark) = text
        .split_once(',')
        .ok_or("expected two colours, light and dark, such as #0b6e4f,#7fd8b4")?;
    let (light, dark) = (light.trim().to_owned(), dark.trim().to_owned());
    blank()
        .accent(&light, &dark)
        .check()
        .map_err(|error| reason(&error))?;
    Ok(Accent { light, dark })
}

fn css(path: &str) -> Result<Css, String> {
    let css = fs::read_to_string(path).map_err(unreadable)?;
    blank().css(&css).check().map_err(|error| reason(&error))?;
    Ok(Css(css))
}

fn logo(path: &str) -> Result<Logo, String> {
    let ending = Path::new(path)
        .extension()
        .and_then(|ending| ending.to_str());
    let media_type = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        _ => return Err("the name of the file must end in .svg, .png, .webp, .jpg or .gif".into()),
    };
    let bytes = fs::read(path).map_err(unreadable)?;
    blank()
        .logo(bytes.clone(), media_type)
        .check()
        .map_err(|error| reason(&error))?;
    Ok(Logo { bytes, media_type })
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: std::io::Error) -> String {
    format!("the file cannot be read: {error}")
}
