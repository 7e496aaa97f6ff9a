//! The brand, and the language that a reader chooses.

use std::sync::Arc;

use hallpass::brand::Brand;

use super::{ANN, FORM, NEW, page, served};
use crate::support::{
    app::{App, Framework, app_with, apps_with},
    db::TestStore,
};

#[tokio::test]
async fn a_reader_chooses_another_language_than_the_browser() {
    for framework in [Framework::Actix, Framework::Axum] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let server = served(&app).await;
        let client = &server.client;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let french = "Accept-Language: fr\r\n";
        let form = [FORM, french].concat();
        let line = format!("GET /reset-password?ui=de&token={token}");
        let shown = client.ask(&line, french, b"").await;
        let shown = page(shown, 200, "Neues Passwort festlegen");
        let shown = shown.text();
        let other = format!("<a href=\"?ui=es&amp;token={token}\" lang=\"es\"");
        for part in [
            "<input type=\"hidden\" name=\"ui\" value=\"de\">",
            "hreflang=\"de\" aria-current=\"true\">Deutsch</a>",
            &other,
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let body = format!("ui=de&token={token}&new_password=short");
        let weak = client.ask("POST /reset-password", &form, body.as_bytes());
        page(weak.await, 422, "Neues Passwort festlegen");
        let body = format!("ui=de&token={token}&new_password={}", NEW.replace(' ', "+"));
        let sent = client.ask("POST /reset-password", &form, body.as_bytes());
        let sent = sent.await.expect(303);
        let location = sent.header("location").unwrap();
        assert_eq!(location, "reset-password?done&ui=de");
        let shown = client.ask(&format!("GET /{location}"), french, b"").await;
        page(shown, 200, "Ihr Passwort ist festgelegt");
    }
}

#[tokio::test]
async fn pages_and_letters_show_the_brand() {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    for app in apps_with(|builder| {
        builder.brand(
            Brand::new("Acme Notes")
                .logo(svg.as_bytes(), "image/svg+xml")
                .accent("#0b6e4f", "#7fd8b4")
                .css("h1{letter-spacing:0}")
                .help("https://acme.example/help"),
        )
    })
    .await
    {
        let server = served(&app).await;
        let client = &server.client;
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let letter = html_of_reset(&app);
        for part in [
            "Acme Notes",
            "bgcolor=\"#0b6e4f\"",
            "background-color: #7fd8b4 !important",
            "https://acme.example/help",
        ] {
            assert!(letter.contains(part), "{part}: {letter}");
        }
        let line = format!("GET /reset-password?token={token}");
        let shown = client.ask(&line, "", b"").await.expect(200);
        let policy = shown.header("content-security-policy").unwrap();
        assert!(policy.contains("; img-src 'self'; "), "{policy}");
        let text = shown.text();
        for part in [
            "<title>Set a new password · Acme Notes</title>",
            "<img src=\"brand/logo\" alt=\"Acme Notes\" height=\"24\">",
            "--hp-accent:#0b6e4f;--hp-on-accent:#ffffff",
            "h1{letter-spacing:0}</style>",
            ">Help</a>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let logo = client.ask("GET /brand/logo", "", b"").await.expect(200);
        assert_eq!(logo.header("content-type"), Some("image/svg+xml"));
        assert_eq!(logo.header("cache-control"), Some("public, max-age=3600"));
        assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
        let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        assert_eq!(logo.header("content-security-policy"), Some(policy));
        assert_eq!(logo.body, svg.as_bytes());
    }
    let app = app_with(|builder| builder).await;
    let server = served(&app).await;
    let reply = server.client.ask("GET /brand/logo", "", b"").await;
    reply.problem(404, "not_found");
}

fn html_of_reset(app: &App) -> String {
    let mails = app.mailbox.mails();
    let mut html = mails.iter().map(|mail| mail.html().to_owned());
    html.find(|html| html.contains("/reset-password?"))
        .expect("the letter")
}
