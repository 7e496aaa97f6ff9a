//! Pages of valid, used and dead links.

use std::collections::BTreeMap;

use hallpass::limit::{Budget, Lockout, Rate, RateLimits};
use sea_orm::DbBackend;
use serde_json::json;

use super::{ANN, NEW, done, led_to, page, send, served, set};
use crate::{
    statements::counted,
    support::{
        app::{App, app_with, apps_with, link_token, race},
        http::PASSWORD,
    },
};

const INVALID: &str = "This link is too old";
const USED: &str = "This link was used already";
/// The new address of ann.
const LATER: &str = "ann@example.net";

/// The paths of the pages, their other form fields, and their titles on success.
const ACTIONS: [(&str, &str, &str); 5] = [
    ("/verify-email", "", "Your email address is confirmed"),
    ("/unlock", "", "You can sign in again"),
    ("/confirm-email-change", "", "Your email address is changed"),
    ("/secure-account", "", "Your account is secured"),
    (
        "/reset-password",
        "&new_password=another+good+passphrase",
        "Your password is set",
    ),
];

/// A link of each kind mailed to ann: tokens by path.
pub(super) async fn mailed(app: &App) -> BTreeMap<&'static str, String> {
    let tokens = app.join(ANN).await;
    app.deliver().await;
    let verify = link_token(&app.letter(ANN, "/verify-email?"), "verify-email");
    let change = json!({"new_email": LATER, "current_password": PASSWORD});
    let asked = app.send("POST /users/me/email", &tokens.access, change);
    asked.await.expect(202);
    app.forgot(ANN).await;
    for _ in 0..5 {
        app.try_login(ANN, "a wrong password").await.expect(401);
    }
    let refused = app.try_login(ANN, PASSWORD).await;
    refused.problem(429, "too_many_attempts");
    app.deliver().await;
    let of = |to: &str, word: &str| link_token(&app.letter(to, &format!("/{word}?")), word);
    BTreeMap::from([
        ("/verify-email", verify),
        ("/confirm-email-change", of(LATER, "confirm-email-change")),
        ("/reset-password", of(ANN, "reset-password")),
        ("/secure-account", of(ANN, "secure-account")),
        ("/unlock", of(ANN, "unlock")),
    ])
}

async fn apps_with_lockout() -> Vec<App> {
    apps_with(|builder| builder.lockout(Lockout::default())).await
}

/// Each link belongs to an account of its own, because using one link voids others.
#[tokio::test]
async fn a_double_click_a_reload_and_going_back_succeed() {
    for (path, more, title) in ACTIONS {
        for app in apps_with_lockout().await {
            let server = served(&app).await;
            let token = mailed(&app).await.remove(path).unwrap();
            let body = format!("token={token}{more}");
            let clicks = race(2, |_| {
                let (client, body) = (server.client, body.clone());
                async move { send(&client, path, "", &body).await.expect(303) }
            });
            let mut clicks = clicks.await;
            clicks.sort_by_key(|click| click.header("location").unwrap().to_owned());
            let second = led_to(clicks.pop().unwrap(), "used");
            done(&server.client, clicks.pop().unwrap(), title).await;
            let back = format!("{}?token={token}", &path[1..]);
            for line in [second, back] {
                let shown = server.client.ask(&format!("GET /{line}"), "", b"").await;
                let shown = page(shown, 200, USED);
                assert!(!shown.text().contains("<form") && !shown.text().contains("ann@"));
            }
            // The JSON endpoint still refuses the used link.
            let again = match path {
                "/reset-password" => app.reset(&token, NEW).await,
                _ => {
                    app.post(&format!("/auth{path}"), json!({"token": token}))
                        .await
                }
            };
            again.problem(400, "invalid_token");
        }
    }
}

#[tokio::test]
async fn a_second_form_does_not_report_its_password_as_set() {
    for app in apps_with_lockout().await {
        let server = served(&app).await;
        let token = mailed(&app).await.remove("/reset-password").unwrap();
        let sent = set(&server.client, &token, NEW).await;
        done(&server.client, sent, "Your password is set").await;
        let sent = set(&server.client, &token, "yet another passphrase").await;
        let line = format!("GET /{}", led_to(sent, "used"));
        let shown = server.client.ask(&line, "", b"").await;
        assert!(
            shown
                .text()
                .contains("The password that was set first is in use")
        );
        app.try_login(ANN, NEW).await.expect(200);
    }
}

#[tokio::test]
async fn the_page_of_a_void_link_does_not_report_success() {
    for app in apps_with_lockout().await {
        let server = served(&app).await;
        let links = mailed(&app).await;
        let sent = set(&server.client, &links["/reset-password"], NEW).await;
        done(&server.client, sent, "Your password is set").await;
        for path in ["/confirm-email-change", "/unlock"] {
            let token = &links[path];
            let line = format!("GET {path}?token={token}");
            page(server.client.ask(&line, "", b"").await, 400, INVALID);
            let sent = send(&server.client, path, "", &format!("token={token}")).await;
            page(sent, 400, INVALID);
        }
        // The reset proves the address, just as the other link would.
        let line = format!("GET /verify-email?token={}", links["/verify-email"]);
        page(server.client.ask(&line, "", b"").await, 200, USED);
    }
}

#[tokio::test]
async fn a_used_link_fails_after_expiry_or_an_address_change() {
    for app in apps_with_lockout().await {
        let server = served(&app).await;
        let client = &server.client;
        let links = mailed(&app).await;
        let sent = async |path: &str| {
            let body = format!("token={}", links[path]);
            send(client, path, "", &body).await
        };
        let opened = async |path: &str| {
            let line = format!("GET {path}?token={}", links[path]);
            client.ask(&line, "", b"").await
        };
        let (verify, change) = ("/verify-email", "/confirm-email-change");
        done(
            client,
            sent(verify).await,
            "Your email address is confirmed",
        )
        .await;
        done(client, sent(change).await, "Your email address is changed").await;
        // The link was mailed to the former address.
        page(opened(verify).await, 400, INVALID);
        page(opened(change).await, 200, USED);
        app.advance(30 * 86_400);
        page(opened(change).await, 400, INVALID);
        page(sent(change).await, 400, INVALID);
    }
}

#[tokio::test]
async fn a_dead_link_shows_no_form_and_a_good_one_the_account() {
    for app in apps_with_lockout().await {
        let server = served(&app).await;
        let links = mailed(&app).await;
        for (path, token) in &links {
            let shown = server
                .client
                .ask(&format!("GET {path}?token={token}"), "", b"")
                .await;
            let shown = shown.expect(200);
            // The page names only the address of the link, and no other address of the account.
            let (named, other) = match *path {
                "/confirm-email-change" => (LATER, ANN),
                _ => (ANN, LATER),
            };
            let line = format!("<p class=\"account\">{named}</p>");
            assert!(shown.text().contains(&line), "{path}: {}", shown.text());
            assert!(!shown.text().contains(other), "{path}");
            // The token of another page is invalid on this page.
            for other in links.keys().filter(|other| *other != path) {
                let shown = server
                    .client
                    .ask(&format!("GET {other}?token={token}"), "", b"")
                    .await;
                assert!(!page(shown, 400, INVALID).text().contains("<form"));
            }
        }
        let weak = set(&server.client, &links["/reset-password"], "short");
        page(weak.await, 422, "Set a new password");
        let body = format!(
            "token={}&new_password=short&username=ann%40example.org",
            links["/reset-password"]
        );
        let weak = send(&server.client, "/reset-password", "", &body).await;
        let weak = page(weak, 422, "Set a new password");
        assert!(
            weak.text()
                .contains("autocomplete=\"username\" value=\"ann@example.org\" readonly hidden>")
        );
        let body = format!(
            "token={}&new_password=short&username=%22%3E%3Cb%3E",
            links["/reset-password"]
        );
        let weak = send(&server.client, "/reset-password", "", &body).await;
        assert!(!page(weak, 422, "Set a new password").text().contains("<b>"));
        app.advance(30 * 86_400);
        for (path, token) in &links {
            let shown = server
                .client
                .ask(&format!("GET {path}?token={token}"), "", b"")
                .await;
            let shown = page(shown, 400, INVALID);
            assert!(
                !shown.text().contains("<form") && !shown.text().contains("ann@"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_view_of_a_link_costs_one_read_and_a_head_none() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| {
        let builder = builder.store(store.clone()).lockout(Lockout::default());
        builder.rate_limits(RateLimits::default())
    });
    let app = app.await;
    let server = served(&app).await;
    let links = mailed(&app).await;
    count.forget();
    for (path, token) in &links {
        for query in [format!("token={token}"), "token=hp_ot_unknown".to_owned()] {
            server
                .client
                .ask(&format!("GET {path}?{query}"), "", b"")
                .await;
            count.expect(1, path);
        }
        for query in [
            format!("token={token}"),
            "done".to_owned(),
            "used".to_owned(),
        ] {
            server
                .client
                .ask(&format!("HEAD {path}?{query}"), "", b"")
                .await
                .expect(200);
        }
        for query in ["done", "used", "token=%00", ""] {
            server
                .client
                .ask(&format!("GET {path}?{query}"), "", b"")
                .await;
        }
        count.expect(0, path);
    }
}

#[tokio::test]
async fn a_limit_on_opening_links_leaves_the_form_usable() {
    let rate = Rate::per_minute(1).with_burst(1);
    for app in apps_with(|builder| {
        let limits = RateLimits::none().per_client(Budget::Reset, rate);
        builder.rate_limits(limits)
    })
    .await
    {
        let server = served(&app).await;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let line = format!("GET /reset-password?token={token}");
        page(
            server.client.ask(&line, "", b"").await,
            200,
            "Set a new password",
        );
        page(
            server.client.ask(&line, "", b"").await,
            429,
            "We are very busy",
        );
        let head = line.replace("GET", "HEAD");
        server.client.ask(&head, "", b"").await.expect(200);
        let sent = set(&server.client, &token, NEW).await;
        done(&server.client, sent, "Your password is set").await;
    }
}
