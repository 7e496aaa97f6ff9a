//! Following the mailed link in a browser without scripts.

use std::path::Path;

use serde_json::json;

use crate::{
    chromium::Chromium,
    client::insist,
    process::{PASSWORD, SERVERS, Server, folder, free_address},
};

const ANN: &str = "ann@example.org";
const NEW_PASSWORD: &str = "another good password";

#[test]
fn the_mailed_link_sets_a_password_in_a_browser_without_script() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for name in SERVERS {
        let folder = folder();
        let settings = [
            ("HALLPASS_CORS_ORIGINS", "https://app.example.org"),
            ("HALLPASS_REQUIRE_VERIFIED_EMAIL", "true"),
        ];
        let (server, url) = server_of_ann(name, folder.path(), &settings);
        click_through(&mut browser, &server, name);
        let order = json!({ "email": ANN });
        assert_eq!(server.post("/auth/forgot-password", &order).status, 202);
        let line = server.stdout.wait_for("/reset-password?token=").unwrap();
        let link = line.trim();
        assert!(link.starts_with(&url), "{link}");

        browser.fits_every_screen(link, &format!("{name}-form"));
        // The field already has the focus.
        browser.type_in("password1");
        browser.enter();
        let html = browser.html();
        assert!(
            html.contains("Many people use this password, so it is guessed first. Choose another."),
            "{html}"
        );
        assert!(html.contains("<title>Error: Set a new password"), "{html}");
        browser.fits(320, &format!("{name}-weak"));
        browser.type_in(NEW_PASSWORD);
        browser.click("button");
        let html = browser.html();
        assert!(html.contains("<h1>Your password is set</h1>"), "{html}");
        browser.fits(320, &format!("{name}-done"));
        assert_eq!(server.login(ANN, PASSWORD).status, 401);
        assert_eq!(server.login(ANN, NEW_PASSWORD).status, 200);

        browser.open(link);
        let html = browser.html();
        assert!(html.contains("This link was used already"), "{html}");
        browser.resize(1280);
        browser.fits(1280, &format!("{name}-used"));
        browser.open(&format!("{url}/reset-password?token=hp_ot_unknown"));
        let html = browser.html();
        assert!(html.contains("This link is too old"), "{html}");
        browser.fits(1280, &format!("{name}-invalid"));
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Verifies the address by one click on the page of the first mail's link.
fn click_through(browser: &mut Chromium, server: &Server, name: &str) {
    assert_eq!(server.login(ANN, PASSWORD).status, 403);
    let line = server.stdout.wait_for("/verify-email?token=").unwrap();
    for _ in 0..2 {
        browser.resize(320);
        browser.open(line.trim());
        browser.fits(320, &format!("{name}-verify"));
    }
    assert_eq!(server.login(ANN, PASSWORD).status, 403);
    browser.click("button");
    let html = browser.html();
    assert!(
        html.contains("<h1>Your email address is confirmed</h1>"),
        "{html}"
    );
    browser.fits(320, &format!("{name}-verified"));
    assert_eq!(server.login(ANN, PASSWORD).status, 200);
}

#[test]
fn the_mailed_link_unlocks_in_a_browser_without_script() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for name in SERVERS {
        let folder = folder();
        let (server, url) = server_of_ann(name, folder.path(), &[]);
        // Each failure doubles the wait, so that even a slow machine meets a wait.
        while insist(|| server.login(ANN, NEW_PASSWORD)).status == 401 {}
        let line = server.stdout.wait_for("/unlock?token=").unwrap();
        let link = line.trim();
        assert!(link.starts_with(&url), "{link}");
        browser.fits_every_screen(link, &format!("{name}-unlock"));
        browser.click("button");
        let html = browser.html();
        assert!(html.contains("<h1>You can sign in again</h1>"), "{html}");
        browser.fits(320, &format!("{name}-unlocked"));
        // The short wait may be over, but free attempts show that the failures were cleared.
        for _ in 0..4 {
            assert_eq!(server.login(ANN, NEW_PASSWORD).status, 401);
        }
        assert_eq!(server.login(ANN, PASSWORD).status, 200);

        browser.open(link);
        let html = browser.html();
        assert!(html.contains("This link was used already"), "{html}");
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// A server with the account `ANN`, and the base of its links.
fn server_of_ann(name: &str, folder: &Path, settings: &[(&str, &str)]) -> (Server, String) {
    let address = free_address();
    let url = format!("http://{address}");
    let own = [
        ("HALLPASS_BIND", address.as_str()),
        ("HALLPASS_PUBLIC_URL", &url),
    ];
    let server = Server::of(name, folder, &[&own, settings].concat());
    assert_eq!(server.register(ANN, PASSWORD).status, 201);
    (server, url)
}
