//! The page at `/docs` in a browser, with and without script.

use serde_json::{Value, json};

use crate::{
    accessibility::{CHECK, checker},
    chromium::Chromium,
    patience::block_until,
    process::{PASSWORD, SERVERS, Server, folder},
    totp::{code, decoded},
};

const ANN: &str = "ann@example.org";

const SCREENS: [(u32, &str); 4] = [
    (1280, "light"),
    (1280, "dark"),
    (320, "light"),
    (320, "dark"),
];

#[test]
fn the_docs_are_a_list_without_script() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let url = format!("http://{}/docs", server.address);
        for (width, scheme) in SCREENS {
            browser.resize(width);
            browser.darken(scheme);
            browser.open(&url);
            assert!(!browser.html().contains("<details id=\"post_users\" open"));
            browser.fits(width, &format!("{name}-docs-plain-{scheme}"));
            browser.click_in_place("#post_users summary");
            browser.wait_for("#post_users[open]");
            browser.fits(width, &format!("{name}-docs-entry-{scheme}"));
        }
        // A form without its script would send a password in a query.
        browser.wait_for("#try[hidden]");
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn the_docs_send_calls_with_the_token_of_a_sign_in() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.run_scripts();
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        assert_eq!(server.register(ANN, PASSWORD).status, 201);
        browser.open(&format!("http://{}/docs", server.address));
        browser.wait_for("#try:not([hidden])");

        sign_in(&mut browser, "not the password");
        said(&mut browser, "The address or the password is wrong.");
        assert_eq!(authorization(&mut browser), "");
        sign_in(&mut browser, PASSWORD);
        said(&mut browser, "You are signed in.");
        assert!(authorization(&mut browser).starts_with("Bearer ey"));
        let kept = "document.cookie + localStorage.length + sessionStorage.length";
        assert_eq!(browser.evaluate(kept), "00");

        send(&mut browser, "get_users_me");
        let shown = answer(&mut browser, "get_users_me", "200 OK");
        assert!(shown.contains("\"email\": \"ann@example.org\""), "{shown}");
        // An example is not sent as it stands, and a path not without its parts.
        send(&mut browser, "patch_users_me");
        answer(
            &mut browser,
            "patch_users_me",
            "Replace <display_name> first.",
        );
        let body = "{\"display_name\": \"Ann\"}";
        browser.fill("#patch_users_me textarea", body);
        browser.click_in_place("#patch_users_me form button");
        let shown = answer(&mut browser, "patch_users_me", "200 OK");
        assert!(shown.contains("\"display_name\": \"Ann\""), "{shown}");
        send(&mut browser, "delete_users_me_sessions_id");
        answer(
            &mut browser,
            "delete_users_me_sessions_id",
            "Fill in id first.",
        );

        let bearer = authorization(&mut browser);
        let access = bearer.strip_prefix("Bearer ").unwrap();
        assert_eq!(server.me(access).status, 200);
        browser.click_in_place("#leave");
        said(&mut browser, "You are signed out.");
        assert_eq!(authorization(&mut browser), "");
        block_until("the end of the session", || server.me(access).status == 401);
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn the_docs_ask_for_the_second_factor() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.run_scripts();
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let recovery = enrolled(&server);
        browser.open(&format!("http://{}/docs", server.address));
        browser.wait_for("#try:not([hidden])");
        sign_in(&mut browser, PASSWORD);
        said(&mut browser, "The password is right.");
        assert_eq!(authorization(&mut browser), "");
        browser.type_in("000 000");
        browser.click_in_place("#second button");
        said(&mut browser, "The code is wrong or was already used.");
        browser.type_in(&recovery);
        browser.click_in_place("#second button");
        said(&mut browser, "You are signed in.");
        send(&mut browser, "get_users_me_factors");
        let shown = answer(&mut browser, "get_users_me_factors", "200 OK");
        assert!(shown.contains("\"recovery_codes_left\": 9"), "{shown}");
    }
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn the_docs_are_not_hard_to_use() {
    let Some(checker) = checker() else {
        return;
    };
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let folder = folder();
    let server = Server::of("server", folder.path(), &[]);
    assert_eq!(server.register(ANN, PASSWORD).status, 201);
    let url = format!("http://{}/docs", server.address);
    let html = String::from_utf8(server.get("/docs").body).unwrap();
    let (list, _) = html.split_once("<script>").unwrap();
    let list = list.replace("<details ", "<details open ");
    browser.run_scripts();
    for (width, scheme) in SCREENS {
        browser.resize(width);
        browser.darken(scheme);
        browser.open("data:text/html,");
        browser.evaluate(&checker);
        browser.show(&list);
        browser.fits(width, &format!("docs-open-{scheme}"));
        assert_eq!(browser.evaluate(CHECK), json!([]), "{width} {scheme}");

        browser.open(&url);
        browser.wait_for("#try:not([hidden])");
        browser.evaluate(&checker);
        browser.fits(width, &format!("docs-script-{scheme}"));
        assert_eq!(browser.evaluate(CHECK), json!([]), "{width} {scheme}");
        sign_in(&mut browser, PASSWORD);
        said(&mut browser, "You are signed in.");
        browser.fits(width, &format!("docs-signed-in-{scheme}"));
        send(&mut browser, "get_users_me");
        answer(&mut browser, "get_users_me", "200 OK");
        browser.evaluate(
            "document.querySelectorAll('details').forEach(entry => { entry.open = true })",
        );
        browser.wait_for("#post_users form");
        browser.fits(width, &format!("docs-sent-{scheme}"));
        assert_eq!(browser.evaluate(CHECK), json!([]), "{width} {scheme}");
    }
}

fn sign_in(browser: &mut Chromium, password: &str) {
    browser.fill("#email", ANN);
    browser.fill("#password", password);
    browser.click_in_place("#login button");
}

/// Waits for what the page says about the sign-in.
fn said(browser: &mut Chromium, beginning: &str) {
    block_until(beginning, || text(browser, "#said").starts_with(beginning));
}

/// Opens an entry and sends its form.
fn send(browser: &mut Chromium, id: &str) {
    browser.click_in_place(&format!("#{id} summary"));
    browser.wait_for(&format!("#{id} form"));
    browser.click_in_place(&format!("#{id} form button"));
}

/// What the page shows after a call that ended like this.
fn answer(browser: &mut Chromium, id: &str, status: &str) -> String {
    block_until(status, || text(browser, &format!("#{id} output")) == status);
    text(browser, &format!("#{id} form pre"))
}

fn text(browser: &mut Chromium, selector: &str) -> String {
    let text = browser.evaluate(&format!("document.querySelector('{selector}').textContent"));
    text.as_str().unwrap().to_owned()
}

fn authorization(browser: &mut Chromium) -> String {
    let value = browser.evaluate("document.getElementById('authorization').value");
    value.as_str().unwrap().to_owned()
}

/// Makes an account with an authenticator app, and returns one of its recovery codes.
fn enrolled(server: &Server) -> String {
    assert_eq!(server.register(ANN, PASSWORD).status, 201);
    let access = server.login(ANN, PASSWORD).text("access_token");
    let headers = [
        &*format!("authorization: Bearer {access}"),
        "content-type: application/json",
    ];
    let call = |path: &str, body: Value| server.call("POST", path, &headers, &body.to_string());
    let begun = call("/users/me/factors/totp", json!({}));
    let key = decoded(&begun.text("secret"));
    let path = format!("/users/me/factors/totp/{}/confirm", begun.text("id"));
    let confirmed = call(&path, json!({"totp": code(&key, chrono::Utc::now())}));
    let codes = &confirmed.json()["recovery_codes"];
    codes[0].as_str().expect("a code").to_owned()
}
