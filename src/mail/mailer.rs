//! The mailer trait and its error.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;

use super::Mail;
use crate::error::BoxError;

/// Sends mails. A host may bring its own.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Sends a mail, or hands it to who will.
    ///
    /// # Contract
    /// When this has returned, another has taken the responsibility for the mail. It may be called again with the
    /// same mail after a fault, and may be dropped at any point: then it counts as not sent.
    ///
    /// # Errors
    /// If the mail was not taken; [permanent](MailError::permanent) if this very mail will never be.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// The error of a mailer.
#[derive(Debug)]
pub struct MailError {
    permanent: bool,
    source: BoxError,
}

impl MailError {
    /// This mail, to this recipient, will not be taken later either. The text must hold no secret.
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self {
            permanent: true,
            source: source.into(),
        }
    }

    /// It may go better later. The text must hold no secret.
    pub fn transient(source: impl Into<BoxError>) -> Self {
        Self {
            permanent: false,
            source: source.into(),
        }
    }

    /// Whether sending this mail again is of little use.
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
        write!(f, "the mail was {kind}")
    }
}

impl StdError for MailError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
