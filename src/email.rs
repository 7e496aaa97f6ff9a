//! Email addresses.

use std::{fmt, str::FromStr};

use unicode_normalization::UnicodeNormalization as _;

const MAX_LOCAL: usize = 64;
const MAX_TOTAL: usize = 254;

/// An email address: a UTF-8 dot-atom of at most 64 bytes, `@`, and a domain with two or more labels. The whole address
/// has at most 254 bytes.
///
/// The address is kept as given, but compared by its [canonical form](Self::canonical). Quoted local parts, comments,
/// display names and address literals are valid in email messages, but are refused because they are easy to abuse.
///
/// ```
/// use hallpass::user::EmailAddress;
///
/// let email: EmailAddress = "Zoë@EXAMPLE.org".parse()?;
/// assert_eq!(email.as_str(), "Zoë@EXAMPLE.org");
/// assert_eq!(email.canonical(), "zoë@example.org");
/// # Ok::<(), hallpass::user::InvalidEmail>(())
/// ```
#[derive(Clone)]
pub struct EmailAddress {
    given: String,
    canonical: String,
}

impl EmailAddress {
    /// The address as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The form that is unique per account: in NFC, with the local part in lower case and the domain in lower case as
    /// A-labels (IDNA). Dots and `+tags` are kept, because only some providers ignore them.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The address as given.
    #[cfg(feature = "http")]
    pub(crate) fn into_given(self) -> String {
        self.given
    }

    /// Reads an address that was accepted before. The address is checked again, because other
    /// programs can write to the database.
    pub(crate) fn from_stored(given: String) -> Result<Self, InvalidEmail> {
        let canonical = canonical(&given)?;
        Ok(Self { given, canonical })
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Self::from_stored(given.to_owned())
    }
}

fn canonical(given: &str) -> Result<String, InvalidEmail> {
    if given.len() > MAX_TOTAL {
        return Err(InvalidEmail(()));
    }
    let (local, domain) = given.rsplit_once('@').ok_or(InvalidEmail(()))?;
    if is_plain_local(local) && is_plain(domain) {
        return if has_top_level(domain) {
            Ok(given.to_ascii_lowercase())
        } else {
            Err(InvalidEmail(()))
        };
    }
    let canonical = format!("{}@{}", canonical_local(local)?, canonical_domain(domain)?);
    if canonical.len() > MAX_TOTAL {
        return Err(InvalidEmail(()));
    }
    Ok(canonical)
}

/// Whether lower-casing alone yields the canonical form, as it does for nearly every local part.
fn is_plain_local(local: &str) -> bool {
    let atext = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte);
    (1..=MAX_LOCAL).contains(&local.len())
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(atext))
}

/// A dot-atom (RFC 5322), which may contain UTF-8 (RFC 6531).
fn canonical_local(local: &str) -> Result<String, InvalidEmail> {
    let atext = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_invisible(c))
    };
    let dot_atom = local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(atext));
    if local.len() > MAX_LOCAL || !dot_atom {
        return Err(InvalidEmail(()));
    }
    if local.is_ascii() {
        return Ok(local.to_ascii_lowercase());
    }
    // Lower-casing can break NFC (İ becomes i and a combining dot), so NFC is applied before and after it.
    let canonical: String = local
        .nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect();
    if canonical.len() > MAX_LOCAL {
        return Err(InvalidEmail(()));
    }
    Ok(canonical)
}

/// The domain as A-labels, by UTS #46 with the STD3 rules. It must have two labels or more, and the last label must
/// not be all digits.
fn canonical_domain(domain: &str) -> Result<String, InvalidEmail> {
    // IDNA drops invisible characters, so the displayed address would differ from the one that
    // email is sent to.
    if domain.ends_with('.') || domain.chars().any(is_invisible) {
        return Err(InvalidEmail(()));
    }
    let ascii = if is_plain(domain) {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail(()))?
    };
    let well_formed = ascii.split('.').all(is_ldh) && has_top_level(&ascii);
    if well_formed {
        Ok(ascii)
    } else {
        Err(InvalidEmail(()))
    }
}

/// Whether lower-casing alone yields the canonical form, as it does for nearly every domain. A label with `--` may be
/// an A-label, which has to be checked.
fn is_plain(domain: &str) -> bool {
    domain.len() <= 253 && !domain.contains("--") && domain.split('.').all(is_ldh)
}

/// Whether the domain has two labels or more, and the last label is not all digits.
fn has_top_level(domain: &str) -> bool {
    domain
        .rsplit_once('.')
        .is_some_and(|(_, last)| !last.bytes().all(|b| b.is_ascii_digit()))
}

fn is_ldh(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether this is a noncharacter, or a format character, which changes how an address looks but
/// not where its email goes.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF
        | 0xFFF9..=0xFFFF | 0xE0000..=0xE0FFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

impl PartialEq for EmailAddress {
    /// Two addresses are equal if their canonical forms are equal.
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.given)
    }
}

/// The text is not an address that Hallpass accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an email address of the form local@domain")]
pub struct InvalidEmail(());

#[cfg(test)]
mod tests;
