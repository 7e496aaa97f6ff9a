//! Mails that fail at first: back-off, dead letters, budgets and long queues.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    clock::{Clock as _, SystemClock},
    mail::{Intent, LetterKind, Mail, MailError, Mailbox, Mailer, Recipient},
    store::OutboxStore as _,
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

use crate::{
    statements::counted,
    support::app::{App, app_with, apps, race, token_in},
};

const ANN: &str = "ann@example.org";

#[derive(Debug, Default)]
struct Switch {
    down: AtomicBool,
    mails: Mailbox,
}

#[async_trait]
impl Mailer for Switch {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(MailError::transient("451 later"));
        }
        self.mails.send(mail).await
    }
}

async fn switched(app: &App) -> (App, Arc<Switch>) {
    let switch = Arc::new(Switch::default());
    let app = app
        .another(|builder| builder.shared_mailer(switch.clone()))
        .await;
    (app, switch)
}

#[tokio::test]
async fn a_mail_is_dead_after_a_day_until_it_is_retried() {
    for app in apps().await {
        let (app, mailer) = switched(&app).await;
        let admin = app.administrator().await;
        mailer.down.store(true, Ordering::SeqCst);
        app.register(ANN).await;
        for _ in 0..25 {
            app.deliver().await;
            app.advance(3600);
        }
        let admin_again = app.login("root@example.org").await.access;
        drop(admin);
        let dead = app.get("/admin/mail?status=dead", &admin_again).await;
        let dead = dead.expect(200).json();
        assert_eq!(dead["next_cursor"], Value::Null);
        let items = dead["items"].as_array().unwrap();
        assert_eq!(items.len(), 1);
        let mail = &items[0];
        assert_eq!(mail["letter"], "verify_email");
        assert_eq!(mail["recipient"], ANN);
        assert_eq!(mail["status"], "dead");
        let error = mail["last_error"].as_str().unwrap();
        assert!(error.contains("451 later"), "{error}");
        assert!(mail["attempts"].as_i64().unwrap() > 20);
        assert!(!dead.to_string().contains("hp_ot_"));
        let pending = app.get("/admin/mail?status=pending", &admin_again).await;
        assert_eq!(pending.expect(200).json()["items"], json!([]));

        mailer.down.store(false, Ordering::SeqCst);
        app.deliver().await;
        assert!(mailer.mails.mails().is_empty());
        let path = format!("/admin/mail/{}/retry", mail["id"].as_str().unwrap());
        app.post_as(&path, &admin_again).await.expect(202);
        app.deliver().await;
        let mails = mailer.mails.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].text().contains("/verify-email?token="));
        assert!(mails[0].text().contains("within 1 day"));
        let gone = app.post_as(&path, &admin_again).await;
        gone.problem(404, "not_found");
        let nothing = app.post_as("/admin/mail/x/retry", &admin_again).await;
        nothing.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_postponed_mail_is_due_at_a_whole_microsecond() {
    for app in apps().await {
        let (app, mailer) = switched(&app).await;
        let admin = app.administrator().await;
        app.deliver().await;
        mailer.down.store(true, Ordering::SeqCst);
        for index in 0..8 {
            app.register(&format!("{index}@example.org")).await;
        }
        app.deliver().await;
        let list = app.get("/admin/mail", &admin).await.expect(200).json();
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 8, "{list}");
        for item in items {
            assert_eq!(item["attempts"], 1);
            let due_at = item["due_at"].as_str().unwrap();
            let (_, fraction) = due_at.split_once('.').unwrap_or(("", "Z"));
            assert!(fraction.len() <= "123456Z".len(), "{due_at}");
        }
    }
}

#[tokio::test]
async fn administrators_list_mails_page_by_page() {
    for app in apps().await {
        let admin = app.administrator().await;
        for index in 0..5 {
            app.forgot(&format!("{index}@example.org")).await;
            app.advance(1);
        }
        let (mut path, mut found) = ("/admin/mail?limit=2".to_owned(), Vec::new());
        loop {
            let page = app.get(&path, &admin).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            found.extend(items.iter().map(|item| item["recipient"].to_string()));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/admin/mail?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        let expected: Vec<_> = (0..5)
            .rev()
            .map(|i| format!("\"{i}@example.org\""))
            .collect();
        assert_eq!(found, expected);
        let foreign = format!("{}&status=dead", path);
        let reply = app.get(&foreign, &admin).await;
        reply.violations("validation_failed", &[("/cursor", "invalid_cursor")]);
        for (query, pointer, code) in [
            ("status=sent", "/status", "unknown_value"),
            ("limit=0", "/limit", "out_of_range"),
            ("limit=201", "/limit", "out_of_range"),
        ] {
            let reply = app.get(&format!("/admin/mail?{query}"), &admin).await;
            let violations = reply.json()["errors"].clone();
            assert_eq!(reply.status, 422, "{query}");
            assert_eq!(violations[0]["pointer"], pointer, "{violations} {code}");
        }
        let stranger = app.join(ANN).await.access;
        app.get("/admin/mail", &stranger)
            .await
            .problem(403, "forbidden");
        app.post_as("/admin/mail/x/retry", &stranger)
            .await
            .problem(403, "forbidden");
    }
}

#[tokio::test]
async fn an_address_gets_one_mail_a_minute_and_five_an_hour() {
    for app in apps().await {
        let app = app.another(|builder| builder.mail_budgets(true)).await;
        let other = app.another(|builder| builder.mail_budgets(true)).await;
        app.settled(ANN).await;
        app.settled("bob@example.org").await;
        app.mailbox.clear();
        let mut sent = Vec::new();
        for minute in 0..62 {
            for (app, email) in [(&app, ANN), (&other, "ANN@example.org")] {
                app.forgot(email).await;
                app.deliver().await;
            }
            if app.mailbox.mails().len() > sent.len() {
                sent.push(minute);
            }
            app.advance(60);
        }
        assert_eq!(sent, [0, 1, 2, 3, 4, 60, 61]);
        assert_eq!(app.mailbox.mails().len(), 7);
        // Another address has a budget of its own, and a link that was already mailed still works.
        app.forgot("bob@example.org").await;
        app.forgot("bob@example.org").await;
        app.deliver().await;
        assert_eq!(app.letters("bob@example.org", "?token=").len(), 1);
        let token = token_in(&app.letter(ANN, "?token="));
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn a_retried_mail_does_not_count_twice() {
    for app in apps().await {
        let (app, mailer) = switched(&app).await;
        let app = app
            .another(|builder| builder.mail_budgets(true).shared_mailer(mailer.clone()))
            .await;
        app.register(ANN).await;
        mailer.down.store(true, Ordering::SeqCst);
        app.deliver().await;
        mailer.down.store(false, Ordering::SeqCst);
        app.advance(15);
        app.deliver().await;
        assert_eq!(mailer.mails.mails().len(), 1);
    }
}

#[tokio::test]
async fn postponed_mails_are_sent_in_time_on_a_clock_set_back() {
    for app in apps().await {
        let (app, mailer) = switched(&app).await;
        for seconds in [0, 3540] {
            let email = format!("{seconds}@example.org");
            mailer.down.store(true, Ordering::SeqCst);
            app.register(&email).await;
            app.deliver().await;
            app.advance(seconds);
            app.deliver().await;
            mailer.down.store(false, Ordering::SeqCst);
            app.clock.rewind(Duration::from_secs(3600));
            app.advance(15);
            app.deliver().await;
            let sent = mailer.mails.mails();
            assert!(sent.iter().any(|mail| mail.to().as_str() == email));
        }
        // New requests are still accepted too.
        app.register(ANN).await;
        app.clock.rewind(Duration::from_secs(3600));
        app.deliver().await;
        assert_eq!(mailer.mails.mails().len(), 3, "{}", app.name);
    }
}

#[tokio::test]
async fn the_last_mail_arrives_within_75_seconds_of_an_outage() {
    for app in apps().await {
        for count in [1, 20] {
            let (app, mailer) = switched(&app).await;
            mailer.down.store(true, Ordering::SeqCst);
            for second in 0..120 {
                if second % 6 == 0 && second < 6 * count {
                    app.register(&format!("{count}-{second}@example.org")).await;
                }
                app.deliver().await;
                app.advance(1);
            }
            mailer.down.store(false, Ordering::SeqCst);
            // It takes 15 seconds until the next probe. A wait below 60 seconds may be a lease and stays.
            for _ in 0..=75 {
                app.deliver().await;
                app.advance(1);
            }
            let sent = mailer.mails.mails().len();
            assert_eq!(sent, count, "{}", app.name);
            let left = app.store().list_mail(None, None, 10).await.unwrap();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

/// Otherwise a refused address would be retried whenever another mail succeeds.
#[tokio::test]
async fn a_failing_mail_among_others_keeps_its_back_off() {
    let app = app_with(|builder| builder).await;
    let mailer = Arc::new(Grey::default());
    let app = app
        .another(|builder| builder.shared_mailer(mailer.clone()))
        .await;
    app.register(ANN).await;
    for minute in 0..180 {
        app.register(&format!("{minute}@example.org")).await;
        app.deliver().await;
        app.advance(60);
    }
    let tries = mailer.refusals.load(Ordering::SeqCst);
    assert!((7..=13).contains(&tries), "{tries}");
}

#[derive(Debug, Default)]
struct Grey {
    refusals: AtomicUsize,
}

#[async_trait]
impl Mailer for Grey {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if mail.to().as_str() != ANN {
            return Ok(());
        }
        self.refusals.fetch_add(1, Ordering::SeqCst);
        Err(MailError::transient("451 grey"))
    }
}

/// The query plan of a claim while a hundred thousand mails are dead or due later.
#[tokio::test]
async fn a_pass_reads_due_mails_from_an_index() {
    for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
        let Some((_database, store, count)) = counted(backend).await else {
            continue;
        };
        let db = store.database();
        let postgres = backend == DbBackend::Postgres;
        let (series, id, cast, explain, column) = if postgres {
            let series = "SELECT i FROM generate_series(1, 100000) AS s(i)";
            (
                series,
                "gen_random_uuid()",
                "::timestamptz",
                "EXPLAIN",
                "QUERY PLAN",
            )
        } else {
            let series = "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 100000) \
                          SELECT i FROM s";
            (series, "randomblob(16)", "", "EXPLAIN QUERY PLAN", "detail")
        };
        let fill = format!(
            "INSERT INTO auth_outbox (id, letter, address, payload, created_at, not_after, due_at, state, attempts, \
                admitted) \
             SELECT {id}, 'reset_password', 'a@example.org', '{{}}', '2020-01-01T00:00:00+00:00', \
                '2020-01-01T00:00:00+00:00', \
                CASE WHEN i % 2 = 0 THEN '2020-01-01T00:00:00+00:00' ELSE '2999-01-01T00:00:00+00:00' END{cast}, \
                CASE WHEN i % 2 = 0 THEN 'dead' ELSE 'pending' END, 1, FALSE FROM ({series}) AS n"
        );
        // A busy machine needs longer than the statement timeout.
        let fill = match db.get_database_backend() {
            DbBackend::Postgres => {
                format!("BEGIN; SET LOCAL statement_timeout = '60s'; {fill}; ANALYZE; COMMIT")
            }
            _ => format!("{fill}; ANALYZE"),
        };
        db.execute_unprepared(&fill).await.unwrap();
        let now = SystemClock.now();
        let recipient = Recipient::Holder(ANN.parse().unwrap());
        let lifetime = Duration::from_secs(60);
        let intent = Intent::new(LetterKind::ResetPassword, recipient, now, lifetime);
        store.enqueue(&[intent], None).await.unwrap();
        count.forget();
        assert_eq!(store.claim(now, now, 16).await.unwrap().intents.len(), 1);
        let mut explained = 0;
        for sql in count.take() {
            let values: Vec<sea_orm::Value> = match (sql.contains("$3"), sql.contains("$2")) {
                _ if !sql.contains("state = 'pending'") => continue,
                (true, _) => vec![now.into(), now.into(), 16_i64.into()],
                (_, true) => vec![now.into(), 16_i64.into()],
                _ => vec![now.into()],
            };
            let sql = format!("{explain} {sql}");
            let statement = Statement::from_sql_and_values(backend, sql, values);
            let rows = db.query_all_raw(statement).await.unwrap();
            let plan: Vec<String> = rows
                .iter()
                .map(|row| row.try_get_by(column).unwrap())
                .collect();
            let plan = plan.join("\n");
            assert!(plan.contains("auth_outbox_due"), "{plan}");
            for costly in [
                "Seq Scan on auth_outbox",
                "Sort",
                "TEMP B-TREE",
                "SCAN auth_outbox",
            ] {
                assert!(!plan.contains(costly), "{plan}");
            }
            explained += 1;
        }
        assert_eq!(explained, if postgres { 1 } else { 3 });
    }
}

/// Run by hand: `cargo test --all-features --release --test it a_queue_of -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes"]
async fn a_queue_of_a_hundred_thousand_mails_sends_each_once() {
    const MAILS: usize = 100_000;
    for app in apps().await {
        // Its claims sort all mails, because that store is meant for tests.
        if app.name.starts_with("memory") {
            continue;
        }
        let user = app.settled(ANN).await["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        app.mailbox.clear();
        let intents: Vec<Intent> = (0..MAILS)
            .map(|_| {
                let (letter, recipient) = (LetterKind::PasswordChanged, Recipient::User(user));
                Intent::new(letter, recipient, app.now(), Duration::from_secs(86_400))
            })
            .collect();
        for some in intents.chunks(1000) {
            app.store().enqueue(some, None).await.unwrap();
        }
        let mut workers = Vec::new();
        for _ in 0..4 {
            workers.push(app.another(|builder| builder).await.auth.clone());
        }
        let begun = std::time::Instant::now();
        let claimed = race(4, move |index| {
            let auth = workers[index].clone();
            async move { auth.deliver_mail().await.unwrap() }
        })
        .await;
        eprintln!("{}: {:?}, {claimed:?}", app.name, begun.elapsed());
        assert_eq!(claimed.iter().sum::<usize>(), MAILS);
        let mut ids: Vec<_> = app.mailbox.mails().iter().map(|mail| mail.id()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), app.mailbox.mails().len()), (MAILS, MAILS));
    }
}
