//! From the sign-up to the sign-out, without script.

use super::{ANN, BUTTON, NEXT, Site};
use crate::{chromium::Chromium, process::PASSWORD};

const VERIFIED: [(&str, &str); 1] = [("HALLPASS_REQUIRE_VERIFIED_EMAIL", "true")];

#[tokio::test]
async fn person_signs_up_and_in_without_script() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let sites = Site::two(&VERIFIED).await.into_iter();
    for site in sites.chain(Site::other_two(&VERIFIED).await) {
        sign_up(&mut browser, &site);
        sign_in(&mut browser, &site);
        sign_out(&mut browser, &site);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn sign_up(browser: &mut Chromium, site: &Site) {
    let name = site.name;
    browser.fits_every_screen(&site.at("/sign-in"), &format!("{name}-sign-in"));
    browser.fits_every_screen(&site.at("/sign-up"), &format!("{name}-sign-up"));
    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.click("main a[href^=sign-up]");
    browser.send_credentials(ANN, "password1");
    browser.shows("Many people use this password, so it is guessed first. Choose another.");
    browser.shows(&format!("value=\"{ANN}\""));
    browser.shows("<title>Error: Create an account");
    browser.fill("#password", PASSWORD);
    browser.click(BUTTON);
    browser.shows("<h1>Check your mail</h1>");
    browser.shows(ANN);
    browser.fits(320, &format!("{name}-check-mail"));

    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.send_credentials(ANN, PASSWORD);
    browser.shows("Confirm your email address first");
    browser.fits(320, &format!("{name}-not-verified"));

    browser.open(&site.link("verify-email"));
    browser.click(BUTTON);
    browser.shows("<h1>Your email address is confirmed</h1>");
    browser.click("main a[href^=sign-in]");
    browser.shows("<h1>Sign in</h1>");
}

fn sign_in(browser: &mut Chromium, site: &Site) {
    let wrong = "not the password of Ann";
    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.send_credentials(ANN, wrong);
    browser.shows("You are not signed in");
    browser.shows("<title>Error: Sign in");
    browser.shows(&format!("value=\"{ANN}\""));
    assert!(!browser.html().contains(wrong));
    browser.fits(320, &format!("{}-wrong", site.name));
    browser.fill("#password", PASSWORD);
    browser.click(BUTTON);
    browser.is_signed_in(site, ANN);

    // Without `remember`, the cookie ends with the browser.
    let cookie = browser.cookie(&site.url, "hallpass_session");
    assert_eq!(cookie["session"], true, "{cookie}");
    assert_eq!(cookie["httpOnly"], true, "{cookie}");
    assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.shows(&format!("Continue as {ANN}"));
    browser.click("main a.button");
    browser.is_signed_in(site, ANN);
}

fn sign_out(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/"));
    assert_eq!(browser.url(), site.at("/account"));
    browser.click("header a[href^=sign-out]");
    assert_eq!(browser.url(), site.at("/sign-out"));
    browser.shows(ANN);
    browser.fits(320, &format!("{}-sign-out", site.name));
    browser.click(BUTTON);
    browser.shows("You are signed out.");
    let cookie = browser.cookie(&site.url, "hallpass_session");
    assert!(cookie.is_null(), "{cookie}");
    // Neither the sign-out nor the account is shown from a cache.
    browser.back();
    assert_eq!(browser.url(), site.at("/sign-in"));
    browser.back();
    assert_eq!(browser.url(), site.at("/sign-in?next=%2Faccount"));
    browser.open(&site.at("/users/me"));
    let html = browser.html();
    assert!(!html.contains(ANN), "{html}");
    assert!(html.contains("unauthenticated"), "{html}");
}
