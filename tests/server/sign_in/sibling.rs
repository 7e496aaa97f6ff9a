//! Another host of the same domain, in the hands of somebody else.

use serde_json::json;

use super::{ANN, BUTTON, Site, host, tls};
use crate::{
    chromium::Chromium,
    postgres,
    process::{PASSWORD, SERVERS, free_address},
};

const EVE: &str = "eve@example.org";

/// Calls that scripts of the sibling make with the cookies of the user. No reply can be read.
const CALLS: &str = "Promise.all([
    ['DELETE', '/auth/session'], ['DELETE', '/users/me'], ['PATCH', '/users/me'],
    ['POST', '/auth/logout-all'], ['POST', '/sign-out'], ['POST', '/auth/session'],
].flatMap(([method, path]) => ['cors', 'no-cors'].map(mode =>
    fetch(SITE + path, {
        method, mode, credentials: 'include', body: '{\"display_name\":\"Eve\"}',
        headers: mode === 'cors' ? {'content-type': 'application/json'} : {},
    }).then(reply => `${method} ${path}: ${reply.type} ${reply.status}`, () => '')
))).then(replies => replies.filter(reply => reply && !reply.endsWith(': opaque 0')))";

#[tokio::test]
async fn sibling_host_can_neither_plant_a_session_nor_post_a_form() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.trust_any_certificate();
    for (name, has_tls) in SERVERS
        .into_iter()
        .flat_map(|name| [(name, false), (name, true)])
    {
        let address = free_address();
        let url = url("id", &address, has_tls);
        let database = match has_tls {
            true => postgres::empty().await,
            false => None,
        };
        let site = Site::start_at(name, (&address, &url), database, &[]);
        for email in [ANN, EVE] {
            assert_eq!(site.server.register(email, PASSWORD).status, 201);
        }
        let sibling = sibling(&site, has_tls);
        browser.forget_cookies();
        posts(&mut browser, &site, &sibling);
        plants(&mut browser, &site, &sibling, has_tls);
    }
}

/// The URL of a host of the domain. Over TLS it is that of a proxy in front of the address.
fn url(host: &str, address: &str, has_tls: bool) -> String {
    let (_, port) = address.rsplit_once(':').expect("a port");
    match has_tls {
        true => format!(
            "https://{host}.hallpass.localhost:{}",
            tls::in_front_of(address)
        ),
        false => format!("http://{host}.hallpass.localhost:{port}"),
    }
}

/// Posts forms to the pages and calls endpoints, for visitors and for users.
fn posts(browser: &mut Chromium, site: &Site, sibling: &str) {
    browser.run_scripts();
    let begin = ["sign-in", "sign-up", "forgot-password", "check-mail"];
    for page in begin {
        post(browser, site, sibling, page);
    }
    browser.open(&site.at("/users/me"));
    browser.shows("unauthenticated");

    browser.sign_in(site, ANN);
    for page in begin.into_iter().chain(["sign-out", "second-factor"]) {
        post(browser, site, sibling, page);
    }
    browser.open(&format!("{sibling}/sign-in"));
    let calls = CALLS.replace("SITE", &format!("'{}'", site.url));
    assert_eq!(browser.evaluate(&calls), json!([]), "a reply can be read");
    browser.open(&site.at("/users/me"));
    browser.is_signed_in(site, ANN);
    assert!(!browser.html().contains("Eve"));
}

/// Sends the form of the sibling to a page.
fn post(browser: &mut Chromium, site: &Site, sibling: &str, page: &str) {
    browser.open(&format!("{sibling}/{page}"));
    browser.click("button");
    assert_eq!(browser.url(), site.at(&format!("/{page}")));
    let html = browser.html();
    assert!(
        html.contains("This form did not reach us well"),
        "{page}: {html}"
    );
    browser.click("main a");
    assert_eq!(browser.url(), site.at("/sign-in"));
}

/// Plants the cookie of another account for the whole domain.
fn plants(browser: &mut Chromium, site: &Site, sibling: &str, has_tls: bool) {
    browser.open(&format!("{sibling}/plant"));
    browser.open(&site.at("/users/me"));
    let html = browser.html();
    assert!(!html.contains(EVE), "{html}");
    if has_tls {
        let planted = browser.cookie(&site.url, "hallpass_session");
        assert_eq!(planted["domain"], ".hallpass.localhost");
        browser.is_signed_in(site, ANN);
    } else {
        // Which of the two cookies is the planted one cannot be told.
        assert!(html.contains("invalid_access_token"), "{html}");
        browser.open(&format!("{sibling}/remove"));
        browser.open(&site.at("/users/me"));
        browser.is_signed_in(site, ANN);
        return;
    }
    // A visitor without a session does not get one either.
    browser.open(&site.at("/sign-out"));
    browser.click(BUTTON);
    browser.open(&format!("{sibling}/plant"));
    browser.open(&site.at("/users/me"));
    browser.shows("unauthenticated");
}

/// Serves the sibling, and returns its URL.
fn sibling(site: &Site, has_tls: bool) -> String {
    let (session, base) = (session_of_eve(site), site.url.clone());
    let address = host::serve(move |page| {
        let cookies = match page {
            "plant" => cookies(&session),
            "remove" => cookies("; Max-Age=0"),
            _ => String::new(),
        };
        let form = format!(
            "<!doctype html><title>Evil</title><form method=post action='{base}/{page}'>\
             <input name=email value={EVE}><input name=password value='{PASSWORD}'>\
             <button>A kitten</button></form>"
        );
        (cookies, form)
    });
    url("evil", &address, has_tls)
}

/// The headers that plant a session in every way that a browser may allow.
fn cookies(value: &str) -> String {
    let prefixes = ["", "__Host-", "__Secure-"].into_iter();
    let cookies = prefixes.flat_map(|prefix| {
        let secure = if prefix.is_empty() { "" } else { "; Secure" };
        let scopes = ["Path=/", "Path=/users", "Path=/; Domain=hallpass.localhost"];
        scopes.map(|scope| {
            format!("set-cookie: {prefix}hallpass_session={value}; {scope}{secure}\r\n")
        })
    });
    cookies.collect()
}

fn session_of_eve(site: &Site) -> String {
    let headers = [
        "content-type: application/json",
        "sec-fetch-site: same-origin",
    ];
    let eve = json!({ "email": EVE, "password": PASSWORD }).to_string();
    let reply = site.server.call("POST", "/auth/session", &headers, &eve);
    assert_eq!(reply.status, 200, "{reply:?}");
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (_, value) = cookie.split_once('=').expect("a value");
    value.split(';').next().unwrap_or_default().to_owned()
}
