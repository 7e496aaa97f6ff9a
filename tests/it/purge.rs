//! The purge.

use std::time::Duration;

use hallpass::{
    Auth, ErrorKind, clock::ManualClock, event::EventFilter, mail::Mailbox, memory::MemoryStore,
    purge::Purged, seaorm::SeaOrmStore, secret::Secret,
};
use sea_orm::{ConnectionTrait as _, DbBackend};
use tokio::sync::oneshot;

use crate::{
    statements::counted,
    support::{
        app::{App, app_with, apps, apps_with, race, unhurried},
        http::PASSWORD,
    },
};

const ANN: &str = "ann@example.org";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

async fn purge(app: &App) -> (u64, u64, u64) {
    let purged = app.auth.purge().await.unwrap();
    (purged.sessions, purged.one_time_tokens, purged.events)
}

#[tokio::test]
async fn expired_rows_are_purged_and_live_ones_are_not() {
    for app in apps().await {
        app.register(ANN).await;
        let idle = app.login(ANN).await;
        let out = app.login(ANN).await;
        app.logout(&out.refresh).await.expect(204);
        let token = app.reset_token(ANN).await;
        assert_eq!(purge(&app).await, (0, 0, 0), "a purge within the hour");
        app.advance(HOUR);
        assert_eq!(purge(&app).await, (1, 0, 0), "the remaining session");
        app.advance(HOUR);
        assert_eq!(purge(&app).await, (0, 1, 0), "the unused link");
        app.reset(&token, PASSWORD)
            .await
            .problem(400, "invalid_token");

        app.advance(13 * DAY);
        let kept = app.login(ANN).await;
        app.advance(2 * DAY);
        let over = "the idle session, and the link that verifies";
        assert_eq!(purge(&app).await, (1, 1, 0), "{over}");
        app.refresh(&idle.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        app.me(&app.refresh(&kept.refresh).await.tokens().access)
            .await
            .expect(200);
        assert_eq!(purge(&app).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn events_are_kept_for_as_long_as_is_set() {
    let apps = apps_with(|builder| builder.event_retention(Duration::from_secs(DAY)));
    for app in apps.await {
        app.register(ANN).await;
        app.advance(DAY / 2);
        app.try_login(ANN, "a wrong password").await.expect(401);
        app.advance(DAY / 2);
        assert_eq!(purge(&app).await, (0, 0, 0));
        app.advance(1);
        assert_eq!(purge(&app).await, (0, 0, 1), "the registration");
        let store = app.store();
        let events = store.list_events(&EventFilter::default(), None, 10).await;
        assert_eq!(events.unwrap().len(), 1);
    }
}

#[test]
fn a_retention_out_of_range_is_refused() {
    for (seconds, is_good) in [
        (0, false),
        (1, true),
        (3650 * DAY, true),
        (3650 * DAY + 1, false),
    ] {
        let built = Auth::builder()
            .store(MemoryStore::new())
            .secrets(Secret::generate())
            .public_url("https://id.example.org")
            .mailer(Mailbox::new())
            .event_retention(Duration::from_secs(seconds))
            .build();
        assert_eq!(built.is_ok(), is_good, "{seconds}");
        if let Err(error) = built {
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
    }
}

/// The background task purges about every hour, and ends when asked to.
#[tokio::test(start_paused = true)]
async fn the_background_task_purges_every_hour() {
    let app = app_with(|builder| builder.event_retention(Duration::from_secs(1))).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let auth = app.auth.clone();
    let task = tokio::spawn(async move { auth.run(async { drop(stopped.await) }).await });
    let count = async || {
        let store = app.store();
        let events = store.list_events(&EventFilter::default(), None, 10).await;
        events.unwrap().len()
    };
    for pause in [76, 4501] {
        let event = crate::support::app::created(app.now());
        app.store().record_event(&event).await.unwrap();
        app.advance(2);
        assert_eq!(count().await, 1);
        tokio::time::sleep(Duration::from_secs(pause)).await;
        assert_eq!(count().await, 0);
    }
    stop.send(()).unwrap();
    task.await.unwrap();
}

/// Each statement looks at no more than 500 rows.
#[tokio::test]
async fn a_purge_deletes_in_small_batches() {
    for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
        let Some((_database, store, count)) = counted(backend).await else {
            continue;
        };
        let clock = ManualClock::new();
        let app = app_with(|builder| builder.store(store.clone()).clock(clock.clone())).await;
        app.register(ANN).await;
        app.login(ANN).await;
        multiply_sessions(&store, 1099).await;
        clock.advance(Duration::from_secs(DAY));
        count.forget();
        assert_eq!(app.auth.purge().await.unwrap(), Purged::default());
        let looks = "three looks at sessions, one each at tokens, events, limits, flows, challenges and devices";
        // On Postgres, a time limit precedes each deletion. Events are deleted without being read first.
        let limited = usize::from(backend == DbBackend::Postgres);
        count.expect(9 + limited, looks);
        clock.advance(Duration::from_secs(30 * DAY));
        let purged = app.auth.purge().await.unwrap();
        assert_eq!(purged.sessions, 1100);
        count.expect(12 + 4 * limited, "the same, and three deletions");
    }
}

/// Copies the session this many times.
async fn multiply_sessions(store: &SeaOrmStore, count: usize) {
    let db = store.database();
    let (series, id) = match db.get_database_backend() {
        DbBackend::Postgres => (format!("generate_series(1, {count})"), "gen_random_uuid()"),
        _ => (
            format!(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
            ),
            "randomblob(16)",
        ),
    };
    let sql = format!(
        "INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
            idle_expires_at, absolute_expires_at) \
        SELECT {id}, user_id, generation, digest, credential_version, created_at, rotated_at, idle_expires_at, \
            absolute_expires_at FROM auth_sessions, {series} AS copies"
    );
    db.execute_unprepared(&sql).await.unwrap();
}

/// Several processes purge while their users refresh: no session is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn purges_delete_no_live_session_of_a_running_service() {
    for app in apps_with(unhurried).await {
        app.register(ANN).await;
        let mut sessions = Vec::new();
        for index in 0..24 {
            let tokens = app.login(ANN).await;
            if index % 2 == 0 {
                app.logout(&tokens.refresh).await.expect(204);
            } else {
                sessions.push(tokens);
            }
        }
        app.advance(2 * HOUR);
        let tasks = race(sessions.len() + 3, |index| {
            let (auth, client) = (app.auth.clone(), *app);
            let tokens = sessions.get(index).cloned();
            async move {
                match tokens {
                    Some(tokens) => {
                        let next = client.refresh(&tokens.refresh).await.tokens();
                        client.me(&next.access).await.expect(200);
                        0
                    }
                    None => auth.purge().await.unwrap().sessions,
                }
            }
        });
        assert_eq!(tasks.await.into_iter().sum::<u64>(), 12);
    }
}
