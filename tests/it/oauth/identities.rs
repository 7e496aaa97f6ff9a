//! The identities of a signed-in user.

use std::sync::Arc;

use hallpass::event::{EventFilter, EventKind};
use serde_json::{Value, json};

use super::{
    ANN,
    flow::{VERIFIER, apps_of, arrive_for, person, sign_in},
    kinds,
};
use crate::support::{
    app::{App, race},
    http::{Reply, Tokens, members_of},
    provider::FakeProvider,
};

async fn offered(app: &App, fake: &FakeProvider, claims: Value) -> String {
    let link = [("intent", "link")];
    arrive_for(app, fake, claims, &link).await.expect("a code")
}

async fn link(app: &App, tokens: &Tokens, code: &str) -> Reply {
    let body = json!({"code": code, "code_verifier": VERIFIER});
    app.send("POST /users/me/identities", &tokens.access, body)
        .await
}

async fn list(app: &App, tokens: &Tokens) -> Vec<Value> {
    let reply = app.get("/users/me/identities", &tokens.access).await;
    let list = reply.expect(200).json();
    assert_eq!(members_of(&list), ["items"]);
    list["items"].as_array().expect("a list").clone()
}

async fn unlink(app: &App, tokens: &Tokens, identity: &Value) -> Reply {
    let id = identity["id"].as_str().expect("an id");
    let headers = format!("Authorization: Bearer {}\r\n", tokens.access);
    let line = format!("DELETE /users/me/identities/{id}");
    app.ask(&line, &headers, b"").await
}

#[tokio::test]
async fn a_signed_in_user_links_lists_and_unlinks() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let ann = app.join(ANN).await;
        assert_eq!(list(&app, &ann).await, [] as [Value; 0]);
        // The provider may give any address.
        let code = offered(&app, &fake, person("1", "ann@elsewhere.org")).await;
        let wrong = json!({"code": code, "code_verifier": "another"});
        let reply = app.send("POST /users/me/identities", &ann.access, wrong);
        reply.await.problem(400, "invalid_token");
        let reply = link(&app, &ann, &code).await.expect(201);
        let linked = reply.json();
        let members = ["created_at", "email", "id", "issuer", "provider", "subject"];
        assert_eq!(members_of(&linked), members);
        assert_eq!(linked["provider"], "idp");
        assert_eq!(linked["issuer"], fake.issuer);
        assert_eq!(linked["subject"], "1");
        assert_eq!(linked["email"], "ann@elsewhere.org");
        let location = format!("/users/me/identities/{}", linked["id"].as_str().unwrap());
        assert_eq!(reply.header("location"), Some(location.as_str()));
        link(&app, &ann, &code).await.problem(400, "invalid_token");
        assert_eq!(list(&app, &ann).await, std::slice::from_ref(&linked));
        app.deliver().await;
        let notices = || app.letters(ANN, "provider").len();
        assert_eq!(notices(), 1, "{}", app.name);

        // Linking again succeeds and writes no event.
        let code = offered(&app, &fake, person("1", "ann@elsewhere.org")).await;
        let again = link(&app, &ann, &code).await.expect(201).json();
        assert_eq!(again, linked);
        app.deliver().await;
        assert_eq!(notices(), 1, "{}", app.name);

        let by_provider = sign_in(&app, &fake, person("1", "x@y.org")).await;
        let me = app.me(&by_provider.access).await.expect(200).json();
        assert_eq!(me["email"], ANN);
        unlink(&app, &by_provider, &linked).await.expect(204);
        unlink(&app, &ann, &linked).await.problem(404, "not_found");
        assert_eq!(list(&app, &ann).await, [] as [Value; 0]);
        let expected = [
            EventKind::AccountCreated,
            EventKind::SignedIn,
            EventKind::IdentityLinked,
            EventKind::SignedIn,
            EventKind::IdentityUnlinked,
        ];
        assert_eq!(kinds(&app, me["id"].as_str().unwrap()).await, expected);
        for kind in [EventKind::IdentityLinked, EventKind::IdentityUnlinked] {
            let filter = EventFilter {
                kind: Some(kind),
                ..EventFilter::default()
            };
            let events = app.store().list_events(&filter, None, 2).await.unwrap();
            assert_eq!(events.len(), 1, "{}", app.name);
            let detail = json!({"provider": "idp", "identity_id": linked["id"]});
            assert_eq!(json!(events[0].detail), detail, "{}", app.name);
        }
    }
}

#[tokio::test]
async fn an_identity_of_another_user_stays_theirs() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let bob = sign_in(&app, &fake, person("1", "bob@example.org")).await;
        let ann = app.join(ANN).await;
        let code = offered(&app, &fake, person("1", "bob@example.org")).await;
        link(&app, &ann, &code).await.problem(409, "identity_taken");
        link(&app, &bob, &code).await.problem(400, "invalid_token");
        assert_eq!(list(&app, &ann).await, [] as [Value; 0]);
        let of_bob = list(&app, &bob).await.remove(0);
        unlink(&app, &ann, &of_bob).await.problem(404, "not_found");
        let me = app.me(&ann.access).await.json();
        let last = kinds(&app, me["id"].as_str().unwrap()).await.pop();
        assert_eq!(last, Some(EventKind::LinkRefused));
    }
}

#[tokio::test]
async fn linking_needs_a_recent_sign_in() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let ann = app.join(ANN).await;
        app.advance(590);
        let code = offered(&app, &fake, person("1", ANN)).await;
        // A refresh does not make the sign-in recent.
        let ann = app.refresh(&ann.refresh).await.tokens();
        app.advance(20);
        let reply = link(&app, &ann, &code).await;
        reply.problem(403, "reauthentication_required");
        let body = json!({"password": crate::support::http::PASSWORD});
        let reply = app.send("POST /auth/reauthenticate", &ann.access, body);
        reply.await.expect(204);
        link(&app, &ann, &code).await.expect(201);
    }
}

#[tokio::test]
async fn unauthenticated_callers_have_no_identities() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let id = "018f8b1e-0000-7000-8000-000000000000";
        for line in [
            "GET /users/me/identities".to_owned(),
            "POST /users/me/identities".to_owned(),
            format!("DELETE /users/me/identities/{id}"),
        ] {
            let reply = app.ask(&line, "", b"").await;
            reply.problem(401, "unauthenticated");
        }
        let ann = app.join(ANN).await;
        for id in [id, "x", ""] {
            let headers = format!("Authorization: Bearer {}\r\n", ann.access);
            let line = format!("DELETE /users/me/identities/{id}");
            let reply = app.ask(&line, &headers, b"").await;
            reply.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn the_last_sign_in_method_stays() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let ann = sign_in(&app, &fake, person("1", ANN)).await;
        let first = list(&app, &ann).await.remove(0);
        unlink(&app, &ann, &first)
            .await
            .problem(409, "last_credential");
        let code = offered(&app, &fake, person("2", ANN)).await;
        link(&app, &ann, &code).await.expect(201);
        unlink(&app, &ann, &first).await.expect(204);
        let second = list(&app, &ann).await.remove(0);
        unlink(&app, &ann, &second)
            .await
            .problem(409, "last_credential");
        // A password is another way to sign in.
        let token = app.reset_token(ANN).await;
        app.reset(&token, crate::support::http::PASSWORD)
            .await
            .expect(204);
        let ann = app.login(ANN).await;
        unlink(&app, &ann, &second).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_two_concurrently_unlinked_identities_stays() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for round in 0..8 {
            let email = format!("ann{round}@example.org");
            let ann = sign_in(&app, &fake, person(&format!("1-{round}"), &email)).await;
            let code = offered(&app, &fake, person(&format!("2-{round}"), &email)).await;
            link(&app, &ann, &code).await.expect(201);
            let both = Arc::new((list(&app, &ann).await, ann));
            let client = Arc::new(hallpass_client(&app));
            let statuses = race(2, |index| {
                let (both, client) = (Arc::clone(&both), Arc::clone(&client));
                async move {
                    let (identities, ann) = &*both;
                    let id = identities[index]["id"].as_str().unwrap();
                    let headers = format!("Authorization: Bearer {}\r\n", ann.access);
                    let line = format!("DELETE /users/me/identities/{id}");
                    client.ask(&line, &headers, b"").await.status
                }
            });
            let mut statuses = statuses.await;
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{}", app.name);
        }
    }
}

fn hallpass_client(app: &App) -> crate::support::http::Client {
    crate::support::http::Client(app.0)
}
