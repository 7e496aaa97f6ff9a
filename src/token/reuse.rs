//! The classes of refresh token reuse.

use crate::event::Event;

/// The kind of reuse of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReuseClass {
    /// The token has the current generation but is not the current token, or it has the previous generation but the
    /// current token is not its successor. The session then has two branches, for example because a backup was
    /// restored.
    Forked,
    /// The token is two or more generations old.
    Older,
    /// The token is the previous one, and the grace period is over.
    SupersededAfterGrace,
}

impl ReuseClass {
    /// The string used in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::Older => "older",
            Self::SupersededAfterGrace => "superseded_after_grace",
        }
    }

    /// The event `on_reuse`, with this class as its detail `class`. Every store writes the returned event.
    #[must_use]
    pub fn noted_on(self, on_reuse: &Event) -> Event {
        on_reuse.clone().with("class", self.as_str())
    }
}
