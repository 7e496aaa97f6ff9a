//! The reason why somebody receives an email.

use crate::{outbox::LetterKind, user::Locale};

/// A sentence and the language in which it is written.
pub(super) struct Reason {
    pub(super) text: String,
    pub(super) lang: &'static str,
}

/// Why this email was sent to this address. The reason is in English for languages other than those of the built-in
/// letters.
pub(super) fn reason(kind: LetterKind, address: &str, product: &str, locale: &Locale) -> Reason {
    let lang = match locale.language() {
        "de" => "de",
        "es" => "es",
        "fr" => "fr",
        "zh" => "zh",
        _ => "en",
    };
    let text = match (lang, is_entered(kind)) {
        ("de", false) => {
            format!("Diese E-Mail ging wegen eines Kontos bei {product} an {address}.")
        }
        ("de", true) => format!(
            "Diese E-Mail ging an {address}, weil jemand diese Adresse bei {product} eingegeben hat."
        ),
        ("es", false) => {
            format!("Este mensaje se envió a {address} a causa de una cuenta de {product}.")
        }
        ("es", true) => format!(
            "Este mensaje se envió a {address} porque alguien introdujo esta dirección en {product}."
        ),
        ("fr", false) => {
            format!("Ce message a été envoyé à {address} en raison d’un compte {product}.")
        }
        ("fr", true) => format!(
            "Ce message a été envoyé à {address} parce que quelqu’un a saisi cette adresse sur {product}."
        ),
        ("zh", false) => format!("本邮件因一个 {product} 账户而发送至 {address}。"),
        ("zh", true) => format!("本邮件发送至 {address}，因为有人在 {product} 输入了该地址。"),
        (_, false) => {
            format!("This message was sent to {address} because of an account at {product}.")
        }
        (_, true) => format!(
            "This message was sent to {address} because someone entered this address at {product}."
        ),
    };
    Reason { text, lang }
}

/// Whether the recipient may have no account, because anyone can request this letter for any address.
fn is_entered(kind: LetterKind) -> bool {
    matches!(
        kind,
        LetterKind::AccountExists | LetterKind::ConfirmEmailChange | LetterKind::VerifyEmail
    )
}
