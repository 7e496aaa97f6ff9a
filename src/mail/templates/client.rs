//! A readable description of the client that performed an action.

use std::net::IpAddr;

use crate::{
    user::Locale,
    user_agent::{Software, software},
};

/// The browser, its system and the address, such as `Firefox on Linux, 203.0.113.7`; `None` if none is known.
pub(super) fn client(
    ip: Option<IpAddr>,
    user_agent: Option<&str>,
    locale: &Locale,
) -> Option<String> {
    // Any other program chooses its own name, and so could choose text in an email.
    let browser = user_agent
        .and_then(software)
        .filter(|software| software.is_known)
        .map(|browser| named(browser, locale));
    let parts: Vec<String> = browser
        .into_iter()
        .chain(ip.map(|ip| ip.to_string()))
        .collect();
    let comma = if locale.language() == "zh" {
        "，"
    } else {
        ", "
    };
    (!parts.is_empty()).then(|| parts.join(comma))
}

fn named(software: Software, locale: &Locale) -> String {
    let Software {
        program, system, ..
    } = software;
    let Some(system) = system else {
        return program;
    };
    match locale.language() {
        "de" => format!("{program} auf {system}"),
        "en" => format!("{program} on {system}"),
        "es" => format!("{program} en {system}"),
        "fr" => format!("{program} sur {system}"),
        "zh" => format!("{system} 上的 {program}"),
        _ => format!("{program}, {system}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    #[test]
    fn clients_are_named_in_every_language() {
        let ip = Some([203, 0, 113, 7].into());
        for (tag, named) in [
            ("de-AT", "Firefox auf Linux, 203.0.113.7"),
            ("en", "Firefox on Linux, 203.0.113.7"),
            ("es", "Firefox en Linux, 203.0.113.7"),
            ("fr", "Firefox sur Linux, 203.0.113.7"),
            ("it", "Firefox, Linux, 203.0.113.7"),
            ("zh", "Linux 上的 Firefox，203.0.113.7"),
        ] {
            let said = client(ip, Some(FIREFOX), &tag.parse().unwrap());
            assert_eq!(said.as_deref(), Some(named));
        }
        let said = client(None, Some(FIREFOX), &Locale::EN);
        assert_eq!(said.as_deref(), Some("Firefox on Linux"));
    }

    #[test]
    fn a_caller_cannot_choose_the_name() {
        let ip = Some([203, 0, 113, 7].into());
        for user_agent in [
            "evil.example/1 Firefox/1 (Linux)",
            "evil.example",
            "Mozilla/5.0 (compatible; evil.example) evil.example/1",
            "",
        ] {
            let said = client(ip, Some(user_agent), &Locale::EN);
            assert_eq!(said.as_deref(), Some("203.0.113.7"), "{user_agent}");
            assert_eq!(client(None, Some(user_agent), &Locale::EN), None);
        }
        let said = client(
            None,
            Some("Mozilla/5.0 (X11; Linux) evil.example Firefox/1"),
            &Locale::EN,
        );
        assert_eq!(said.as_deref(), Some("Firefox on Linux"));
    }
}
