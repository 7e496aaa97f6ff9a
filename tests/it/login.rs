//! `POST /auth/login`.

use std::sync::Arc;

use chrono::DateTime;
use hallpass::{
    ErrorKind, UserId,
    credential::{HashParams, Hasher},
    secret::PasswordHash,
    user::{InsertUser, NewUser, Role, UserStatus},
};
use serde_json::json;

use crate::support::{
    app::{App, Framework, app_with, apps, apps_with, patient, race, unhurried},
    db::{Database, TestStore},
    http::{JSON, PASSWORD, members_of},
};

const FRAMEWORKS: [Framework; 2] = [Framework::Actix, Framework::Axum];

#[tokio::test]
async fn logging_in_answers_a_pair_as_documented() {
    for app in apps().await {
        app.register("ann@example.org").await;
        app.advance(60);
        let reply = app.try_login("ANN@example.org", PASSWORD).await.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let pair = reply.json();
        assert_eq!(
            members_of(&pair),
            [
                "access_token",
                "expires_in",
                "refresh_expires_in",
                "refresh_token",
                "session_id",
                "token_type"
            ]
        );
        assert_eq!(pair["token_type"], "Bearer");
        assert_eq!(pair["expires_in"], 600);
        assert_eq!(pair["refresh_expires_in"], 1_209_600);
        let tokens = reply.tokens();
        assert!(tokens.refresh.starts_with("hp_rt_"));
        let claims = app.auth.verify(&tokens.access.as_str().into()).unwrap();
        assert_eq!(claims.session_id().to_string(), tokens.session);

        let me = app.me(&tokens.access).await.expect(200).json();
        let last_login = me["last_login_at"].as_str().unwrap();
        assert_eq!(DateTime::parse_from_rfc3339(last_login).unwrap(), app.now());
        assert_eq!(me["updated_at"], me["created_at"]);
        // Each sign-in opens a session of its own.
        assert_ne!(app.login("ann@example.org").await.session, tokens.session);
    }
}

#[tokio::test]
async fn a_failed_login_reveals_nothing() {
    for app in apps().await {
        app.register("ann@example.org").await;
        let gone = app.register("gone@example.org").await;
        app.set_status(gone["id"].as_str().unwrap(), UserStatus::Disabled)
            .await;
        insert(&app, "bare@example.org", None).await;

        let known = app.try_login("ann@example.org", "wrong password").await;
        let known = known.problem(401, "invalid_credentials").timeless();
        for (email, password) in [
            ("nobody@example.org", PASSWORD),
            ("bare@example.org", PASSWORD),
            ("bare@example.org", ""),
            ("gone@example.org", "wrong password"),
            ("ann@example.org", ""),
            ("ann@example.org", "Correct horse battery staple"),
            ("ann@example.org", "correct horse battery staple "),
        ] {
            let reply = app.try_login(email, password).await;
            assert_eq!(reply.timeless(), known, "{email} {password}");
        }
    }
}

#[tokio::test]
async fn only_the_right_password_reveals_a_disabled_account() {
    for app in apps().await {
        let id = app.register("ann@example.org").await["id"].clone();
        app.set_status(id.as_str().unwrap(), UserStatus::Disabled)
            .await;
        let reply = app.try_login("ann@example.org", PASSWORD).await;
        reply.problem(403, "account_disabled");
        app.set_status(id.as_str().unwrap(), UserStatus::Active)
            .await;
        app.login("ann@example.org").await;
    }
}

#[tokio::test]
async fn an_impossible_password_is_refused_before_any_look_up() {
    for (database, framework) in Database::empty().await.into_iter().zip(FRAMEWORKS) {
        // There are no tables, so a look-up would be answered with 503.
        let store = database.store().await;
        let memory = Arc::new(TestStore::memory());
        let app = App::start(memory, framework, |builder| builder.store(store.clone()));
        let app = app.await;
        let wide = "\u{10348}".repeat(257);
        for (password, code) in [
            (&"x".repeat(257), "too_long"),
            (&"x".repeat(16_000), "too_long"),
            (&wide, "too_long"),
            (&format!("{PASSWORD}\0"), "control_character"),
        ] {
            for email in ["ann@example.org", "nobody@example.org"] {
                let reply = app.try_login(email, password).await;
                reply.violations("validation_failed", &[("/password", code)]);
            }
        }
        let reply = app.try_login("ann@example.org", PASSWORD).await;
        reply.problem(503, "unavailable");
    }
}

/// The example of the reference implementation: password `password`, salt `somesalt`.
#[tokio::test]
async fn a_user_imported_with_a_hash_signs_in() {
    let text =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for app in apps().await {
        let hash = PasswordHash::parse(text).unwrap();
        insert(&app, "ann@example.org", Some(hash)).await;
        app.try_login("ann@example.org", "password")
            .await
            .expect(200);
        let wrong = app.try_login("ann@example.org", PASSWORD).await;
        wrong.problem(401, "invalid_credentials");
    }
}

/// Such a hash would answer 500 at each sign-in, and thereby reveal the account.
#[tokio::test]
async fn a_hash_that_cannot_be_verified_is_not_stored() {
    for text in [
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "pbkdf2_sha256$870000$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
        "password",
        "",
    ] {
        let error = PasswordHash::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValidationFailed, "{text}");
        assert_eq!(error.violations()[0].pointer, "/password_hash");
        assert!(!format!("{error:?}").contains("c29t"), "{error:?}");
        assert!(text.parse::<PasswordHash>().is_err());
    }
}

#[tokio::test]
async fn a_password_is_rehashed_when_the_parameters_change() {
    let stored = async |app: &App| {
        let email = "ann@example.org".parse().unwrap();
        let found = app.store().credentials(&email).await.unwrap().unwrap();
        let hash = found.password_hash.unwrap().expose().to_owned();
        (hash, found.credential_version)
    };
    for app in apps().await {
        let session = app.join("ann@example.org").await;
        let (first, version) = stored(&app).await;
        app.login("ann@example.org").await;
        assert_eq!(stored(&app).await.0, first);

        let costlier = HashParams::danger_weak(16, 2, 1).unwrap();
        let other = app
            .another(|builder| builder.hashing(patient(costlier)))
            .await;
        let reply = other.try_login("ann@example.org", "wrong password").await;
        reply.problem(401, "invalid_credentials");
        assert_eq!(stored(&app).await.0, first);
        other.login("ann@example.org").await;
        let (second, later) = stored(&app).await;
        assert!(second.contains("m=16,t=2,p=1"), "{second}");
        assert_eq!(later, version, "a rehash ends no session");
        app.me(&session.access).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_sign_ins_that_rehash_all_succeed() {
    for app in apps_with(unhurried).await {
        app.join("ann@example.org").await;
        let costlier = HashParams::danger_weak(16, 2, 1).unwrap();
        let other = app
            .another(|builder| unhurried(builder).hashing(patient(costlier)))
            .await;
        let client = *other;
        let replies = race(16, move |_| async move {
            client.try_login("ann@example.org", PASSWORD).await
        })
        .await;
        for reply in replies {
            reply.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_beyond_the_queue_are_refused_at_once() {
    // A hash takes some hundred milliseconds, so that the others arrive during it.
    let costly = HashParams::danger_weak(65_536, 6, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(1);
    let app = app_with(|builder| unhurried(builder).hashing(hasher.clone())).await;
    let client = *app;
    let replies = race(12, move |_| async move {
        client.try_login("nobody@example.org", PASSWORD).await
    })
    .await;
    let (checked, turned_away): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 401);
    assert!(
        !checked.is_empty() && !turned_away.is_empty(),
        "{checked:?}"
    );
    for reply in turned_away {
        let reply = reply.problem(503, "overloaded");
        assert_eq!(reply.header("retry-after"), Some("2"));
    }
    // All permits were returned.
    let reply = app.try_login("nobody@example.org", PASSWORD).await;
    reply.problem(401, "invalid_credentials");
}

/// The session records its client, which is read from the database because the API does not list it yet.
#[tokio::test]
async fn a_session_records_its_client() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let db = store.database().clone();
        let app = app_with(|builder| builder.store(store.clone())).await;
        app.register("ann@example.org").await;
        let body = json!({"email": "ann@example.org", "password": PASSWORD}).to_string();
        let long = "x".repeat(300);
        for (agent, kept) in [
            ("", None),
            ("User-Agent: Zoë's browser\r\n", Some("Zoë's browser")),
            (&format!("User-Agent: {long}\r\n"), Some(&long[..255])),
        ] {
            let headers = format!(
                "{JSON}{agent}X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n"
            );
            let reply = app.ask("POST /auth/login", &headers, body.as_bytes()).await;
            let id: uuid::Uuid = reply.tokens().session.parse().unwrap();
            let (ip, found) = client_of(&db, id).await;
            assert_eq!(ip.as_deref(), Some("127.0.0.1"));
            assert_eq!(found.as_deref(), kept);
        }
    }
}

async fn client_of(
    db: &sea_orm::DatabaseConnection,
    session: uuid::Uuid,
) -> (Option<String>, Option<String>) {
    use sea_orm::{ConnectionTrait as _, Statement};

    let sql = "SELECT CAST(ip AS text) AS ip, user_agent FROM auth_sessions WHERE id = $1";
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [session.into()]);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    (
        row.try_get_by("ip").unwrap(),
        row.try_get_by("user_agent").unwrap(),
    )
}

#[tokio::test]
async fn an_access_token_names_the_roles_of_the_user_at_sign_in() {
    for app in apps().await {
        let id = app.register("ann@example.org").await["id"].clone();
        app.set_roles(id.as_str().unwrap(), "user editor").await;
        let access = app.login("ann@example.org").await.access;
        let claims = app.auth.verify(&access.into()).unwrap();
        assert_eq!(claims.roles().to_string(), "editor user");
    }
}

/// Inserts a user that no endpoint can create.
async fn insert(app: &App, email: &str, password_hash: Option<PasswordHash>) {
    let user = NewUser {
        id: UserId::new(app.now()),
        email: email.parse().unwrap(),
        email_verified_at: None,
        password_hash,
        roles: [Role::USER].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: app.now(),
    };
    let inserted = app
        .store()
        .insert_user(
            &user,
            &crate::support::app::created(user.created_at),
            None,
            None,
        )
        .await
        .unwrap();
    assert!(matches!(inserted, InsertUser::Inserted(_)));
}
