//! The crate's only error type: opaque, with a [kind](ErrorKind) to match on and a source for logs.

pub(crate) mod kind;
mod refusal;
mod weakness;

use std::{error::Error as StdError, fmt, time::Duration};

pub use self::{kind::ErrorKind, refusal::Refusal, weakness::Weakness};

/// A boxed source error.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of a use case.
///
/// Match on [`kind`](Self::kind). The text and the source are for logs; neither ever contains a
/// secret, and neither reaches an HTTP reply.
///
/// `Debug` prints the text and its causes on one line, and a hint if there is one. If `main`
/// returns the error, this line is printed.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    source: Option<BoxError>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    policy: Option<QuotaPolicy>,
    refusal: Option<Refusal>,
}

/// The limit that a client has exceeded, in the terms of the IETF draft on RateLimit header fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct QuotaPolicy {
    /// The name of the policy: a snake_case word.
    pub name: &'static str,
    /// How many calls the policy allows in a burst.
    pub quota: u32,
    /// The time after which the same number of calls is allowed again.
    pub window: Duration,
}

/// One rule that an input violates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// RFC 6901 pointer to the member, for example `/email`.
    pub pointer: String,
    /// A stable snake_case word, for example `required`.
    pub code: &'static str,
    /// A human-readable sentence.
    pub detail: String,
}

impl Violation {
    /// A violation of the rule `code` by the top-level member `member`.
    pub fn new(member: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let pointer = format!("/{}", member.replace('~', "~0").replace('/', "~1"));
        Self {
            pointer,
            code,
            detail: detail.into(),
        }
    }
}

impl Error {
    /// An error of this kind, without a source.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            source: None,
            violations: Vec::new(),
            retry_after: None,
            policy: None,
            refusal: None,
        }))
    }

    /// An error about a missing or wrong setting, which `message` names.
    pub fn configuration(message: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Configuration).with_source(message)
    }

    /// An error caused by a defect in this crate, with its source.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Internal).with_source(source)
    }

    /// An error about input that is well-formed but not valid.
    #[must_use]
    pub fn validation(violations: Vec<Violation>) -> Self {
        Self::new(ErrorKind::ValidationFailed).with_violations(violations)
    }

    /// Adds the source.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the violated rules.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.0.violations = violations;
        self
    }

    /// Adds the time after which a retry makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Adds the limit that was exceeded.
    #[must_use]
    pub fn with_policy(mut self, policy: QuotaPolicy) -> Self {
        self.0.policy = Some(policy);
        self
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The violated rules of a [`ValidationFailed`](ErrorKind::ValidationFailed) or
    /// [`WeakPassword`](ErrorKind::WeakPassword) error; empty for the others.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// The time after which a retry makes sense, if it is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The limit that was exceeded, if this is a [`RateLimited`](ErrorKind::RateLimited) error.
    #[must_use]
    pub fn policy(&self) -> Option<&QuotaPolicy> {
        self.0.policy.as_ref()
    }

    /// The refusal by the host, if this is a [`Refused`](ErrorKind::Refused) error.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        for violation in &self.0.violations {
            write!(f, "; {}: {}", violation.pointer, violation.detail)?;
        }
        if let Some(refusal) = &self.0.refusal {
            write!(f, "; {}", refusal.code())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        let mut hint = None;
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            hint = hint.or_else(|| hint_for(error));
            cause = error.source();
        }
        match hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// The next step for a developer who encounters this cause.
fn hint_for(cause: &(dyn StdError + 'static)) -> Option<&'static str> {
    match cause.downcast_ref::<StoreError>()? {
        StoreError::Schema(_) => Some("run `store.migrate()` before the first request"),
        _ => None,
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(ErrorKind::Refused);
        error.0.refusal = Some(refusal);
        error
    }
}

/// A store's error. Outcomes that are not failures are returned as values, not as errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The statement conflicted with concurrent statements. Either every retry conflicted as well,
    /// or the statement ran in the host's transaction, in which nothing is retried.
    #[error("the statement conflicted with concurrent ones")]
    Conflict(#[source] BoxError),
    /// A stored value cannot be read.
    #[error("a stored value cannot be read")]
    Corrupt(#[source] BoxError),
    /// A table or a column is missing, or migrations are pending.
    #[error("the database lacks the tables of this version because its migrations have not run")]
    Schema(#[source] BoxError),
    /// The database cannot be reached, or did not answer in time.
    #[error("the database is unavailable")]
    Unavailable(#[source] BoxError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) | StoreError::Schema(_) | StoreError::Unavailable(_) => {
                Self::new(ErrorKind::Unavailable)
                    .with_retry_after(Duration::from_secs(1))
                    .with_source(error)
            }
            StoreError::Corrupt(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_the_text_its_causes_and_a_hint() {
        let missing = StoreError::Schema("no such table: auth_users".into());
        assert_eq!(
            format!("{:?}", Error::from(missing)),
            "a component that this service depends on is unavailable: the database lacks the tables of this version \
             because its migrations have not run: no such table: auth_users (hint: run `store.migrate()` before the first request)"
        );
        let setting = Error::configuration("a master secret is required");
        assert_eq!(
            format!("{setting:?}"),
            "the configuration is invalid: a master secret is required"
        );
    }
}
