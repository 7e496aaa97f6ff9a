use crate::{mail::LetterKind, token::Purpose};

/// The purpose of the link in a letter; `None` if it has none.
pub(super) fn purpose(letter: LetterKind) -> Option<Purpose> {
    match letter {
        LetterKind::AccountLocked => Some(Purpose::Unlock),
        LetterKind::ConfirmEmailChange => Some(Purpose::ConfirmEmailChange),
        LetterKind::ResetPassword => Some(Purpose::ResetPassword),
        LetterKind::VerifyEmail => Some(Purpose::VerifyEmail),
        LetterKind::AccountExists
        | LetterKind::EmailChanged
        | LetterKind::EmailChangeRequested
        | LetterKind::IdentityLinked
        | LetterKind::NewSignIn
        | LetterKind::PasswordChanged
        | LetterKind::RefreshTokenReused => None,
    }
}
