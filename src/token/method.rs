//! Authentication methods.

use std::{collections::BTreeSet, fmt};

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;

/// The claim `acr` of a sign-in with one factor.
pub const AAL1: &str = "urn:hallpass:aal1";
/// The claim `acr` of a sign-in with two factors.
pub const AAL2: &str = "urn:hallpass:aal2";

/// How a user has authenticated: a value of the claim `amr`, defined by RFC 8176 or by this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// A password.
    Password,
    /// A one-time code from an authenticator app.
    Otp,
    /// Two methods of different kinds.
    Mfa,
    /// A sign-in with a provider. This value is defined by this crate, not by RFC 8176.
    Provider,
    /// A recovery code. This value is defined by this crate, not by RFC 8176.
    Recovery,
}

impl Method {
    /// Every method.
    pub const ALL: &[Self] = &[
        Self::Password,
        Self::Otp,
        Self::Mfa,
        Self::Provider,
        Self::Recovery,
    ];

    /// The string used in tokens and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Otp => "otp",
            Self::Mfa => "mfa",
            Self::Provider => "provider",
            Self::Recovery => "recovery",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.as_str() == word)
    }
}

/// The methods by which a session's user has authenticated, including those presented later in the session. Displayed
/// as names separated by spaces; empty for a session that was opened by an older version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods(BTreeSet<Method>);

impl Methods {
    /// Parses a stored value. A name that this version does not recognise is ignored.
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

    /// These methods and the given method.
    #[must_use]
    pub fn with(mut self, method: Method) -> Self {
        self.0.insert(method);
        self
    }

    /// These methods and the given second factor, which makes them [multi-factor](Method::Mfa).
    #[must_use]
    pub fn with_second_factor(mut self, method: Method) -> Self {
        self.0.extend([method, Method::Mfa]);
        self
    }

    /// The assurance of a sign-in with these methods, as in the claim `acr`: [`AAL2`] after a second factor, otherwise
    /// [`AAL1`].
    #[must_use]
    pub fn acr(&self) -> &'static str {
        if self.contains(Method::Mfa) {
            AAL2
        } else {
            AAL1
        }
    }

    /// Whether a second factor of this service was presented. A recovery code counts as a second factor.
    #[must_use]
    pub fn have_second_factor(&self) -> bool {
        self.contains(Method::Otp) || self.contains(Method::Recovery)
    }

    /// Whether a second factor other than a recovery code was presented.
    #[must_use]
    pub fn are_strong(&self) -> bool {
        self.contains(Method::Mfa) && self.contains(Method::Otp)
    }

    /// These methods without the second factors of this service, which have to be presented again.
    pub(crate) fn without_second_factor(mut self) -> Self {
        for method in [Method::Otp, Method::Recovery, Method::Mfa] {
            self.0.remove(&method);
        }
        self
    }

    /// The methods that count in a session whose second factor was last presented at this time. If the time is
    /// `None`, no second factor counts.
    pub(crate) fn counting(&self, second_factor_at: Option<Timestamp>) -> Self {
        let methods = self.clone();
        match second_factor_at {
            None if methods.have_second_factor() => methods.without_second_factor(),
            _ => methods,
        }
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

/// The claim `amr`: the names of the methods, in a fixed order.
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
        assert_eq!(all.to_string(), "pwd otp mfa provider recovery");
        assert_eq!(Methods::from_stored(&all.to_string()), all);
        assert_eq!(Methods::from_stored("pwd telepathy").to_string(), "pwd");
        assert_eq!(Methods::from_stored(""), Methods::default());
    }
}
