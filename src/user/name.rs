//! Names of roles and of permissions, and sets of them.

/// The longest name, in bytes.
const MAX_LEN: usize = 64;

#[allow(
    clippy::indexing_slicing,
    reason = "a constant function has no iterators; the index is below the length"
)]
pub(super) const fn is_name(name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        let letter = name[index].is_ascii_lowercase();
        let other = matches!(name[index], b'0'..=b'9' | b'_' | b'-' | b'.' | b':');
        if !letter && (index == 0 || !other) {
            return false;
        }
        index += 1;
    }
    !name.is_empty() && name.len() <= MAX_LEN
}

/// Defines the type of a name, the error for an invalid name, and a set of names.
macro_rules! names {
    (
        $what:literal $(, often $often:literal)*;
        $(#[$name_docs:meta])* $name:ident,
        $(#[$invalid_docs:meta])* $invalid:ident,
        $(#[$set_docs:meta])* $set:ident,
    ) => {
        $(#[$name_docs])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            #[doc = concat!("A ", $what, " whose name is written in the code.")]
            ///
            /// # Panics
            #[doc = concat!("If it is not the name of a ", $what, ": when the program is compiled, for a constant.")]
            #[must_use]
            #[allow(clippy::panic, reason = "a constant of the program is wrong")]
            pub const fn from_static(name: &'static str) -> Self {
                if !$crate::user::name::is_name(name.as_bytes()) {
                    panic!(concat!("not the name of a ", $what));
                }
                Self(std::borrow::Cow::Borrowed(name))
            }

            #[doc = concat!("The name of the ", $what, ".")]
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $invalid;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    // Common names need no allocation.
                    $($often => Ok(Self::from_static($often)),)*
                    _ if $crate::user::name::is_name(name.as_bytes()) => {
                        Ok(Self(std::borrow::Cow::Owned(name.to_owned())))
                    }
                    _ => Err($invalid(())),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $(#[$invalid_docs])*
        #[derive(Clone, Copy, Debug, thiserror::Error)]
        #[error(
            "a {what} is 1 to 64 characters of a-z, 0-9, `_`, `-`, `.` and `:`, beginning with a letter",
            what = $what
        )]
        pub struct $invalid(());

        $(#[$set_docs])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $set(std::collections::BTreeSet<$name>);

        impl $set {
            #[doc = concat!("Whether the ", $what, " is in the set.")]
            #[must_use]
            pub fn contains(&self, name: &$name) -> bool {
                self.0.contains(name)
            }

            /// All names in the set, sorted.
            pub fn iter(&self) -> impl Iterator<Item = &$name> {
                self.0.iter()
            }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(names: I) -> Self {
                Self(names.into_iter().collect())
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (index, name) in self.0.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    name.fmt(f)?;
                }
                Ok(())
            }
        }

        impl std::str::FromStr for $set {
            type Err = $invalid;

            /// Reads names separated by spaces.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.split_ascii_whitespace().map(str::parse).collect()
            }
        }
    };
}

pub(super) use names;

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_words_in_lower_case() {
        for name in ["a", "users:read", "a.b-c_d:e9", &"a".repeat(64)] {
            assert!(is_name(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "9a",
            ":a",
            "Users:read",
            "users read",
            "users:*",
            "users/read",
            "é",
            "a\0",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(!is_name(name.as_bytes()), "{name:?}");
        }
    }
}
