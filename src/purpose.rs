//! The purposes of one-time tokens.

macro_rules! purposes {
    ($($(#[$docs:meta])* $purpose:ident $word:literal $page:literal)*) => {
        /// The purpose of a one-time token, and of the link that it is mailed in. A token of one purpose is worth
        /// nothing at another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Purpose {
            $($(#[$docs])* $purpose,)*
        }

        impl Purpose {
            /// Every purpose.
            pub const ALL: &[Self] = &[$(Self::$purpose),*];

            /// The word used in the database and in key derivation.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$purpose => $word,)*
                }
            }

            /// The page that its link leads to, unless the host has one of its own.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$purpose => $page,)*
                }
            }
        }
    };
}

purposes! {
    /// Making a new address the one of the account.
    ConfirmEmailChange "confirm_email_change" "/confirm-email-change"
    /// Setting a new password without the old one.
    ResetPassword "reset_password" "/reset-password"
    /// Signing in again in spite of the failures so far.
    Unlock "unlock" "/unlock"
    /// Showing that an address is the user's.
    VerifyEmail "verify_email" "/verify-email"
}
