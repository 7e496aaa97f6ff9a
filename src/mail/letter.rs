use std::time::Duration;

use super::Link;

/// A letter with all that its text says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Letter {
    /// The link that sets a new password.
    ResetPassword {
        /// The link.
        link: Link,
        /// For how long it works.
        expires_in: Duration,
    },
}

impl Letter {
    /// Which letter it is.
    #[must_use]
    pub fn kind(&self) -> LetterKind {
        match self {
            Self::ResetPassword { .. } => LetterKind::ResetPassword,
        }
    }
}

/// The letters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LetterKind {
    /// The link that sets a new password.
    ResetPassword,
}

impl LetterKind {
    /// The word used in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
        }
    }
}

impl std::str::FromStr for LetterKind {
    type Err = UnknownLetter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "reset_password" => Ok(Self::ResetPassword),
            _ => Err(UnknownLetter(())),
        }
    }
}

/// The text names no letter.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no such letter")]
pub struct UnknownLetter(());
