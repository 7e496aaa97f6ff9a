//! The rotation of the master secrets: a new secret is added second and then moved first, and the old one is dropped.

use std::sync::Arc;

use hallpass::{
    ErrorKind, Secrets,
    event::ClientInfo,
    limit::{Budget, Lockout, Rate, RateLimits},
    secret::Secret,
};

use crate::support::{
    app::{App, apps_with, race},
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";
const WRONG: &str = "a wrong password";

/// Five failures lock the account until a reset.
fn strict(builder: hallpass::AuthBuilder) -> hallpass::AuthBuilder {
    builder.lockout(Lockout {
        max_attempts: 5,
        ..Lockout::default()
    })
}

fn in_order(secrets: &[&Secret]) -> Secrets {
    let mut secrets = secrets.iter().map(|secret| (*secret).clone());
    let first = secrets.next().expect("a secret");
    Secrets::new(first, secrets.collect()).expect("each secret occurs once")
}

/// Another instance with these secrets.
async fn instance(app: &App, secrets: &[&Secret]) -> App {
    let secrets = in_order(secrets);
    app.another(|builder| strict(builder).secrets(secrets.clone()))
        .await
}

async fn guess(app: &App, count: usize) {
    for _ in 0..count {
        let reply = app.try_login(ANN, WRONG).await;
        reply.problem(401, "invalid_credentials");
    }
}

async fn refused(app: &App, step: &str) {
    let reply = app.try_login(ANN, PASSWORD).await;
    assert_eq!(reply.status, 429, "{}: {step}", app.name);
    reply.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn rotating_the_secrets_ends_no_lock() {
    for app in apps_with(strict).await {
        let (a, b, c) = (&app.secret, &Secret::generate(), &Secret::generate());
        app.register(ANN).await;
        guess(&app, 5).await;
        refused(&app, "before").await;
        let steps: [&[&Secret]; 6] = [&[a, b], &[b, a], &[b], &[b, c], &[c, b], &[c]];
        for (number, step) in steps.into_iter().enumerate() {
            let instance = instance(&app, step).await;
            refused(&instance, &format!("step {number}")).await;
        }
        // The owner can sign in after a reset, on every instance.
        let last = instance(&app, &[c]).await;
        let token = last.reset_token(ANN).await;
        last.reset(&token, PASSWORD).await.expect(204);
        for secrets in [&[b, c][..], &[c, b], &[c]] {
            instance(&app, secrets).await.login(ANN).await;
        }
    }
}

/// An instance stores the keys when it starts, before any call.
#[tokio::test]
async fn rotation_without_a_sign_in_ends_no_lock() {
    for app in apps_with(strict).await {
        let (a, b) = (&app.secret, &Secret::generate());
        app.register(ANN).await;
        guess(&app, 5).await;
        for step in [&[a, b][..], &[b, a]] {
            let instance = instance(&app, step).await;
            instance.deliver().await;
        }
        refused(&instance(&app, &[b]).await, "the new one alone").await;
    }
}

#[tokio::test]
async fn instances_with_reordered_secrets_share_their_counters() {
    for app in apps_with(strict).await {
        let (a, b) = (&app.secret, &Secret::generate());
        app.register(ANN).await;
        let before = instance(&app, &[a, b]).await;
        let after = instance(&app, &[b, a]).await;
        for (instance, count) in [
            (&before, 1),
            (&after, 1),
            (&app, 1),
            (&after, 1),
            (&before, 1),
        ] {
            guess(instance, count).await;
        }
        for instance in [&app, &before, &after] {
            refused(instance, "five on three instances").await;
        }
        // One instance ends the lock for all.
        let admin = app.administrator().await;
        let list = app.get("/admin/users?email=ann", &admin).await.json();
        let line = format!(
            "/admin/users/{}/unlock",
            list["items"][0]["id"].as_str().unwrap()
        );
        before.post_as(&line, &admin).await.expect(204);
        guess(&before, 4).await;
        after.login(ANN).await;
        guess(&app, 5).await;
        refused(&after, "five on the oldest").await;
    }
}

/// Invariant I6, for instances that start at the same time on a database without a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_start_together_share_the_guesses() {
    for app in apps_with(strict).await {
        app.register(ANN).await;
        let (a, b) = (&app.secret, &Secret::generate());
        let mut instances = Vec::new();
        for index in 0..6 {
            let secrets: [&[&Secret]; 3] = [&[a, b], &[b, a], &[a]];
            instances.push(instance(&app, secrets[index % 3]).await);
        }
        let instances = Arc::new(instances);
        let replies = race(60, |index| {
            let instances = Arc::clone(&instances);
            async move { instances[index % 6].try_login(ANN, WRONG).await.status }
        });
        let replies = replies.await;
        let looked_at = replies.iter().filter(|status| **status == 401).count();
        assert!(looked_at <= 5, "{}: {looked_at} {replies:?}", app.name);
        let answers = [401, 429, 503];
        assert!(
            replies.iter().all(|status| answers.contains(status)),
            "{replies:?}"
        );
        guess(&app, 5 - looked_at).await;
        for instance in instances.iter() {
            refused(instance, "after the race").await;
        }
    }
}

#[tokio::test]
async fn rotating_the_secrets_raises_no_limit() {
    let rate = Rate::per_minute(1).with_burst(4);
    let set = |builder: hallpass::AuthBuilder| {
        builder.rate_limits(RateLimits::none().per_client(Budget::Verify, rate))
    };
    for app in apps_with(set).await {
        let (a, b) = (&app.secret, &Secret::generate());
        let client = ClientInfo::new(Some([192, 0, 2, 1].into()), None);
        let admit = async |secrets: &[&Secret]| {
            let secrets = in_order(secrets);
            let instance = app.another(|builder| set(builder).secrets(secrets.clone()));
            let admitted = instance.await.auth.admit(Budget::Verify, &client).await;
            admitted.map_err(|error| error.kind())
        };
        for step in [&[a][..], &[a, b], &[b, a], &[b]] {
            assert_eq!(admit(step).await, Ok(()), "{}", app.name);
        }
        for step in [&[b][..], &[a, b], &[b, a], &[a]] {
            let refused = admit(step).await;
            assert_eq!(refused, Err(ErrorKind::RateLimited), "{}", app.name);
        }
    }
}
