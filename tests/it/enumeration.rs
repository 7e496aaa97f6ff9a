//! Replies about an address with an account and an address without one are the same, byte for byte, and cost the same
//! statements. SECURITY.md lists the cases.

mod mails;
mod provider;
mod sign_in;
mod tokens;

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use hallpass::{
    AuthBuilder, Registration, UserId,
    event::Author,
    user::{DeleteUser, EmailAddress, NewUser, Role, UpdateUser, UserChange, UserStatus},
};
use sea_orm::DbBackend;
use serde_json::Value;

use crate::{
    statements::{Count, counted},
    support::{
        app::{App, Server, app_with, apps_with, created, limited},
        db::Database,
        http::{JSON, PASSWORD, Reply, request},
    },
};

const NOBODY: &str = "nobody@example.org";
const VERIFIED: &str = "verified@example.org";
const UNVERIFIED: &str = "unverified@example.org";
const DISABLED: &str = "disabled@example.org";
const PASSWORDLESS: &str = "passwordless@example.org";
const DELETED: &str = "deleted@example.org";

/// The addresses, one for each state.
const EVERYBODY: [&str; 6] = [
    VERIFIED,
    UNVERIFIED,
    DISABLED,
    PASSWORDLESS,
    DELETED,
    NOBODY,
];

/// A service with the default limits and the pages.
struct Twins {
    app: App,
    server: Server,
    counted: Option<(Database, Count)>,
}

impl Deref for Twins {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

/// One service for each store and framework. On Postgres, one of them counts its statements.
async fn twins(set: impl Fn(AuthBuilder) -> AuthBuilder) -> Vec<Twins> {
    let set = |builder| set(limited(builder).mail_budgets(true));
    let mut twins = Vec::new();
    for app in apps_with(set).await {
        twins.push(Twins::of(app, None).await);
    }
    if let Some((database, store, count)) = counted(DbBackend::Postgres).await {
        let app = app_with(|builder| set(builder).store(store.clone())).await;
        twins.push(Twins::of(app, Some((database, count))).await);
    }
    twins
}

impl Twins {
    async fn of(app: App, counted: Option<(Database, Count)>) -> Self {
        let server = Server::of(app.auth.endpoints().with_pages(), app.framework()).await;
        Self {
            app,
            server,
            counted,
        }
    }

    /// Sends all requests, and returns the one reply that they have in common.
    async fn alike(&self, requests: &[Vec<u8>]) -> Reply {
        self.alike_but(requests, &[]).await
    }

    /// The same, but ignores the input that the reply repeats.
    async fn alike_but(&self, requests: &[Vec<u8>], repeated: &[&str]) -> Reply {
        let mut seen: Option<(Reply, Vec<String>)> = None;
        for request in requests {
            let statements = self.counted.as_ref().map(|(_, count)| count);
            statements.inspect(|count| count.forget());
            // Later requests are sent at later times.
            self.clock.advance(Duration::from_millis(1));
            let mut reply = self.server.client.raw(request).await.expect_id();
            for text in repeated {
                reply.body = reply.text().replace(text, "*").into_bytes();
            }
            let statements = statements.map(Count::take).unwrap_or_default();
            let outcome = (reply, statements);
            let first = seen.get_or_insert_with(|| outcome.clone());
            let request = String::from_utf8_lossy(request);
            assert_eq!(*first, outcome, "{}: {request}", self.name);
        }
        let (mut reply, _) = seen.expect("there is a request");
        // The callers' checks expect this header, which was removed for the comparison.
        reply.headers.push(("x-request-id".into(), "any".into()));
        reply
    }

    /// Sends the same request about several addresses.
    async fn about<'a>(
        &self,
        path: &str,
        addresses: impl IntoIterator<Item = &'a str>,
        body: impl Fn(&str) -> Value,
    ) -> Reply {
        let requests = addresses.into_iter().map(|email| post(path, &body(email)));
        self.alike(&requests.collect::<Vec<_>>()).await
    }

    /// An account with [`PASSWORD`], whose mails were sent long ago.
    async fn account(&self, email: &str) -> UserId {
        let registration = Registration::new(email.parse().unwrap(), PASSWORD);
        let user = self.auth.register(registration).await.unwrap();
        self.pause().await;
        user.id
    }

    /// An account at every address but [`NOBODY`] and [`DELETED`].
    async fn everybody(&self) {
        let verified = self.account(VERIFIED).await;
        let is_verified = UserChange {
            email_verified: Some(true),
            ..UserChange::default()
        };
        self.change(verified, is_verified).await;
        self.account(UNVERIFIED).await;
        let disabled = self.account(DISABLED).await;
        self.disable(disabled).await;
        let deleted = self.account(DELETED).await;
        self.delete(deleted).await;
        let now = self.now();
        let passwordless = NewUser {
            id: UserId::new(now),
            email: PASSWORDLESS.parse().unwrap(),
            email_verified_at: None,
            password_hash: None,
            roles: [Role::USER].into_iter().collect(),
            display_name: None,
            locale: None,
            created_at: now,
        };
        let (store, event) = (self.auth.store(), created(now));
        let added = store.insert_user(&passwordless, &event, None, None).await;
        added.expect("the store works");
    }

    async fn change(&self, user: UserId, change: UserChange) {
        let (author, now) = (Author::default(), self.now());
        let store = self.auth.store();
        let changed = store.update_user(user, &change, None, &author, now).await;
        assert!(matches!(changed, Ok(UpdateUser::Updated(..))));
    }

    async fn disable(&self, user: UserId) {
        let disabled = UserChange {
            status: Some(UserStatus::Disabled),
            ..UserChange::default()
        };
        self.change(user, disabled).await;
    }

    async fn delete(&self, user: UserId) {
        let event = created(self.now());
        let deleted = self.auth.store().delete_user(user, None, &event).await;
        assert!(matches!(deleted, Ok(DeleteUser::Deleted(_))));
    }

    /// Sends and drops the mails, and waits until every budget is full again.
    async fn pause(&self) {
        self.deliver().await;
        self.mailbox.clear();
        self.advance(6 * 3600);
    }

    /// Sends the mails and counts them by address.
    async fn mails(&self) -> BTreeMap<String, usize> {
        self.deliver().await;
        let mut counts = BTreeMap::new();
        for mail in self.mailbox.mails() {
            *counts.entry(mail.to().canonical().to_owned()).or_default() += 1;
        }
        counts
    }
}

impl Reply {
    /// Checks the usual form of the id, and removes the parts that are unique to each reply.
    fn expect_id(mut self) -> Self {
        let id = self.header("x-request-id").expect("an id");
        assert!(id.len() == 36 && id.parse::<UserId>().is_ok(), "{id}");
        let own = |name: &str| matches!(name, "date" | "x-request-id");
        self.headers.retain(|(name, _)| !own(name));
        self
    }
}

fn post(path: &str, body: &Value) -> Vec<u8> {
    request(&format!("POST {path}"), JSON, body.to_string().as_bytes())
}

/// A call of a signed-in user.
fn call(line: &str, access: &str, body: &Value) -> Vec<u8> {
    let headers = format!("{JSON}Authorization: Bearer {access}\r\n");
    request(line, &headers, body.to_string().as_bytes())
}

fn canonical(email: &str) -> String {
    let email: EmailAddress = email.parse().unwrap();
    email.canonical().to_owned()
}
