//! Sign-in with a certified OpenID Connect provider in a browser, with two tabs.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::{
    chromium::Chromium,
    oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider},
    process::{SERVERS, Server, folder, free_address},
    provider::{addresses, beginning, callbacks, start},
};

#[test]
fn users_sign_in_with_a_certified_provider_in_a_browser() {
    if !OidcProvider::is_there() {
        return;
    }
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let app = application();
    let addresses = addresses();
    let provider = OidcProvider::start(&callbacks(&addresses));
    for (name, address) in SERVERS.iter().zip(&addresses) {
        let folder = folder();
        let server = start(name, folder.path(), address, &provider.issuer, &app);
        // Two tabs wait for a login at the provider.
        let first = browser.open_tab();
        browser.open(&beginning(&server, &app, "first"));
        assert!(browser.url().starts_with(&provider.issuer));
        browser.open_tab();
        browser.open(&beginning(&server, &app, "second"));
        sign_in(&mut browser);
        let second = arrive(&mut browser, &server, &app, "second");
        assert_eq!(second["email"], "ann@example.org");
        assert_eq!(second["email_verified"], false);
        browser.switch_to(&first);
        sign_in(&mut browser);
        let first = arrive(&mut browser, &server, &app, "first");
        assert_eq!(first["id"], second["id"]);

        // The provider already has a session of this browser, so it asks nothing.
        browser.open(&beginning(&server, &app, "third"));
        let third = arrive(&mut browser, &server, &app, "third");
        assert_eq!(third["id"], second["id"]);
        browser.forget_cookies();
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn the_page_of_the_example_signs_in() {
    if !OidcProvider::is_there() {
        return;
    }
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let address = free_address();
    let callback = format!("http://{address}/auth/oauth/oidc/callback");
    let provider = OidcProvider::start(&[callback]);
    let settings = [
        ("ADDRESS", address.as_str()),
        ("OIDC_ISSUER", &provider.issuer),
        ("OIDC_CLIENT_ID", CLIENT_ID),
        ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
    ];
    let folder = folder();
    let _server = Server::of("oauth", folder.path(), &settings);
    let page = format!("http://{address}/");
    browser.run_scripts();
    for cancels in [true, false] {
        browser.open(&page);
        browser.wait_for("button");
        browser.click("button");
        assert!(browser.url().starts_with(&provider.issuer));
        if cancels {
            browser.click("[name=cancel]");
            browser.wait_for_text("Not signed in: access_denied");
        } else {
            sign_in(&mut browser);
            browser.wait_for_text("Hello, ann@example.org!");
        }
        assert_eq!(browser.url(), page, "the parameters stay in the history");
    }
    // The code belongs to another browser.
    browser.open(&format!("{page}?code=hp_1&state=1"));
    browser.wait_for_text("This tab did not begin a sign-in.");
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Signs in at the provider, where the login field has the focus.
fn sign_in(browser: &mut Chromium) {
    browser.type_in("ann");
    browser.enter();
}

/// The user of the code that the application has received.
pub(crate) fn arrive(
    browser: &mut Chromium,
    server: &Server,
    app: &str,
    state: &str,
) -> serde_json::Value {
    let url = browser.url();
    assert!(url.starts_with(app), "{url}");
    assert!(browser.html().contains("<h1>The application</h1>"));
    let url: reqwest::Url = url.parse().unwrap();
    let parameter = |name: &str| {
        let mut pairs = url.query_pairs();
        let pair = pairs.find(|(known, _)| known == name);
        pair.unwrap_or_else(|| panic!("no {name}: {url}")).1
    };
    assert_eq!(parameter("state"), state);
    server.redeem(&parameter("code"))
}

/// Serves a page on another port, and returns its URL.
pub(crate) fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Browsers open more connections than they use.
            thread::spawn(move || answer(&stream));
        }
    });
    format!("http://{address}/signed-in")
}

fn answer(stream: &TcpStream) {
    const PAGE: &str = "<!doctype html><title>The application</title><h1>The application</h1>";
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    if lines.any(|line| line.is_empty()) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
        write!(
            &*stream,
            "{head}\r\ncontent-length: {}\r\n\r\n{PAGE}",
            PAGE.len()
        )
        .ok();
    }
}
