//! Servers on Postgres that start together, and an outage of the database.

use std::{sync::Barrier, thread};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use serde_json::json;

use crate::{
    client::{Reply, credentials, insist},
    cluster::Cluster,
    patience::{PATIENCE, block_until},
    postgres,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
};

const EMAIL: &str = "ann@example.org";

#[tokio::test]
async fn servers_start_together_on_an_empty_database() {
    let Some(database) = postgres::empty().await else {
        return;
    };
    let settings = [
        ("DATABASE_URL", database.url()),
        ("HALLPASS_SECRET", SECRET),
    ];
    let folder = folder();
    let barrier = Barrier::new(4);
    let servers: Vec<Server> = thread::scope(|scope| {
        let start = |server| {
            let (folder, barrier) = (&folder, &barrier);
            scope.spawn(move || {
                barrier.wait();
                Server::of(server, folder.path(), &settings)
            })
        };
        let starting: Vec<_> = [SERVERS, SERVERS].concat().into_iter().map(start).collect();
        starting
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    assert_eq!(servers[0].register(EMAIL, PASSWORD).status, 201);
    let tokens = servers[1].login(EMAIL, PASSWORD);
    for server in &servers {
        assert_eq!(server.get("/health/ready").status, 200);
        assert_eq!(server.me(&tokens.text("access_token")).status, 200);
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "the server has no secret and no database of its own"
    );
}

#[test]
fn a_database_outage_is_reported_and_survived() {
    on_a_cluster(|cluster, clients| {
        cluster.stop();
        each(clients, Client::is_reported);
        cluster.start_again();
        each(clients, Client::recovers);
    });
}

/// Every pooled connection is closed while no call uses it.
#[test]
fn a_database_restart_fails_no_read() {
    on_a_cluster(|cluster, clients| {
        cluster.stop();
        cluster.start_again();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let again = ConnectSettings::new(cluster.url()).acquire_timeout(PATIENCE);
        runtime.block_on(SeaOrmStore::connect(&again)).unwrap();
        each(clients, |client| {
            // Consecutive calls use every connection.
            for _ in 0..16 {
                let me = client.server.me(&client.access);
                assert_eq!(me.status, 200, "{me:?}");
            }
            let login = client.server.login(EMAIL, PASSWORD);
            assert_eq!(login.status, 200, "{login:?}");
        });
    });
}

/// Runs both servers on one database server. The calls of each server's client have filled its pool.
fn on_a_cluster(check: impl FnOnce(&mut Cluster, &[Client<'_>])) {
    let Some(mut cluster) = Cluster::start_or_skip() else {
        return;
    };
    let folder = folder();
    let url = cluster.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_RATE_LIMITS", "false"),
        // Keeps requests running until the database is considered unreachable.
        ("HALLPASS_REQUEST_TIMEOUT", "300"),
    ];
    let servers = SERVERS.map(|name| Server::of(name, folder.path(), &settings));
    assert_eq!(servers[0].register(EMAIL, PASSWORD).status, 201);
    let clients = servers.iter().map(Client::new).collect::<Vec<_>>();
    each(&clients, Client::fill_the_pool);
    check(&mut cluster, &clients);
}

fn each<'a>(clients: &[Client<'a>], check: fn(&Client<'a>)) {
    thread::scope(|scope| {
        for client in clients {
            scope.spawn(move || check(client));
        }
    });
}

struct Client<'a> {
    server: &'a Server,
    access: String,
    refresh: String,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server) -> Self {
        let tokens = server.login(EMAIL, PASSWORD);
        Self {
            server,
            access: tokens.text("access_token"),
            refresh: tokens.text("refresh_token"),
        }
    }

    /// Fills the pool, so that there are connections to lose.
    fn fill_the_pool(&self) {
        let statuses = self.at_once();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }

    fn at_once(&self) -> Vec<u16> {
        thread::scope(|scope| {
            let call = |_| scope.spawn(|| insist(|| self.server.me(&self.access)).status);
            let calls: Vec<_> = (0..16).map(call).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        })
    }

    /// Calls that need the database get 503 immediately. The server stays alive.
    fn is_reported(&self) {
        for _ in 0..2 {
            self.expect_unavailable("me", || self.server.me(&self.access));
            self.expect_unavailable("login", || self.server.login(EMAIL, PASSWORD));
            self.expect_unavailable("refresh", || self.server.refresh(&self.refresh));
            self.expect_unavailable("logout", || {
                let token = json!({ "refresh_token": self.refresh });
                self.server.post("/auth/logout", &token)
            });
            self.expect_unavailable("register", || {
                self.server
                    .post("/users", &credentials("bob@example.org", PASSWORD))
            });
            self.expect_unavailable("ready", || self.server.get("/health/ready"));
            assert_eq!(self.server.get("/health/live").status, 200);
        }
    }

    fn expect_unavailable(&self, call: &str, make: impl Fn() -> Reply) {
        let reply = make();
        let context = format!("{call}: {reply:?}");
        assert_eq!(reply.status, 503, "{context}");
        assert_eq!(reply.text("code"), "unavailable", "{context}");
        let retry_after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!(retry_after >= 1, "{context}");
    }

    /// The server recovers by itself.
    fn recovers(&self) {
        block_until("the server is ready", || {
            self.server.get("/health/ready").status == 200
        });
        self.fill_the_pool();
        let refreshed = insist(|| self.server.refresh(&self.refresh));
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        let login = insist(|| self.server.login(EMAIL, PASSWORD));
        assert_eq!(login.status, 200, "{login:?}");
    }
}
