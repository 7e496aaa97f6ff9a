//! The pages of mailed links.

mod brand;
mod link;
mod scripted;
mod unlock;

use std::{sync::Arc, time::Duration};

use hallpass::{AuthBuilder, ClientAddress};
use serde_json::json;

use self::scripted::Scripted;
use crate::support::{
    app::{App, Framework, Server, app_with, apps, link_token},
    db::TestStore,
    http::{Client, PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "another good passphrase";
/// The beginnings of the titles of errors, in all languages.
const ERRORS: [&str; 4] = ["Error: ", "Fehler: ", "Erreur\u{a0}: ", "错误："];
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// The app's endpoints with the pages among them.
async fn served(app: &App) -> Server {
    Server::of(app.auth.endpoints().with_pages(), app.framework()).await
}

async fn send(client: &Client, path: &str, headers: &str, body: &str) -> Reply {
    let headers = format!("{FORM}{headers}");
    client
        .ask(&format!("POST {path}"), &headers, body.as_bytes())
        .await
}

async fn set(client: &Client, token: &str, password: &str) -> Reply {
    let password = password.replace('%', "%25").replace(' ', "+");
    let body = format!("token={token}&new_password={password}");
    send(client, "/reset-password", "", &body).await
}

/// Checks the parts that every page has.
#[track_caller]
fn page(reply: Reply, status: u16, title: &str) -> Reply {
    let reply = reply.expect(status);
    let header = |name| reply.header(name).unwrap_or_default();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-frame-options"), "DENY");
    let policy = header("content-security-policy");
    let rest = policy
        .strip_prefix("default-src 'none'; style-src 'sha256-")
        .unwrap();
    let (_, rest) = rest.split_once("'; ").unwrap();
    let rest = match rest.strip_prefix("script-src 'sha256-") {
        Some(rest) => {
            let (_, rest) = rest.split_once("'; ").unwrap();
            rest.strip_prefix("require-trusted-types-for 'script'; ")
                .unwrap()
        }
        None => rest,
    };
    assert_eq!(
        rest,
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    assert!(header("permissions-policy").contains("camera=()"));
    assert_eq!(header("vary"), "Cookie, Accept-Language");
    let may_be_repeated = matches!(status, 429 | 503);
    assert_eq!(
        header("retry-after").parse::<u64>().is_ok(),
        may_be_repeated
    );
    assert!(reply.header("set-cookie").is_none());
    let text = reply.text();
    assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
    // No live region interrupts a screen reader, and a list stays a list.
    assert!(
        !text.contains("role=\"alert\"") && !text.contains("<ul role"),
        "{text}"
    );
    let is_error = ERRORS
        .iter()
        .any(|error| text.contains(&format!("<title>{error}{title} · ")));
    assert_eq!(is_error, status >= 400, "{text}");
    // Only pages with a form have the one script.
    let scripts = text.matches("<script>").count();
    assert_eq!(scripts, usize::from(text.contains("<form")), "{text}");
    for forbidden in [
        "script ",
        "javascript:",
        "http:",
        "https:",
        " onc",
        "style=",
    ] {
        let unscripted = text.split("<script>").next().unwrap();
        let found = unscripted
            .to_ascii_lowercase()
            .split("</style>")
            .any(|part| {
                part.split('<')
                    .skip(1)
                    .any(|tag| tag.split('>').next().unwrap().contains(forbidden))
            });
        assert!(!found, "{forbidden}: {text}");
    }
    reply
}

/// Checks that a form succeeded and returns its next page.
async fn done(client: &Client, sent: Reply, title: &str) -> Reply {
    let location = led_to(sent, "done");
    let shown = client.ask(&format!("GET /{location}"), "", b"").await;
    page(shown, 200, title)
}

/// Checks that a form led to another page and returns the address.
#[track_caller]
fn led_to(sent: Reply, what: &str) -> String {
    let sent = sent.expect(303);
    assert!(sent.body.is_empty());
    assert_eq!(sent.header("cache-control"), Some("no-store"));
    assert_eq!(sent.header("referrer-policy"), Some("no-referrer"));
    let location = sent.header("location").expect("a location");
    assert!(location.ends_with(&format!("?{what}")), "{location}");
    location.to_owned()
}

#[tokio::test]
async fn a_link_opens_a_form_that_sets_the_password() {
    for app in apps().await {
        let server = served(&app).await;
        let client = &server.client;
        app.join(ANN).await;
        let token = app.reset_token(ANN).await;
        let path = format!("/reset-password?token={token}&utm_source=mail");
        let shown = client.ask(&format!("GET {path}"), "", b"").await;
        let shown = page(shown, 200, "Set a new password");
        for part in [
            "<form method=\"post\" action=\"reset-password\" novalidate>",
            &format!("<input type=\"hidden\" name=\"token\" value=\"{token}\">"),
            "<label id=\"new_password-label\" for=\"new_password\">New password</label>",
            "autocomplete=\"new-password\"",
            "At least 8 characters.",
            "<title>Set a new password · Hallpass</title>",
            "<p class=\"account\">ann@example.org</p>",
            "<input type=\"email\" name=\"username\" autocomplete=\"username\" value=\"ann@example.org\" readonly hidden>",
        ] {
            assert!(shown.text().contains(part), "{part}: {}", shown.text());
        }
        let shown = done(
            client,
            set(client, &token, NEW).await,
            "Your password is set",
        )
        .await;
        assert!(!shown.text().contains(&token) && !shown.text().contains("<form"));
        app.try_login(ANN, NEW).await.expect(200);
        app.try_login(ANN, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_click_verifies_or_changes_an_address() {
    for app in apps().await {
        let server = served(&app).await;
        let client = &server.client;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        let letter = app.letter(ANN, "/verify-email?");
        let token = link_token(&letter, "verify-email");
        let get = format!("GET /verify-email?token={token}");
        for _ in 0..3 {
            let shown = client.ask(&get, "", b"").await;
            let shown = page(shown, 200, "Confirm your email address");
            assert!(shown.text().contains("action=\"verify-email\""));
            assert!(!shown.text().contains("autocomplete=\"new-password\""));
        }
        let me = app.me(&tokens.access).await.json();
        assert_eq!(me["email_verified"], false);
        let body = format!("token={token}");
        let sent = send(client, "/verify-email", "", &body).await;
        done(client, sent, "Your email address is confirmed").await;
        let me = app.me(&tokens.access).await.json();
        assert_eq!(me["email_verified"], true);

        let new = "ann@example.net";
        let body = json!({"new_email": new, "current_password": PASSWORD});
        let asked = app.send("POST /users/me/email", &tokens.access, body);
        asked.await.expect(202);
        app.deliver().await;
        let letter = app.letter(new, "/confirm-email-change?");
        let token = link_token(&letter, "confirm-email-change");
        let get = format!("GET /confirm-email-change?token={token}");
        let shown = client.ask(&get, "", b"").await;
        page(shown, 200, "Change your email address");
        let elsewhere = "Sec-Fetch-Site: cross-site\r\n";
        let body = format!("token={token}");
        let path = "/confirm-email-change";
        let refused = send(client, path, elsewhere, &body).await;
        page(refused, 403, "This form did not reach us well");
        let sent = send(client, path, "", &body).await;
        done(client, sent, "Your email address is changed").await;
        app.login(new).await;
        // A token of one page fails at another.
        let reset = app.reset_token(new).await;
        for path in ["/verify-email", path] {
            let reply = send(client, path, "", &format!("token={reset}")).await;
            page(reply, 400, "This link is too old");
        }
    }
}

#[tokio::test]
async fn scanners_spend_no_token() {
    for app in apps().await {
        let server = served(&app).await;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let path = format!("/reset-password?token={token}");
        let shown = server.client.ask(&format!("GET {path}"), "", b"").await;
        for method in ["HEAD", "GET", "OPTIONS", "PUT"] {
            for _ in 0..5 {
                let reply = server
                    .client
                    .ask(&format!("{method} {path}"), "", b"")
                    .await;
                match method {
                    "GET" => assert_eq!(reply.timeless(), shown.clone().timeless()),
                    "HEAD" => {
                        // No look-up, and no Content-Length, which may be wrong.
                        assert_eq!(reply.header("content-length"), None);
                        assert!(reply.expect(200).body.is_empty());
                    }
                    _ => {
                        let reply = reply.problem(405, "method_not_allowed");
                        assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
                    }
                }
            }
        }
        let sent = set(&server.client, &token, NEW).await;
        done(&server.client, sent, "Your password is set").await;
    }
}

#[tokio::test]
async fn a_weak_password_shows_at_the_field_and_keeps_the_token() {
    for app in apps().await {
        let server = served(&app).await;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        for (password, said) in [
            ("", "This password is too short. Use at least 8 characters."),
            (
                "short",
                "This password is too short. Use at least 8 characters.",
            ),
            (
                "password1",
                "Many people use this password, so it is guessed first. Choose another.",
            ),
            (ANN, "Do not use your email address as the password."),
            (
                &"x".repeat(257),
                "This password is too long. Use at most 256 characters.",
            ),
            (
                "tabs\tin the middle",
                "This password contains a tab or another control character. Leave it out.",
            ),
        ] {
            let reply = set(&server.client, &token, password).await;
            let reply = page(reply, 422, "Set a new password");
            let text = reply.text();
            let error = format!("<p id=\"new_password-error\" class=\"error\">{said}</p>");
            assert!(text.contains(&error), "{said}: {text}");
            assert!(text.contains("aria-invalid=\"true\""));
            assert!(text.contains("aria-describedby=\"new_password-error new_password-hint\""));
            assert!(text.contains(&format!("value=\"{token}\"")));
            assert!(password.is_empty() || !text.contains(&format!("\"{password}\"")));
        }
        let sent = set(&server.client, &token, NEW).await;
        done(&server.client, sent, "Your password is set").await;
    }
}

#[tokio::test]
async fn an_impossible_token_is_an_invalid_link_and_is_not_reflected() {
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let server = served(&app).await;
        let invalid = "This link is too old";
        for query in [
            "",
            "?",
            "?token",
            "?token=",
            "?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            "?token=\"><b>x",
            "?token=a%00b",
            "?token=a%20b",
            "?token=%ff",
            "?token=z%C3%B6",
            "?token=a&token=b",
            "?TOKEN=a",
            &format!("?token={}", "x".repeat(201)),
        ] {
            let reply = server
                .client
                .ask(&format!("GET /reset-password{query}"), "", b"")
                .await;
            // Some are not valid requests for the server.
            if query.contains('"') && reply.header("content-type").is_none() {
                continue;
            }
            let reply = page(reply, 400, invalid);
            assert!(!reply.text().contains("<b>") && !reply.text().contains("alert"));
            assert!(!reply.text().contains("<form"));
        }
        for token in ["", "unknown", "%22%3E%3Cb%3E", "a%00", "hp_ot_x"] {
            let body = format!("token={token}&new_password=short");
            let reply = send(&server.client, "/reset-password", "", &body).await;
            assert!(!page(reply, 400, invalid).text().contains("<b>"));
        }
    }
}

#[tokio::test]
async fn a_form_needs_its_own_type_and_fields() {
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let server = served(&app).await;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let sound = format!("token={token}&new_password={}", NEW.replace(' ', "+"));
        let path = "POST /reset-password";
        let refused = "This form did not reach us well";
        for (status, headers, body) in [
            (415, "", sound.clone()),
            (415, "Content-Type: text/plain\r\n", sound.clone()),
            (415, "Content-Type: application/json\r\n", "{}".to_owned()),
            (
                415,
                "Content-Type: multipart/form-data; boundary=x\r\n",
                sound.clone(),
            ),
            (
                415,
                "Content-Type: application/x-www-form-urlencoded; charset=latin1\r\n",
                sound.clone(),
            ),
            (413, FORM, format!("{sound}{}", "x".repeat(16 * 1024))),
            (422, FORM, String::new()),
            (422, FORM, format!("token={token}")),
            (422, FORM, format!("{sound}&token={token}")),
            (422, FORM, format!("{sound}&roles=admin")),
            (422, FORM, format!("{sound}%zz")),
        ] {
            let reply = server.client.ask(path, headers, body.as_bytes()).await;
            page(reply, status, refused);
        }
        let reply = server.client.ask(path, FORM, b"token=\xff").await;
        page(reply, 400, refused);
        let headers = "Content-Type: Application/X-WWW-Form-Urlencoded; charset=UTF-8\r\n";
        let sent = server.client.ask(path, headers, sound.as_bytes()).await;
        done(&server.client, sent, "Your password is set").await;
    }
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_refused() {
    let app = app_with(|builder| builder).await;
    let server = served(&app).await;
    app.register(ANN).await;
    let token = app.reset_token(ANN).await;
    let body = format!("token={token}&new_password={}", NEW.replace(' ', "+"));
    for headers in [
        "Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n",
        "Sec-Fetch-Site: same-site\r\nOrigin: https://id.example.org\r\n",
        "Origin: https://evil.example\r\n",
    ] {
        let reply = send(&server.client, "/reset-password", headers, &body).await;
        page(reply, 403, "This form did not reach us well");
    }
    let own = "Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n";
    let sent = send(&server.client, "/reset-password", own, &body).await;
    done(&server.client, sent, "Your password is set").await;
}

#[tokio::test]
async fn pages_use_the_browser_language_and_name_the_product() {
    let templates = || hallpass::mail::Templates::new("<b>Äcme & Co</b>").unwrap();
    let app = app_with(|builder| builder.templates(templates())).await;
    let server = served(&app).await;
    app.register(ANN).await;
    let line = format!("GET /reset-password?token={}", app.reset_token(ANN).await);
    for (asked, lang, title) in [
        ("", "en", "Set a new password"),
        (
            "Accept-Language: de-AT,de;q=0.9\r\n",
            "de",
            "Neues Passwort festlegen",
        ),
        (
            "Accept-Language: fr-CA, en;q=0.5\r\n",
            "fr",
            "Définir un nouveau mot de passe",
        ),
        (
            "Accept-Language: nl, es;q=0.3\r\n",
            "es",
            "Establecer una nueva contraseña",
        ),
        ("Accept-Language: zh-Hant\r\n", "zh-Hans", "设置新密码"),
    ] {
        let reply = page(server.client.ask(&line, asked, b"").await, 200, title);
        let text = reply.text();
        assert!(text.contains(&format!("<html lang=\"{lang}\">")));
        assert!(!text.contains("<b>") && !text.contains('{'.to_string().repeat(2).as_str()));
        assert!(!text.contains("{min}") && !text.contains("{product}"));
        assert!(
            text.contains("&lt;b&gt;Äcme &amp; Co&lt;&#x2f;b&gt;"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_busy_or_unavailable_service_shows_the_form_again() {
    for framework in [Framework::Actix, Framework::Axum] {
        let scripted =
            |builder: AuthBuilder| builder.wrap_service(|inner| Arc::new(Scripted(inner)));
        let app = App::start(Arc::new(TestStore::memory()), framework, scripted).await;
        let server = served(&app).await;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        for password in ["overloaded please", "unavailable please"] {
            let reply = set(&server.client, &token, password).await;
            let reply = page(reply, 503, "Set a new password");
            assert!(reply.text().contains("Try again in a moment."));
            assert!(reply.text().contains(&format!("value=\"{token}\"")));
            assert!(!reply.text().contains("aria-invalid=\"true\""));
            // The error has no field, so the message has the focus.
            let focused = "tabindex=\"-1\" autofocus>\n<h2 id=\"summary\">";
            assert!(reply.text().contains(focused), "{}", reply.text());
            assert_eq!(reply.text().matches("autofocus").count(), 1);
        }
        for password in ["internal please", "panic please"] {
            let reply = set(&server.client, &token, password).await;
            let reply = page(reply, 500, "Something went wrong on our side");
            assert!(!reply.text().contains("the source"));
        }
        let brief = Duration::from_millis(500);
        let brief = app.another(|builder| scripted(builder).request_timeout(brief));
        let brief = served(&brief.await).await;
        let reply = set(&brief.client, &token, "never please").await;
        page(reply, 503, "We are very busy");
        let sent = set(&server.client, &token, NEW).await;
        done(&server.client, sent, "Your password is set").await;
    }
}

#[tokio::test]
async fn pages_are_optional_and_not_in_the_document() {
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let reply = app.ask("GET /reset-password?token=x", "", b"").await;
        reply.problem(404, "not_found");
        let document = app.ask("GET /openapi.json", "", b"").await.json();
        let endpoints = app.auth.endpoints().with_browser();
        for endpoints in [
            endpoints.clone().with_pages().with_docs(),
            endpoints.clone().with_docs().with_pages().with_pages(),
        ] {
            let server = Server::of(endpoints, framework).await;
            let reply = server.client.ask("GET /openapi.json", "", b"").await;
            assert_eq!(reply.json(), document);
            let reply = server
                .client
                .ask("GET /reset-password?token=x", "", b"")
                .await;
            page(reply, 400, "This link is too old");
        }
        let path = "/reset-password";
        let endpoints = endpoints.with_pages().without(&http::Method::GET, path);
        let server = Server::of(endpoints.unwrap(), framework).await;
        let reply = server
            .client
            .ask("GET /reset-password?token=x", "", b"")
            .await;
        reply.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn pages_are_the_same_on_axum_and_actix() {
    let mut replies = Vec::new();
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let server = served(&app).await;
        let mut answers = Vec::new();
        for (line, headers, body) in [
            ("GET /reset-password?token=x", "Accept-Language: de\r\n", ""),
            ("HEAD /reset-password?token=x", "", ""),
            ("GET /reset-password?token=%00", "", ""),
            ("GET /reset-password?done", "", ""),
            ("HEAD /reset-password?done", "", ""),
            ("GET /unlock?used", "Accept-Language: fr\r\n", ""),
            ("GET /%72eset-password?token=x", "", ""),
            ("GET /reset-password/?token=x", "", ""),
            ("PUT /reset-password?token=x", FORM, "token=x"),
            ("POST /reset-password", FORM, "token=x&new_password=short"),
            ("POST /reset-password", FORM, "token=x&new_password=%zz"),
            ("POST /reset-password", "", "token=x&new_password=short"),
            (
                "POST /reset-password",
                "Origin: https://evil.example\r\n",
                "",
            ),
        ] {
            let reply = server.client.ask(line, headers, body.as_bytes()).await;
            let mut reply = reply.timeless();
            reply.headers.retain(|(name, _)| name != "content-length");
            answers.push((line, reply));
        }
        replies.push(answers);
    }
    let axum = replies.pop().unwrap();
    for (axum, actix) in axum.into_iter().zip(replies.pop().unwrap()) {
        assert_eq!(axum, actix);
    }
}

#[tokio::test]
async fn a_page_sends_its_form_below_the_prefix_it_is_mounted_at() {
    let app = app_with(|builder| builder).await;
    app.register(ANN).await;
    let token = app.reset_token(ANN).await;
    let router = hallpass::axum::router(app.auth.endpoints().with_pages(), ClientAddress::peer());
    let server = Server::axum(axum::Router::new().nest("/id", router)).await;
    let line = format!("GET /id/reset-password?token={token}");
    let shown = server.client.ask(&line, "", b"").await;
    let shown = page(shown, 200, "Set a new password");
    assert!(shown.text().contains("action=\"reset-password\""));
    let body = format!("token={token}&new_password={}", NEW.replace(' ', "+"));
    let sent = send(&server.client, "/id/reset-password", "", &body).await;
    // Relative to the page, as the form is.
    assert_eq!(led_to(sent, "done"), "reset-password?done");
}
