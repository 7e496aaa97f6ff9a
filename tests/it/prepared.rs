//! Passwords typed as other code points (RFC 8265).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use hallpass::{
    UserId,
    secret::PasswordHash,
    user::{NewUser, Role},
};
use serde_json::json;

use crate::support::{
    app::{App, apps, created},
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";
/// The password as macOS may send it: decomposed, with a no-break space.
const DECOMPOSED: &str = "zoe\u{308} trinkt\u{a0}u\u{308}ber Tee";
/// The password as other systems send it.
const COMPOSED: &str = "zo\u{eb} trinkt \u{fc}ber Tee";
/// A password that is compatible with it in Unicode, but is another password.
const OTHER: &str = "zo\u{eb} trinkt \u{fc}ber \u{ff34}ee";

/// A hash of the raw bytes, which an older version or another program computed.
fn hash_of_bytes(password: &str) -> PasswordHash {
    let (salt, mut tag) = (b"a salt of others", [0; 32]);
    let params = Params::new(8, 1, 1, Some(32)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut tag)
        .unwrap();
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    PasswordHash::parse(format!("$argon2id$v=19$m=8,t=1,p=1${salt}${tag}")).unwrap()
}

async fn account_with(app: &App, hash: PasswordHash) {
    let now = app.now();
    let account = NewUser {
        locale: None,
        id: UserId::new(now),
        email: ANN.parse().unwrap(),
        email_verified_at: Some(now),
        password_hash: Some(hash),
        roles: [Role::USER].into_iter().collect(),
        display_name: None,
        created_at: now,
    };
    let (store, event) = (app.store(), created(now));
    let added = store.insert_user(&account, &event, None, None).await;
    added.unwrap();
}

async fn stored(app: &App) -> String {
    let found = app.store().credentials(&ANN.parse().unwrap()).await;
    let hash = found.unwrap().unwrap().password_hash.unwrap();
    hash.expose().to_owned()
}

#[tokio::test]
async fn a_password_typed_on_another_system_matches_everywhere() {
    for app in apps().await {
        for (set, typed) in [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)] {
            let body = json!({"email": ANN, "password": set});
            app.post("/users", body).await.expect(201);
            let refused = app.try_login(ANN, OTHER).await;
            refused.problem(401, "invalid_credentials");
            let access = app.try_login(ANN, typed).await.tokens().access;
            let call = async |line: &str, body| app.send(line, &access, body).await;
            let body = json!({ "password": typed });
            call("POST /auth/reauthenticate", body).await.expect(204);
            let body = json!({"new_email": "ann@example.net", "current_password": typed});
            call("POST /users/me/email", body).await.expect(202);
            let body = json!({"current_password": typed, "new_password": PASSWORD});
            call("POST /users/me/password", body).await.expect(204);
            let body = json!({"current_password": PASSWORD, "new_password": set});
            call("POST /users/me/password", body).await.expect(204);
            app.try_login(ANN, typed).await.expect(200);
            app.advance(1);
            let token = app.reset_token(ANN).await;
            app.reset(&token, set).await.expect(204);
            let access = app.try_login(ANN, typed).await.tokens().access;
            let body = json!({ "current_password": typed });
            let gone = app.send("DELETE /users/me", &access, body).await;
            gone.expect(204);
        }
    }
}

#[tokio::test]
async fn a_hash_of_raw_bytes_matches_and_is_then_normalised() {
    for app in apps().await {
        account_with(&app, hash_of_bytes(DECOMPOSED)).await;
        let before = stored(&app).await;
        // Only the raw bytes can match, and a failure costs one hash.
        let refused = app.try_login(ANN, COMPOSED).await;
        refused.problem(401, "invalid_credentials");
        assert_eq!(stored(&app).await, before);
        app.try_login(ANN, DECOMPOSED).await.expect(200);
        assert_ne!(stored(&app).await, before);
        for typed in [COMPOSED, DECOMPOSED] {
            app.try_login(ANN, typed).await.expect(200);
        }
        let refused = app.try_login(ANN, OTHER).await;
        refused.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_hash_of_ascii_letters_is_unchanged() {
    for app in apps().await {
        let hash = hash_of_bytes(PASSWORD);
        account_with(&app, hash.clone()).await;
        app.try_login(ANN, PASSWORD).await.expect(200);
        assert_eq!(stored(&app).await, hash.expose());
    }
}

#[tokio::test]
async fn the_length_of_a_password_is_counted_after_preparation() {
    for app in apps().await {
        let short = "u\u{308}a\u{308}o\u{308}e\u{308}";
        let reply = app
            .post("/users", json!({"email": ANN, "password": short}))
            .await;
        reply.violations("weak_password", &[("/password", "too_short")]);
        // The password has 400 code points as typed, and 200 as compared.
        let long = "u\u{308}a\u{308}o\u{308}e\u{308}".repeat(50);
        let body = json!({"email": ANN, "password": long});
        app.post("/users", body).await.expect(201);
        app.try_login(ANN, &long).await.expect(200);
        app.try_login(ANN, &"\u{fc}\u{e4}\u{f6}\u{eb}".repeat(50))
            .await
            .expect(200);
    }
}
