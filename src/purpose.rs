//! The purposes of one-time tokens.

macro_rules! purposes {
    ($($(#[$docs:meta])* $purpose:ident $word:literal $page:literal)*) => {
        /// The purpose of a one-time token and of the link in which the token is mailed. A token of one purpose is not
        /// valid for another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Purpose {
            $($(#[$docs])* $purpose,)*
        }

        impl Purpose {
            /// Every purpose.
            pub const ALL: &[Self] = &[$(Self::$purpose),*];

            /// The name used in the database and in key derivation.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$purpose => $word,)*
                }
            }

            /// The page that the link leads to, unless the host has its own page.
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
    /// Confirming a new address of the account.
    ConfirmEmailChange "confirm_email_change" "/confirm-email-change"
    /// Setting a new password without the old one.
    ResetPassword "reset_password" "/reset-password"
    /// Ending every session of the account, because somebody else made a change that a notice reports.
    SecureAccount "secure_account" "/secure-account"
    /// Lifting a lockout.
    Unlock "unlock" "/unlock"
    /// Verifying an address.
    VerifyEmail "verify_email" "/verify-email"
}
