//! A host's hooks: refusals, additions, arguments and failures.

mod deletion;
mod refresh;
mod takeover;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    Auth, AuthBuilder, ErrorKind, User,
    error::{BoxError, Refusal},
    event::{Author, ClientInfo, EventFilter, EventKind},
    hook::{Applicant, HookError, Hooks},
    store::Store,
    token::SessionId,
    user::{UserChange, UserQuery},
};
use serde_json::{Map, Value, json};

use crate::support::{
    app::{App, app_with, apps_with},
    http::{PASSWORD, Reply},
    patience::PATIENCE,
};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

/// The action that a hook takes at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Fail,
    Hang,
    Panic,
    Refuse,
}

const FAULTS: [(Act, u16, &str); 3] = [
    (Act::Fail, 503, "unavailable"),
    (Act::Hang, 503, "unavailable"),
    (Act::Panic, 500, "internal"),
];

/// Records its calls, and acts as configured. Clones share both the record and the actions.
#[derive(Clone, Debug, Default)]
struct Script {
    name: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
    act: Arc<Mutex<Option<(&'static str, Act)>>>,
    claims: Arc<Mutex<Map<String, Value>>>,
}

impl Script {
    fn new() -> Self {
        Self::default()
    }

    /// Another hook that records to the same list.
    fn beside(&self, name: &'static str) -> Self {
        Self {
            name,
            seen: Arc::clone(&self.seen),
            ..Self::default()
        }
    }

    fn at(&self, moment: &'static str, act: Act) {
        *self.act.lock().unwrap() = Some((moment, act));
    }

    fn pass(&self) {
        *self.act.lock().unwrap() = None;
    }

    fn claim(&self, claims: &Value) {
        *self.claims.lock().unwrap() = claims.as_object().unwrap().clone();
    }

    /// The calls since the last check.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    async fn play(&self, moment: &'static str, about: &str) -> Result<(), HookError> {
        let line = format!("{}{moment} {about}", self.name);
        self.seen.lock().unwrap().push(line);
        let act = *self.act.lock().unwrap();
        match act.filter(|(at, _)| *at == moment).map(|(_, act)| act) {
            None => Ok(()),
            Some(Act::Fail) => Err(HookError::failed("the directory is unreachable")),
            Some(Act::Hang) => std::future::pending().await,
            Some(Act::Panic) => panic!("a hook of the tests panics"),
            Some(Act::Refuse) => Err(Refusal::new("over_quota", "The team is full.").into()),
        }
    }

    async fn react(&self, moment: &'static str, about: &str) -> Result<(), BoxError> {
        let played = self.play(moment, about).await;
        played.map_err(|error| format!("{error:?}").into())
    }
}

#[async_trait]
impl Hooks for Script {
    async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<(), HookError> {
        assert!(applicant.client.request_id.is_some());
        let about = format!("{} {:?}", applicant.email, applicant.display_name);
        self.play("before_registration", &about).await
    }

    async fn after_registration(&self, user: &User) -> Result<(), BoxError> {
        self.react("after_registration", user.email.as_str()).await
    }

    async fn before_sign_in(&self, user: &User, client: &ClientInfo) -> Result<(), HookError> {
        assert!(client.request_id.is_some());
        self.play("before_sign_in", user.email.as_str()).await
    }

    async fn after_factor_change(&self, user: &User) -> Result<(), BoxError> {
        self.react("after_factor_change", user.email.as_str()).await
    }

    async fn after_sign_in(&self, user: &User, session: SessionId) -> Result<(), BoxError> {
        let about = format!("{} {session}", user.email);
        self.react("after_sign_in", &about).await
    }

    async fn access_token_claims(
        &self,
        user: &User,
        _: SessionId,
    ) -> Result<Map<String, Value>, BoxError> {
        self.react("access_token_claims", user.email.as_str())
            .await?;
        Ok(self.claims.lock().unwrap().clone())
    }

    async fn after_password_change(&self, user: &User) -> Result<(), BoxError> {
        self.react("after_password_change", user.email.as_str())
            .await
    }

    async fn after_takeover(&self, user: &User) -> Result<(), BoxError> {
        let about = format!("{} {}", user.email, user.email_verified_at.is_some());
        self.react("after_takeover", &about).await
    }

    async fn before_deletion(&self, user: &User) -> Result<(), HookError> {
        self.play("before_deletion", user.email.as_str()).await
    }

    async fn after_deletion(&self, user: &User) -> Result<(), BoxError> {
        self.react("after_deletion", user.email.as_str()).await
    }
}

fn hooked(script: &Script) -> impl Fn(AuthBuilder) -> AuthBuilder {
    let script = script.clone();
    move |builder| {
        builder
            .hooks(script.clone())
            .hook_timeout(Duration::from_millis(200))
    }
}

async fn register(app: &App, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    app.post("/users", body).await
}

async fn accounts(app: &App) -> usize {
    let page = app.auth.list_users(&UserQuery::default()).await;
    page.unwrap().items.len()
}

async fn sessions(app: &App) -> usize {
    let filter = EventFilter {
        kind: Some(EventKind::SignedIn),
        ..EventFilter::default()
    };
    let opened = app.store().list_events(&filter, None, 200).await;
    opened.unwrap().len()
}

fn claims(app: &App, access: &str) -> Value {
    let caller = app.auth.verify(&access.into()).unwrap();
    Value::Object(caller.claims().clone())
}

#[tokio::test]
async fn a_registration_is_refused_with_a_code_and_a_text_of_the_host() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.pass();
        app.register(BOB).await;
        script.at("before_registration", Act::Refuse);
        // Taken and free addresses get the same answer.
        let replies = [register(&app, ANN).await, register(&app, BOB).await];
        let [free, taken] = replies.map(Reply::timeless);
        assert_eq!(free, taken);
        let problem = register(&app, ANN).await.problem(422, "over_quota").json();
        assert_eq!(problem["detail"], "The team is full.");
        assert_eq!(problem["title"], "Refused");
        assert_eq!(accounts(&app).await, 1);
        script.pass();
        app.join(ANN).await;
    }
}

#[tokio::test]
async fn a_hook_sees_the_given_input_after_the_policy() {
    let script = Script::new();
    let app = app_with(hooked(&script)).await;
    let body = json!({"email": "Ann@Example.org", "password": PASSWORD, "display_name": "Ann"});
    app.post("/users", body).await.expect(201);
    app.auth.finish_hooks().await;
    assert_eq!(
        script.seen(),
        [
            r#"before_registration Ann@Example.org Some("Ann")"#,
            "after_registration Ann@Example.org"
        ]
    );
    let body = json!({"email": BOB, "password": "short"});
    app.post("/users", body).await.problem(422, "weak_password");
    let body = json!({"email": BOB, "password": PASSWORD, "display_name": "\u{7}"});
    app.post("/users", body).await.expect(422);
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_sign_in_is_refused_after_the_right_password_only() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.pass();
        app.register(ANN).await;
        app.auth.finish_hooks().await;
        script.seen();
        script.at("before_sign_in", Act::Refuse);
        for (email, password) in [(ANN, "not the password"), (BOB, PASSWORD)] {
            app.try_login(email, password)
                .await
                .problem(401, "invalid_credentials");
        }
        assert!(script.seen().is_empty());
        app.advance(1);
        app.try_login(ANN, PASSWORD)
            .await
            .problem(422, "over_quota");
        assert_eq!(script.seen(), [format!("before_sign_in {ANN}")]);
        assert_eq!(sessions(&app).await, 0);
        let filter = EventFilter {
            kind: Some(EventKind::SignInFailed),
            ..EventFilter::default()
        };
        let failed = app.store().list_events(&filter, None, 1).await.unwrap();
        let about = app
            .store()
            .credentials(&ANN.parse().unwrap())
            .await
            .unwrap();
        assert_eq!(failed[0].user_id, about.map(|found| found.user.id));
        assert_eq!(failed[0].detail["reason"], "refused_by_application");
        assert_eq!(failed[0].detail["code"], "over_quota");
        script.pass();
        app.login(ANN).await;
        assert_eq!(sessions(&app).await, 1);
    }
}

#[tokio::test]
async fn after_hooks_get_the_session_and_the_user() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        let ann = app.register(ANN).await;
        app.set_verified(ann["id"].as_str().unwrap()).await;
        app.auth.finish_hooks().await;
        script.seen();
        let tokens = app.login(ANN).await;
        app.auth.finish_hooks().await;
        assert_eq!(
            script.seen(),
            [
                format!("before_sign_in {ANN}"),
                format!("access_token_claims {ANN}"),
                format!("after_sign_in {ANN} {}", tokens.session)
            ]
        );
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another passphrase").await.expect(204);
        app.reset(&token, "another passphrase").await.expect(400);
        app.auth.finish_hooks().await;
        assert_eq!(script.seen(), [format!("after_password_change {ANN}")]);
    }
}

#[tokio::test]
async fn hooks_run_in_the_order_in_which_they_were_given() {
    let one = Script::new();
    let two = one.beside("2 ");
    let app = app_with(|builder| hooked(&two)(hooked(&one)(builder))).await;
    one.claim(&json!({"first": 1, "both": 1}));
    two.claim(&json!({"second": 2, "both": 2}));
    app.register(ANN).await;
    app.auth.finish_hooks().await;
    assert_eq!(
        one.seen(),
        [
            format!("before_registration {ANN} None"),
            format!("2 before_registration {ANN} None"),
            format!("after_registration {ANN}"),
            format!("2 after_registration {ANN}"),
        ]
    );
    let access = app.login(ANN).await.access;
    assert_eq!(
        claims(&app, &access),
        json!({"first": 1, "second": 2, "both": 2})
    );
    app.auth.finish_hooks().await;
    one.seen();
    one.at("before_registration", Act::Refuse);
    register(&app, BOB).await.problem(422, "over_quota");
    assert_eq!(one.seen(), [format!("before_registration {BOB} None")]);
}

#[tokio::test]
async fn claims_of_hooks_are_in_tokens_and_never_replace_ours() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        script.claim(&json!({
            "tenant": "acme", "plan": {"seats": 3},
            "iss": "https://evil.example", "sub": "x", "aud": "x", "exp": 9_000_000_000_i64, "iat": 0, "nbf": 0,
            "jti": "x", "sid": "x", "roles": ["admin"], "permissions": ["everything"], "client_id": "x", "scope": "everything",
            "org": "x", "act": {"sub": "x"}, "cnf": {"jkt": "x"}, "auth_time": 9_000_000_000_i64, "amr": ["mfa"],
            "acr": "urn:hallpass:aal2",
        }));
        let ours = json!({"tenant": "acme", "plan": {"seats": 3}});
        let first = app.login(ANN).await;
        assert_eq!(claims(&app, &first.access), ours);
        let caller = app.auth.verify(&first.access.as_str().into()).unwrap();
        assert_eq!(caller.id().to_string(), id);
        assert_eq!(caller.session_id().to_string(), first.session);
        assert_eq!(caller.roles().to_string(), "user");
        assert_eq!(
            (caller.expires_at() - caller.issued_at()).num_seconds(),
            600
        );
        app.me(&first.access).await.expect(200);
        script.claim(&json!({"tenant": "other"}));
        let next = app.refresh(&first.refresh).await.tokens();
        assert_eq!(claims(&app, &next.access), json!({"tenant": "other"}));
        script.claim(&json!({}));
    }
}

#[tokio::test]
async fn a_hook_that_fails_panics_or_hangs_prevents_the_call() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.pass();
        app.register(ANN).await;
        for (act, status, code) in FAULTS {
            script.at("before_registration", act);
            let [free, taken] = [register(&app, BOB).await, register(&app, ANN).await];
            let free = free.problem(status, code);
            assert!(!free.text().contains("directory"), "{free:?}");
            assert_eq!(free.timeless(), taken.timeless());
            for moment in ["before_sign_in", "access_token_claims"] {
                script.at(moment, act);
                app.try_login(ANN, PASSWORD).await.problem(status, code);
            }
        }
        assert_eq!((accounts(&app).await, sessions(&app).await), (1, 0));
        script.pass();
        app.login(ANN).await;
        app.join(BOB).await;
    }
}

#[tokio::test]
async fn a_fault_in_an_after_hook_stops_no_other_hook() {
    let one = Script::new();
    let two = one.beside("2 ");
    for app in apps_with(|builder| hooked(&two)(hooked(&one)(builder))).await {
        for (index, (act, ..)) in FAULTS.into_iter().enumerate() {
            let email = format!("{index}@example.org");
            one.at("after_registration", act);
            app.register(&email).await;
            app.auth.finish_hooks().await;
            let called = |line: &String| *line == format!("2 after_registration {email}");
            assert!(one.seen().iter().any(called), "{act:?}");
            one.at("after_sign_in", act);
            let tokens = app.login(&email).await;
            app.me(&tokens.access).await.expect(200);
            app.auth.finish_hooks().await;
            let called = |line: &String| line.starts_with("2 after_sign_in");
            assert!(one.seen().iter().any(called), "{act:?}");
            one.at("after_password_change", act);
            let token = app.reset_token(&email).await;
            app.reset(&token, "another passphrase").await.expect(204);
            app.try_login(&email, "another passphrase")
                .await
                .expect(200);
        }
    }
}

#[tokio::test]
async fn a_reply_does_not_wait_for_after_hooks() {
    let script = Script::new();
    let app = app_with(|builder| {
        let builder = builder.request_timeout(10 * PATIENCE);
        builder.hooks(script.clone()).hook_timeout(5 * PATIENCE)
    })
    .await;
    script.at("after_registration", Act::Hang);
    // The call does not wait for the hooks after it.
    assert_eq!(app.register(ANN).await["email"], ANN);
    let finished = tokio::time::timeout(Duration::from_millis(50), app.auth.finish_hooks()).await;
    assert!(finished.is_err(), "the hook is still running");
}

#[tokio::test]
async fn a_token_that_would_be_too_long_opens_no_session() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.claim(&json!({}));
        let tokens = app.join(ANN).await;
        script.claim(&json!({"note": "x".repeat(8 * 1024)}));
        app.try_login(ANN, PASSWORD).await.problem(500, "internal");
        app.refresh(&tokens.refresh).await.problem(500, "internal");
        assert_eq!(sessions(&app).await, 1);
        app.advance(3600);
        script.claim(&json!({"note": "x"}));
        let next = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(next.session, tokens.session);
    }
}

/// Gives every user a role while they sign in.
#[derive(Debug)]
struct Promoting(Arc<dyn Store>);

#[async_trait]
impl Hooks for Promoting {
    async fn access_token_claims(
        &self,
        user: &User,
        _: SessionId,
    ) -> Result<Map<String, Value>, BoxError> {
        let change = UserChange {
            roles: Some("editor user".parse()?),
            ..UserChange::default()
        };
        let author = Author::default();
        self.0
            .update_user(user.id, &change, None, &author, user.created_at)
            .await?;
        Ok(Map::new())
    }
}

#[tokio::test]
async fn roles_that_change_during_a_sign_in_are_in_its_token() {
    for app in apps_with(|builder| builder).await {
        app.register(ANN).await;
        let promoting = app
            .another(|builder| builder.hooks(Promoting(app.store())))
            .await;
        let access = promoting.login(ANN).await.access;
        let caller = app.auth.verify(&access.as_str().into()).unwrap();
        assert_eq!(caller.roles().to_string(), "editor user");
    }
}

#[tokio::test]
async fn an_account_created_at_start_calls_after_hooks_only() {
    let script = Script::new();
    let app = app_with(hooked(&script)).await;
    script.at("before_registration", Act::Refuse);
    let email: hallpass::user::EmailAddress = ANN.parse().unwrap();
    let password = PASSWORD.into();
    let made = app.auth.ensure_administrator(email.clone(), &password);
    assert!(made.await.unwrap().is_some());
    let again = app.auth.ensure_administrator(email, &password).await;
    assert!(again.unwrap().is_none());
    app.auth.finish_hooks().await;
    assert_eq!(script.seen(), [format!("after_registration {ANN}")]);
}

#[tokio::test]
async fn hooks_have_less_time_than_the_request() {
    let build = |hooks: u64| {
        let mailbox = hallpass::mail::Mailbox::new();
        let builder = Auth::builder()
            .store(hallpass::memory::MemoryStore::new())
            .secrets(hallpass::secret::Secret::generate())
            .public_url("https://id.example.org")
            .mailer(mailbox)
            .request_timeout(Duration::from_secs(4));
        let built = builder.hook_timeout(Duration::from_secs(hooks)).build();
        built.map_err(|error| error.kind())
    };
    assert!(build(2).is_ok());
    for seconds in [0, 3] {
        assert_eq!(build(seconds).unwrap_err(), ErrorKind::Configuration);
    }
}
