//! Authentication methods.

use std::{collections::BTreeSet, fmt};

use serde::{Serialize, Serializer};

/// How a user has authenticated: a value of the claim `amr` (RFC 8176), or a value of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// A password.
    Password,
    /// A sign-in with a provider. A value of this crate.
    Provider,
}

impl Method {
    /// Every method.
    pub const ALL: &[Self] = &[Self::Password, Self::Provider];

    /// The word used in tokens and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Provider => "provider",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.as_str() == word)
    }
}

/// The methods that opened a session. Displayed as words separated by spaces; empty for a session
/// that was opened by an older version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods(BTreeSet<Method>);

impl Methods {
    /// Parses a stored value. A word that only a newer version knows is ignored.
    #[must_use]
    pub fn from_stored(words: &str) -> Self {
        words
            .split_ascii_whitespace()
            .filter_map(Method::named)
            .collect()
    }

    /// The methods, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = Method> + '_ {
        self.0.iter().copied()
    }

    /// Whether a method was used.
    #[must_use]
    pub fn contains(&self, method: Method) -> bool {
        self.0.contains(&method)
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        Self(methods.into_iter().collect())
    }
}

/// The claim `amr`: the words, in a fixed order.
impl Serialize for Methods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Method::as_str))
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{}", method.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_as_they_are_written() {
        let all: Methods = Method::ALL.iter().copied().collect();
        assert_eq!(all.to_string(), "pwd provider");
        assert_eq!(Methods::from_stored(&all.to_string()), all);
        assert_eq!(Methods::from_stored("pwd telepathy").to_string(), "pwd");
        assert_eq!(Methods::from_stored(""), Methods::default());
    }
}
