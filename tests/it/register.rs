//! `POST /users`.

use chrono::DateTime;
use hallpass::{
    event::{EventFilter, EventKind},
    password::RegistrationMode,
};
use serde_json::{Value, json};

use crate::support::{
    app::{app_with, apps, apps_with, race, unhurried},
    http::{JSON, PASSWORD, members_of},
};

#[tokio::test]
async fn registering_answers_the_user_as_documented() {
    for app in apps().await {
        let body =
            json!({"email": "Zoë@Bücher.example", "password": PASSWORD, "display_name": "Zoë"});
        let reply = app.post("/users", body).await.expect(201);
        let user = reply.json();
        assert_eq!(
            members_of(&user),
            [
                "created_at",
                "display_name",
                "email",
                "email_verified",
                "id",
                "last_login_at",
                "metadata",
                "roles",
                "status",
                "updated_at"
            ]
        );
        let id = user["id"].as_str().unwrap();
        assert_eq!(
            uuid::Uuid::try_parse(id).unwrap().get_version_num(),
            7,
            "{id}"
        );
        assert_eq!(user["email"], "Zoë@Bücher.example");
        assert_eq!(user["email_verified"], false);
        assert_eq!(user["roles"], json!(["user"]));
        assert_eq!(user["status"], "active");
        assert_eq!(user["display_name"], "Zoë");
        assert_eq!(user["metadata"], json!({}));
        assert_eq!(user["last_login_at"], Value::Null);
        assert_eq!(user["created_at"], user["updated_at"]);
        let created = user["created_at"].as_str().unwrap();
        assert!(created.ends_with('Z'), "{created}");
        assert_eq!(DateTime::parse_from_rfc3339(created).unwrap(), app.now());

        let location = format!("/admin/users/{id}");
        assert_eq!(reply.header("location"), Some(location.as_str()));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let access = app.login("zoë@xn--bcher-kva.example").await.access;
        let me = app.me(&access).await.expect(200).json();
        assert_eq!(me["id"], user["id"]);
    }
}

#[tokio::test]
async fn a_display_name_is_optional_and_may_be_null() {
    for app in apps().await {
        let user = app.register("ann@example.org").await;
        assert_eq!(user["display_name"], Value::Null);
        let body = json!({"email": "bob@example.org", "password": PASSWORD, "display_name": null});
        let user = app.post("/users", body).await.expect(201).json();
        assert_eq!(user["display_name"], Value::Null);
    }
}

#[tokio::test]
async fn members_that_are_not_documented_are_refused() {
    for app in apps().await {
        let body = json!({"email": "ann@example.org", "password": PASSWORD, "roles": ["admin"]});
        let reply = app.post("/users", body).await;
        reply.violations("validation_failed", &[("/roles", "unknown_member")]);
        for (name, value) in [
            ("is_superuser", json!(true)),
            ("email_verified", json!(true)),
            ("id", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
            ("created_at", json!("2020-01-01T00:00:00Z")),
            ("Email", json!("eve@example.org")),
            ("a/b~c", json!(1)),
        ] {
            let mut body = json!({"email": "ann@example.org", "password": PASSWORD});
            body[name] = value;
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let reply = app.post("/users", body).await;
            reply.violations("validation_failed", &[(&pointer, "unknown_member")]);
        }
        // No account was created.
        app.register("ann@example.org").await;
    }
}

#[tokio::test]
async fn all_violations_are_reported_at_once() {
    for app in apps().await {
        let body = json!({"email": "ann@", "display_name": 7, "x": 1});
        app.post("/users", body).await.violations(
            "validation_failed",
            &[
                ("/email", "invalid_email"),
                ("/password", "required"),
                ("/display_name", "wrong_type"),
                ("/x", "unknown_member"),
            ],
        );
        let body = json!({"email": null, "password": ["a"]});
        app.post("/users", body).await.violations(
            "validation_failed",
            &[("/email", "required"), ("/password", "wrong_type")],
        );
    }
}

#[tokio::test]
async fn an_address_is_taken_in_every_form() {
    for app in apps().await {
        for (first, others) in [
            ("Ann@Example.ORG", ["ann@example.org", "ANN@EXAMPLE.org"]),
            (
                "zo\u{eb}@example.org",
                ["zoe\u{308}@example.org", "ZO\u{cb}@example.org"],
            ),
            (
                "a@b\u{fc}cher.example",
                ["a@xn--bcher-kva.example", "a@BU\u{308}CHER.example"],
            ),
        ] {
            app.register(first).await;
            for other in [first].into_iter().chain(others) {
                let body = json!({"email": other, "password": PASSWORD});
                app.post("/users", body).await.problem(409, "email_taken");
            }
        }
        // Dots and tags are not folded, and homoglyphs are other letters.
        for other in [
            "a.nn@example.org",
            "ann+x@example.org",
            "\u{430}nn@example.org",
        ] {
            app.register(other).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_parallel_registrations_wins() {
    const FORMS: [&str; 4] = [
        "zo\u{eb}@b\u{fc}cher.example",
        "ZO\u{cb}@xn--bcher-kva.example",
        "zoe\u{308}@BU\u{308}CHER.example",
        "Zo\u{eb}@XN--BCHER-KVA.EXAMPLE",
    ];
    for app in apps_with(unhurried).await {
        let client = *app;
        let replies = race(50, move |index| async move {
            let body = json!({"email": FORMS[index % FORMS.len()], "password": PASSWORD});
            client.post("/users", body).await
        })
        .await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(made, 1, "{}", app.name);
        for reply in replies.into_iter().filter(|reply| reply.status != 201) {
            reply.problem(409, "email_taken");
        }
    }
}

#[tokio::test]
async fn weak_passwords_are_refused_with_every_rule_they_break() {
    for app in apps().await {
        for (password, codes) in [
            ("", &["too_short"][..]),
            ("a1!Zq9x", &["too_short"]),
            ("PassWord1", &["common_password"]),
            ("********", &["too_guessable"]),
            ("abababababababab", &["too_guessable"]),
            ("3456789012", &["too_guessable"]),
            ("hgfedcba", &["too_guessable"]),
            ("my Ann.Exm@EXAMPLE.org", &["contains_address"]),
            ("ANN.exm", &["too_short", "contains_address"]),
            (&"x".repeat(257), &["too_long"]),
            (&"\u{10348}".repeat(257), &["too_long"]),
            (&"e\u{301}".repeat(2000), &["too_long"]),
        ] {
            let body = json!({"email": "ann.exm@example.org", "password": password});
            let expected: Vec<_> = codes.iter().map(|code| ("/password", *code)).collect();
            let reply = app.post("/users", body).await;
            reply.violations("weak_password", &expected);
        }
    }
}

#[tokio::test]
async fn passwords_are_kept_whole_up_to_the_cap() {
    for app in apps().await {
        let codes = "acbd".repeat(64);
        let bytes = "\u{10348}\u{10350}\u{10349}\u{10351}".repeat(64);
        assert_eq!(bytes.len(), 1024);
        for (index, password) in [&codes, &bytes].into_iter().enumerate() {
            let email = format!("{index}@example.org");
            let body = json!({"email": email, "password": password});
            app.post("/users", body).await.expect(201);
            app.try_login(&email, password).await.expect(200);
            let mut shorter = password.clone();
            shorter.pop();
            let reply = app.try_login(&email, &shorter).await;
            reply.problem(401, "invalid_credentials");
        }
        // 256 code points of four bytes are 1024 bytes, and this password has one more.
        let body = json!({"email": "2@example.org", "password": format!("{bytes}a")});
        let reply = app.post("/users", body).await;
        reply.violations("weak_password", &[("/password", "too_long")]);
    }
}

#[tokio::test]
async fn control_characters_are_refused_at_the_edge() {
    for app in apps().await {
        for character in ["\0", "\n", "\r\n", "\u{7f}", "\u{85}"] {
            for name in ["email", "password", "display_name"] {
                let mut body = json!({"email": "ann@example.org", "password": PASSWORD});
                let text = body[name].as_str().unwrap_or("Ann").to_owned();
                body[name] = format!("{text}{character}x").into();
                let pointer = format!("/{name}");
                let reply = app.post("/users", body).await;
                reply.violations("validation_failed", &[(&pointer, "control_character")]);
            }
        }
        let lone = br#"{"email":"ann@example.org","password":"\ud800\ud800\ud800\ud800"}"#;
        let reply = app.ask("POST /users", JSON, lone).await;
        reply.problem(400, "malformed_body");
    }
}

#[tokio::test]
async fn display_names_are_counted_in_code_points_and_kept_as_given() {
    for app in apps().await {
        for (index, name) in ["", "  Ann  ", &"\u{1f600}".repeat(200), "<b>'; --\u{202e}"]
            .into_iter()
            .enumerate()
        {
            let email = format!("{index}@example.org");
            let body = json!({"email": email, "password": PASSWORD, "display_name": name});
            let user = app.post("/users", body).await.expect(201).json();
            assert_eq!(user["display_name"], name);
        }
        let name = "x".repeat(201);
        let body = json!({"email": "x@example.org", "password": PASSWORD, "display_name": name});
        let reply = app.post("/users", body).await;
        reply.violations("validation_failed", &[("/display_name", "too_long")]);
    }
}

#[tokio::test]
async fn a_malformed_address_is_refused() {
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long_label = format!("a@{}.org", "a".repeat(64));
    let long_total = format!("a@{}example.org", "abcdefghi.".repeat(25));
    let huge = format!("{}@example.org", "a".repeat(10_000));
    let addresses = [
        "",
        "@",
        "a",
        "a@",
        "@b.org",
        "a@b",
        "a@localhost",
        "a b@example.org",
        " a@example.org",
        "a@example.org ",
        "a@example.org.",
        "a@.example.org",
        "a@example..org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "a@b@example.org",
        "\"a\"@example.org",
        "\"a b\"@example.org",
        "a(comment)@example.org",
        "a@(comment)example.org",
        "Ann <a@example.org>",
        "<a@example.org>",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "a@example.org%00",
        "a\\@example.org",
        "mailto:a@b@c.org",
        "a\u{200b}@example.org",
        "a\u{feff}@example.org",
        "a\u{a0}b@example.org",
        "a@exam ple.org",
        "a@\u{2024}org",
        "a@xn--\u{fc}.org",
        "a@example.123",
        &long_local,
        &long_label,
        &long_total,
        &huge,
    ];
    for app in apps().await {
        for address in addresses {
            for path in ["/users", "/auth/login", "/auth/forgot-password"] {
                let mut body = json!({"email": address});
                if path != "/auth/forgot-password" {
                    body["password"] = PASSWORD.into();
                }
                let reply = app.post(path, body).await;
                assert_eq!(reply.status, 422, "{address:?} at {path}");
                reply.violations("validation_failed", &[("/email", "invalid_email")]);
            }
        }
        for email in [
            json!(["v@example.org", "a@example.org"]),
            json!({"v": "v@example.org"}),
            json!(7),
            json!(true),
        ] {
            let reply = app
                .post("/auth/forgot-password", json!({"email": email}))
                .await;
            reply.violations("validation_failed", &[("/email", "wrong_type")]);
        }
        let crlf = json!({"email": "v@example.org\r\nBcc: a@example.org"});
        let reply = app.post("/auth/forgot-password", crlf).await;
        reply.violations("validation_failed", &[("/email", "control_character")]);
        let form = b"email=v@example.org&email=a@example.org";
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        let reply = app.ask("POST /auth/forgot-password", headers, form).await;
        reply.problem(415, "unsupported_media_type");
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn addresses_of_the_maximum_length_are_accepted() {
    let longest_local = format!("{}@example.org", "a".repeat(64));
    let label = "b".repeat(61);
    let longest = format!("{}@{label}.{label}.{label}.org", "a".repeat(64));
    assert_eq!(longest.len(), 254);
    for app in apps().await {
        for email in [
            &longest_local,
            &longest,
            "i\u{307}@example.org",
            "!#$%&'*+-/=?^_`{|}~@example.org",
        ] {
            assert_eq!(app.register(email).await["email"], email);
        }
    }
}

#[tokio::test]
async fn a_private_registration_reveals_nothing_and_mails_one_letter() {
    for app in apps_with(|builder| builder.registration(RegistrationMode::Private)).await {
        let mut replies = Vec::new();
        for email in ["ann@example.org", "ANN@example.org", "bob@example.org"] {
            app.mailbox.clear();
            let body = json!({"email": email, "password": "one of ann's passwords"});
            let reply = app.post("/users", body).await.expect(202);
            assert_eq!((reply.text(), reply.header("location")), ("", None));
            replies.push(reply.timeless());
            assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
            let mails = app.mailbox.mails();
            assert_eq!(mails.len(), 1);
            let taken = email.starts_with('A');
            assert_eq!(mails[0].text().contains("/verify-email?token="), !taken);
            assert_eq!(mails[0].text().contains("token="), !taken);
            // The mail goes to the stored address.
            assert_eq!(mails[0].to().as_str(), email.to_lowercase());
            app.advance(120);
        }
        assert!(replies.iter().all(|reply| *reply == replies[0]));
        let filter = EventFilter {
            user_id: None,
            kind: Some(EventKind::RegistrationRefused),
        };
        let refused = app.store().list_events(&filter, None, 10).await.unwrap();
        assert_eq!(refused.len(), 1, "{}", app.name);
        assert_eq!(refused[0].user_id, None);
        assert!(refused[0].detail.contains_key("address"));
        app.try_login("ann@example.org", "one of ann's passwords")
            .await
            .expect(200);
        let body = json!({"email": "ann@example.org", "password": "short"});
        let reply = app.post("/users", body).await;
        reply.violations("weak_password", &[("/password", "too_short")]);
        let reply = app.post("/users", json!({"email": "x", "password": PASSWORD}));
        let reply = reply.await;
        reply.violations("validation_failed", &[("/email", "invalid_email")]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_parallel_private_registrations_creates_the_account() {
    let private = |builder| unhurried(builder).registration(RegistrationMode::Private);
    for app in apps_with(private).await {
        let client = *app;
        let replies = race(20, move |_| {
            let body = json!({"email": "ann@example.org", "password": PASSWORD});
            async move { client.post("/users", body).await }
        })
        .await;
        let first = replies[0].clone().expect(202).timeless();
        assert!(replies.into_iter().all(|reply| reply.timeless() == first));
        app.deliver().await;
        let letters = app.letters("ann@example.org", "/verify-email?");
        assert_eq!(letters.len(), 1, "{}", app.name);
    }
}

#[tokio::test]
async fn closed_registration_refuses_applicants() {
    for app in apps_with(|builder| builder.registration(RegistrationMode::Closed)).await {
        let body = json!({"email": "ann@example.org", "password": PASSWORD});
        let reply = app.post("/users", body).await;
        reply.problem(403, "registration_closed");
        let reply = app.try_login("ann@example.org", PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        // Creating an account in process still works.
        app.administrator().await;
    }
}

#[tokio::test]
async fn bodies_are_checked_before_members() {
    let app = app_with(|builder| builder).await;
    let body = json!({"email": "ann@example.org", "password": PASSWORD}).to_string();
    let reply = app.ask("POST /users", "", body.as_bytes()).await;
    reply.problem(415, "unsupported_media_type");
    let large = format!("{body}{}", " ".repeat(17 * 1024));
    let reply = app.ask("POST /users", JSON, large.as_bytes()).await;
    reply.problem(413, "body_too_large");
    let twice = br#"{"email":"ann@example.org","email":"eve@example.org","password":"x"}"#;
    for malformed in [
        &b""[..],
        b"null",
        b"[]",
        b"{",
        b"{\"email\":\"\xff\"}",
        twice,
    ] {
        let reply = app.ask("POST /users", JSON, malformed).await;
        reply.problem(400, "malformed_body");
    }
    let reply = app.ask("GET /users", "", b"").await;
    let reply = reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("POST"));
}
