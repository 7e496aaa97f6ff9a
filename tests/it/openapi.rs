//! The OpenAPI document is valid and complete, and changes only on purpose.

use std::{collections::BTreeSet, env, fs, path::Path};

use hallpass::{
    error::Refusal,
    hook::{Applicant, HookError, Hooks},
    limit::{Budget, Lockout, Rate, RateLimits},
    password::RegistrationMode,
    user::UserStatus,
};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::{
    oauth::flow,
    support::{
        app::{App, app_with, apps, race, unhurried},
        db::Database,
        http::{JSON, PASSWORD, Reply},
        provider::{FakeProvider, Signing},
    },
};

const ANN: &str = "ann@example.org";
/// The tags of the document, in order.
pub(crate) const TASKS: [&str; 6] = [
    "Register",
    "Sign in",
    "Account",
    "Providers",
    "Administration",
    "Service",
];

async fn document() -> (App, Value) {
    let app = app_with(|builder| builder).await;
    let document = app.ask("GET /openapi.json", "", b"").await.expect(200);
    let document = document.json();
    (app, document)
}

/// A change of the contract has to be visible to reviewers. Update the file with `HALLPASS_WRITE_OPENAPI=1`.
#[tokio::test]
async fn the_document_matches_the_reviewed_file() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi.json");
    let (_, document) = document().await;
    if env::var_os("HALLPASS_WRITE_OPENAPI").is_some() {
        let text = serde_json::to_string_pretty(&document).unwrap();
        fs::write(&file, format!("{text}\n")).unwrap();
    }
    let reviewed = fs::read(&file).expect("the reviewed document");
    let reviewed: Value = serde_json::from_slice(&reviewed).unwrap();
    for part in ["info", "servers", "components"] {
        assert_eq!(document[part], reviewed[part], "{part}");
    }
    let (paths, known) = (&document["paths"], &reviewed["paths"]);
    for path in paths.as_object().unwrap().keys() {
        assert_eq!(paths[path], known[path], "{path}");
    }
    assert_eq!(document, reviewed);
}

#[tokio::test]
async fn every_row_is_in_the_document_and_nothing_else() {
    let (app, document) = document().await;
    let rows: BTreeSet<String> = app
        .auth
        .endpoints()
        .with_browser()
        .with_docs()
        .iter()
        .map(|row| format!("{} {}", row.method(), row.path()))
        .collect();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_ascii_uppercase()));
        }
    }
    assert_eq!(described, rows);
}

/// A tool that reads the document may prefill the examples, and one click sends them.
#[tokio::test]
async fn examples_create_no_account_and_set_no_password() {
    for app in apps().await {
        let document = app
            .ask("GET /openapi.json", "", b"")
            .await
            .expect(200)
            .json();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut asked = 0;
        for (name, schema) in schemas {
            let none = serde_json::Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&none);
            let is_asked = |format: &Value| *format == "email" || *format == "password";
            for (property, of) in properties.iter().filter(|(_, of)| is_asked(&of["format"])) {
                let example = of["examples"][0].as_str();
                let example = example.unwrap_or_else(|| panic!("{name}/{property} has no example"));
                let text = |name: &str| (of["format"] == name).then_some(example);
                let body = json!({
                    "email": text("email").unwrap_or(ANN),
                    "password": text("password").unwrap_or(PASSWORD),
                });
                let reply = app.post("/users", body).await;
                assert_eq!(reply.status, 422, "{name}/{property}: {}", reply.text());
                asked += 1;
            }
        }
        assert!(asked > 10, "{asked}");
    }
}

/// The OpenAPI 3.1 rules for the parts that are used here.
#[tokio::test]
async fn the_document_is_sound() {
    let (_, document) = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for name in ["title", "version"] {
        assert!(document["info"][name].is_string(), "{name}");
    }
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/'), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            assert!(["get", "post", "patch", "delete"].contains(&method.as_str()));
            let id = operation["operationId"].as_str().expect("an operationId");
            assert!(ids.insert(id.to_owned()), "{id}");
            assert!(operation["summary"].is_string(), "{id}");
            let tags = operation["tags"].as_array().expect("a tag");
            assert!(
                tags.len() == 1 && TASKS.contains(&tags[0].as_str().unwrap()),
                "{id}"
            );
            check_parameters(path, operation);
            check_replies(id, operation);
        }
    }
    let tags = document["tags"].as_array().unwrap();
    let tags: Vec<&Value> = tags.iter().map(|tag| &tag["name"]).collect();
    assert_eq!(tags, TASKS);
    check_schemas(&document, &document, "#");
}

fn check_parameters(path: &str, operation: &Value) {
    let none = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&none);
    let mut names = BTreeSet::new();
    let mut in_path = BTreeSet::new();
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap();
        assert!(names.insert(name), "{path}: {name}");
        assert!(parameter["schema"].is_object(), "{path}: {name}");
        match parameter["in"].as_str().unwrap() {
            "path" => {
                assert_eq!(parameter["required"], true, "{path}: {name}");
                in_path.insert(format!("{{{name}}}"));
            }
            "query" => {}
            other => panic!("{path}: a parameter in {other}"),
        }
    }
    let segments = path.split('/').filter(|segment| segment.starts_with('{'));
    let expected: BTreeSet<String> = segments.map(str::to_owned).collect();
    assert_eq!(in_path, expected, "{path}");
}

fn check_replies(id: &str, operation: &Value) {
    let replies = operation["responses"].as_object().expect("replies");
    let good = replies
        .keys()
        .filter(|status| status.starts_with(['2', '3']));
    // A sign-in has a second good reply, which asks for another step.
    let schema = &replies.get("202").map_or(&Value::Null, |reply| {
        &reply["content"]["application/json"]["schema"]["$ref"]
    });
    let asks = *schema == "#/components/schemas/SecondFactor";
    assert_eq!(good.count(), 1 + usize::from(asks), "{id}");
    for (status, reply) in replies {
        assert!(reply["description"].is_string(), "{id} {status}");
        let number: u16 = status.parse().expect("a status");
        if number >= 400 {
            let content = &reply["content"]["application/problem+json"];
            assert!(content["schema"].is_object(), "{id} {status}");
        }
    }
    // An operation with a bearer token declares the token and its refusals. The cookie of a browser is as good.
    let secured = match operation["security"].as_array() {
        None => false,
        Some(ways) if id == "get_auth_session" => *ways == [json!({"cookie": []})],
        Some(ways) => *ways == [json!({"bearer": []}), json!({"cookie": []})],
    };
    let challenged = operation["responses"]["401"]
        .to_string()
        .contains("invalid_access_token");
    assert_eq!(secured, challenged, "{id}");
}

/// Checks that every reference resolves, and that every type is a JSON type.
fn check_schemas(document: &Value, part: &Value, place: &str) {
    const TYPES: [&str; 7] = [
        "array", "boolean", "integer", "null", "number", "object", "string",
    ];
    match part {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_schemas(document, item, &format!("{place}/{index}"));
            }
        }
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let found = target
                    .strip_prefix('#')
                    .and_then(|path| document.pointer(path));
                assert!(found.is_some(), "{place} refers to {target}");
            }
            // Only OpenAPI 3.0 has `nullable` and a boolean `exclusiveMinimum`.
            assert!(!members.contains_key("nullable"), "{place}");
            let is_schema = !place.ends_with("/properties")
                && !place.ends_with("/bearer")
                && !place.ends_with("/cookie");
            match members.get("type") {
                Some(Value::String(name)) if is_schema => {
                    assert!(TYPES.contains(&name.as_str()), "{place}: {name}");
                }
                Some(Value::Array(names)) if is_schema => {
                    let known = |name: &Value| TYPES.contains(&name.as_str().unwrap_or_default());
                    assert!(names.iter().all(known), "{place}");
                }
                _ => {}
            }
            for name in members
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let name = name.as_str().unwrap();
                let known = members["properties"].get(name);
                assert!(known.is_some(), "{place} requires {name}");
            }
            for (name, member) in members {
                check_schemas(document, member, &format!("{place}/{name}"));
            }
        }
        _ => {}
    }
}

/// openapi-python-client, for example, merges the parts of `allOf`. It drops a reply if one part offers a choice of
/// schemas for a member and the other part narrows that member.
#[tokio::test]
async fn a_client_generator_can_merge_every_problem() {
    let (_, document) = document().await;
    let choices = ["anyOf", "oneOf", "allOf", "$ref"];
    let is_plain = |schema: &Value| {
        schema["type"] == "string" && choices.iter().all(|word| schema.get(word).is_none())
    };
    let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
    assert!(is_plain(code) && code.get("enum").is_none(), "{code}");
    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|path| path.as_object().unwrap().values());
    let replies = operations.flat_map(|operation| operation["responses"].as_object().unwrap());
    let mut problems = 0;
    for (status, reply) in replies {
        let schema = &reply["content"]["application/problem+json"]["schema"];
        let Some([problem, narrowed]) = schema["allOf"].as_array().map(Vec::as_slice) else {
            continue;
        };
        problems += 1;
        assert_eq!(problem["$ref"], "#/components/schemas/Problem");
        let code = &narrowed["properties"]["code"];
        assert!(is_plain(code), "{status}: {code}");
    }
    assert!(problems > 200, "{problems}");
}

/// The codes come from the one enum, so a new code needs an arm below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_is_documented_and_can_be_provoked() {
    let (_, document) = document().await;
    let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
    let listed = &code["examples"];
    let listed: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    assert_eq!(listed.len(), 40);
    for code in listed {
        if ["link_required", "provider_failed"].contains(&code) {
            assert_eq!(code_of_a_redirect(code).await, code);
        } else {
            let reply = provoke(code).await;
            let status = reply.status;
            reply.problem(status, code);
        }
        // Only endpoints that answer with the code list it, except for codes that every path may answer with.
        let everywhere = ["method_not_allowed", "not_found", "internal", "unavailable"];
        let paths = document["paths"].to_string();
        let named = paths.contains(&format!("`{code}`"));
        assert!(
            named || everywhere.contains(&code),
            "no endpoint documents {code}"
        );
    }
}

async fn provoke(code: &str) -> Reply {
    let app = app_with(|builder| builder).await;
    let registration = json!({"email": ANN, "password": PASSWORD});
    match code {
        "ambiguous_credentials" => {
            let browser = app.join_browser(ANN).await;
            let bearer = "Authorization: Bearer x\r\n";
            browser.send("GET /users/me", bearer, Value::Null).await
        }
        "cross_site_request" => app.post("/auth/session", registration).await,
        "factor_required" => {
            let session = app.join(ANN).await;
            app.post_as("/users/me/recovery-codes", &session.access)
                .await
        }
        "invalid_code" => {
            app.enrolled(ANN).await;
            let ticket = app.ticket(ANN).await;
            app.second_factor(&ticket, ("recovery_code", "0000-0000"))
                .await
        }
        "step_up_required" => {
            let ann = app.enrolled(ANN).await;
            app.advance(600);
            let session = app.refresh(&ann.tokens.refresh).await.tokens();
            app.post_as("/users/me/recovery-codes", &session.access)
                .await
        }
        "too_many_factors" => {
            let ann = app.enrolled(ANN).await;
            let access = &ann.tokens.access;
            for _ in 0..4 {
                let next = app.begin_totp(access).await;
                let code = next.code(app.now());
                app.confirm_totp(access, &next.id, &code).await.expect(200);
            }
            app.send("POST /users/me/factors/totp", access, json!({}))
                .await
        }
        "account_disabled" => {
            let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
            app.set_status(&id, UserStatus::Disabled).await;
            app.try_login(ANN, PASSWORD).await
        }
        "body_too_large" => app.ask("POST /users", JSON, &[b' '; 17 * 1024]).await,
        "email_not_verified" => {
            let strict = app
                .another(|builder| builder.require_verified_email(true))
                .await;
            strict.register(ANN).await;
            strict.try_login(ANN, PASSWORD).await
        }
        "email_taken" => {
            app.register(ANN).await;
            app.post("/users", registration).await
        }
        "forbidden" => {
            let access = app.join(ANN).await.access;
            app.get("/admin/users", &access).await
        }
        "identity_taken" => {
            let (fake, asking) = asking(&app).await;
            let claims = flow::person("1", ANN);
            flow::sign_in(&asking, &fake, claims.clone()).await;
            let bob = asking.join("bob@example.org").await;
            let link = [("intent", "link")];
            let code = flow::arrive_for(&asking, &fake, claims, &link).await;
            let body = json!({"code": code.unwrap(), "code_verifier": flow::VERIFIER});
            asking
                .send("POST /users/me/identities", &bob.access, body)
                .await
        }
        "internal" => unreadable().await,
        "invalid_access_token" => app.me("x").await,
        "invalid_credentials" => app.try_login(ANN, PASSWORD).await,
        "invalid_redirect" => {
            let (_fake, asking) = asking(&app).await;
            asking.ask("GET /auth/oauth/idp", "", b"").await
        }
        "invalid_refresh_token" => app.refresh("x").await,
        "invalid_token" => app.reset("x", PASSWORD).await,
        "last_admin" => {
            let admin = app.administrator().await;
            let root = app.me(&admin).await.json();
            let line = format!("DELETE /admin/users/{}", root["id"].as_str().unwrap());
            let headers = format!("Authorization: Bearer {admin}\r\n");
            app.ask(&line, &headers, b"").await
        }
        "last_credential" => {
            let (fake, asking) = asking(&app).await;
            let ann = flow::sign_in(&asking, &fake, flow::person("1", ANN)).await;
            let list = asking.get("/users/me/identities", &ann.access).await.json();
            let id = list["items"][0]["id"].as_str().unwrap();
            let line = format!("DELETE /users/me/identities/{id}");
            let headers = format!("Authorization: Bearer {}\r\n", ann.access);
            asking.ask(&line, &headers, b"").await
        }
        "malformed_body" => app.ask("POST /users", JSON, b"").await,
        "method_not_allowed" => app.ask("PUT /users", "", b"").await,
        "not_found" => app.ask("GET /docs/nothing", "", b"").await,
        "overloaded" => overloaded().await,
        "provider_unknown" => app.ask("GET /auth/oauth/nobody", "", b"").await,
        "rate_limited" => {
            let one = RateLimits::none().per_client(Budget::Register, Rate::per_minute(1));
            let slow = app.another(|builder| builder.rate_limits(one)).await;
            slow.post("/users", registration.clone()).await.expect(201);
            slow.post("/users", registration).await
        }
        "reauthentication_required" => {
            let tokens = app.passwordless(ANN).await;
            app.advance(600);
            let access = app.refresh(&tokens.refresh).await.tokens().access;
            let body = json!({"new_password": PASSWORD});
            app.send("POST /users/me/password", &access, body).await
        }
        "refresh_token_reused" => {
            let tokens = app.join(ANN).await;
            app.refresh(&tokens.refresh).await.expect(200);
            app.advance(60);
            app.refresh(&tokens.refresh).await
        }
        "refused" => {
            let refusing = app.another(|builder| builder.hooks(Refusing)).await;
            refusing.post("/users", registration).await
        }
        "registration_closed" => {
            let closed = app
                .another(|builder| builder.registration(RegistrationMode::Closed))
                .await;
            closed.post("/users", registration).await
        }
        "session_not_found" => {
            let access = app.join(ANN).await.access;
            app.send("DELETE /users/me/sessions/x", &access, json!({}))
                .await
        }
        "too_many_attempts" => {
            let strict = app
                .another(|builder| builder.lockout(Lockout::default()))
                .await;
            for _ in 0..5 {
                strict.try_login(ANN, PASSWORD).await.expect(401);
            }
            strict.try_login(ANN, PASSWORD).await
        }
        "unauthenticated" => app.ask("GET /users/me", "", b"").await,
        "unavailable" => {
            let hurried = app
                .another(|builder| builder.request_timeout(std::time::Duration::from_nanos(1)))
                .await;
            // The body of the request is never sent.
            let head =
                "POST /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n";
            hurried.raw(head.as_bytes()).await
        }
        "unsupported_media_type" => app.ask("POST /users", "", b"{}").await,
        "user_not_found" => {
            let admin = app.administrator().await;
            app.get("/admin/users/x", &admin).await
        }
        "validation_failed" => app.post("/users", json!({})).await,
        "weak_password" => {
            let body = json!({"email": ANN, "password": "short"});
            app.post("/users", body).await
        }
        unknown => panic!("add a way to provoke `{unknown}`"),
    }
}

/// Another process with a provider.
async fn asking(app: &App) -> (FakeProvider, App) {
    let fake = FakeProvider::start().await;
    let asking = app.another(|builder| flow::asking(builder, &fake)).await;
    (fake, asking)
}

/// The codes that appear only in the query of a redirect.
async fn code_of_a_redirect(code: &str) -> String {
    let app = app_with(|builder| builder).await;
    let (fake, asking) = asking(&app).await;
    if code == "provider_failed" {
        fake.behave(|behaviour| behaviour.signing = Signing::Not);
    }
    let nobody = json!({"sub": "1"});
    let params = flow::arrive(&asking, &fake, nobody).await;
    params.unwrap_err()
}

/// Refuses with an invalid code, so that our own code is sent instead.
#[derive(Debug)]
struct Refusing;

#[async_trait::async_trait]
impl Hooks for Refusing {
    async fn before_registration(&self, _: &Applicant<'_>) -> Result<(), HookError> {
        Err(Refusal::new("No word", "No.").into())
    }
}

/// The password hash is one that somebody wrote into the database.
async fn unreadable() -> Reply {
    let databases = Database::migrated().await;
    let store = databases[0].store().await;
    let app = app_with(|builder| builder.store(store.clone())).await;
    app.register(ANN).await;
    let sql = "UPDATE auth_users SET password_hash = 'unreadable'";
    store.database().execute_unprepared(sql).await.unwrap();
    app.try_login(ANN, PASSWORD).await
}

async fn overloaded() -> Reply {
    use hallpass::credential::{HashParams, Hasher};

    let costly = HashParams::danger_weak(65_536, 6, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(0);
    let busy = app_with(|builder| unhurried(builder).hashing(hasher.clone())).await;
    let client = *busy;
    let replies = race(
        8,
        move |_| async move { client.try_login(ANN, PASSWORD).await },
    )
    .await;
    let turned_away = replies.into_iter().find(|reply| reply.status == 503);
    turned_away.expect("one permit for eight callers")
}
