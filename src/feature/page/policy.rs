//! The pages' `Content-Security-Policy`.

use ::http::HeaderValue;

use crate::{
    error::{Error, Result},
    http::hash_source,
};

/// The policies for pages without and with the script.
#[derive(Debug)]
pub(super) struct Policies {
    pub(super) plain: HeaderValue,
    pub(super) scripted: HeaderValue,
}

impl Policies {
    /// The policies for pages with this style sheet, and with this script if there is one.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if a policy is not a valid header.
    pub(super) fn new(style: &str, script: Option<&str>, has_image: bool) -> Result<Self> {
        let style = hash_source(style);
        let image = if has_image { "img-src 'self'; " } else { "" };
        let script = script.map_or_else(String::new, |script| {
            format!(
                "script-src '{}'; require-trusted-types-for 'script'; ",
                hash_source(script)
            )
        });
        let policy = |script: &str| {
            // A page loads nothing but its logo, and sends its forms only to this service.
            HeaderValue::try_from(format!(
                "default-src 'none'; style-src '{style}'; {image}{script}form-action 'self'; base-uri 'none'; \
                 frame-ancestors 'none'"
            ))
            .map_err(Error::internal)
        };
        Ok(Self {
            plain: policy("")?,
            scripted: policy(&script)?,
        })
    }
}
