//! The sign-in of an application on another origin, for which the pages are the provider.

use super::{ANN, BUTTON, Site};
use crate::{
    chromium::Chromium,
    process::PASSWORD,
    provider::parameters,
    provider_in_browser::{application, arrive},
};

#[tokio::test]
async fn application_on_another_origin_signs_in_on_the_pages() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let app = application();
    let settings = [("HALLPASS_OAUTH_REDIRECTS", app.as_str())];
    for site in Site::two(&settings).await {
        let name = site.name;
        browser.resize(320);
        // The forms redirect to the application, which the policy of the page has to allow.
        browser.open(&start(&site, &app, "sign-up"));
        browser.shows("You will continue to ");
        browser.fits(320, &format!("{name}-app"));
        browser.click("main a[href^=sign-up]");
        browser.send_credentials(ANN, PASSWORD);
        let ann = arrive(&mut browser, &site.server, &app, "sign-up");
        assert_eq!(ann["email"], ANN);

        browser.open(&start(&site, &app, "signed in"));
        browser.shows(&format!("Continue as {ANN}"));
        browser.fits(320, &format!("{name}-app-already"));
        browser.click(BUTTON);
        let again = arrive(&mut browser, &site.server, &app, "signed in");
        assert_eq!(again["id"], ann["id"]);

        // Another account, and a wrong password first.
        browser.open(&start(&site, &app, "another"));
        browser.click("main form[action^=sign-out] > button");
        browser.shows("You are signed out.");
        browser.send_credentials(ANN, "not the password of Ann");
        browser.shows("You are not signed in");
        browser.fill("#password", PASSWORD);
        browser.click(BUTTON);
        let again = arrive(&mut browser, &site.server, &app, "another");
        assert_eq!(again["id"], ann["id"]);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

/// The page to which the application sends the browser.
fn start(site: &Site, app: &str, state: &str) -> String {
    parameters(&site.at("/sign-in"), app, state)
}
