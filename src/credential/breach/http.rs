//! The breach check over HTTP, with k-anonymity.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::BreachCheck;
use crate::{
    error::{BoxError, Result},
    outbound::{Asking, Site},
    secret::Password,
};

const ASKING: Asking = Asking {
    what: "the breach check",
    timeout: TIMEOUT,
    // A reply contains about 40 KiB.
    max_bytes: 1024 * 1024,
    keep: Duration::from_secs(30),
};
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum length of a line. A line consists of 35 hexadecimal digits, a colon and a count.
const MAX_LINE: usize = 64;
/// The number of digest digits that are sent.
const PREFIX: usize = 5;
/// The maximum number of concurrent checks. Further checks wait, and the wait counts toward the timeout.
const PERMITS: usize = 64;

/// Queries a service that supports the range protocol of Pwned Passwords. TLS uses rustls and the platform's root
/// certificates.
///
/// The service gets the first 5 of the 40 hexadecimal digits of the password's SHA-1, and answers
/// with the remaining digits of every known digest that begins with these 5. The service learns
/// neither which digest was looked up nor whether it was found. The answer is padded, so that its
/// length reveals nothing either.
///
/// Redirects are not followed, nothing is retried, and a reply that is longer than 1 MiB or takes more than 2 seconds
/// counts as a failure. `HTTPS_PROXY` and similar variables are honoured for `https://`. At most 64 checks run at the
/// same time.
///
/// ```
/// use hallpass::credential::HttpBreachCheck;
///
/// # fn build(builder: hallpass::AuthBuilder) -> hallpass::Result<hallpass::AuthBuilder> {
/// Ok(builder.breach_check(HttpBreachCheck::new()?))
/// # }
/// ```
#[derive(Debug)]
pub struct HttpBreachCheck {
    site: Site,
    permits: Semaphore,
}

impl HttpBreachCheck {
    /// The URL of the public service.
    pub const PWNED_PASSWORDS: &str = "https://api.pwnedpasswords.com";

    /// A check that queries the public service, [`PWNED_PASSWORDS`](Self::PWNED_PASSWORDS).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no
    /// [cryptography](crate#cryptography) for TLS.
    pub fn new() -> Result<Self> {
        Self::at(Self::PWNED_PASSWORDS)
    }

    /// A check that queries a different service with the same protocol, at this base URL. The URL must
    /// begin with `https://`, or with `http://` if the host is on loopback.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL has a different scheme, or there is no
    /// [cryptography](crate#cryptography) for TLS.
    pub fn at(url: &str) -> Result<Self> {
        Site::new(ASKING, url).map(Self::of)
    }

    /// Like [`at`](Self::at), but accepts `http://` for any host, for networks that authenticate
    /// the server by other means. An attacker on the network path sees the 5 digits, and can cause
    /// any password to be refused or accepted.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if `url` is not an HTTP URL.
    pub fn danger_without_tls(url: &str) -> Result<Self> {
        Site::danger_without_tls(ASKING, url).map(Self::of)
    }

    fn of(site: Site) -> Self {
        Self {
            site,
            permits: Semaphore::new(PERMITS),
        }
    }

    async fn ask(&self, prefix: &str, suffix: &str) -> Result<bool, BoxError> {
        let _permit = self.permits.acquire().await?;
        let mut range = Range::new(suffix);
        let (path, padded) = (format!("range/{prefix}"), [("Add-Padding", "true")]);
        self.site
            .get(&path, &padded, |chunk| range.read(chunk))
            .await?;
        range.end()
    }
}

#[async_trait]
impl BreachCheck for HttpBreachCheck {
    async fn is_breached(&self, password: &Password) -> Result<bool, BoxError> {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes());
        let digits: Zeroizing<String> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
            .into();
        let (prefix, suffix) = digits.split_at(PREFIX);
        tokio::time::timeout(TIMEOUT, self.ask(prefix, suffix)).await?
    }
}

/// The part of the reply that has been read so far.
struct Range<'a> {
    suffix: &'a str,
    line: Vec<u8>,
    found: bool,
}

impl<'a> Range<'a> {
    fn new(suffix: &'a str) -> Self {
        Self {
            suffix,
            line: Vec::with_capacity(MAX_LINE),
            found: false,
        }
    }

    fn read(&mut self, chunk: &[u8]) -> Result<(), BoxError> {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > MAX_LINE {
                return Err("a line of the range is too long".into());
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.take_line()?;
            }
        }
        Ok(())
    }

    /// Reads `SUFFIX:COUNT`. A line with a count of 0 is padding.
    fn take_line(&mut self) -> Result<(), BoxError> {
        let (digits, count) = str::from_utf8(&self.line)
            .ok()
            .and_then(|line| line.trim_end().split_once(':'))
            .filter(|(digits, _)| {
                digits.len() == self.suffix.len() && digits.bytes().all(|b| b.is_ascii_hexdigit())
            })
            .and_then(|(digits, count)| Some((digits, count.parse::<u64>().ok()?)))
            .ok_or("a line of the range is not a digest and a count")?;
        self.found |= count > 0 && digits.eq_ignore_ascii_case(self.suffix);
        self.line.clear();
        Ok(())
    }

    /// Finishes reading, and returns whether the reply contained the password.
    fn end(mut self) -> Result<bool, BoxError> {
        if !self.line.is_empty() {
            self.take_line()?;
        }
        Ok(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    /// Reads the body in chunks of this many bytes.
    fn read(text: &str, piece: usize) -> Result<bool, BoxError> {
        let mut range = Range::new(SUFFIX);
        for chunk in text.as_bytes().chunks(piece) {
            range.read(chunk)?;
        }
        range.end()
    }

    #[test]
    fn a_range_is_read_however_it_is_cut() {
        let other = "0".repeat(35);
        let lower = SUFFIX.to_lowercase();
        for (text, expected) in [
            (String::new(), Some(false)),
            (format!("{SUFFIX}:1"), Some(true)),
            (format!("{SUFFIX}:1\n"), Some(true)),
            (format!("{lower}:1\r\n"), Some(true)),
            (
                format!("{other}:3\r\n{SUFFIX}:52372427\r\n{other}:1"),
                Some(true),
            ),
            (format!("{SUFFIX}:0\r\n{other}:1\r\n"), Some(false)),
            (format!("{other}:1\n{other}:2"), Some(false)),
            (SUFFIX.to_owned(), None),
            (format!("{SUFFIX}:"), None),
            (format!("{SUFFIX}:-1"), None),
            (format!("{SUFFIX}:1x"), None),
            (format!("{SUFFIX}0:1"), None),
            (format!("{}:1", &SUFFIX[1..]), None),
            (format!("{}g:1", &SUFFIX[1..]), None),
            (format!("{SUFFIX}:1\n\n"), None),
            (format!("{SUFFIX}:1\n<html>"), None),
            (format!("{SUFFIX}:{}", "0".repeat(60)), None),
            ("é".repeat(20), None),
        ] {
            for piece in [1, 2, 7, 36, 4096] {
                assert_eq!(read(&text, piece).ok(), expected, "{piece}: {text:?}");
            }
        }
    }
}
