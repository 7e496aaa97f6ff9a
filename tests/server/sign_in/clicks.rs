//! Impatient people click twice.

use super::{
    ANN, BUTTON, NEXT, Site,
    second_factor::{EVERYONE, seconds_from_now, texts_of_code},
};
use crate::{
    chromium::Chromium,
    process::PASSWORD,
    totp::{code, decoded},
};

/// Milliseconds, as on a bad train.
const LATENCY: u32 = 500;

#[tokio::test]
async fn two_clicks_end_in_success() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let sites = Site::two(&[]).await;
    for has_script in [false, true] {
        if has_script {
            browser.run_scripts();
        }
        for site in &sites {
            let email = &format!("{has_script}@example.org");
            browser.open(&site.at(&format!("/sign-up{NEXT}")));
            click_twice(&mut browser, site, email);
            sign_out(&mut browser, site);
            browser.open(&site.at(&format!("/sign-in{NEXT}")));
            click_twice(&mut browser, site, email);
            sign_out(&mut browser, site);
        }
    }
    browser.has_no_complaints();
}

/// The page with the recovery codes is shown once only, so the script allows one click only.
#[tokio::test]
async fn two_clicks_on_a_code_show_the_recovery_codes() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.run_scripts();
    for site in Site::two(&EVERYONE).await {
        browser.open(&site.at(&format!("/sign-up{NEXT}")));
        browser.send_credentials(ANN, PASSWORD);
        browser.click(BUTTON);
        let key = decoded(&texts_of_code(&browser.html()).concat().replace(' ', ""));
        browser.fill("#code", &code(&key, seconds_from_now(0)));
        browser.slow_down(LATENCY);
        browser.click_twice(BUTTON);
        browser.wait_for_heading("Keep your recovery codes");
        browser.slow_down(0);
        browser.open(&site.at("/users/me"));
        browser.is_signed_in(&site, ANN);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn click_twice(browser: &mut Chromium, site: &Site, email: &str) {
    browser.fill("#email", email);
    browser.fill("#password", PASSWORD);
    browser.slow_down(LATENCY);
    browser.click_twice(BUTTON);
    browser.wait_for_url(&site.at("/users/me"));
    browser.slow_down(0);
    browser.is_signed_in(site, email);
}

fn sign_out(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/sign-out"));
    browser.slow_down(LATENCY);
    browser.click_twice(BUTTON);
    browser.wait_for_url(&site.at("/sign-in?signed_out"));
    browser.slow_down(0);
    browser.shows("You are signed out.");
    browser.open(&site.at("/users/me"));
    let html = browser.html();
    assert!(html.contains("unauthenticated"), "{html}");
}
