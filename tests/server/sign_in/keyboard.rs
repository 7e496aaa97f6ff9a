//! The pages by keyboard only.

use super::{ANN, BUTTON, NEXT, Site};
use crate::{chromium::Chromium, process::PASSWORD};

#[tokio::test]
async fn person_signs_up_and_in_by_keyboard_only() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for (site, has_script) in Site::two(&[]).await.iter().zip([false, true]) {
        if has_script {
            browser.run_scripts();
        }
        browser.open(&site.at(&format!("/sign-in{NEXT}")));
        browser.tab_to("main a[href^=sign-up]");
        browser.enter();
        browser.shows("<h1>Create an account</h1>");
        fill(&mut browser);
        browser.enter();
        browser.is_signed_in(site, ANN);

        browser.open(&site.at("/sign-out"));
        browser.tab_to(BUTTON);
        browser.enter();
        browser.shows("You are signed out.");

        browser.open(&site.at(&format!("/sign-in{NEXT}")));
        fill(&mut browser);
        browser.tab_to("[name=remember]");
        browser.press_space();
        browser.tab_to(BUTTON);
        browser.enter();
        browser.is_signed_in(site, ANN);
        let cookie = browser.cookie(&site.url, "hallpass_session");
        assert_eq!(cookie["session"], false, "{cookie}");
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn fill(browser: &mut Chromium) {
    browser.tab_to("#email");
    browser.type_keys(ANN);
    browser.tab_to("#password");
    browser.type_keys(PASSWORD);
}
