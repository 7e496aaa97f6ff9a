//! Refusals by the host.

use std::borrow::Cow;

use super::kind::CODES;

/// The code that replaces an invalid code.
const FALLBACK: &str = "refused";
const MAX_CODE: usize = 64;

/// A refusal by the host, with a code for clients and a message for people.
///
/// Over HTTP, the refusal is sent as a problem with status 422. Its `code` is the refusal's code, its `type` is
/// `urn:hallpass:<code>`, and its `detail` is the message.
///
/// ```
/// use hallpass::{Error, ErrorKind, error::Refusal};
///
/// let refusal = Refusal::new("company_address_needed", "Please register with your address at work.");
/// let error = Error::from(refusal);
/// assert_eq!(error.kind(), ErrorKind::Refused);
/// assert_eq!(error.refusal().map(Refusal::code), Some("company_address_needed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
}

impl Refusal {
    /// Creates a refusal with this code and this message. The client sees the message unchanged, so the message must
    /// not contain a secret.
    ///
    /// The code is in snake_case: at most 64 characters from `a`-`z`, `0`-`9` and `_`, beginning with a letter. It must
    /// not be one of the codes that Hallpass uses, because those have a fixed meaning for clients. A code that breaks
    /// these rules is a defect in the host. Such a code is logged, and replaced by `refused`, so that the call is still
    /// refused.
    pub fn new(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut code = code.into();
        if !is_word(&code) || is_ours(&code) {
            tracing::error!(?code, "the code of a refusal is not one of the host's own");
            code = Cow::Borrowed(FALLBACK);
        }
        Self {
            code,
            detail: detail.into(),
        }
    }

    /// The word for clients.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

fn is_ours(code: &str) -> bool {
    code != FALLBACK && CODES.contains(&code)
}

fn is_word(code: &str) -> bool {
    code.len() <= MAX_CODE
        && code.starts_with(|first: char| first.is_ascii_lowercase())
        && code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_host_is_used_unchanged() {
        for word in [
            "a",
            "over_quota",
            "age_16",
            "refused",
            "x".repeat(64).as_str(),
        ] {
            assert_eq!(Refusal::new(word.to_owned(), "").code(), word);
        }
    }

    #[test]
    fn a_word_that_is_none_or_ours_is_replaced() {
        let long = "x".repeat(65);
        for word in [
            "",
            "_a",
            "1a",
            "Over",
            "over-quota",
            "over quota",
            "ü",
            "a\n",
            &long,
            "email_taken",
            "internal",
        ] {
            assert_eq!(
                Refusal::new(word.to_owned(), "").code(),
                "refused",
                "{word}"
            );
        }
    }
}
