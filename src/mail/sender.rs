//! The email sender.

use std::{fmt, str::FromStr};

use crate::{
    error::{Error, Result},
    user::EmailAddress,
};

const MAX_NAME: usize = 200;
/// RFC 2606 reserves this name, so it is never a real domain.
const ANY_TLD: &str = ".invalid";

/// The sender of emails: `Hallpass <no-reply@localhost>`, `"Acme, Inc." <id@acme.example>` or only
/// an address.
///
/// The address must be one that [`EmailAddress`] accepts, or an address at a domain with a single label, such as
/// `localhost`.
///
/// ```
/// use hallpass::mail::Sender;
///
/// let sender: Sender = "Hallpass <no-reply@localhost>".parse()?;
/// assert_eq!(sender.name(), Some("Hallpass"));
/// assert_eq!((sender.local(), sender.domain()), ("no-reply", "localhost"));
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    local: String,
    domain: String,
}

impl Sender {
    /// The display name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The part of the address before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The address's domain, lower-case, as A-labels.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

impl FromStr for Sender {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            Error::configuration(format!(
                "the mail sender must look like Hallpass <no-reply@example.org>, not {text:?}"
            ))
        };
        let trimmed = text.trim();
        let (name, address) = match trimmed.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            Some((name, address)) => (unquote(name.trim()), address),
            None => (String::new(), trimmed),
        };
        if name.len() > MAX_NAME || name.contains(|c: char| c.is_control() || c == '<' || c == '>')
        {
            return Err(malformed());
        }
        let (local, domain) = split(address).ok_or_else(malformed)?;
        Ok(Self {
            name: Some(name).filter(|name| !name.is_empty()),
            local,
            domain,
        })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name} <{}@{}>", self.local, self.domain)
        } else {
            write!(f, "{}@{}", self.local, self.domain)
        }
    }
}

/// The local part as given, and the domain as A-labels.
fn split(address: &str) -> Option<(String, String)> {
    let one_label = !address.rsplit_once('@')?.1.contains('.');
    let suffix = if one_label { ANY_TLD } else { "" };
    let parsed: EmailAddress = format!("{address}{suffix}").parse().ok()?;
    let (local, _) = parsed.as_str().rsplit_once('@')?;
    let (_, domain) = parsed.canonical().rsplit_once('@')?;
    let domain = domain.strip_suffix(suffix)?;
    Some((local.to_owned(), domain.to_owned()))
}

/// Removes the quotes and backslashes of a quoted-string (RFC 5322).
fn unquote(name: &str) -> String {
    let Some(inner) = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    else {
        return name.to_owned();
    };
    let mut escaped = false;
    let keep = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    inner.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Option<String>, String)> {
        let sender: Sender = text.parse().ok()?;
        Some((sender.name, format!("{}@{}", sender.local, sender.domain)))
    }

    #[test]
    fn senders_are_a_name_and_an_address_or_an_address() {
        for (text, name, address) in [
            (
                "Hallpass <no-reply@localhost>",
                Some("Hallpass"),
                "no-reply@localhost",
            ),
            ("no-reply@localhost", None, "no-reply@localhost"),
            ("<no-reply@Example.ORG>", None, "no-reply@example.org"),
            (
                "\"Acme, \\\"Inc.\\\"\" <id@acme.example>",
                Some("Acme, \"Inc.\""),
                "id@acme.example",
            ),
            (
                "Zoë Bücher <zoë@bücher.example>",
                Some("Zoë Bücher"),
                "zoë@xn--bcher-kva.example",
            ),
        ] {
            let expected = (name.map(str::to_owned), address.to_owned());
            assert_eq!(parsed(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_malformed_sender_is_refused() {
        for text in [
            "",
            "Hallpass",
            "Hallpass <>",
            "Hallpass <no-reply>",
            "Hallpass <no-reply@>",
            "Hallpass <a@b> <c@d>",
            "Hallpass <no-reply@localhost",
            "Hall\r\nBcc: x@y.org <no-reply@localhost>",
            "a@b@c",
            "a@local host",
            "a@b,c@d",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }
}
