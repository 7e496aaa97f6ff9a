//! The example programs that have pages of their own behind the sign-in.

use std::{fs, path::Path};

use serde_json::json;

use super::{ANN, BUTTON, Site};
use crate::{
    chromium::Chromium,
    client::{credentials, post},
    process::{PASSWORD, Server, command, folder, free_address},
    skip::skip,
};

/// The form that adds a note.
const TEXT: &str = "body > form input[name=text]";
const ADD: &str = "body > form button";

const MARKUP: &str = "<b>not bold</b>";
const ESCAPED: &str = "&lt;b&gt;not bold&lt;/b&gt;";

/// The digest of a script, as its `integrity` gives it.
const DIGEST: &str = "(async script => {
    const digest = await crypto.subtle.digest('SHA-384', new TextEncoder().encode(script));
    return `sha384-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
})";

#[test]
fn visitor_signs_in_and_comes_back_to_the_page_of_the_host() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for (program, accounts) in [
        ("embed_axum", "/api"),
        ("embed_actix", "/api"),
        ("htmx", ""),
    ] {
        let site = start(program, accounts);
        browser.block_other_hosts();
        browser.open(&site.at("/"));
        let sign_in = site.at(&format!("{accounts}/sign-in?next=%2F"));
        assert_eq!(browser.url(), sign_in, "{program}");
        browser.send_credentials(ANN, PASSWORD);
        assert_eq!(browser.url(), site.at("/"), "{program}");
        browser.shows(&format!("The notes of {ANN}"));
        browser.fill(TEXT, MARKUP);
        browser.click(ADD);
        assert_eq!(browser.url(), site.at("/"), "{program}");
        browser.shows(ESCAPED);
        browser.click("a[href$=sign-out]");
        browser.click(BUTTON);
        browser.back();
        assert!(!browser.html().contains(ESCAPED), "{program}");
        browser.open(&site.at("/"));
        assert_eq!(browser.url(), sign_in, "{program}");
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

#[test]
fn htmx_leaves_the_page_when_the_session_has_ended() {
    let Some(htmx) = htmx() else {
        return;
    };
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let site = start("htmx", "");
    browser.run_scripts();
    browser.block_other_hosts();
    browser.open(&site.at("/"));
    browser.send_credentials(ANN, PASSWORD);
    browser.wait_for_url(&site.at("/"));
    browser.wait_for_heading("The notes of");
    let expected = browser.evaluate("document.querySelector('script[src]').integrity");
    let digest = browser.evaluate(&format!("{DIGEST}({})", json!(htmx)));
    assert_eq!(digest, expected, "the example loads another version");

    browser.evaluate(&format!("{htmx};\nwindow.isSamePage = true"));
    browser.fill(TEXT, MARKUP);
    browser.click_in_place(ADD);
    // Until htmx removes this class, the form of the new note is sent by the browser.
    browser.wait_for("#notes li:not(.htmx-added)");
    browser.shows(ESCAPED);
    browser.click_in_place("#notes li button");
    browser.wait_for("#notes:empty");
    assert_eq!(browser.evaluate("window.isSamePage"), true);

    browser.evaluate("fetch('/auth/session', { method: 'DELETE' }).then(reply => reply.status)");
    browser.fill(TEXT, "too late");
    browser.click_in_place(ADD);
    browser.wait_for_heading("Sign in");
    assert_eq!(browser.url(), site.at("/sign-in?next=%2F"));
    browser.send_credentials(ANN, PASSWORD);
    browser.wait_for_heading("The notes of");
    assert!(!browser.html().contains("too late"));
    browser.has_no_complaints();
}

/// Starts an example, and registers Ann.
fn start(name: &'static str, accounts: &str) -> Site {
    let (folder, address) = (folder(), free_address());
    let server = Server::start(command(name, folder.path()).env("ADDRESS", &address));
    let registered = post(
        &address,
        &format!("{accounts}/users"),
        &credentials(ANN, PASSWORD),
    );
    assert_eq!(registered.expect("an answer").status, 201, "{name}");
    Site {
        server,
        url: format!("http://{address}"),
        name,
        _folder: folder,
        _database: None,
    }
}

/// The script, if it is installed. With `HALLPASS_TEST_HTMX=required`, a missing one is a failure.
fn htmx() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "tests/htmx/node_modules/htmx.org/dist/htmx.min.js";
    match fs::read_to_string(root.join(file)) {
        Ok(script) => Some(script),
        Err(error) => {
            skip("HALLPASS_TEST_HTMX", "htmx", &format!("No htmx: {error}"));
            None
        }
    }
}
