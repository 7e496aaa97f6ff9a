//! The browser and system names in a `User-Agent` header.
//!
//! The header is free text that the client chooses, so the names only help people to recognize their devices.

/// The maximum length of the name of a program that is not a known browser, in characters.
const LONGEST: usize = 32;

/// Each browser, with the substring that identifies it in the header. A browser that imitates another browser is listed
/// before that browser.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
];

/// Each system, with the substring that identifies it in the header. Android also calls itself Linux, and an iPhone is
/// "like Mac OS X".
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A client's program and system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Software {
    /// The name of the browser, or the name by which another program identifies itself.
    pub(crate) program: String,
    /// Whether the program is in the list of browsers. If it is, the name comes from that list and not from the client.
    pub(crate) is_known: bool,
    pub(crate) system: Option<&'static str>,
}

/// The software that a `User-Agent` names; `None` if it names nothing.
pub(crate) fn software(user_agent: &str) -> Option<Software> {
    let find = |known: &[(&str, &'static str)]| {
        let known = known.iter().find(|(mark, _)| user_agent.contains(mark));
        known.map(|(_, name)| *name)
    };
    let system = find(&SYSTEMS);
    let browser = find(&BROWSERS).filter(|_| user_agent.starts_with("Mozilla/"));
    Some(Software {
        program: match browser {
            Some(browser) => browser.to_owned(),
            None => own_name(user_agent)?,
        },
        is_known: browser.is_some(),
        system,
    })
}

/// The first product of the header (RFC 9110, section 10.1.5), without its version.
fn own_name(user_agent: &str) -> Option<String> {
    let name = user_agent.split(['/', ' ', '(']).next()?;
    let is_sane = |letter: &char| letter.is_alphanumeric() || "-_.+".contains(*letter);
    let name: String = name.chars().filter(is_sane).take(LONGEST).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_are_named() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, program, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox",
                Some("Linux"),
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36"
                ),
                "Chrome",
                Some("Windows"),
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
                ),
                "Edge",
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari",
                Some("iPhone"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 \
                 Safari/605.1.15",
                "Safari",
                Some("macOS"),
            ),
            (
                &format!(
                    "Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36"
                ),
                "Chrome",
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 \
                 Mobile/15E148 Safari/604.1",
                "Chrome",
                Some("iPad"),
            ),
            (
                &format!(
                    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36"
                ),
                "Chrome",
                Some("ChromeOS"),
            ),
            ("curl/8.14.1", "curl", None),
            ("okhttp/5.1.0 (Android)", "okhttp", Some("Android")),
            ("python-requests/2.32", "python-requests", None),
            ("Mozilla/5.0 (compatible)", "Mozilla", None),
            ("<b>Acme</b>/1", "bAcme", None),
            (&"x".repeat(255), &"x".repeat(LONGEST), None),
        ] {
            let found = software(user_agent).expect(user_agent);
            assert_eq!((found.program.as_str(), found.system), (program, system));
        }
        for nothing in ["", " ", "/1", "\u{202e}", "(x)"] {
            assert_eq!(software(nothing), None, "{nothing:?}");
        }
    }
}
