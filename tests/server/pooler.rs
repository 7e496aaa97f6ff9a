//! The servers behind PgBouncer.

use std::{collections::HashSet, fs, sync::Barrier, thread};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement};
use serde_json::json;

use crate::{
    client::Reply,
    cluster::Cluster,
    patience::until,
    pgbouncer::PgBouncer,
    process::{PASSWORD, SECRET, SERVERS, Server, command, folder, refused},
};

/// A cluster, if Postgres and PgBouncer are available.
fn cluster() -> Option<Cluster> {
    PgBouncer::is_there().then(Cluster::start_or_skip).flatten()
}

fn settings<'a>(url: &'a str, pool: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("DATABASE_URL", url),
        ("HALLPASS_DB_POOL", pool),
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_RATE_LIMITS", "false"),
    ]
}

fn logout(server: &Server, refresh_token: &str) -> Reply {
    server.post("/auth/logout", &json!({ "refresh_token": refresh_token }))
}

#[test]
fn a_pooler_in_session_mode_serves_every_call_of_a_session() {
    let Some(cluster) = cluster() else { return };
    for server in SERVERS {
        let pooler = PgBouncer::start(&cluster, "session", 10, "");
        let (folder, url) = (folder(), pooler.url());
        let service = Server::of(server, folder.path(), &settings(&url, "10"));
        let email = format!("{server}@example.org");
        assert_eq!(service.register(&email, PASSWORD).status, 201);
        let tokens = service.login(&email, PASSWORD);
        assert_eq!(service.me(&tokens.text("access_token")).status, 200);

        let token = tokens.text("refresh_token");
        let replies = at_once(50, || service.refresh(&token));
        let successors: HashSet<String> = replies
            .iter()
            .map(|reply| reply.text("refresh_token"))
            .collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        let successor = successors.into_iter().next().unwrap();
        assert_eq!(service.refresh(&successor).status, 200);

        assert_eq!(logout(&service, &successor).status, 204);
        assert_eq!(service.refresh(&successor).status, 401);
        assert_eq!(service.me(&tokens.text("access_token")).status, 401);
    }
}

#[tokio::test]
async fn two_hundred_clients_share_ten_sessions_of_a_pooler() {
    let Some(cluster) = cluster() else { return };
    let pooler = PgBouncer::start(&cluster, "session", 10, "");
    let (folder, url) = (folder(), pooler.url());
    for server in SERVERS {
        let service = Server::of(server, folder.path(), &settings(&url, "10"));
        let email = format!("{server}@example.org");
        assert_eq!(service.register(&email, PASSWORD).status, 201);
        let access = service.login(&email, PASSWORD).text("access_token");
        let replies = at_once(200, || service.me(&access));
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        let sessions = backends(&cluster).await.len();
        assert!((1..=10).contains(&sessions), "{sessions} sessions");
    }
}

#[test]
fn a_pooler_with_one_session_blocks_no_caller() {
    let Some(cluster) = cluster() else { return };
    let pooler = PgBouncer::start(&cluster, "session", 1, "");
    let (folder, url) = (folder(), pooler.url());
    for server in SERVERS {
        let service = Server::of(server, folder.path(), &settings(&url, "1"));
        let email = format!("{server}@example.org");
        assert_eq!(service.register(&email, PASSWORD).status, 201);
        assert_eq!(service.login(&email, PASSWORD).status, 200);
    }
}

#[test]
fn a_pooler_that_mixes_up_statements_stops_the_start() {
    let Some(cluster) = cluster() else { return };
    let apart = PgBouncer::keeps_statements_apart();
    let mixing = if apart {
        "max_prepared_statements = 0"
    } else {
        ""
    };
    for (mode, sessions, says) in [
        ("transaction", 10, "session mode"),
        ("transaction", 1, "session mode"),
        ("statement", 10, "allows no transactions"),
    ] {
        let pooler = PgBouncer::start(&cluster, mode, sessions, mixing);
        let (folder, url) = (folder(), pooler.url());
        // The next start must not find statements that are left over.
        for server in [SERVERS, SERVERS].concat() {
            let mut command = command(server, folder.path());
            let (status, line) = refused(command.envs(settings(&url, "10")));
            assert_eq!(status.code(), Some(1), "{mode}: {line}");
            assert_eq!(line.lines().count(), 1, "{mode}: {line}");
            assert!(line.contains("DATABASE_URL"), "{mode}: {line}");
            assert!(
                line.contains("pooler") && line.contains(says),
                "{mode}: {line}"
            );
        }
    }
}

#[test]
fn a_pooler_without_its_database_is_reported_as_an_outage() {
    let Some(mut cluster) = cluster() else { return };
    let pooler = PgBouncer::start(&cluster, "session", 10, "");
    cluster.stop();
    let (folder, url) = (folder(), pooler.url());
    for server in SERVERS {
        let mut command = command(server, folder.path());
        let (status, line) = refused(command.envs(settings(&url, "10")));
        assert_eq!(status.code(), Some(1), "{line}");
        assert!(line.contains("DATABASE_URL"), "{line}");
        assert!(!line.contains("session mode"), "{line}");
    }
}

#[test]
fn a_pooler_that_separates_prepared_statements_is_accepted() {
    let Some(cluster) = cluster() else { return };
    if !PgBouncer::keeps_statements_apart() {
        return;
    }
    for sessions in [1, 10] {
        let more = "max_prepared_statements = 100";
        let pooler = PgBouncer::start(&cluster, "transaction", sessions, more);
        let (folder, url) = (folder(), pooler.url());
        for server in SERVERS {
            let service = Server::of(server, folder.path(), &settings(&url, "10"));
            let log = service.stderr.text();
            assert!(log.contains("statement_timeout"), "{log}");
            let email = format!("{server}-{sessions}@example.org");
            assert_eq!(service.register(&email, PASSWORD).status, 201);
            let access = service.login(&email, PASSWORD).text("access_token");
            let replies = at_once(50, || service.me(&access));
            assert!(
                replies.iter().all(|reply| reply.status == 200),
                "{replies:?}"
            );
        }
    }
}

#[tokio::test]
async fn backend_memory_stays_flat_over_ten_thousand_calls() {
    const CLIENTS: u32 = 4;
    const CALLS: u32 = 1250;
    let Some(cluster) = cluster() else { return };
    let pooler = PgBouncer::start(&cluster, "session", 2, "");
    let (folder, url) = (folder(), pooler.url());
    for server in SERVERS {
        let service = Server::of(server, folder.path(), &settings(&url, "2"));
        let email = format!("{server}@example.org");
        assert_eq!(service.register(&email, PASSWORD).status, 201);
        let calls = |count: u32| {
            thread::scope(|scope| {
                for _ in 0..CLIENTS {
                    scope.spawn(|| {
                        let mut tokens = service.login(&email, PASSWORD);
                        for call in 0..count {
                            if call % 4 == 0 {
                                tokens = service.refresh(&tokens.text("refresh_token"));
                            } else {
                                let reply = service.me(&tokens.text("access_token"));
                                assert_eq!(reply.status, 200);
                            }
                        }
                    });
                }
            });
        };
        calls(100);
        let before = memory(&backends(&cluster).await);
        calls(CALLS);
        let after = memory(&backends(&cluster).await);
        // If each call leaked 59 kB, this would be 300 MB.
        assert!(after < before + 8192, "{before} kB, then {after} kB");
    }
}

fn at_once(count: usize, call: impl Fn() -> Reply + Sync) -> Vec<Reply> {
    let barrier = Barrier::new(count);
    thread::scope(|scope| {
        let calls: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    call()
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// The process ids of the Postgres backends.
async fn backends(cluster: &Cluster) -> Vec<i32> {
    let settings = ConnectSettings::new(cluster.url()).pool_size(1);
    let store = SeaOrmStore::connect(&settings).await.unwrap();
    let sql = "SELECT pid FROM pg_stat_activity \
               WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let mut pids = Vec::new();
    // The connections that checked the pooler may still be closing.
    until("no more sessions than the pooler may have", async || {
        let all = Statement::from_string(DbBackend::Postgres, sql);
        let rows = store.database().query_all_raw(all).await.unwrap();
        let read = |row: &QueryResult| row.try_get::<i32>("", "pid").unwrap();
        pids = rows.iter().map(read).collect();
        pids.len() <= 10
    })
    .await;
    pids
}

/// The private memory of these processes, in kB.
fn memory(pids: &[i32]) -> u64 {
    let of = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line
            .and_then(|line| line.split_whitespace().next())
            .unwrap();
        kilobytes.parse::<u64>().unwrap()
    };
    pids.iter().map(of).sum()
}
