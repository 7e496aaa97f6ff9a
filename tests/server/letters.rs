//! How letters and pages look in every language, on a phone and on a desktop.

use std::fs;

use hallpass::{
    clock::Timestamp,
    mail::{Letter, LetterKind, Links, Seen, Templates},
    secret::OneTimeToken,
    user::EmailAddress,
};
use serde_json::json;

use crate::{
    chromium::{Chromium, SCREENS},
    process::{PASSWORD, SERVERS, Server, folder},
    smtp,
};

pub(crate) const LANGUAGES: [&str; 5] = ["en", "de", "es", "fr", "zh"];

const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                     SamsungBrowser/29.0 Chrome/142.0.0.0 Mobile Safari/537.36";

/// A phone, and the reading pane of a mail program.
pub(crate) const PANES: [(u32, &str); 4] =
    [(320, "dark"), (320, "light"), (600, "dark"), (600, "light")];

/// Every letter, with names of the maximum length.
pub(crate) fn letters() -> Vec<Letter> {
    let links = Links::new("https://identity.department.example.org/accounts").unwrap();
    let token: OneTimeToken = format!("hp_ot_{}", "W".repeat(43)).into();
    let expires_in = std::time::Duration::from_secs(86_400);
    let seen = Seen {
        at: Timestamp::UNIX_EPOCH,
        ip: Some("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap()),
    };
    let new_email = format!("{}@{}.example.org", "w".repeat(64), "w".repeat(60));
    let new_email: EmailAddress = new_email.parse().unwrap();
    let letter = |kind: &LetterKind| {
        let mut letter = Letter::new(*kind);
        let link = |purpose| (links.to(purpose, &token), expires_in);
        letter.link = kind.purpose().map(link);
        letter.seen = kind.is_notice().then_some(seen);
        letter.user_agent = Some(PHONE.to_owned());
        letter.new_email = kind.has_new_email().then(|| new_email.clone());
        letter.to = Some(new_email.clone());
        letter
    };
    LetterKind::ALL.iter().map(letter).collect()
}

#[test]
fn every_letter_fits_a_small_screen_in_every_language() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let folder = folder();
    let file = folder.path().join("letter.html");
    let url = format!("file://{}", file.display());
    let templates = Templates::new("Notes of Acme").unwrap();
    for language in LANGUAGES {
        for letter in letters() {
            let content = templates.render(&letter, &language.parse().unwrap());
            fs::write(&file, content.unwrap().html).unwrap();
            let name = format!("letter-{}-{language}", letter.kind.as_str());
            for (width, scheme) in PANES {
                browser.resize(width);
                browser.darken(scheme);
                browser.open(&url);
                browser.quickly_fits(width, &format!("{name}-{scheme}"));
            }
        }
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn every_page_fits_a_small_screen_in_every_language() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let folder = folder();
    let settings = [("HALLPASS_RATE_LIMITS", "false")];
    let server = Server::of(SERVERS[0], folder.path(), &settings);
    let url = format!("http://{}", server.address);
    let ann = "ann@example.org";
    assert_eq!(server.register(ann, PASSWORD).status, 201);
    let order = json!({ "email": ann });
    assert_eq!(server.post("/auth/forgot-password", &order).status, 202);
    let line = server.stdout.wait_for("/reset-password?token=").unwrap();
    let token = smtp::token(&line);
    let another_site = folder.path().join("site.html");
    let form = format!(
        "<form method=\"post\" action=\"{url}/unlock\"><input name=\"token\" value=\"x\"><button>OK</button></form>"
    );
    fs::write(&another_site, form).unwrap();
    let another_site = format!("file://{}", another_site.display());
    for language in LANGUAGES {
        browser.speak(language);
        for (width, scheme) in SCREENS {
            browser.resize(width);
            browser.darken(scheme);
            for page in [
                "confirm-email-change",
                "reset-password",
                "unlock",
                "verify-email",
            ] {
                browser.open(&format!("{url}/{page}?token=x"));
                browser.fits(width, &format!("page-{page}-{language}-{scheme}"));
            }
            browser.open(&format!("{url}/reset-password?token={token}"));
            browser.fits(width, &format!("page-form-{language}-{scheme}"));
            browser.type_in("password");
            browser.enter();
            browser.fits(width, &format!("page-weak-{language}-{scheme}"));
            browser.open(&another_site);
            browser.click("button");
            browser.fits(width, &format!("page-refused-{language}-{scheme}"));
            assert!(browser.html().contains(&format!("<html lang=\"{language}")));
        }
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}
