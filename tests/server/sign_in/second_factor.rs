//! The second step of the sign-in, and setting it up.

use hallpass::clock::Timestamp;

use super::{ANN, BUTTON, NEXT, Site};
use crate::{
    chromium::Chromium,
    process::PASSWORD,
    totp::{code, decoded},
};

pub(super) const EVERYONE: [(&str, &str); 1] = [("HALLPASS_SECOND_FACTOR", "everyone")];

#[tokio::test]
async fn second_factor_is_enrolled_and_asked_on_pages() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for site in Site::two(&EVERYONE).await {
        let (key, codes) = enrol(&mut browser, &site);
        ask(&mut browser, &site, &key, &codes);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

/// Signs up and sets up an app. Returns its key, and the recovery codes.
fn enrol(browser: &mut Chromium, site: &Site) -> (Vec<u8>, Vec<String>) {
    let name = site.name;
    browser.resize(320);
    browser.open(&site.at(&format!("/sign-up{NEXT}")));
    browser.send_credentials(ANN, PASSWORD);
    browser.shows("<h1>Set up two-step sign-in</h1>");
    browser.fits(320, &format!("{name}-begin-enrol"));
    browser.click(BUTTON);
    let html = browser.html();
    assert!(html.contains("<svg"), "{html}");
    browser.fits(320, &format!("{name}-enrol"));
    let [secret] = &texts_of_code(&html)[..] else {
        panic!("not one key: {html}");
    };
    let key = decoded(&secret.replace(' ', ""));
    assert_eq!(key.len(), 20);

    // A reload keeps the key that the app may already have.
    let url = browser.url();
    browser.open(&url);
    browser.shows(secret);
    // The service accepts the previous code, so that the current one is left for the sign-in.
    send_code(browser, &wrong(&key));
    browser.shows("This code is wrong.");
    browser.shows(secret);
    send_code(browser, &code(&key, seconds_from_now(-30)));
    let html = browser.html();
    assert!(html.contains("<h1>Keep your recovery codes</h1>"), "{html}");
    browser.fits(320, &format!("{name}-recovery-codes"));
    let codes = texts_of_code(&html);
    assert_eq!(codes.len(), 10, "{html}");
    browser.click("main a.button:not([download])");
    browser.is_signed_in(site, ANN);
    (key, codes)
}

/// Signs in with a code and with a recovery code.
fn ask(browser: &mut Chromium, site: &Site, key: &[u8], codes: &[String]) {
    sign_out_and_begin(browser, site);
    browser.fits(320, &format!("{}-second-factor", site.name));
    send_code(browser, "12345");
    browser.shows("Enter six digits or a recovery code.");
    send_code(browser, &wrong(key));
    browser.shows("This code is wrong.");
    send_code(browser, &code(key, seconds_from_now(0)));
    browser.is_signed_in(site, ANN);

    sign_out_and_begin(browser, site);
    // People type codes in their own way.
    send_code(browser, &codes[3].to_lowercase());
    browser.is_signed_in(site, ANN);

    sign_out_and_begin(browser, site);
    send_code(browser, &codes[3]);
    browser.shows("This code is wrong.");
    browser.click("main a[href^=sign-in]");
    browser.shows("<h1>Sign in</h1>");
}

fn sign_out_and_begin(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/sign-out"));
    browser.click(BUTTON);
    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.send_credentials(ANN, PASSWORD);
    browser.shows("<h1>Enter your code</h1>");
}

pub(super) fn send_code(browser: &mut Chromium, code: &str) {
    browser.fill("#code", code);
    browser.click(BUTTON);
}

/// The texts of the elements `code`.
pub(super) fn texts_of_code(html: &str) -> Vec<String> {
    let parts = html.split("<code>").skip(1);
    let text = |part: &str| part.split('<').next().unwrap_or_default().to_owned();
    parts.map(text).collect()
}

pub(super) fn seconds_from_now(seconds: i64) -> Timestamp {
    chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)
}

/// A code that is wrong now and in the neighbouring minutes.
fn wrong(key: &[u8]) -> String {
    let near = [-60, -30, 0, 30, 60].map(|seconds| code(key, seconds_from_now(seconds)));
    let candidates = (0..10).map(|digit| digit.to_string().repeat(6));
    let mut wrong = candidates.filter(|code| !near.contains(code));
    wrong.next().expect("a wrong code")
}
