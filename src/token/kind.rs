//! The kinds of sessions.

/// How a client presents a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionKind {
    /// By access and refresh tokens.
    #[default]
    Tokens,
    /// By a browser cookie.
    #[non_exhaustive]
    Browser {
        /// Whether the session outlives the browser. It then has the lifetimes of
        /// [`TokenLifetimes`](super::TokenLifetimes). Otherwise it ends after 12 hours at the latest.
        remember: bool,
    },
}

impl SessionKind {
    /// The kind of a browser session.
    #[must_use]
    pub fn browser(remember: bool) -> Self {
        Self::Browser { remember }
    }

    /// The string used in the database; `None` for a session with tokens.
    #[must_use]
    pub fn as_stored(self) -> Option<&'static str> {
        match self {
            Self::Tokens => None,
            Self::Browser { .. } => Some("browser"),
        }
    }

    /// The byte used in tickets.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Tokens => 0,
            Self::Browser { remember: false } => 1,
            Self::Browser { remember: true } => 2,
        }
    }

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        let all = [Self::Tokens, Self::browser(false), Self::browser(true)];
        all.into_iter().find(|kind| kind.byte() == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_has_a_byte_of_its_own() {
        for byte in 0..=u8::MAX {
            let kind = SessionKind::of_byte(byte);
            assert_eq!(kind.map_or(3, SessionKind::byte), byte.min(3));
        }
    }
}
