//! Second factors over HTTP: enrolment, the second step of a sign-in, and what ends it.

mod device;
mod door;
mod foreign_apps;
mod guards;
mod model;
mod policy;
mod recovery;
mod secrecy;
mod step_up;
mod tries;

use hallpass::{
    event::EventKind,
    secret::{AccessToken, Secrets},
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps, race, unhurried},
    authenticator::{Authenticator, recovery_codes, ticket_of},
    http::{PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";

async fn factors(app: &App, access: &str) -> Value {
    app.get("/users/me/factors", access)
        .await
        .expect(200)
        .json()
}

async fn remove(app: &App, access: &str, id: &str) -> Reply {
    let line = format!("DELETE /users/me/factors/{id}");
    let headers = format!("Authorization: Bearer {access}\r\n");
    app.ask(&line, &headers, b"").await
}

/// The claims of an access token.
fn claims(app: &App, access: &str) -> (String, Vec<String>) {
    let claims = app.auth.verify(&access.into()).expect("a good token");
    let words = claims
        .methods()
        .iter()
        .map(|method| method.as_str().to_owned());
    (claims.acr().to_owned(), words.collect())
}

#[tokio::test]
async fn sign_in_asks_for_an_enrolled_app() {
    for app in apps().await {
        app.register(ANN).await;
        let session = app.login(ANN).await;
        let none = json!({"items": [], "recovery_codes_left": 0, "required": false});
        assert_eq!(factors(&app, &session.access).await, none);
        let (acr, methods) = claims(&app, &session.access);
        assert_eq!(
            (acr.as_str(), methods),
            ("urn:hallpass:aal1", vec!["pwd".into()])
        );

        let body = json!({"name": "Phone"});
        let line = "POST /users/me/factors/totp";
        let begun = app.send(line, &session.access, body).await;
        let phone = Authenticator::scan(begun);
        assert_eq!(
            factors(&app, &session.access).await,
            none,
            "not in force yet"
        );
        app.login(ANN).await;
        let wrong = phone.wrong_code(app.now());
        let refused = app.confirm_totp(&session.access, &phone.id, &wrong).await;
        refused.problem(401, "invalid_code");
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&session.access, &phone.id, &code).await;
        let codes = recovery_codes(&confirmed.expect(200).json());
        assert_eq!(codes.len(), 10);
        let again = app.confirm_totp(&session.access, &phone.id, &code).await;
        again.problem(404, "not_found");

        let list = factors(&app, &session.access).await;
        assert_eq!(list["recovery_codes_left"], 10);
        let [item] = list["items"].as_array().expect("a list").as_slice() else {
            panic!("{list}");
        };
        assert_eq!(item["id"], phone.id.as_str());
        assert_eq!(
            (&item["kind"], &item["name"]),
            (&json!("totp"), &json!("Phone"))
        );
        assert_eq!(item["last_used_at"], item["created_at"]);

        // The session that confirmed is strong from its next refresh on.
        let session = app.refresh(&session.refresh).await.tokens();
        let (acr, methods) = claims(&app, &session.access);
        assert_eq!(acr, "urn:hallpass:aal2");
        assert_eq!(methods, ["pwd", "otp", "mfa"]);

        app.advance(30);
        let reply = app.try_login(ANN, PASSWORD).await.expect(202);
        let challenge = reply.json();
        assert_eq!(challenge["methods"], json!(["totp", "recovery_code"]));
        assert_eq!(challenge["enrol"], false);
        let ticket = ticket_of(reply);
        let code = phone.code(app.now());
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        let tokens = app.second_factor(&ticket, ("totp", &spaced)).await.tokens();
        let (acr, methods) = claims(&app, &tokens.access);
        assert_eq!(acr, "urn:hallpass:aal2");
        assert_eq!(methods, ["pwd", "otp", "mfa"]);
        let next = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(claims(&app, &next.access).0, "urn:hallpass:aal2");
        assert_eq!(app.count_events(EventKind::FactorAdded).await, 1);
        assert_eq!(app.count_events(EventKind::FactorFailed).await, 1);
    }
}

/// TOTP replay: a code counts once, over the confirmation, the sign-in and the reauthentication.
#[tokio::test]
async fn totp_replay_opens_nothing_at_any_door() {
    for app in apps().await {
        app.register(ANN).await;
        let session = app.login(ANN).await;
        let phone = app.begin_totp(&session.access).await;
        let code = phone.code(app.now());
        app.confirm_totp(&session.access, &phone.id, &code)
            .await
            .expect(200);
        let ticket = app.ticket(ANN).await;
        let replayed = app.second_factor(&ticket, ("totp", &code)).await;
        replayed.problem(401, "invalid_code");
        let replayed = app.reauthenticate_with(&session.access, &code).await;
        replayed.problem(401, "invalid_code");

        app.advance(30);
        let code = phone.code(app.now());
        app.reauthenticate_with(&session.access, &code)
            .await
            .expect(204);
        let replayed = app.second_factor(&ticket, ("totp", &code)).await;
        replayed.problem(401, "invalid_code");

        app.advance(30);
        let code = phone.code(app.now());
        app.second_factor(&ticket, ("totp", &code)).await.tokens();
        let replayed = app.reauthenticate_with(&session.access, &code).await;
        replayed.problem(401, "invalid_code");
        let ticket = app.ticket(ANN).await;
        let replayed = app.second_factor(&ticket, ("totp", &code)).await;
        replayed.problem(401, "invalid_code");
    }
}

/// The race of a TOTP replay: parallel sign-ins with one code, on two instances, open one session.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn totp_replay_race_opens_one_session() {
    for app in crate::support::app::apps_with(unhurried).await {
        let ann = app.enrolled(ANN).await;
        let another = app.another(unhurried).await;
        let mut tickets = Vec::new();
        for _ in 0..8 {
            tickets.push(app.ticket(ANN).await);
        }
        let code = ann.authenticator.code(app.now());
        let replies = race(tickets.len(), |task| {
            let client = if task % 2 == 0 { *app } else { *another };
            let body = json!({"ticket": tickets[task], "totp": code});
            async move { client.post("/auth/second-factor", body).await }
        })
        .await;
        let opened = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(opened, 1, "{}: {replies:?}", app.name);
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            reply.problem(401, "invalid_code");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ticket_opens_one_session() {
    for app in crate::support::app::apps_with(unhurried).await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        let shown = [
            json!({"ticket": ticket, "totp": code}),
            json!({"ticket": ticket, "recovery_code": ann.recovery_codes[0]}),
            json!({"ticket": ticket, "recovery_code": ann.recovery_codes[1]}),
        ];
        let replies = race(shown.len(), |task| {
            let (client, body) = (*app, shown[task].clone());
            async move { client.post("/auth/second-factor", body).await }
        })
        .await;
        let opened = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(opened, 1, "{}: {replies:?}", app.name);
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            let code = reply.json()["code"].clone();
            assert!(
                code == "invalid_token" || code == "invalid_code",
                "{reply:?}"
            );
        }
        let spent = app.second_factor(&ticket, ("recovery_code", &ann.recovery_codes[2]));
        spent.await.problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn code_is_valid_in_the_neighbouring_steps() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let now = app.now();
        let code_at = |seconds| {
            ann.authenticator
                .code(now + chrono::TimeDelta::seconds(seconds))
        };
        let ticket = app.ticket(ANN).await;
        for seconds in [-60, 60] {
            let refused = app
                .second_factor(&ticket, ("totp", &code_at(seconds)))
                .await;
            refused.problem(401, "invalid_code");
        }
        app.second_factor(&ticket, ("totp", &code_at(30)))
            .await
            .tokens();
        let ticket = app.ticket(ANN).await;
        for seconds in [0, 30] {
            let used = app
                .second_factor(&ticket, ("totp", &code_at(seconds)))
                .await;
            used.problem(401, "invalid_code");
        }
        app.advance(90);
        app.second_factor(&ticket, ("totp", &code_at(60)))
            .await
            .tokens();
    }
}

#[tokio::test]
async fn user_has_at_most_five_factors() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let access = &ann.tokens.access;
        let mut ids = vec![ann.authenticator.id.clone()];
        for _ in 0..4 {
            let next = app.begin_totp(access).await;
            let code = next.code(app.now());
            let confirmed = app.confirm_totp(access, &next.id, &code).await;
            assert_eq!(confirmed.expect(200).json(), json!({"recovery_codes": []}));
            ids.push(next.id);
        }
        let line = "POST /users/me/factors/totp";
        let sixth = app.send(line, access, json!({})).await;
        sixth.problem(409, "too_many_factors");
        let listed = factors(&app, access).await;
        let listed: Vec<&str> = listed["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["id"].as_str().expect("a string"))
            .collect();
        assert_eq!(listed, ids);
        for name in [json!("x".repeat(101)), json!("a\u{1}b"), json!(7)] {
            let refused = app.send(line, access, json!({"name": name})).await;
            refused.problem(422, "validation_failed");
        }
        for id in &ids {
            remove(&app, access, id).await.expect(204);
        }
        remove(&app, access, &ids[0])
            .await
            .problem(404, "not_found");
        app.login(ANN).await;
        let left = factors(&app, access).await;
        assert_eq!(left["recovery_codes_left"], 0);
        app.deliver().await;
        assert_eq!(app.letters(ANN, "was removed").len(), 5);
    }
}

#[tokio::test]
async fn name_is_checked_in_process_too() {
    for app in apps().await {
        app.register(ANN).await;
        let session = app.login(ANN).await;
        let access = AccessToken::from(session.access.as_str());
        let caller = app.auth.current_user(&access).await.expect("it is live");
        let long = "x".repeat(101);
        for (name, code) in [
            (long.as_str(), "too_long"),
            ("a\u{1}b", "control_character"),
        ] {
            let begun = app.auth.factors().begin_totp(&caller, Some(name)).await;
            let error = begun.expect_err("the name is refused");
            assert_eq!(error.violations()[0].pointer, "/name");
            assert_eq!(error.violations()[0].code, code);
        }
    }
}

#[tokio::test]
async fn enrolment_ends_after_fifteen_minutes() {
    for app in apps().await {
        app.register(ANN).await;
        let session = app.login(ANN).await;
        let phone = app.begin_totp(&session.access).await;
        app.advance(899);
        let session = app.refresh(&session.refresh).await.tokens();
        let wrong = phone.wrong_code(app.now());
        let refused = app.confirm_totp(&session.access, &phone.id, &wrong).await;
        refused.problem(401, "invalid_code");
        app.advance(1);
        let code = phone.code(app.now());
        let late = app.confirm_totp(&session.access, &phone.id, &code).await;
        late.problem(404, "not_found");
    }
}

#[tokio::test]
async fn factor_of_another_user_is_not_found() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let bob = app.enrolled("bob@example.org").await;
        let foreign = remove(&app, &bob.tokens.access, &ann.authenticator.id).await;
        foreign.problem(404, "not_found");
        let pending = app.begin_totp(&ann.tokens.access).await;
        let code = pending.code(app.now());
        let foreign = app
            .confirm_totp(&bob.tokens.access, &pending.id, &code)
            .await;
        foreign.problem(404, "not_found");
        for id in ["x", "00000000-0000-0000-0000-000000000000"] {
            let unknown = remove(&app, &bob.tokens.access, id).await;
            unknown.problem(404, "not_found");
        }
    }
}

/// A rotated master secret opens the keys of apps and verifies recovery codes and tickets.
#[tokio::test]
async fn factors_survive_a_rotation_of_the_secret() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let new = hallpass::secret::Secret::generate();
        let both = Secrets::new(new.clone(), vec![app.secret.clone()]).expect("two secrets");
        let rotated = app.another(|builder| builder.secrets(both.clone())).await;
        let code = ann.authenticator.code(app.now());
        rotated
            .second_factor(&ticket, ("totp", &code))
            .await
            .tokens();
        let ticket = rotated.ticket(ANN).await;
        let shown = ("recovery_code", ann.recovery_codes[0].as_str());
        rotated.second_factor(&ticket, shown).await.tokens();
        // The use has sealed the key again, so that the old secret can be dropped.
        app.advance(30);
        let after = app.another(|builder| builder.secrets(new.clone())).await;
        after.login_with(ANN, &ann.authenticator).await;
    }
}
