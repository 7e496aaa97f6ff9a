//! The table of letters.

use crate::purpose::Purpose;

/// Passes the table of letters to a macro. A letter consists of its row here and its text in every folder of
/// `src/mail/templates`.
macro_rules! letters {
    ($with:ident $($before:tt)*) => {
        $with! {
            $($before)*
            /// Somebody tried to register an address that already has an account. The email goes to the account's
            /// owner.
            AccountExists "account_exists": Row::plain();
            /// The link that sets a new password, after a link in a notice has ended every session.
            AccountSecured "account_secured": Row::link(Purpose::ResetPassword);
            /// Sign-in is locked after too many failures. The email contains the link that unlocks
            /// sign-in.
            AccountLocked "account_locked": Row::link(Purpose::Unlock).optional(true);
            /// The link that confirms a new address for the account. The email goes to the new address.
            ConfirmEmailChange "confirm_email_change": Row::link(Purpose::ConfirmEmailChange);
            /// The address was changed. The email goes to the old address.
            EmailChanged "email_changed": Row::notice();
            /// A new address was requested. The email goes to the current address.
            EmailChangeRequested "email_change_requested": Row::notice().with_new_email();
            /// A second factor was added.
            FactorAdded "factor_added": Row::notice();
            /// Too many wrong second-factor codes were presented after a successful first proof.
            FactorFailures "factor_failures": Row::notice().optional(true);
            /// A second factor was removed.
            FactorRemoved "factor_removed": Row::notice();
            /// An administrator removed all second factors.
            FactorsReset "factors_reset": Row::notice();
            /// An identity at a provider was linked to an existing account.
            IdentityLinked "identity_linked": Row::notice().optional(true);
            /// A user signed in on a new device, that is, without a valid [device
            /// token](crate::event::ClientInfo::device). An account's first sign-in does not count.
            NewSignIn "new_sign_in": Row::notice().optional(false);
            /// The password was changed or reset.
            PasswordChanged "password_changed": Row::notice().optional(true);
            /// New recovery codes replaced the older ones.
            RecoveryCodesRenewed "recovery_codes_renewed": Row::notice();
            /// The last recovery code was used.
            RecoveryCodesUsedUp "recovery_codes_used_up": Row::notice();
            /// A refresh token was presented again after it had been exchanged, so its session was ended.
            RefreshTokenReused "refresh_token_reused": Row::notice().optional(true);
            /// The link that sets a new password.
            ResetPassword "reset_password": Row::link(Purpose::ResetPassword);
            /// The link that verifies the address.
            VerifyEmail "verify_email": Row::link(Purpose::VerifyEmail);
        }
    };
}
pub(crate) use letters;

macro_rules! kinds {
    ($($(#[$docs:meta])* $letter:ident $word:literal: $row:expr;)*) => {
        /// The kinds of letters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LetterKind {
            $($(#[$docs])* $letter,)*
        }

        impl LetterKind {
            /// Every letter.
            pub const ALL: &[Self] = &[$(Self::$letter),*];

            /// The name used in replies, in the database and for templates.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$letter => $word,)*
                }
            }

            fn row(self) -> Row {
                match self {
                    $(Self::$letter => $row,)*
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

letters!(kinds);

/// The properties of a letter, except its text.
struct Row {
    purpose: Option<Purpose>,
    is_notice: bool,
    has_new_email: bool,
    is_optional: bool,
    is_sent_by_default: bool,
}

impl Row {
    fn plain() -> Self {
        Self {
            purpose: None,
            is_notice: false,
            has_new_email: false,
            is_optional: false,
            is_sent_by_default: true,
        }
    }

    fn link(purpose: Purpose) -> Self {
        Self {
            purpose: Some(purpose),
            ..Self::plain()
        }
    }

    /// A letter with the time and client address of an action, and with the link for an owner who did not perform the
    /// action.
    fn notice() -> Self {
        Self {
            is_notice: true,
            ..Self::link(Purpose::SecureAccount)
        }
    }

    fn with_new_email(self) -> Self {
        Self {
            has_new_email: true,
            ..self
        }
    }

    fn optional(self, is_sent_by_default: bool) -> Self {
        Self {
            is_optional: true,
            is_sent_by_default,
            ..self
        }
    }
}

impl LetterKind {
    /// The purpose of its link; `None` if it has no link.
    #[must_use]
    pub fn purpose(self) -> Option<Purpose> {
        self.row().purpose
    }

    /// Whether it reports an action, with the time and client address. The link in such a letter ends every session of
    /// the account, and is for an owner who did not perform the action.
    #[must_use]
    pub fn is_notice(self) -> bool {
        self.row().is_notice
    }

    /// Whether it contains the requested new address.
    #[must_use]
    pub fn has_new_email(self) -> bool {
        self.row().has_new_email
    }

    /// Whether the host can switch the letter on and off; see [`Notices`](crate::mail::Notices).
    #[must_use]
    pub fn is_optional(self) -> bool {
        self.row().is_optional
    }

    /// Whether it is sent by default.
    #[must_use]
    pub fn is_sent_by_default(self) -> bool {
        self.row().is_sent_by_default
    }
}

/// The text is not the name of a letter.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no such letter")]
pub struct UnknownLetter(());
