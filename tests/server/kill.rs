//! `kill -9` under load: acknowledged writes are kept.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    client::{Reply, credentials, post},
    patience::block_until,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
};

/// Enough settled accounts to have some in every state.
const SETTLED: usize = 20;

/// An account, as its client knows it.
struct Account {
    email: String,
    /// Every refresh token that the client received, oldest first.
    refresh: Vec<String>,
    access: String,
    is_logged_out: bool,
    /// Whether a call is running, or was running at the kill.
    is_unsettled: bool,
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || kill_under_load(name));
        }
    });
}

fn kill_under_load(name: &str) {
    let folder = folder();
    let settings = [
        ("HALLPASS_SECRET", SECRET),
        ("HALLPASS_REFRESH_GRACE", "300"),
        ("HALLPASS_RATE_LIMITS", "false"),
    ];
    let server = Server::of(name, folder.path(), &settings);
    let (address, settled) = (server.address.clone(), AtomicUsize::new(0));
    let accounts: Vec<Account> = thread::scope(|scope| {
        let client = |client| {
            let (address, settled) = (&address, &settled);
            scope.spawn(move || live(address, client, settled))
        };
        let clients: Vec<_> = (0..6).map(client).collect();
        block_until("accounts are created and used", || {
            settled.load(Ordering::SeqCst) >= SETTLED
        });
        server.kill();
        let accounts = clients.into_iter().flat_map(|c| c.join().unwrap());
        accounts.collect()
    });

    let server = Server::of(name, folder.path(), &settings);
    for account in &accounts {
        check(&server, account);
    }
}

/// Creates and uses accounts until the server is gone.
fn live(address: &str, client: usize, settled: &AtomicUsize) -> Vec<Account> {
    let mut accounts = Vec::new();
    for number in 0.. {
        let email = format!("user-{client}-{number}@example.org");
        let Ok(registered) = post(address, "/users", &credentials(&email, PASSWORD)) else {
            break;
        };
        // A busy reply acknowledges nothing.
        if registered.status == 503 {
            continue;
        }
        assert_eq!(registered.status, 201, "{registered:?}");
        accounts.push(Account {
            email,
            refresh: Vec::new(),
            access: String::new(),
            is_logged_out: false,
            is_unsettled: false,
        });
        let account = accounts.last_mut().unwrap();
        if account.sign_in_and_out(address, number % 2 == 0).is_none() {
            break;
        }
        settled.fetch_add(1, Ordering::SeqCst);
    }
    accounts
}

impl Account {
    /// Uses the account. `None` if the server is gone.
    fn sign_in_and_out(&mut self, address: &str, logs_out: bool) -> Option<()> {
        let tokens = self.call(address, "/auth/login", &credentials(&self.email, PASSWORD))?;
        self.take(&tokens);
        for _ in 0..3 {
            let tokens = self.call(address, "/auth/refresh", &self.last())?;
            self.take(&tokens);
        }
        if logs_out {
            self.call(address, "/auth/logout", &self.last())?;
            self.is_logged_out = true;
        }
        Some(())
    }

    /// Makes a call, and repeats it while the server is too busy.
    fn call(&mut self, address: &str, path: &str, body: &Value) -> Option<Reply> {
        self.is_unsettled = true;
        let reply = loop {
            let reply = post(address, path, body).ok()?;
            if reply.status != 503 {
                break reply;
            }
        };
        assert!(matches!(reply.status, 200 | 204), "{path}: {reply:?}");
        self.is_unsettled = false;
        Some(reply)
    }

    fn take(&mut self, tokens: &Reply) {
        self.access = tokens.text("access_token");
        self.refresh.push(tokens.text("refresh_token"));
    }

    fn last(&self) -> Value {
        json!({ "refresh_token": self.refresh.last() })
    }
}

fn check(server: &Server, account: &Account) {
    let email = &account.email;
    assert_eq!(server.register(email, PASSWORD).status, 409, "{email}");
    assert_eq!(server.login(email, PASSWORD).status, 200, "{email}");
    if account.is_logged_out {
        for token in &account.refresh {
            assert_eq!(
                server.refresh(token).text("code"),
                "invalid_refresh_token",
                "{email}"
            );
        }
        assert_eq!(server.me(&account.access).status, 401, "{email}");
        return;
    }
    let Some(last) = account.refresh.last() else {
        return;
    };
    if account.is_unsettled {
        // The session may have ended. The token may also have been exchanged once more, but the grace covers that.
        let reply = server.refresh(last);
        assert!(matches!(reply.status, 200 | 401), "{email}: {reply:?}");
        assert_ne!(reply.json()["code"], "refresh_token_reused", "{email}");
        return;
    }
    let [first, .., previous, last] = account.refresh.as_slice() else {
        panic!("{email}: settled after {} exchanges", account.refresh.len());
    };
    assert_eq!(server.me(&account.access).status, 200, "{email}");
    assert_eq!(
        server.refresh(previous).text("refresh_token"),
        *last,
        "{email}"
    );
    let next = server.refresh(last).text("refresh_token");
    assert_eq!(server.refresh(last).text("refresh_token"), next, "{email}");
    assert_eq!(
        server.refresh(first).text("code"),
        "refresh_token_reused",
        "{email}"
    );
    assert_eq!(
        server.refresh(&next).text("code"),
        "invalid_refresh_token",
        "{email}"
    );
    assert_eq!(server.me(&account.access).status, 401, "{email}");
}
