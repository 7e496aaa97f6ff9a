//! Every endpoint on axum and actix: the replies are identical and documented.
//!
//! The endpoints come from the table, and the bodies from their schemas. A new endpoint needs a change here only if no
//! value in [`Known`] fits.

mod second_factor;

use std::{sync::Arc, time::Duration};

use hallpass::{
    clock::ManualClock, http::Endpoint, limit::Lockout, second_factor::SecondFactorPolicy,
    secret::Secret,
};
use serde_json::{Map, Value, json};

use self::second_factor::{SecondFactor, second_factor};
use crate::{
    oauth::flow,
    support::{
        app::{App, Framework, link_token, token_in},
        db::TestStore,
        http::{JSON, PASSWORD, Reply, members_of, request},
        provider::FakeProvider,
    },
};

const ROOT: &str = "root@example.org";

/// Two services that differ only in the framework, and their random values.
struct Twins {
    axum: App,
    actix: App,
    clock: ManualClock,
    provider: FakeProvider,
    document: Value,
}

/// The values for the requests of one twin.
struct Known {
    target: String,
    /// A mail in the outbox.
    mail: String,
    access: String,
    refresh: String,
    token: String,
    session: String,
    fresh: String,
    /// The code of a flow with a provider.
    code: String,
    identity: String,
    second_factor: SecondFactor,
    /// The query and headers for an endpoint without a body.
    visit: Option<(String, String)>,
}

#[tokio::test]
async fn every_row_answers_alike_and_as_documented_on_axum_and_actix() {
    let twins = Twins::start().await;
    let endpoints = twins.axum.auth.endpoints().with_docs();
    let mut asked = 0;
    for (index, row) in endpoints.iter().enumerate() {
        twins.clock.advance(Duration::from_secs(1));
        let mut made = [
            twins.known(&twins.axum, index, row.path()).await,
            twins.known(&twins.actix, index, row.path()).await,
        ]
        .map(|known| requests(row, &twins.document, &known).into_iter());
        let mut succeeded = false;
        while let [Some(axum), Some(actix)] = [made[0].next(), made[1].next()] {
            let reply = twins.ask(&axum, &actix).await;
            succeeded |= twins.is_documented(row, &axum, &reply);
            asked += 1;
        }
        let name = format!("{} {}", row.method(), row.path());
        assert!(succeeded, "no request to {name} succeeded");
    }
    assert!(asked > 500, "{asked}");
}

#[tokio::test]
async fn unknown_paths_are_answered_alike() {
    let twins = Twins::start().await;
    for path in [
        "/",
        "/nothing",
        "/users/",
        "//users",
        "/auth",
        "/admin/users/x/y",
        "/%",
        "/docs/a/b",
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            let bytes = request(&format!("{method} {path}"), "X-Request-Id: t\r\n", b"");
            let reply = twins.ask(&bytes, &bytes).await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
    }
}

impl Twins {
    async fn start() -> Self {
        let (secret, clock) = (Secret::generate(), ManualClock::new());
        let provider = FakeProvider::start().await;
        provider.follow(&clock);
        let start = async |framework| {
            let store = Arc::new(TestStore::memory());
            let set = |builder: hallpass::AuthBuilder| {
                let builder = builder.lockout(Lockout::default());
                let builder = builder.secrets(secret.clone()).clock(clock.clone());
                let enrolling = "enrolling".parse().unwrap();
                let builder = builder.second_factor(SecondFactorPolicy::roles([enrolling]));
                flow::asking(builder, &provider)
            };
            let app = App::start(store, framework, set).await;
            let spare = "spare@example.org".parse().unwrap();
            let password = PASSWORD.into();
            let made = app.auth.ensure_administrator(spare, &password);
            made.await.unwrap();
            app
        };
        let axum = start(Framework::Axum).await;
        let actix = start(Framework::Actix).await;
        let document = axum.ask("GET /openapi.json", "", b"").await.json();
        Self {
            axum,
            actix,
            clock,
            provider,
            document,
        }
    }

    async fn known(&self, app: &App, index: usize, path: &str) -> Known {
        // An earlier request may have deleted the administrator.
        app.administrator().await;
        app.forgot(ROOT).await;
        let tokens = app.login(ROOT).await;
        let email = format!("target{index}@example.org");
        let target = app.register(&email).await;
        app.deliver().await;
        let token = match path {
            "/auth/verify-email" => {
                let letter = app.letter(&email, "/verify-email?");
                link_token(&letter, "verify-email")
            }
            "/auth/confirm-email-change" => change_token(app, &email).await,
            "/auth/secure-account" => {
                change_token(app, &email).await;
                let letter = app.letter(&email, "/secure-account?");
                link_token(&letter, "secure-account")
            }
            "/auth/unlock" => unlock_token(app, &email).await,
            _ => token_in(&app.letter(ROOT, "/reset-password?")),
        };
        app.forgot("nobody@example.org").await;
        let waiting = app.get("/admin/mail?limit=1", &tokens.access).await;
        let waiting = waiting.expect(200).json();
        let claims = flow::person(&format!("root{index}"), ROOT);
        let visit = match path {
            "/auth/oauth/{provider}" => Some((flow::start_path(&[]), String::new())),
            "/auth/oauth/{provider}/callback" => {
                let tab = flow::begin(app, &[]).await;
                let query = self.provider.approve(&tab.location, &claims);
                let line = format!("/auth/oauth/idp/callback?{query}");
                Some((line, format!("Cookie: {}\r\n", tab.cookie)))
            }
            _ => None,
        };
        let code = match path {
            "/auth/oauth/token" => self.arrive(app, &claims, &[]).await,
            "/users/me/identities" => self.arrive(app, &claims, &[("intent", "link")]).await,
            _ => "x".to_owned(),
        };
        let identity = match path {
            "/users/me/identities/{id}" => {
                let code = self.arrive(app, &claims, &[("intent", "link")]).await;
                let body = json!({"code": code, "code_verifier": flow::VERIFIER});
                let linked = app.send("POST /users/me/identities", &tokens.access, body);
                let linked = linked.await.expect(201).json();
                linked["id"].as_str().unwrap().to_owned()
            }
            _ => "x".to_owned(),
        };
        let second_factor = second_factor(app, &self.clock, &tokens.access, &email, path).await;
        Known {
            code,
            identity,
            visit,
            mail: waiting["items"][0]["id"].as_str().unwrap().to_owned(),
            target: target["id"].as_str().unwrap().to_owned(),
            access: second_factor.access.clone().unwrap_or(tokens.access),
            second_factor,
            refresh: tokens.refresh,
            session: tokens.session,
            token,
            fresh: format!("fresh{index}@example.org"),
        }
    }

    /// Runs a flow up to its code.
    async fn arrive(&self, app: &App, claims: &Value, changed: &[(&str, &str)]) -> String {
        let tab = flow::begin(app, changed).await;
        let query = self.provider.approve(&tab.location, claims);
        let landed = flow::landed(flow::come_back(app, &tab, &query).await);
        landed["code"].clone()
    }

    /// Sends each twin its request, and checks that both answer alike.
    async fn ask(&self, axum: &[u8], actix: &[u8]) -> Reply {
        // The order of newer rows depends on their time.
        self.clock.advance(Duration::from_millis(2));
        let (one, other) = (self.axum.raw(axum).await, self.actix.raw(actix).await);
        assert_eq!(masked(one.clone()), masked(other), "{}", shown(axum));
        one
    }

    /// Whether the reply is a success. Checks that the document has this reply of the endpoint.
    fn is_documented(&self, row: &Endpoint, asked: &[u8], reply: &Reply) -> bool {
        let asked = shown(asked);
        let path = row.path();
        let is_other = [404, 405].contains(&reply.status);
        if !asked.starts_with(&format!("{} ", row.method())) || is_other {
            // The request has another method or path, which may belong to another endpoint.
            return false;
        }
        let method = row.method().as_str().to_ascii_lowercase();
        let replies = &self.document["paths"][path][method]["responses"];
        let documented = &replies[reply.status.to_string()];
        assert!(documented.is_object(), "{}: {asked}", reply.status);
        if reply.status >= 400 {
            let problem = &documented["content"]["application/problem+json"]["schema"]["allOf"];
            let code = &problem[1]["properties"]["code"];
            // The documented codes, apart from the host's own.
            let ours = code.get("enum").unwrap_or(&code["examples"]);
            let codes = ours.as_array().expect("the codes are listed");
            assert!(codes.contains(&reply.json()["code"]), "{asked}");
            return false;
        }
        let schema = &documented["content"]["application/json"]["schema"];
        let schema = self.resolved(schema);
        if let Some(properties) = schema["properties"].as_object() {
            let json = reply.json();
            let found = members_of(&json);
            let unknown = found.iter().find(|name| !properties.contains_key(**name));
            assert_eq!(unknown, None, "{asked}");
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.flat_map(Value::as_str) {
                assert!(found.contains(&name), "{asked}: {name}");
            }
        }
        true
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolved(&self.document, schema)
    }
}

/// Requests another address and returns the mailed token.
async fn change_token(app: &App, email: &str) -> String {
    let access = app.login(email).await.access;
    let new = format!("new-{email}");
    let body = json!({"new_email": new, "current_password": PASSWORD});
    let asked = app.send("POST /users/me/email", &access, body);
    asked.await.expect(202);
    app.deliver().await;
    let letter = app.letter(&new, "/confirm-email-change?");
    link_token(&letter, "confirm-email-change")
}

/// Locks the sign-in and returns the mailed token.
async fn unlock_token(app: &App, email: &str) -> String {
    for _ in 0..5 {
        let reply = app.try_login(email, "a wrong password").await;
        reply.expect(401);
    }
    app.deliver().await;
    link_token(&app.letter(email, "/unlock?"), "unlock")
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(&name[1..]).expect("the schema is there"),
        None => schema,
    }
}

/// The same requests for each twin, in the same order.
fn requests(row: &Endpoint, document: &Value, known: &Known) -> Vec<Vec<u8>> {
    let path = row
        .path()
        .replace("{file}", "start.js")
        .replace(
            "/admin/users/{id}",
            &format!("/admin/users/{}", known.target),
        )
        .replace("sessions/{id}", &format!("sessions/{}", known.session))
        .replace("identities/{id}", &format!("identities/{}", known.identity))
        .replace("{provider}", "idp")
        .replace(
            "devices/{id}",
            &format!("devices/{}", known.second_factor.device),
        )
        .replace("totp/{id}", &format!("totp/{}", known.second_factor.factor))
        .replace(
            "factors/{id}",
            &format!("factors/{}", known.second_factor.factor),
        )
        .replace("/admin/mail/{id}", &format!("/admin/mail/{}", known.mail))
        .replace(['{', '}'], "");
    let line = format!("{} {path}", row.method());
    let bearer = format!("Authorization: Bearer {}\r\n", known.access);
    let id = "X-Request-Id: t\r\n";
    let signed = format!("{id}{bearer}{JSON}");
    let anonymous = format!("{id}{JSON}");
    let mut made = Vec::new();
    let mut add = |line: &str, headers: &str, body: &[u8]| {
        made.push(request(line, headers, body));
    };

    if let Some((target, headers)) = &known.visit {
        let visit = format!("{} {target}", row.method());
        add(&visit, &format!("{id}{headers}"), b"");
    }
    for body in bodies(row, document, known) {
        add(&line, &anonymous, &body);
    }
    for headers in [
        format!("{id}{bearer}{bearer}"),
        format!("{id}Authorization: Basic eDp5\r\n"),
        format!("{id}Authorization: Bearer\r\n"),
        format!("{id}Authorization: Bearer x.y.z\r\n"),
        format!("{id}Authorization: Bearer {}\r\n", known.refresh),
        id.to_owned(),
        format!("{id}Content-Type: text/plain\r\n"),
        format!("{anonymous}{JSON}"),
        format!("{anonymous}Content-Encoding: gzip\r\n"),
        format!("{anonymous}Expect: nothing\r\n"),
    ] {
        add(&line, &headers, b"{}");
    }
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get",
    ];
    for method in methods {
        // The endpoint's own method is covered above and below.
        if method != row.method().as_str() {
            add(&format!("{method} {path}"), &anonymous, b"{}");
            add(&format!("{method} {path}"), id, b"");
        }
    }
    let encoded = format!("/%{:x}{}", path.as_bytes()[1], &path[2..]);
    for other in [
        format!("{path}/"),
        format!("/{path}"),
        format!("{path}%00"),
        format!("{path}%2F"),
        encoded,
        path.to_ascii_uppercase(),
        format!("{path}?"),
        format!("{path}?x=%ff&=&&x=1&x=2"),
        format!("{path}?limit=0"),
        format!("{path}?limit=1&limit=2"),
        format!("http://elsewhere{path}"),
    ] {
        add(&format!("{} {other}", row.method()), &signed, b"");
    }
    // The valid body comes last, because it may end the session.
    for body in bodies(row, document, known) {
        add(&line, &signed, &body);
    }
    made
}

/// Valid bodies first, then all others.
fn bodies(row: &Endpoint, document: &Value, known: &Known) -> Vec<Vec<u8>> {
    let method = row.method().as_str().to_ascii_lowercase();
    let body = &document["paths"][row.path()][method]["requestBody"];
    let schema = resolved(document, &body["content"]["application/json"]["schema"]);
    let members = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let with = |email: &str| -> Map<String, Value> {
        let value = |name: &String| match name.as_str() {
            "email" | "new_email" => json!(email),
            "email_verified" => json!(true),
            "password" | "current_password" | "new_password" => json!(PASSWORD),
            "refresh_token" => json!(known.refresh),
            "roles" => json!(["user"]),
            "status" => json!("active"),
            "token" => json!(known.token),
            "code" => json!(known.code),
            "code_verifier" => json!(flow::VERIFIER),
            "ticket" => json!(known.second_factor.ticket),
            "totp" => json!(known.second_factor.totp),
            "remember_device" => json!(true),
            _ => json!("x"),
        };
        let names = members.keys();
        names.map(|name| (name.clone(), value(name))).collect()
    };
    // A body shows one credential.
    let showing = |shown: &str| {
        let mut body = with(ROOT);
        body.retain(|name, _| {
            let is_other = ["password", "recovery_code", "totp"].contains(&name.as_str());
            name == shown || !is_other || !members.contains_key("totp")
        });
        json!(body).to_string()
    };
    let mut all = vec![
        showing("totp"),
        showing("password"),
        json!(with(ROOT)).to_string(),
        json!(with(&known.fresh)).to_string(),
        json!(with("nobody@example.org")).to_string(),
    ];
    let mut unknown = with(ROOT);
    unknown.insert("roles".to_owned(), json!(["admin"]));
    all.push(json!(unknown).to_string());
    for wrong in [json!(null), json!(7), json!([]), json!("\0"), json!("")] {
        for name in members.keys() {
            let mut body = with(ROOT);
            body.insert(name.clone(), wrong.clone());
            all.push(json!(body).to_string());
        }
    }
    let twice = members.keys().next().cloned().unwrap_or_default();
    all.push(format!("{{\"{twice}\":\"a\",\"{twice}\":\"b\"}}"));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    all.push(deep);
    all.push(format!("{{}}{}", " ".repeat(17 * 1024)));
    for text in ["", "{}", "[]", "null", "{", "{}{}", "{\"a\":\"\\ud800\"}"] {
        all.push(text.to_owned());
    }
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    all.push(b"{\"a\":\"\xff\"}".to_vec());
    all
}

/// The reply without the parts that differ by server, and with a star for each random value.
fn masked(mut reply: Reply) -> Reply {
    reply
        .headers
        .retain(|(name, _)| !matches!(name.as_str(), "date" | "connection" | "content-length"));
    reply.headers.sort();
    let cookie = reply
        .headers
        .iter_mut()
        .find(|(name, _)| name == "set-cookie");
    if let Some((_, cookie)) = cookie {
        let (token, attributes) = cookie.split_once(';').expect("attributes");
        let (name, value) = token.split_once('=').expect("a value");
        match name.strip_prefix("__Host-hallpass_oauth_") {
            Some(flow) => assert_eq!(flow.len(), 16),
            None => assert!(name == "__Host-hallpass_device" && value.starts_with("hp_dt_")),
        }
        *cookie = format!("*;{attributes}");
    }
    let location = reply
        .headers
        .iter_mut()
        .find(|(name, _)| name == "location");
    if let Some((_, location)) = location {
        mask_parameters(location);
    }
    let Ok(json) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    let mut random = Vec::new();
    find_random(&json, &mut random);
    // A short value may be part of a longer one.
    random.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = reply.text().to_owned();
    for value in random {
        text = text.replace(value, "*");
        for (_, header) in &mut reply.headers {
            *header = header.replace(value, "*");
        }
    }
    reply.body = text.into_bytes();
    reply
}

/// The random values of a query.
fn mask_parameters(location: &mut String) {
    let Some((base, query)) = location.split_once('?') else {
        return;
    };
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if value.len() == 43 => format!("{name}=*"),
        _ => pair.to_owned(),
    });
    *location = format!("{base}?{}", masked.collect::<Vec<_>>().join("&"));
}

fn find_random<'a>(json: &'a Value, found: &mut Vec<&'a str>) {
    const RANDOM: [&str; 11] = [
        "access_token",
        "actor_id",
        "id",
        "next_cursor",
        "otpauth_uri",
        "refresh_token",
        "request_id",
        "secret",
        "session_id",
        "ticket",
        "user_id",
    ];
    match json {
        Value::Array(items) => items.iter().for_each(|item| find_random(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "recovery_codes" {
                    let codes = value.as_array().into_iter().flatten();
                    found.extend(codes.flat_map(Value::as_str));
                }
                match value.as_str() {
                    Some(text) if RANDOM.contains(&name.as_str()) => found.push(text),
                    _ => find_random(value, found),
                }
            }
        }
        _ => {}
    }
}

fn shown(request: &[u8]) -> String {
    String::from_utf8_lossy(&request[..request.len().min(400)]).into_owned()
}
