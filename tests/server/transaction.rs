//! Callers that disconnect during a transaction.
//!
//! No connection stays inside a transaction, and later writes that are acknowledged are kept.

use std::{io::Write as _, net::TcpStream, thread, time::Duration};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::json;

use crate::{
    client::insist,
    patience::until,
    postgres::{self, PostgresDatabase},
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
    wire::Wire,
};

const ADMIN: &str = "admin@example.org";

/// A server, its proxy to the database, and the database.
struct Setup {
    name: &'static str,
    database: PostgresDatabase,
    wire: Wire,
    server: Server,
}

impl Setup {
    /// `None` without Postgres.
    async fn open(name: &'static str, delay: Duration, more: &[(&str, &str)]) -> Option<Self> {
        let database = postgres::migrated().await?;
        let wire = Wire::to(database.url(), delay);
        let server = start(name, &wire.url(database.url()), more);
        Some(Self {
            name,
            database,
            wire,
            server,
        })
    }

    /// Creates accounts and kills the server. The next server must have all of them.
    fn keeps_what_it_acknowledges(self, accounts: usize) {
        let addresses: Vec<_> = (0..accounts)
            .map(|n| format!("after-{n}@example.org"))
            .collect();
        for address in &addresses {
            let registered = insist(|| self.server.register(address, PASSWORD));
            assert_eq!(registered.status, 201, "{}: {registered:?}", self.name);
            let login = insist(|| self.server.login(address, PASSWORD));
            assert_eq!(login.status, 200, "{}: {login:?}", self.name);
        }
        self.server.kill();
        let server = start(self.name, self.database.url(), &[]);
        for address in &addresses {
            let login = server.login(address, PASSWORD);
            assert_eq!(login.status, 200, "{}: {address} is lost", self.name);
        }
    }
}

fn start(name: &str, url: &str, more: &[(&str, &str)]) -> Server {
    let folder = folder();
    let mut settings = vec![
        ("DATABASE_URL", url),
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_RATE_LIMITS", "false"),
        ("HALLPASS_ADMIN_EMAIL", ADMIN),
        ("HALLPASS_ADMIN_PASSWORD", PASSWORD),
    ];
    settings.extend(more);
    Server::of(name, folder.path(), &settings)
}

#[tokio::test]
async fn caller_gone_during_begin_leaves_no_open_transaction() {
    for name in SERVERS {
        for pool in [1, 2] {
            let pool_size = pool.to_string();
            let settings = [("HALLPASS_DB_POOL", pool_size.as_str())];
            let Some(setup) = Setup::open(name, Duration::ZERO, &settings).await else {
                return;
            };
            let calls: Vec<_> = (0..pool).map(|n| deletion(&setup.server, n)).collect();
            setup.wire.hold_begin();
            let callers: Vec<_> = calls.iter().map(|call| send(&setup.server, call)).collect();
            setup.wire.wait_for_begin(pool);
            drop(callers);
            // The server notices the disconnection in its own time. A reply that comes earlier only weakens the test.
            thread::sleep(Duration::from_millis(300));
            setup.wire.release();
            setup.keeps_what_it_acknowledges(4);
        }
    }
}

#[tokio::test]
async fn request_timed_out_during_begin_leaves_no_open_transaction() {
    for name in SERVERS {
        let settings = [("HALLPASS_DB_POOL", "1"), ("HALLPASS_REQUEST_TIMEOUT", "5")];
        let Some(setup) = Setup::open(name, Duration::ZERO, &settings).await else {
            return;
        };
        let call = deletion(&setup.server, 0);
        setup.wire.hold_begin();
        let mut caller = send(&setup.server, &call);
        setup.wire.wait_for_begin(1);
        let mut head = [0; 12];
        std::io::Read::read_exact(&mut caller, &mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 503", "{name}");
        setup.wire.release();
        setup.keeps_what_it_acknowledges(4);
    }
}

#[tokio::test]
async fn connection_whose_commit_is_cut_is_not_used_again() {
    for name in SERVERS {
        let settings = [("HALLPASS_DB_POOL", "1")];
        let Some(setup) = Setup::open(name, Duration::ZERO, &settings).await else {
            return;
        };
        let call = deletion(&setup.server, 0);
        setup.wire.cut_at(Some(b"COMMIT\0"));
        let mut caller = send(&setup.server, &call);
        let mut head = [0; 12];
        std::io::Read::read_exact(&mut caller, &mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 503", "{name}");
        setup.wire.cut_at(None);
        setup.keeps_what_it_acknowledges(4);
    }
}

#[tokio::test]
async fn connection_whose_rollback_is_cut_is_not_used_again() {
    for name in SERVERS {
        let settings = [("HALLPASS_DB_POOL", "1")];
        let Some(setup) = Setup::open(name, Duration::ZERO, &settings).await else {
            return;
        };
        let call = deletion(&setup.server, 0);
        setup.wire.hold_begin();
        let caller = send(&setup.server, &call);
        setup.wire.wait_for_begin(1);
        setup.wire.cut_at(Some(b"ROLLBACK\0"));
        drop(caller);
        // The server notices the disconnection in its own time. A reply that comes earlier only weakens the test.
        thread::sleep(Duration::from_millis(300));
        setup.wire.release();
        setup.keeps_what_it_acknowledges(4);
    }
}

#[tokio::test]
async fn thousand_random_cuts_leave_no_open_transaction() {
    const THREADS: u64 = 8;
    const CUTS: u64 = 500;
    for name in SERVERS {
        let settings = [("HALLPASS_DB_POOL", "4")];
        let Some(setup) = Setup::open(name, Duration::from_millis(1), &settings).await else {
            return;
        };
        let user = setup
            .server
            .register("ann@example.org", PASSWORD)
            .text("id");
        let token = setup.server.login(ADMIN, PASSWORD).text("access_token");
        let call = request(
            "PATCH",
            &format!("/admin/users/{user}"),
            &token,
            &json!({ "display_name": "Ann" }),
        );
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (setup, call) = (&setup, &call);
                scope.spawn(move || {
                    for cut in 0..CUTS / THREADS {
                        let caller = send(&setup.server, call);
                        thread::sleep(Duration::from_micros(
                            scattered(thread * CUTS + cut) % 25_000,
                        ));
                        drop(caller);
                    }
                });
            }
        });
        every_transaction_ends(&setup.database).await;
        setup.keeps_what_it_acknowledges(20);
    }
}

/// Waits until no backend of the database is in a transaction.
async fn every_transaction_ends(database: &PostgresDatabase) {
    let db = sea_orm::Database::connect(database.url()).await.unwrap();
    let are_over = async || open_transactions(&db).await == 0;
    until("every transaction has ended", are_over).await;
}

async fn open_transactions(db: &DatabaseConnection) -> i64 {
    let sql = "SELECT count(*) AS n FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await;
    row.unwrap().unwrap().try_get("", "n").unwrap()
}

/// A new user's call that deletes the account.
fn deletion(server: &Server, number: usize) -> String {
    let address = format!("gone-{number}@example.org");
    assert_eq!(server.register(&address, PASSWORD).status, 201);
    let token = server.login(&address, PASSWORD).text("access_token");
    request(
        "DELETE",
        "/users/me",
        &token,
        &json!({ "current_password": PASSWORD }),
    )
}

fn request(method: &str, path: &str, token: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
        content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = server.connect();
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    stream
}

/// A pseudorandom number that is the same in every run.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17
}
