//! Letters that are sent through a real server, over TLS, with a login.

use hallpass::mail::SmtpMailer;
use serde_json::{Value, json};

use crate::support::{
    aiosmtpd::{Aiosmtpd, Mode, USER},
    app::{App, apps, link_token, token_in},
    http::{JSON, PASSWORD},
};

const SENDER: &str = "\"H\u{e4}llpass, Inc.\" <no-reply@b\u{fc}cher.example>";

/// The app with a mailer for that server.
async fn mailing(app: &App, server: &Aiosmtpd) -> App {
    app.another(|builder| {
        let mailer = SmtpMailer::from_url(&server.url(), SENDER.parse().unwrap()).unwrap();
        builder.mailer(mailer.with_root_certificate(server.root()).unwrap())
    })
    .await
}

/// Registers a Chinese user, so that the subject is not ASCII.
async fn register(app: &App, email: &str) {
    let body = json!({"email": email, "password": PASSWORD}).to_string();
    let headers = format!("{JSON}Accept-Language: zh\r\n");
    let reply = app.ask("POST /users", &headers, body.as_bytes()).await;
    reply.expect(201);
}

fn text(mail: &Value) -> &str {
    mail["parts"]["text/plain"].as_str().unwrap()
}

/// The one waiting mail, as administrators see it.
async fn pending(app: &App, admin: &str) -> Value {
    let mut list = app.get("/admin/mail", admin).await.expect(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["items"][0]["status"], "pending");
    list["items"][0].take()
}

#[tokio::test]
async fn letters_arrive_whole_with_their_headers_over_one_connection() {
    for mode in [Mode::StartTls, Mode::Tls] {
        let Some(server) = Aiosmtpd::start_or_skip(mode) else {
            return;
        };
        for app in apps().await {
            let app = mailing(&app, &server).await;
            register(&app, "Zo\u{eb}@B\u{fc}cher.example").await;
            app.deliver().await;
            let first = server.mail();
            check(&first, &app, "Zo\u{eb}@xn--bcher-kva.example");
            assert_eq!(first["smtputf8"], true);
            let subject = "\u{8bf7}\u{786e}\u{8ba4}\u{60a8}\u{7684} Hallpass \u{90ae}\u{7bb1}\u{5730}\u{5740}";
            assert_eq!(first["headers"]["Subject"], subject);
            let body = json!({"token": link_token(text(&first), "verify-email")});
            app.post("/auth/verify-email", body).await.expect(204);

            app.advance(60);
            app.forgot("zo\u{eb}@b\u{fc}cher.example").await;
            app.deliver().await;
            let second = server.mail();
            check(&second, &app, "Zo\u{eb}@xn--bcher-kva.example");
            let token = token_in(text(&second));
            assert!(
                second["parts"]["text/html"]
                    .as_str()
                    .unwrap()
                    .contains(&token)
            );
            app.reset(&token, "another good passphrase")
                .await
                .expect(204);

            // The mail is the notice of the new password.
            app.deliver().await;
            let third = server.mail();
            check(&third, &app, "Zo\u{eb}@xn--bcher-kva.example");

            app.register("ann@example.org").await;
            app.deliver().await;
            let fourth = server.mail();
            check(&fourth, &app, "ann@example.org");
            assert_eq!(fourth["smtputf8"], false);
            assert_eq!(
                fourth["headers"]["Subject"],
                "Confirm your address for Hallpass"
            );

            let mails = [&first, &second, &third, &fourth];
            for mail in mails {
                let login = if matches!(mode, Mode::Tls) {
                    "LOGIN"
                } else {
                    "PLAIN"
                };
                assert_eq!(mail["user"], format!("{USER} by {login}"));
                assert_eq!(mail["connection"], first["connection"], "{}", app.name);
            }
            let mut ids: Vec<_> = mails
                .map(|mail| mail["headers"]["Message-ID"].to_string())
                .into();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), mails.len());
            assert!(server.is_silent());
        }
    }
}

/// Checks the common parts of all letters, as another parser reads them.
fn check(mail: &Value, app: &App, to: &str) {
    let context = format!("{}: {mail:#}", app.name);
    assert_eq!(mail["defects"], json!([]), "{context}");
    assert_eq!(mail["lone_cr_or_lf"], false, "{context}");
    assert_eq!(mail["from"], "no-reply@xn--bcher-kva.example", "{context}");
    assert_eq!(mail["to"], json!([to]), "{context}");
    assert_eq!(mail["type"], "multipart/alternative", "{context}");
    let parts = mail["parts"].as_object().unwrap();
    assert!(parts.keys().eq(["text/html", "text/plain"]), "{context}");
    assert!(text(mail).contains("Hallpass"), "{context}");
    assert!(
        mail["parts"]["text/html"]
            .as_str()
            .unwrap()
            .starts_with("<!"),
        "{context}"
    );

    let mut names: Vec<_> = mail["names"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    names.sort_unstable();
    let expected = [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
    ];
    assert_eq!(names, expected, "{context}");
    let header = |name: &str| mail["headers"][name].as_str().unwrap();
    assert_eq!(header("To"), to);
    assert_eq!(
        header("From"),
        "\"H\u{e4}llpass, Inc.\" <no-reply@xn--bcher-kva.example>"
    );
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    let date = app.now().format("%a, %d %b %Y %H:%M:%S +0000").to_string();
    assert_eq!(header("Date"), date);
    let id = header("Message-ID").strip_prefix('<').unwrap();
    let id = id.strip_suffix("@xn--bcher-kva.example>").unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
}

#[tokio::test]
async fn a_postponed_mail_arrives_later_unchanged() {
    let Some(server) = Aiosmtpd::start_or_skip(Mode::StartTls) else {
        return;
    };
    for (index, app) in apps().await.into_iter().enumerate() {
        let app = mailing(&app, &server).await;
        let admin = app.administrator().await;
        for (name, reply) in [("later", "451"), ("full", "452")] {
            let email = format!("{name}{index}@example.org");
            app.register(&email).await;
            app.deliver().await;
            let refusal = server.event();
            assert_eq!(refusal["refused"], email);
            let entry = pending(&app, &admin).await;
            let error = entry["last_error"].as_str().unwrap();
            assert!(error.contains(reply), "{error}");
            app.deliver().await;
            assert!(server.is_silent());
            app.advance(15);
            app.deliver().await;
            let mail = server.mail();
            assert_eq!(mail["to"], json!([email]));
            if name == "full" {
                let first = &refusal["mail"];
                assert_eq!(mail["parts"], first["parts"]);
                let id = |mail: &Value| mail["headers"]["Message-ID"].clone();
                assert_eq!(id(&mail), id(first));
            }
            app.deliver().await;
            assert!(server.is_silent(), "{name}: sent twice");
        }
    }
}

#[tokio::test]
async fn a_refused_mail_is_retried_after_minutes() {
    let Some(server) = Aiosmtpd::start_or_skip(Mode::StartTls) else {
        return;
    };
    for app in apps().await {
        let app = mailing(&app, &server).await;
        let admin = app.administrator().await;
        app.register("never@example.org").await;
        app.deliver().await;
        assert_eq!(server.event()["refused"], "never@example.org");
        let entry = pending(&app, &admin).await;
        let error = entry["last_error"].as_str().unwrap();
        assert!(
            error.contains("550") && error.contains("No such user"),
            "{error}"
        );
        app.advance(60);
        app.deliver().await;
        assert!(server.is_silent());
        app.advance(240);
        app.deliver().await;
        assert_eq!(server.event()["refused"], "never@example.org");
    }
}

#[tokio::test]
async fn mail_needs_an_accepted_login_and_a_valid_certificate() {
    for mode in [Mode::StartTls, Mode::Tls] {
        let Some(server) = Aiosmtpd::start_or_skip(mode) else {
            return;
        };
        let mailer = |url: &str| SmtpMailer::from_url(url, SENDER.parse().unwrap()).unwrap();
        let trusting = |url: &str| mailer(url).with_root_certificate(server.root()).unwrap();
        let url = server.url();
        for (name, expected) in [
            ("the password is wrong", "535"),
            ("nobody logs in", "530"),
            ("the name is another's", "certificate not valid for name"),
            ("the authority is not known", "UnknownIssuer"),
        ] {
            for app in apps().await {
                let app = app.another(|builder| {
                    builder.mailer(match name {
                        "the password is wrong" => trusting(&url.replace("p%40ss", "hunter2")),
                        "nobody logs in" => {
                            let (scheme, _) = url.split_once("://").unwrap();
                            let (_, rest) = url.split_once('@').unwrap();
                            trusting(&format!("{scheme}://{rest}"))
                        }
                        "the name is another's" => trusting(&url.replace("localhost", "127.0.0.1")),
                        _ => mailer(&url),
                    })
                });
                let app = app.await;
                let admin = app.administrator().await;
                app.register("ann@example.org").await;
                app.deliver().await;
                let error = pending(&app, &admin).await["last_error"].to_string();
                assert!(error.contains(expected), "{name}: {error}");
                assert!(
                    !error.contains("hunter2") && !error.contains("p@ss"),
                    "{error}"
                );
                assert!(server.is_silent(), "{name}");
            }
        }
    }
}
