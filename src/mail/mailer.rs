//! The mailer trait and its error.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;

use super::Mail;
use crate::error::BoxError;

/// Sends emails. A host may implement its own mailer.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Sends an email, or passes it on for sending.
    ///
    /// # Contract
    /// When this method returns `Ok`, another component has taken responsibility for the email.
    /// After a failure, the method may be called again with the same email. The future may be
    /// dropped at any point; the email then counts as not sent.
    ///
    /// # Errors
    /// If the email was not accepted. The error is [permanent](MailError::permanent) if the email
    /// will never be accepted.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// The error of a mailer.
#[derive(Debug)]
pub struct MailError {
    permanent: bool,
    source: BoxError,
}

impl MailError {
    /// This email to this recipient will never be accepted. The text must not contain a secret.
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self {
            permanent: true,
            source: source.into(),
        }
    }

    /// A later attempt may succeed. The text must not contain a secret.
    pub fn transient(source: impl Into<BoxError>) -> Self {
        Self {
            permanent: false,
            source: source.into(),
        }
    }

    /// Whether retrying this email is pointless.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.permanent {
            "refused"
        } else {
            "not sent"
        };
        write!(f, "the email was {kind}")
    }
}

impl StdError for MailError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
