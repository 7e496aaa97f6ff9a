//! The owner of an address takes over an unproven account.

use super::*;
use crate::{
    oauth::flow::{asking, person, sign_in},
    support::provider::FakeProvider,
};

#[tokio::test]
async fn hooks_see_only_resets_that_take_over() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        app.register(ANN).await;
        let changed = format!("after_password_change {ANN}");
        let taken_over = format!("after_takeover {ANN} true");
        for calls in [vec![changed.clone(), taken_over], vec![changed]] {
            app.advance(60);
            let token = app.reset_token(ANN).await;
            app.auth.finish_hooks().await;
            script.seen();
            app.reset(&token, "another passphrase").await.expect(204);
            app.auth.finish_hooks().await;
            // There are two hooks, and each runs in a task of its own.
            let mut seen = script.seen();
            seen.sort();
            assert_eq!(seen, calls, "{}", app.name);
        }
    }
}

#[tokio::test]
async fn hooks_see_only_sign_ins_that_take_over() {
    let (script, fake) = (Script::new(), FakeProvider::start().await);
    for app in apps_with(|builder| hooked(&script)(asking(builder, &fake))).await {
        app.register(ANN).await;
        for (subject, count) in [("ann", 1), ("ann", 0), ("too", 0)] {
            app.auth.finish_hooks().await;
            script.seen();
            sign_in(&app, &fake, person(subject, ANN)).await;
            app.auth.finish_hooks().await;
            let seen = script.seen();
            let calls = format!("after_takeover {ANN} true");
            let calls = seen.iter().filter(|line| **line == calls).count();
            assert_eq!(calls, count, "{}: {seen:?}", app.name);
        }
    }
}
