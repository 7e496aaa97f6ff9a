//! The events of the audit trail, in words.

use hallpass::event::EventKind;
use serde_json::{Map, Value};

use super::line::{Line, plain};
use crate::printable::{printable, word};

/// The target of these events.
pub(super) const TARGET: &str = "hallpass::event";

/// Sets the message to the words for the event, and reads its details, which are JSON in a string.
pub(super) fn explain(line: &mut Line) {
    if let Some(kind) = line.field("kind").map(plain) {
        let words = kind.parse().ok().and_then(words);
        line.message = words.map_or_else(|| spaced(&kind), str::to_owned);
    }
    for (name, value) in &mut line.fields {
        if *name == "detail"
            && let Value::String(text) = &*value
            && let Ok(detail) = serde_json::from_str(text)
        {
            *value = detail;
        }
    }
}

/// Writes what happened, why, to whom, by whom and from where.
pub(super) fn write(line: &Line, text: &mut String) {
    let field = |name| line.field(name).map(plain);
    let (user, actor) = (field("user_id"), field("actor_id"));
    let mut parts = vec![printable(&line.message).into_owned()];
    if let Some(Value::Object(detail)) = line.field("detail") {
        parts.extend(details(detail, user.is_some()));
    }
    let by = actor.filter(|actor| Some(actor) != user.as_ref());
    let named = [("user", user), ("by", by), ("from", field("ip"))];
    for (name, value) in named {
        parts.extend(value.map(|value| format!("{name} {}", word(&value))));
    }
    text.push_str(&parts.join("  "));
}

/// The details, beginning with the reason. An address digest adds nothing if the user is known.
fn details(detail: &Map<String, Value>, has_user: bool) -> Vec<String> {
    let reason = detail.get("reason").map(plain);
    let reason = reason.map(|reason| printable(&spaced(&reason)).into_owned());
    let others = detail
        .iter()
        .filter(|(name, _)| *name != "reason" && !(has_user && *name == "address"))
        .map(|(name, value)| {
            let name = match name.as_str() {
                "from" => "was".to_owned(),
                "to" => "now".to_owned(),
                name => spaced(name.strip_suffix("_id").unwrap_or(name)),
            };
            format!("{} {}", printable(&name), word(&list(value)))
        });
    reason.into_iter().chain(others).collect()
}

fn list(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        value => plain(value),
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// The words for an event. `None` if there are none for its kind yet.
fn words(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::AccountCreated => "account created",
        EventKind::AccountDeleted => "account deleted",
        EventKind::AccountSecured => "account secured with the link of a notice",
        EventKind::AccountTakenOver => "account taken over by the owner of its address",
        EventKind::BreachCheckFailed => "password accepted without an answer of the breach check",
        EventKind::DeviceForgotten => "device forgotten",
        EventKind::DeviceRemembered => "device remembered",
        EventKind::EmailChanged => "address changed",
        EventKind::EmailChangeRequested => "change of address requested",
        EventKind::EmailUnverified => "address marked as unverified",
        EventKind::EmailVerificationRequested => "verification link requested",
        EventKind::EmailVerified => "address verified",
        EventKind::FactorAdded => "second factor added",
        EventKind::FactorFailed => "second factor refused",
        EventKind::FactorRemoved => "second factor removed",
        EventKind::FactorsReset => "second factors reset",
        EventKind::IdentityLinked => "provider identity linked",
        EventKind::IdentityUnlinked => "provider identity unlinked",
        EventKind::LinkRefused => "provider identity refused",
        EventKind::LoggedOut => "signed out",
        EventKind::LoggedOutEverywhere => "signed out everywhere",
        EventKind::MailRetried => "dead email retried",
        EventKind::PasswordChanged => "password changed",
        EventKind::PasswordReset => "password reset",
        EventKind::PasswordResetRequested => "password reset requested",
        EventKind::Reauthenticated => "reauthentication succeeded",
        EventKind::ReauthenticationFailed => "reauthentication refused",
        EventKind::RecoveryCodesRenewed => "recovery codes renewed",
        EventKind::RecoveryCodeUsed => "recovery code used",
        EventKind::RefreshTokenReused => "used refresh token presented again, session ended",
        EventKind::RegistrationRefused => "registration of a taken address refused",
        EventKind::RolesChanged => "roles changed",
        EventKind::SessionRevoked => "session ended by its user",
        EventKind::SignedIn => "signed in",
        EventKind::SignInFailed => "sign-in refused",
        EventKind::SignInLocked => "sign-in refused after too many failures",
        EventKind::SignInUnlocked => "sign-in unlocked",
        EventKind::StatusChanged => "account status changed",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_words_of_its_own() {
        let mut known: Vec<&str> = Vec::new();
        for &kind in EventKind::ALL {
            let words = words(kind).unwrap_or_else(|| panic!("no words for {kind:?}"));
            assert!(!words.contains('_') && !known.contains(&words), "{words}");
            known.push(words);
        }
    }
}
