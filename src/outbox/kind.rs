macro_rules! letters {
    ($($(#[$docs:meta])* $letter:ident $word:literal)*) => {
        /// The letters there are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LetterKind {
            $($(#[$docs])* $letter,)*
        }

        impl LetterKind {
            /// Every letter.
            pub const ALL: &[Self] = &[$(Self::$letter),*];

            /// The word used in replies, in the database and for templates.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$letter => $word,)*
                }
            }
        }

        impl std::str::FromStr for LetterKind {
            type Err = UnknownLetter;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$letter),)*
                    _ => Err(UnknownLetter(())),
                }
            }
        }
    };
}

letters! {
    /// Somebody registered with an address that has an account.
    AccountExists "account_exists"
    /// Sign-in is locked after too many failures; with the link that unlocks it.
    AccountLocked "account_locked"
    /// The link that makes a new address the one of the account. Goes to the new address.
    ConfirmEmailChange "confirm_email_change"
    /// The address was changed. Goes to the old one.
    EmailChanged "email_changed"
    /// A new address was asked for. Goes to the old one.
    EmailChangeRequested "email_change_requested"
    /// Signing in with a provider was linked to the account.
    IdentityLinked "identity_linked"
    /// A session was opened from a device that was not seen before.
    NewSignIn "new_sign_in"
    /// The password was changed or reset.
    PasswordChanged "password_changed"
    /// A used refresh token came back, and its session was ended.
    RefreshTokenReused "refresh_token_reused"
    /// The link that sets a new password.
    ResetPassword "reset_password"
    /// The link that shows that the address is the user's.
    VerifyEmail "verify_email"
}

/// The text names no letter.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no such letter")]
pub struct UnknownLetter(());
