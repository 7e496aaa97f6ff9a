//! What a browser, a stranger or a sibling host may send, and what is refused.

use serde_json::{Value, json};

use super::ANN;
use crate::support::{
    app::{App, apps},
    browser::{COOKIE, OWN, new_cookie},
    http::{JSON, PASSWORD, Reply},
};

async fn me(app: &App, cookies: &str) -> Reply {
    let headers = format!("Cookie: {cookies}\r\n");
    app.ask("GET /users/me", &headers, b"").await
}

#[tokio::test]
async fn only_one_whole_cookie_of_this_service_counts() {
    for app in apps().await {
        let ours = app.join_browser(ANN).await.cookie;
        let refresh = app.login(ANN).await.refresh;
        let cut = &ours[..ours.len() - 1];
        let flipped = format!("{}{}", &ours[..20], ours[20..].replace('A', "B"));
        me(&app, &format!("a=b; {COOKIE}={ours}; c=d"))
            .await
            .expect(200);
        for cookies in [
            format!("{COOKIE}={cut}"),
            format!("{COOKIE}={ours}A"),
            format!("{COOKIE}={flipped}x"),
            format!("{COOKIE}={refresh}"),
            format!("{COOKIE}="),
            format!("{COOKIE}=\"{ours}\""),
            format!("{COOKIE}={ours}; {COOKIE}={ours}"),
            format!("{COOKIE}={ours}; {COOKIE}=x"),
            format!("{COOKIE}=x; {COOKIE}={ours}"),
            format!("{COOKIE}={}", "x".repeat(7000)),
        ] {
            let reply = me(&app, &cookies).await;
            reply.problem(401, "invalid_access_token");
        }
        for cookies in [
            format!("hallpass_session={ours}"),
            format!("__host-hallpass_session={ours}"),
            format!("\u{2000}{COOKIE}={ours}"),
            format!("{COOKIE} ={ours}"),
            format!("x{COOKIE}={ours}"),
            format!("a={}", "x".repeat(7000)),
        ] {
            me(&app, &cookies).await.problem(401, "unauthenticated");
        }
        // The cookie names a user, and a session of another user does not pass for theirs.
        let other = app.join_browser("bob@example.org").await;
        let mine = other.get("/users/me").await.expect(200).json();
        assert_eq!(mine["email"], "bob@example.org");
    }
}

#[tokio::test]
async fn token_and_cookie_together_are_ambiguous() {
    for app in apps().await {
        let browser = app.join_browser(ANN).await;
        let tokens = app.login(ANN).await;
        let bearer = format!("Authorization: Bearer {}\r\n", tokens.access);
        for line in ["GET /users/me", "GET /auth/session", "DELETE /auth/session"] {
            let both = browser.send(line, &bearer, Value::Null).await;
            both.problem(400, "ambiguous_credentials");
        }
        assert!(browser.is_signed_in().await);
        let forged = format!("{bearer}Cookie: {COOKIE}=hp_bs_forged\r\n");
        app.ask("GET /users/me", &forged, b"").await.expect(200);
        let basic = "Authorization: Basic eDp5\r\n";
        let line = "GET /users/me";
        browser.send(line, basic, Value::Null).await.expect(200);
    }
}

/// Header lines, and whether a request with them counts as the service's own.
const SITES: [(&str, bool); 13] = [
    ("Sec-Fetch-Site: same-origin\r\n", true),
    ("Sec-Fetch-Site: none\r\n", true),
    ("Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", true),
    ("Origin: https://id.example.org\r\n", true),
    ("", false),
    ("Origin: null\r\n", false),
    ("Origin: https://app.example.org\r\n", false),
    ("Origin: http://id.example.org\r\n", false),
    (
        "Origin: https://id.example.org\r\nOrigin: https://evil.example\r\n",
        false,
    ),
    ("Sec-Fetch-Site: same-site\r\n", false),
    (
        "Sec-Fetch-Site: cross-site\r\nOrigin: https://id.example.org\r\n",
        false,
    ),
    (
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
        false,
    ),
    ("Referer: https://id.example.org/\r\n", false),
];

#[tokio::test]
async fn cookie_of_another_sites_request_changes_nothing() {
    for app in apps().await {
        let browser = app.join_browser(ANN).await;
        for (index, (headers, is_own)) in SITES.into_iter().enumerate() {
            let name = format!("Ann {index}");
            let change = json!({"display_name": name});
            let reply = browser.send("PATCH /users/me", headers, change).await;
            let me = browser.get("/users/me").await.expect(200).json();
            assert_eq!(me["display_name"] == name, is_own, "{headers}");
            if is_own {
                reply.expect(200);
            } else {
                reply.problem(403, "cross_site_request");
            }
            // What only reads is open to links from other sites.
            let read = browser.send("GET /users/me", headers, Value::Null).await;
            read.expect(200);
            let upgrade = format!("{headers}Upgrade: websocket\r\n");
            let read = browser.send("GET /users/me", &upgrade, Value::Null).await;
            assert_eq!(read.status == 200, is_own, "upgrade {headers}");
        }
        for (line, body) in [
            ("POST /users/me/password", json!({})),
            ("POST /auth/reauthenticate", json!({"password": PASSWORD})),
            ("POST /auth/logout-all", Value::Null),
            ("DELETE /users/me", json!({"current_password": PASSWORD})),
            ("DELETE /auth/session", Value::Null),
        ] {
            let reply = browser.send(line, "", body).await;
            reply.problem(403, "cross_site_request");
        }
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    for app in apps().await {
        app.register(ANN).await;
        let body = json!({"email": ANN, "password": PASSWORD}).to_string();
        for (headers, is_own) in SITES {
            let headers = format!("{JSON}{headers}");
            let reply = app.ask("POST /auth/session", &headers, body.as_bytes());
            let reply = reply.await;
            assert_eq!(new_cookie(&reply).is_some(), is_own, "{headers}");
            if !is_own {
                reply.problem(403, "cross_site_request");
            }
        }
        let body = json!({"ticket": "x", "totp": "123456"}).to_string();
        for path in ["/auth/session/second-factor"] {
            let line = format!("POST {path}");
            let reply = app.ask(&line, JSON, body.as_bytes()).await;
            reply.problem(403, "cross_site_request");
        }
        // A form of another site cannot send JSON, and other types are refused.
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
        ] {
            let headers = format!("Content-Type: {kind}\r\n{OWN}");
            let reply = app.ask("POST /auth/session", &headers, body.as_bytes());
            reply.await.problem(415, "unsupported_media_type");
        }
    }
}
