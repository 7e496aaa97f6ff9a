//! The password policy in every call that sets a password.

use std::{sync::Arc, time::Duration};

use hallpass::{
    ErrorKind, Registration,
    admin::NewAccount,
    credential::{BreachCheck, HashParams, Hasher, PasswordPolicy},
    error::{BoxError, Weakness},
    event::{Author, Event, EventFilter, EventKind, Outcome},
    mail::Templates,
    password::RegistrationMode,
    secret::Password,
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, app_with, apps_with, user_id},
    http::{PASSWORD, Reply},
    ranges::{Ranges, digits, ok},
};

const ANN: &str = "ann@example.org";
const STOLEN: &str = "a password that was stolen";

/// A product name, the host's own words, an estimate and a breach check.
fn strict(ranges: &Ranges) -> impl Fn(hallpass::AuthBuilder) -> hallpass::AuthBuilder {
    |builder| {
        let policy = PasswordPolicy::default().with_words(["Initech"]);
        builder
            .templates(Templates::new("Acme Notes").unwrap())
            .password_policy(policy.with_min_strength(3).unwrap())
            .breach_check(ranges.check())
    }
}

async fn register(app: &App, email: &str, name: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password, "display_name": name});
    app.post("/users", body).await
}

/// Tries to set this password in every call for `ann@example.org`, and returns each reply with the name of its member.
async fn at_every_door(app: &App, password: &str) -> Vec<(&'static str, Reply)> {
    let admin = app.administrator().await;
    app.advance(1);
    let token = app.reset_token(ANN).await;
    let new = register(app, "ann@example.com", "Ann", password).await;
    let created = json!({"email": "ann@example.net", "password": password});
    let created = app.send("POST /admin/users", &admin, created).await;
    let reset = app.reset(&token, password).await;
    let current = if reset.status == 422 {
        // The token was not spent.
        app.reset(&token, PASSWORD).await.expect(204);
        PASSWORD
    } else {
        password
    };
    let access = app.try_login(ANN, current).await.tokens().access;
    let changed = json!({"current_password": current, "new_password": password});
    let changed = app.send("POST /users/me/password", &access, changed).await;
    vec![
        ("/password", new),
        ("/password", created),
        ("/new_password", changed),
        ("/new_password", reset),
    ]
}

async fn events(app: &App, kind: EventKind) -> Vec<Event> {
    let filter = EventFilter {
        kind: Some(kind),
        ..EventFilter::default()
    };
    let events = app.store().list_events(&filter, None, 50).await;
    events.expect("the store works")
}

#[tokio::test]
async fn every_reason_is_documented_and_reached_everywhere() {
    let ranges = Ranges::start().await;
    ranges.know(STOLEN, 3);
    let long = "correct horse battery staple ".repeat(9);
    let reasons = [
        (Weakness::Breached, STOLEN),
        (Weakness::Common, "1qaz2wsx3edc4rfv"),
        (
            Weakness::ContainsAddress,
            "the mailbox of Ann@Example.com, ann@example.org and ann@example.net",
        ),
        (Weakness::ContainsName, "Ann.Perkins.Knope-84"),
        (Weakness::ContainsProduct, "acme initech notes"),
        (Weakness::ControlCharacter, "a tab\tin the middle of it"),
        (Weakness::TooGuessable, "zoologist123"),
        (Weakness::TooLong, &long),
        (Weakness::TooShort, "gX7)w!m"),
    ];
    let tried: Vec<_> = reasons.iter().map(|(weakness, _)| *weakness).collect();
    assert_eq!(tried, Weakness::ALL);
    for app in apps_with(strict(&ranges)).await {
        let ann = register(&app, ANN, "Ann Perkins-Knope", PASSWORD).await;
        ann.expect(201);
        for (weakness, password) in reasons {
            // JSON over HTTP cannot carry such a password.
            if weakness == Weakness::ControlCharacter {
                continue;
            }
            for (member, reply) in at_every_door(&app, password).await {
                // Only an account has a name that is known.
                if weakness == Weakness::ContainsName && member == "/password" {
                    continue;
                }
                let code = weakness.code();
                let problem = reply.clone().problem(422, "weak_password").json();
                let errors = problem["errors"].as_array().unwrap();
                let named = |error: &Value| error["code"] == code && error["pointer"] == member;
                assert!(errors.iter().any(named), "{code}: {reply:?}");
            }
        }
        app.login(ANN).await;
    }
    let app = app_with(|builder| builder).await;
    let registration = Registration::new(ANN.parse().unwrap(), "a tab\tin the middle of it");
    let error = app.auth.register(registration).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WeakPassword);
    assert_eq!(error.violations()[0].code, "control_character");
    let openapi = app.get("/openapi.json", "").await.text().to_owned();
    let readme = include_str!("../../README.md");
    for weakness in Weakness::ALL {
        let said = format!("`{}` ({})", weakness.code(), weakness.meaning());
        let doors = if *weakness == Weakness::ControlCharacter {
            0
        } else {
            4
        };
        assert_eq!(openapi.matches(&said).count(), doors, "{said}");
        assert!(readme.contains(&format!("`{}`", weakness.code())), "{said}");
    }
}

#[tokio::test]
async fn an_administrator_created_at_start_needs_a_good_password() {
    let ranges = Ranges::start().await;
    ranges.know(STOLEN, 1);
    let app = app_with(strict(&ranges)).await;
    for (password, code) in [
        ("zoologist123", "too_guessable"),
        (STOLEN, "breached_password"),
    ] {
        let (email, password) = (ANN.parse().unwrap(), password.into());
        let made = app.auth.ensure_administrator(email, &password).await;
        let error = made.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WeakPassword);
        assert_eq!(error.violations()[0].code, code);
    }
}

#[tokio::test]
async fn a_password_made_of_a_name_differs_from_one_with_a_name_in_it() {
    for app in apps_with(|builder| builder.templates(Templates::new("Acme").unwrap())).await {
        for (password, codes) in [
            ("Perkins-2025", &["contains_name"][..]),
            ("acme!acme!acme!", &["contains_product"]),
            ("ann.perkins@acme", &["contains_name", "contains_product"]),
            ("ann ann ann ann", &["contains_address", "contains_name"]),
        ] {
            let reply = register(&app, ANN, "Ann Perkins", password).await;
            let expected: Vec<_> = codes.iter().map(|code| ("/password", *code)).collect();
            reply.violations("weak_password", &expected);
        }
        let reply = register(&app, ANN, "Ann Perkins", "perkins and her acme anvils").await;
        reply.expect(201);
    }
}

#[tokio::test]
async fn an_estimate_holds_a_permit_of_the_hasher() {
    let policy = PasswordPolicy::default().with_min_strength(3).unwrap();
    let weak = HashParams::danger_weak(8, 1, 1).unwrap();
    let app = app_with(|builder| {
        let hasher = Hasher::builder(weak).permits(1).queue(0);
        builder.password_policy(policy.clone()).hashing(hasher)
    })
    .await;
    let slow = "4@8({[<3691!|70$5+7%2".repeat(8);
    let replies = crate::support::app::race(8, |index| {
        let (auth, slow) = (app.auth.clone(), slow.clone());
        let email = format!("ann{index}@example.org").parse().unwrap();
        async move { auth.register(Registration::new(email, slow.as_str())).await }
    })
    .await;
    let refused = replies.iter().filter_map(|reply| reply.as_ref().err());
    let kinds: Vec<_> = refused.map(hallpass::Error::kind).collect();
    assert!(!kinds.is_empty(), "no caller had to wait");
    assert!(
        kinds.iter().all(|kind| *kind == ErrorKind::Overloaded),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_breach_service_receives_five_digits_only() {
    let ranges = Ranges::start().await;
    ranges.know(STOLEN, 3);
    ranges.know(PASSWORD, 0);
    for app in apps_with(|builder| builder.breach_check(ranges.check())).await {
        app.register(ANN).await;
        assert_eq!(ranges.requests().len(), 1);
        for password in [STOLEN, "a password that was not"] {
            at_every_door(&app, password).await;
            let digits = digits(password);
            let (prefix, suffix) = digits.split_at(5);
            let mut about_it = 0;
            for request in ranges.requests() {
                let (line, headers) = request.split_once("\r\n").unwrap();
                assert!(line.starts_with("GET /v9/range/"), "{line}");
                assert_eq!(line.len(), "GET /v9/range/00000 HTTP/1.1".len(), "{line}");
                let headers = headers.to_lowercase();
                assert!(headers.contains("add-padding: true\r\n"), "{headers}");
                let names: Vec<_> = headers
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .collect();
                for (name, _) in names {
                    let known = ["accept", "add-padding", "host", "user-agent"];
                    assert!(known.contains(&name), "{headers}");
                }
                for secret in [password, suffix, &suffix.to_lowercase(), "example.org"] {
                    assert!(!request.contains(secret), "{request}");
                }
                about_it += usize::from(line.contains(prefix));
            }
            assert_eq!(about_it, 4, "{password}");
        }
        assert!(events(&app, EventKind::BreachCheckFailed).await.is_empty());
    }
}

#[tokio::test]
async fn a_password_refused_by_the_policy_is_not_looked_up() {
    let ranges = Ranges::start().await;
    let app = app_with(strict(&ranges)).await;
    register(&app, ANN, "Ann", PASSWORD).await.expect(201);
    at_every_door(&app, "password1").await;
    let known = digits("password1")[..5].to_owned();
    let requests = ranges.requests();
    assert!(requests.iter().all(|request| !request.contains(&known)));
    app.try_login(ANN, STOLEN)
        .await
        .problem(401, "invalid_credentials");
    assert!(ranges.requests().is_empty(), "a login sends no request");
}

#[tokio::test]
async fn a_private_registration_checks_a_taken_address_alike() {
    let ranges = Ranges::start().await;
    ranges.know(STOLEN, 3);
    let private = |builder: hallpass::AuthBuilder| {
        let builder = builder.registration(RegistrationMode::Private);
        builder.breach_check(ranges.check())
    };
    for app in apps_with(private).await {
        register(&app, ANN, "Ann", PASSWORD).await.expect(202);
        ranges.requests();
        for (password, status) in [(STOLEN, 422), (PASSWORD, 202)] {
            let taken = register(&app, ANN, "Bob", password).await.expect(status);
            let asked = ranges.requests();
            let free = register(&app, "bob@example.org", "Bob", password).await;
            assert_eq!(taken.timeless(), free.timeless());
            assert_eq!(asked.len(), 1);
            assert_eq!(ranges.requests(), asked);
        }
    }
}

#[tokio::test]
async fn a_silent_breach_service_refuses_nothing_and_leaves_an_event() {
    let elsewhere = Ranges::start().await;
    elsewhere.know(STOLEN, 1);
    let digits = digits(STOLEN);
    let (prefix, suffix) = digits.split_at(5);
    let found = format!("{suffix}:7\r\n");
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/range/{prefix}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url
    );
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{found}");
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{found}\r\n",
        found.len()
    );
    let status = |status: &str| {
        let length = found.len();
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{found}").into_bytes()
    };
    let others = format!("{}:1\r\n", "A".repeat(35)).repeat(30_000);
    let broken = [
        ("an error of its own", status("500 Internal Server Error")),
        ("too many questions", status("429 Too Many Requests")),
        ("no such range", status("404 Not Found")),
        (
            "a page",
            ok("<!doctype html><title>Sign in to the network</title>"),
        ),
        ("a page after the range", ok(&format!("{found}<html>"))),
        ("one line without an end", ok(&"A".repeat(4096))),
        ("more than a mebibyte", ok(&(others + &found))),
        ("another place", redirect.into_bytes()),
        ("half a reply", cut.into_bytes()),
        ("half a chunk", chunked.into_bytes()),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
    ];
    let ranges = Ranges::start().await;
    let app = app_with(|builder| builder.breach_check(ranges.check())).await;
    for (index, (what, reply)) in broken.into_iter().enumerate() {
        ranges.answer(reply);
        let email = format!("ann{index}@example.org");
        register(&app, &email, "", STOLEN).await.expect(201);
        let failed = events(&app, EventKind::BreachCheckFailed).await;
        assert_eq!(failed.len(), index + 1, "{what}");
        for secret in [email.as_str(), STOLEN, prefix, suffix] {
            assert!(
                !format!("{:?}", failed[0].detail).contains(secret),
                "{what}"
            );
        }
        assert_eq!(ranges.requests().len(), 1, "{what}: asked once");
        let error = ranges
            .check()
            .is_breached(&STOLEN.into())
            .await
            .unwrap_err();
        let mut texts = vec![format!("{error:?}")];
        let mut next: Option<&dyn std::error::Error> = Some(&*error);
        while let Some(error) = next {
            texts.push(error.to_string());
            next = error.source();
        }
        for secret in [STOLEN, prefix, suffix] {
            assert!(
                !texts.iter().any(|text| text.contains(secret)),
                "{what}: {texts:?}"
            );
        }
        ranges.requests();
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn each_unchecked_password_leaves_one_event() {
    let ranges = Ranges::start().await;
    ranges.answer(ok("garbage"));
    for app in apps_with(|builder| builder.breach_check(ranges.check())).await {
        let ann = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        // The first call creates the administrator, which adds one event.
        let replies = at_every_door(&app, "what nobody could look up").await;
        for (_, reply) in replies {
            assert!(matches!(reply.status, 201 | 204), "{reply:?}");
        }
        let failed = events(&app, EventKind::BreachCheckFailed).await;
        assert_eq!(failed.len(), 6, "{}: {failed:#?}", app.name);
        let of_ann: Vec<_> = failed
            .iter()
            .filter(|event| event.user_id == Some(user_id(&ann)))
            .collect();
        assert_eq!(of_ann.len(), 2, "the change and the reset");
        for event in &failed {
            assert_eq!(event.outcome, Outcome::Failure);
            assert!(event.detail["address"].is_string());
            assert_eq!(event.detail.len(), 1);
        }
    }
}

/// Never answers.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl BreachCheck for Silent {
    async fn is_breached(&self, _: &Password) -> Result<bool, BoxError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_breach_service_is_given_up_within_two_seconds() {
    let ranges = Ranges::start().await;
    ranges.answer("");
    for (request, expected) in [(10, 2000), (4, 1000)] {
        let builder =
            |builder: hallpass::AuthBuilder| builder.request_timeout(Duration::from_secs(request));
        let silent = app_with(|b| builder(b).breach_check(Silent)).await;
        let tarpit = app_with(|b| builder(b).breach_check(ranges.check())).await;
        for app in [silent, tarpit] {
            let begun = tokio::time::Instant::now();
            let registration = Registration::new(ANN.parse().unwrap(), PASSWORD);
            app.auth.register(registration).await.unwrap();
            let took = begun.elapsed();
            assert_eq!(took.as_millis() / 100, expected / 100, "{took:?}");
            let failed = events(&app, EventKind::BreachCheckFailed).await;
            assert_eq!(failed.len(), 1);
        }
    }
}

#[tokio::test]
async fn an_account_of_an_administrator_names_them_in_the_event() {
    let ranges = Ranges::start().await;
    ranges.answer(ok("garbage"));
    let app = app_with(|builder| builder.breach_check(ranges.check())).await;
    let (email, password) = (ANN.parse().unwrap(), PASSWORD.into());
    let root = app.auth.ensure_administrator(email, &password).await;
    let root = root.unwrap().unwrap();
    let author = Author {
        actor_id: Some(root.id),
        ..Author::default()
    };
    let account = NewAccount::new("bob@example.org".parse().unwrap()).with_password(PASSWORD);
    let administration = app.auth.administration();
    administration.create_user(account, &author).await.unwrap();
    let failed = events(&app, EventKind::BreachCheckFailed).await;
    assert_eq!(failed[0].actor_id, Some(root.id));
    assert_eq!(failed[1].actor_id, None);
}

#[tokio::test]
async fn a_host_may_bring_its_own_breach_check() {
    #[derive(Debug)]
    struct Own(Arc<str>);

    #[async_trait::async_trait]
    impl BreachCheck for Own {
        async fn is_breached(&self, password: &Password) -> Result<bool, BoxError> {
            Ok(*self.0 == *password.expose())
        }
    }

    let app = app_with(|builder| builder.breach_check(Own(STOLEN.into()))).await;
    let reply = register(&app, ANN, "Ann", STOLEN).await;
    reply.violations("weak_password", &[("/password", "breached_password")]);
    register(&app, ANN, "Ann", PASSWORD).await.expect(201);
}
