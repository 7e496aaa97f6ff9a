//! Limits and the lockout of servers that share a database, and of servers that do not.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::{Reply, credentials, insist},
    patience::PATIENCE,
    postgres,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
};

const ANN: &str = "ann@example.org";
const WRONG: &str = "not a staple at all";

/// A sign-in by this client, through a proxy.
fn login_from(server: &Server, client: &str, email: &str, password: &str) -> Reply {
    let headers = [
        "content-type: application/json",
        &format!("x-forwarded-for: {client}"),
    ];
    let body = credentials(email, password).to_string();
    insist(|| server.call("POST", "/auth/login", &headers, &body))
}

#[tokio::test]
async fn two_servers_on_one_database_share_the_lock() {
    let Some(database) = postgres::empty().await else {
        return;
    };
    let settings = [
        ("DATABASE_URL", database.url()),
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let folder = folder();
    let servers = SERVERS.map(|name| Server::of(name, folder.path(), &settings));
    assert_eq!(servers[0].register(ANN, PASSWORD).status, 201);
    let barrier = Barrier::new(100);
    let begun = Instant::now();
    let replies: Vec<(u16, String)> = thread::scope(|scope| {
        let guess = |index: usize| {
            let (server, barrier) = (&servers[index % 2], &barrier);
            scope.spawn(move || {
                barrier.wait();
                // Each guess comes from its own client.
                let reply = login_from(server, &format!("203.0.113.{index}"), ANN, WRONG);
                (reply.status, reply.text("code"))
            })
        };
        let guesses: Vec<_> = (0..100).map(guess).collect();
        let replies = guesses.into_iter().map(|guess| guess.join().unwrap());
        replies.collect()
    });
    let count = |code: &str| replies.iter().filter(|(_, is)| is == code).count();
    // A wait of a second may end while a busy machine is still answering. Then one more guess is checked, another one
    // two seconds later, and so on.
    let waits = (begun.elapsed().as_secs() + 1).ilog2() as usize;
    let looked_at = count("invalid_credentials");
    assert!((5..=5 + waits).contains(&looked_at), "{looked_at}");
    assert_eq!(looked_at + count("too_many_attempts"), 100);
    let locked = locked(&servers);
    let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!(wait >= 1, "{wait}");
    thread::sleep(Duration::from_secs(wait));
    let free = login_from(&servers[0], "198.51.100.2", ANN, PASSWORD);
    assert_eq!(free.status, 200);
    let free = login_from(&servers[1], "198.51.100.3", ANN, PASSWORD);
    assert_eq!(free.status, 200);
}

/// After failures on one server, the other one refuses the right password too.
fn locked(servers: &[Server; 2]) -> Reply {
    let begun = Instant::now();
    loop {
        let reply = login_from(&servers[1], "198.51.100.1", ANN, PASSWORD);
        if reply.status == 429 {
            assert_eq!(reply.text("code"), "too_many_attempts");
            return reply;
        }
        // The wait is over and the failures are cleared.
        assert_eq!(reply.status, 200);
        assert!(begun.elapsed() < PATIENCE, "never locked");
        while login_from(&servers[0], "198.51.100.4", ANN, WRONG).status == 401 {}
    }
}

#[tokio::test]
async fn limits_are_shared_or_per_server() {
    let Some(database) = postgres::empty().await else {
        return;
    };
    for (store, shares) in [("database", 1), ("memory", 2)] {
        let settings = [
            ("DATABASE_URL", database.url()),
            ("HALLPASS_SECRET", SECRET),
            ("HALLPASS_LIMIT_STORE", store),
        ];
        let folder = folder();
        let servers = SERVERS.map(|name| Server::of(name, folder.path(), &settings));
        let begun = Instant::now();
        let mut granted = 0;
        for round in 0..60 {
            let email = format!("{store}{round}@example.org");
            // Without a trusted proxy, no header lifts the limit.
            let client = format!("203.0.113.{round}");
            let reply = login_from(&servers[round % 2], &client, &email, PASSWORD);
            match reply.text("code").as_str() {
                "invalid_credentials" => granted += 1,
                "rate_limited" => {
                    assert_eq!(reply.status, 429);
                    let policy = reply.header("ratelimit-policy");
                    assert_eq!(policy, Some("\"sign_in\";q=20;w=60"));
                }
                other => panic!("{other}"),
            }
        }
        // The limit allows one more call every three seconds.
        let more = begun.elapsed().as_secs() / 3 + 1;
        let range = 20 * shares..=(20 + more) * shares;
        assert!(range.contains(&granted), "{store}: {granted} of {range:?}");
    }
}

#[test]
fn nobody_waits_without_limits() {
    for server in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_RATE_LIMITS", "false")];
        let server = Server::of(server, folder.path(), &settings);
        assert_eq!(server.register(ANN, PASSWORD).status, 201);
        for _ in 0..30 {
            assert_eq!(server.login(ANN, WRONG).status, 401);
        }
        assert_eq!(server.login(ANN, PASSWORD).status, 200);
    }
}
