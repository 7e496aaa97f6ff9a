//! The classes of refresh token reuse.

use crate::event::Event;

/// The kind of reuse of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReuseClass {
    /// It has the current generation but is not the current token, or it is the previous token but the current token is
    /// not its successor. The session has two branches, for example after a restored backup.
    Forked,
    /// It is two or more generations old.
    Older,
    /// It is the previous one, after the grace period.
    SupersededAfterGrace,
}

impl ReuseClass {
    /// The word used in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::Older => "older",
            Self::SupersededAfterGrace => "superseded_after_grace",
        }
    }

    /// The event of a reuse, with its class as the detail `class`. Every store writes this event.
    #[must_use]
    pub fn noted_on(self, on_reuse: &Event) -> Event {
        on_reuse.clone().with("class", self.as_str())
    }
}
