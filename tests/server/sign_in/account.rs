//! A person's whole account, with and without script, and with the keyboard.

use super::{
    ANN, BUTTON, Site,
    second_factor::{seconds_from_now, send_code, texts_of_code},
};
use crate::{
    chromium::Chromium,
    process::PASSWORD,
    totp::{code, decoded},
};

const LATER: &str = "another long password";

#[tokio::test]
async fn person_keeps_an_account_in_order() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let sites = Site::two(&[]).await.into_iter();
    for (index, site) in sites.chain(Site::other_two(&[]).await).enumerate() {
        if index == 2 {
            // The first two servers are used without script.
            browser.run_scripts();
        }
        browser.resize(320);
        register(&mut browser, &site);
        profile(&mut browser, &site);
        address(&mut browser, &site);
        factor(&mut browser, &site);
        password(&mut browser, &site);
        look_around(&mut browser, &site);
        delete(&mut browser, &site);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn register(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/sign-up"));
    browser.send_credentials(ANN, PASSWORD);
    browser.shows("<h1>Your account</h1>");
    assert_eq!(browser.url(), site.at("/account"));
    browser.fits_every_screen(&site.at("/account"), &format!("{}-account", site.name));
}

fn profile(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/account"));
    browser.fill("#display_name", "Ann Berg");
    browser.click("#profile form > button");
    browser.shows("Your profile is saved.");
    browser.shows("value=\"Ann Berg\"");
}

fn address(browser: &mut Chromium, site: &Site) {
    browser.click("#security a[href^='account/email']");
    browser.shows("<h1>Change your email address</h1>");
    browser.fill("#new_email", "ann@example.net");
    browser.fill("#current_password", "not the password");
    browser.click(BUTTON);
    browser.shows("This password is wrong. Try again.");
    browser.shows("value=\"ann@example.net\"");
    browser.fits(320, &format!("{}-account-email", site.name));
    browser.fill("#current_password", PASSWORD);
    browser.click(BUTTON);
    browser.shows("a message with a link is on its way");
    browser.shows("the link that we sent to ann@example.net");
    browser.open(&site.link("confirm-email-change"));
    browser.click(BUTTON);
    browser.shows("<h1>Your email address is changed</h1>");
    // The change has ended the session.
    browser.open(&site.at("/account/mfa"));
    assert_eq!(browser.url(), site.at("/sign-in?next=%2Faccount%2Fmfa"));
    browser.send_credentials("ann@example.net", PASSWORD);
    assert_eq!(browser.url(), site.at("/account/mfa"));
}

fn factor(browser: &mut Chromium, site: &Site) {
    browser.fill("#name", "Phone");
    browser.click("main form > button");
    let html = browser.html();
    let [secret] = &texts_of_code(&html)[..] else {
        panic!("not one key: {html}");
    };
    let key = decoded(&secret.replace(' ', ""));
    browser.fits(320, &format!("{}-account-enrol", site.name));
    send_code(browser, &code(&key, seconds_from_now(-30)));
    browser.shows("<h1>Keep your recovery codes</h1>");
    browser.click("main a.button:not([download])");
    browser.shows("Your app is added.");
    browser.shows("10 left");
}

fn password(browser: &mut Chromium, site: &Site) {
    browser.click("#security a[href^='account/password']");
    browser.fill("#current_password", PASSWORD);
    browser.fill("#new_password", "password1");
    browser.click(BUTTON);
    browser.shows("Many people use this password, so it is guessed first. Choose another.");
    browser.fits(320, &format!("{}-account-password", site.name));
    browser.fill("#current_password", PASSWORD);
    browser.fill("#new_password", LATER);
    browser.click(BUTTON);
    browser.shows("Your password is changed.");
}

fn look_around(browser: &mut Chromium, site: &Site) {
    let name = site.name;
    browser.click("header a[href^='account/activity']");
    browser.shows("<h1>Activity</h1>");
    browser.shows("Password changed");
    browser.fits(320, &format!("{name}-account-activity"));
    browser.resize(1280);
    browser.fits(1280, &format!("{name}-account-activity"));
    browser.resize(320);
    browser.open(&site.at("/account/nothing"));
    browser.shows("This page does not exist");
    browser.open(&site.at("/account/export"));
    browser.shows("<h1>Download your data</h1>");
    browser.fits(320, &format!("{name}-account-export"));
}

fn delete(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/account/mfa"));
    browser.click("main a[href*='/remove']");
    browser.shows("<h1>Remove this app?</h1>");
    browser.fits(320, &format!("{}-account-remove", site.name));
    browser.click("main a.button");
    browser.shows("<h1>Two-step sign-in</h1>");
    browser.open(&site.at("/account"));
    browser.click("main a[href^='account/delete']");
    browser.shows("<h1>Delete your account?</h1>");
    browser.fits(320, &format!("{}-account-delete", site.name));
    browser.fill("#current_password", LATER);
    browser.click(BUTTON);
    browser.shows("Your account is deleted.");
    browser.send_credentials("ann@example.net", LATER);
    browser.shows("You are not signed in");
}

#[tokio::test]
async fn account_is_kept_with_the_keyboard() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for site in Site::two(&[]).await {
        browser.open(&site.at("/sign-up"));
        browser.send_credentials(ANN, PASSWORD);
        browser.shows("<h1>Your account</h1>");
        browser.tab_to(".skip");
        let left = "document.activeElement.getBoundingClientRect().left";
        assert_eq!(browser.evaluate(left), 16, "the skip link is shown");
        browser.tab_to("#display_name");
        browser.type_keys("Ann");
        browser.tab_to("#profile form > button");
        browser.enter();
        browser.shows("Your profile is saved.");
        browser.tab_to("#security a[href^='account/password']");
        browser.enter();
        browser.shows("<h1>Change your password</h1>");
        browser.type_keys(PASSWORD);
        browser.tab_to("#new_password");
        browser.type_keys(LATER);
        browser.enter();
        browser.shows("Your password is changed.");
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}
