//! The reasons to refuse a new password.

macro_rules! weaknesses {
    ($($(#[$docs:meta])* $weakness:ident $code:literal $meaning:literal)*) => {
        /// The reasons to refuse a new password: the codes of the violations of a
        /// [`WeakPassword`](crate::ErrorKind::WeakPassword) error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Weakness {
            $($(#[$docs])* $weakness,)*
        }

        impl Weakness {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$weakness),*];

            /// The stable word for it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$weakness => $code,)*
                }
            }

            /// The same for people, in English.
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
    /// It is in a collection of passwords that were stolen elsewhere: see
    /// [`BreachCheck`](crate::credential::BreachCheck).
    Breached "breached_password" "this password is known from a data breach"
    /// It is one of the most common ones.
    Common "common_password" "this is a common password"
    /// It is the address of the account, or little more than a part of it.
    ContainsAddress "contains_address" "this is little more than the email address"
    /// It is little more than the name of the user.
    ContainsName "contains_name" "this is little more than the name of the account's user"
    /// It is little more than the name of the product, or another configured word.
    ContainsProduct "contains_product" "this is little more than a name of this service"
    /// It has control characters.
    ControlCharacter "control_character" "a password has no control characters"
    /// It has two different characters at most, is a run such as `12345678`, or is estimated to be guessed too soon,
    /// where the host has asked for an estimate.
    TooGuessable "too_guessable" "this password is easily guessed"
    /// It has more than 256 code points or 1024 bytes.
    TooLong "too_long" "a password has at most 256 characters and 1024 bytes"
    /// It has fewer code points than the host asks for.
    TooShort "too_short" "a password has more characters than this"
}
