//! What the browser itself says about the forms.

use super::{ANN, BUTTON, Site, host};
use crate::{chromium::Chromium, patience::block_until, process::PASSWORD};

/// The forms with a password for which a password manager cannot tell the account.
const NAMELESS: &str = "[...document.forms].filter(form => form.querySelector('[type=password]') \
                        && !form.querySelector('[type=email][autocomplete~=username]')).length";

#[tokio::test]
async fn no_page_complains_and_every_password_form_has_a_username() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.run_scripts();
    for site in Site::two(&[]).await {
        look_at_pages_of_visitors(&mut browser, &site);
        browser.sign_in(&site, ANN);
        for (path, title) in [
            ("/sign-in", "Sign in"),
            ("/sign-out", "Sign out of Hallpass?"),
            ("/second-factor", "Confirm your password"),
        ] {
            browser.open(&site.at(path));
            look(&mut browser, title);
        }
        browser.open(&site.at("/second-factor"));
        browser.fill("#password", "not the password of Ann");
        browser.click(BUTTON);
        look(&mut browser, "Confirm your password");
        browser.shows("This password is wrong.");
        browser.fill("#password", PASSWORD);
        browser.click(BUTTON);
        browser.shows("<h1>Your account</h1>");
        browser.forget_cookies();
    }
    browser.has_no_complaints();

    // The browser would have complained.
    let nameless = host::serve(|_| {
        let form = "<form method=post><input type=password><button>Go</button></form>";
        (
            String::new(),
            format!("<!doctype html><title>x</title>{form}"),
        )
    });
    browser.open(&format!("http://{nameless}/"));
    assert_eq!(browser.evaluate(NAMELESS), 1);
    block_until("a complaint", || {
        browser.html();
        !browser.complaints.is_empty()
    });
}

fn look_at_pages_of_visitors(browser: &mut Chromium, site: &Site) {
    for (path, title) in [
        ("/", "Sign in"),
        ("/sign-up", "Create an account"),
        ("/.well-known/change-password", "Sign in"),
        ("/second-factor", "Sign in"),
        ("/check-mail", "Sign in"),
        ("/sign-out", "Sign in"),
        ("/verify-email?token=hp_ot_x", "This link is too old"),
    ] {
        browser.open(&site.at(path));
        look(browser, title);
    }
    for path in ["/nowhere", "/sign-in/unknown", "/some/place/that/never/was"] {
        browser.open(&site.at(path));
        look(browser, "This page does not exist");
        browser.click("main a");
        look(browser, "Sign in");
    }
    browser.open(&site.at("/sign-in"));
    browser.send_credentials("ann", "");
    look(browser, "Sign in");
    browser.shows("Some entries need a change");
    assert_eq!(site.server.register(ANN, PASSWORD).status, 201);

    browser.open(&site.at("/sign-in"));
    browser.send_credentials(ANN, "not the password of Ann");
    look(browser, "Sign in");
    browser.click("main a[href*=forgot-password]");
    browser.fill("#email", ANN);
    browser.click(BUTTON);
    look(browser, "Check your mail");
    browser.open(&site.link("reset-password"));
    look(browser, "Set a new password");
    browser.fill("#new_password", "password1");
    browser.click(BUTTON);
    look(browser, "Set a new password");
}

fn look(browser: &mut Chromium, title: &str) {
    browser.shows(&format!("<h1>{title}</h1>"));
    assert_eq!(browser.evaluate(NAMELESS), 0, "{}", browser.html());
}
