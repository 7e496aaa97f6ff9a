//! The unlock page, and the common parts of all pages.

use std::sync::Arc;

use hallpass::{
    AuthBuilder,
    limit::{Budget, Lockout, Rate, RateLimits},
};

use super::{ANN, FORM, NEW, led_to, link::mailed, page, send, served, set};
use crate::support::{
    app::{App, Framework, apps_with, link_token},
    db::TestStore,
    http::{PASSWORD, Reply},
};

const INVALID: &str = "This link is too old";
const REFUSED: &str = "This form did not reach us well";

/// The paths of the pages, with their titles in English, German, Spanish, French and Chinese.
const PAGES: [(&str, [&str; 5]); 5] = [
    (
        "/confirm-email-change",
        [
            "Change your email address",
            "E-Mail-Adresse ändern",
            "Cambiar su correo",
            "Changer d’adresse e-mail",
            "更改邮箱地址",
        ],
    ),
    (
        "/reset-password",
        [
            "Set a new password",
            "Neues Passwort festlegen",
            "Establecer una nueva contraseña",
            "Définir un nouveau mot de passe",
            "设置新密码",
        ],
    ),
    (
        "/secure-account",
        [
            "Secure your account",
            "Konto sichern",
            "Proteger su cuenta",
            "Protéger votre compte",
            "保护您的账户",
        ],
    ),
    (
        "/unlock",
        [
            "Unlock the sign-in",
            "Anmeldung entsperren",
            "Desbloquear el acceso",
            "Débloquer la connexion",
            "解除登录锁定",
        ],
    ),
    (
        "/verify-email",
        [
            "Confirm your email address",
            "E-Mail-Adresse bestätigen",
            "Confirmar su correo",
            "Confirmer votre adresse e-mail",
            "确认邮箱地址",
        ],
    ),
];

/// Locks the account with wrong passwords, and returns the mailed token.
async fn locked(app: &App) -> String {
    for _ in 0..5 {
        app.try_login(ANN, "a wrong password").await.expect(401);
    }
    let reply = app.try_login(ANN, PASSWORD).await;
    reply.problem(429, "too_many_attempts");
    app.deliver().await;
    link_token(&app.letter(ANN, "/unlock?"), "unlock")
}

#[tokio::test]
async fn a_click_unlocks_once_and_a_view_does_not() {
    for app in apps_with(|builder| builder.lockout(Lockout::default())).await {
        let server = served(&app).await;
        let client = &server.client;
        app.settled(ANN).await;
        let token = locked(&app).await;
        let path = format!("/unlock?token={token}&utm_source=mail");
        for _ in 0..5 {
            let shown = client.ask(&format!("GET {path}"), "", b"").await;
            let shown = page(shown, 200, "Unlock the sign-in");
            assert!(shown.text().contains("action=\"unlock\""));
            assert!(!shown.text().contains("autocomplete=\"new-password\""));
            let head = client.ask(&format!("HEAD {path}"), "", b"").await;
            assert_eq!(head.header("content-length"), None);
            assert!(head.expect(200).body.is_empty());
            for method in ["OPTIONS", "PUT"] {
                let reply = client.ask(&format!("{method} {path}"), "", b"").await;
                let reply = reply.problem(405, "method_not_allowed");
                assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
            }
        }
        let body = format!("token={token}");
        for elsewhere in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Origin: https://evil.example\r\n",
        ] {
            let reply = send(client, "/unlock", elsewhere, &body).await;
            page(reply, 403, REFUSED);
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(429, "too_many_attempts");

        let location = unlocked(send(client, "/unlock", "", &body).await);
        let done = client.ask(&format!("GET /{location}"), "", b"").await;
        let done = page(done, 200, "You can sign in again");
        assert!(!done.text().contains(&token) && !done.text().contains("<form"));
        app.login(ANN).await;
        let again = send(client, "/unlock", "", &body).await;
        assert!(again.header("set-cookie").is_none());
        led_to(again, "used");
    }
}

/// Checks that only this page sets a cookie, which makes the device known.
fn unlocked(reply: Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-hallpass_device=hp_dt_"));
    led_to(reply, "done")
}

#[tokio::test]
async fn an_unlock_token_and_other_tokens_are_not_interchangeable() {
    for app in apps_with(|builder| builder.lockout(Lockout::default())).await {
        let server = served(&app).await;
        let client = &server.client;
        app.settled(ANN).await;
        let of_registration = link_token(&app.letter(ANN, "/verify-email?"), "verify-email");
        let of_reset = app.reset_token(ANN).await;
        let token = locked(&app).await;
        for other in [&of_registration, &of_reset] {
            let reply = send(client, "/unlock", "", &format!("token={other}")).await;
            page(reply, 400, INVALID);
        }
        for path in ["/confirm-email-change", "/verify-email"] {
            let reply = send(client, path, "", &format!("token={token}")).await;
            page(reply, 400, INVALID);
        }
        page(set(client, &token, NEW).await, 400, INVALID);
        let reply = send(client, "/unlock", "", &format!("token={token}")).await;
        unlocked(reply);
    }
}

#[tokio::test]
async fn every_page_exists_in_every_language() {
    for framework in [Framework::Actix, Framework::Axum] {
        let lockout = |builder: AuthBuilder| builder.lockout(Lockout::default());
        let app = App::start(Arc::new(TestStore::memory()), framework, lockout).await;
        let server = served(&app).await;
        let links = mailed(&app).await;
        for (path, titles) in PAGES {
            let token = &links[path];
            for (lang, title) in ["en", "de", "es", "fr", "zh-Hans"].into_iter().zip(titles) {
                let asked = format!("Accept-Language: {lang}\r\n");
                let line = format!("GET {path}?token={token}");
                let shown = page(server.client.ask(&line, &asked, b"").await, 200, title);
                let text = shown.text();
                assert!(text.contains(&format!("<html lang=\"{lang}\">")));
                assert!(text.contains(&format!("action=\"{}\"", &path[1..])));
                assert!(!text.contains("{min}") && !text.contains("{product}"));
                for (query, status) in [("done", 200), ("used", 200), ("token=x", 400)] {
                    let line = format!("GET {path}?{query}");
                    let shown = server.client.ask(&line, &asked, b"").await.expect(status);
                    let text = shown.text();
                    assert!(text.contains(&format!("<html lang=\"{lang}\">")));
                    assert!(
                        !text.contains("<form")
                            && !text.contains('{'.to_string().repeat(2).as_str())
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn every_page_refuses_foreign_forms() {
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let server = served(&app).await;
        let client = &server.client;
        for (path, _) in PAGES {
            for query in ["", "?token=", "?token=%22%3E%3Cb%3E", "?token=a%00"] {
                let reply = client.ask(&format!("GET {path}{query}"), "", b"").await;
                let reply = page(reply, 400, INVALID);
                assert!(!reply.text().contains("<b>") && !reply.text().contains("<form"));
            }
            let post = format!("POST {path}");
            for (status, headers, body) in [
                (415, "", "token=x"),
                (
                    415,
                    "Content-Type: application/json\r\n",
                    "{\"token\":\"x\"}",
                ),
                (422, FORM, ""),
                (422, FORM, "token=x&roles=admin"),
                (422, FORM, "token=x&token=x"),
            ] {
                let reply = client.ask(&post, headers, body.as_bytes()).await;
                page(reply, status, REFUSED);
            }
            let elsewhere = "Sec-Fetch-Site: same-site\r\n";
            let reply = send(client, path, elsewhere, "token=x&new_password=x").await;
            page(reply, 403, REFUSED);
        }
    }
}

/// A form that exceeded the limit can be sent again.
#[tokio::test]
async fn a_client_over_the_form_limit_is_asked_to_try_again() {
    let rate = Rate::per_minute(1).with_burst(1);
    for app in apps_with(|builder| {
        let limits = RateLimits::none().per_client(Budget::Verify, rate);
        builder.rate_limits(limits.per_client(Budget::Reset, rate))
    })
    .await
    {
        let server = served(&app).await;
        for (path, body, title) in [
            ("/unlock", "token=x", "Unlock the sign-in"),
            (
                "/reset-password",
                "token=x&new_password=another+good+passphrase",
                "Set a new password",
            ),
        ] {
            page(send(&server.client, path, "", body).await, 400, INVALID);
            let again = page(send(&server.client, path, "", body).await, 429, title);
            assert!(again.text().contains("Try again in a moment."));
            assert!(again.text().contains("value=\"x\""));
        }
    }
}
