//! The reasons to refuse a new password.

macro_rules! weaknesses {
    ($($(#[$docs:meta])* $weakness:ident $code:literal $meaning:literal)*) => {
        /// The reasons to refuse a new password. They are the violation codes of a
        /// [`WeakPassword`](crate::ErrorKind::WeakPassword) error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Weakness {
            $($(#[$docs])* $weakness,)*
        }

        impl Weakness {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$weakness),*];

            /// The stable code for the reason.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$weakness => $code,)*
                }
            }

            /// The English description for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$weakness => $meaning,)*
                }
            }
        }
    };
}

weaknesses! {
    /// The password is in a collection of stolen passwords; see [`BreachCheck`](crate::credential::BreachCheck).
    Breached "breached_password" "this password appeared in a data breach"
    /// The password is one of the most common passwords.
    Common "common_password" "this is a common password"
    /// The password consists of little more than the account's address, or a part of it.
    ContainsAddress "contains_address" "this password is too similar to the email address"
    /// The password consists of little more than the user's name.
    ContainsName "contains_name" "this password is too similar to the user's name"
    /// The password consists of little more than the product name, or another configured word.
    ContainsProduct "contains_product" "this password is too similar to the name of this service"
    /// The password contains control characters.
    ControlCharacter "control_character" "a password must not contain control characters"
    /// The password has at most two different characters, is a run such as `12345678`, or is estimated to be too easy
    /// to guess. The estimate is made only if the host has switched it on.
    TooGuessable "too_guessable" "this password is easy to guess"
    /// The password has more than 256 code points or 1024 bytes.
    TooLong "too_long" "a password may have at most 256 characters and 1024 bytes"
    /// The password has fewer code points than the host requires.
    TooShort "too_short" "this password is too short"
}
