//! Use cases in a host's transaction.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hallpass::{
    Auth, ErrorKind, Registration, User, UserId,
    credential::BreachCheck,
    error::BoxError,
    event::{EventFilter, EventKind},
    hook::Hooks,
    seaorm::SeaOrmStore,
    secret::Password,
    store::{EventStore as _, UserStore as _},
    transaction::Unpublished,
    user::{Role, UserFilter, UserStatus},
};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};

use crate::support::{
    app::{App, app_with},
    db::Database,
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";

/// A host with a table of its own and one connection. A second connection would block for ever.
struct Host {
    app: App,
    store: SeaOrmStore,
    _database: Database,
}

async fn hosts() -> Vec<Host> {
    let mut hosts = Vec::new();
    for database in Database::migrated().await {
        let store = database.store_of(1).await;
        let table = "CREATE TABLE profiles (owner uuid NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE)";
        store.database().execute_unprepared(table).await.unwrap();
        let app = app_with(|builder| builder.store(store.clone())).await;
        hosts.push(Host {
            app,
            store,
            _database: database,
        });
    }
    hosts
}

/// Commits and runs the hooks after the operations, or does neither.
async fn end(txn: DatabaseTransaction, unpublished: Unpublished, commits: bool) {
    if commits {
        txn.commit().await.unwrap();
        unpublished.publish();
    } else {
        txn.rollback().await.unwrap();
    }
}

impl Host {
    fn auth(&self) -> &Auth {
        &self.app.auth
    }

    async fn begin(&self) -> DatabaseTransaction {
        self.store.database().begin().await.unwrap()
    }

    /// The host's own row.
    async fn add_profile(txn: &DatabaseTransaction, user: &User) {
        let sql = match txn.get_database_backend() {
            sea_orm::DbBackend::Postgres => {
                format!("INSERT INTO profiles VALUES ('{}')", user.id)
            }
            _ => format!(
                "INSERT INTO profiles VALUES (x'{}')",
                user.id.as_uuid().simple()
            ),
        };
        txn.execute_unprepared(&sql).await.unwrap();
    }

    async fn profiles(&self) -> i64 {
        let count = sea_orm::Statement::from_string(
            self.store.database().get_database_backend(),
            "SELECT count(*) AS n FROM profiles",
        );
        let row = self.store.database().query_one_raw(count).await.unwrap();
        row.unwrap().try_get("", "n").unwrap()
    }

    async fn is_there(&self) -> bool {
        let found = self.store.credentials(&ANN.parse().unwrap()).await;
        found.unwrap().is_some()
    }

    async fn events(&self) -> Vec<&'static str> {
        let all = EventFilter::default();
        let events = self.store.list_events(&all, None, 50).await.unwrap();
        events.iter().map(|event| event.kind.as_str()).collect()
    }
}

fn ann() -> Registration {
    Registration::new(ANN.parse().unwrap(), PASSWORD)
}

#[tokio::test]
async fn an_account_and_the_hosts_own_row_are_committed_together() {
    for host in hosts().await {
        let prepared = host.auth().prepare_registration(ann()).await.unwrap();
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        let user = accounts.register(prepared).await.unwrap();
        Host::add_profile(&txn, &user).await;
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();

        assert_eq!(host.profiles().await, 1);
        assert_eq!(host.events().await, ["account_created"]);
        let tokens = host.app.login(ANN).await;
        host.app.me(&tokens.access).await.expect(200);
    }
}

/// SQLite refuses a write immediately if the transaction has read outdated rows.
#[tokio::test]
async fn a_sqlite_transaction_that_read_first_gets_advice() {
    let (_database, store, app) = sqlite().await;
    let prepared = app.auth.prepare_registration(ann()).await.unwrap();
    let txn = store.database().begin().await.unwrap();
    txn.query_all_raw(users()).await.unwrap();
    app.register("bob@example.org").await;

    let mut accounts = app.auth.within(&txn).unwrap();
    let error = accounts.register(prepared).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let causes = chain(&error);
    assert!(
        causes.contains("SqliteTransactionMode::Immediate"),
        "{causes}"
    );
    assert!(!causes.contains("retries"), "{causes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_transactions_that_read_first_begin_immediate() {
    let (_database, store, app) = sqlite().await;
    let mut all = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (store, auth) = (store.clone(), app.auth.clone());
        let email = format!("user{number}@example.org").parse().unwrap();
        let prepared = auth.prepare_registration(Registration::new(email, PASSWORD));
        let prepared = prepared.await.unwrap();
        all.spawn(async move {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let txn = store.database().begin_with_options(options).await;
            let txn = txn.unwrap();
            txn.query_all_raw(users()).await.unwrap();
            let mut accounts = auth.within(&txn).unwrap();
            accounts.register(prepared).await.unwrap();
            let unpublished = accounts.finish();
            txn.commit().await.unwrap();
            unpublished.publish();
        });
    }
    all.join_all().await;
}

async fn sqlite() -> (Database, SeaOrmStore, App) {
    let database = Database::migrated().await.remove(0);
    let store = database.store().await;
    let app = app_with(|builder| builder.store(store.clone())).await;
    (database, store, app)
}

fn users() -> sea_orm::Statement {
    let count = "SELECT count(*) FROM auth_users";
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, count)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(": {source}");
        next = source.source();
    }
    text
}

#[tokio::test]
async fn a_rollback_leaves_nothing() {
    for host in hosts().await {
        let prepared = host.auth().prepare_registration(ann()).await.unwrap();
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        let user = accounts.register(prepared.clone()).await.unwrap();
        Host::add_profile(&txn, &user).await;
        drop(accounts);
        txn.rollback().await.unwrap();

        assert!(!host.is_there().await);
        assert_eq!(host.profiles().await, 0);
        assert!(host.events().await.is_empty());

        // The address is free again, and the prepared registration is still valid.
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        accounts.register(prepared).await.unwrap();
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();
        assert!(host.is_there().await);
    }
}

/// Counts the accounts that exist.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Hooks for Counting {
    async fn after_registration(&self, _: &User) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn after_deletion(&self, _: &User) -> Result<(), BoxError> {
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn hooks_see_accounts_after_the_host_has_committed() {
    for host in hosts().await {
        let counting = Counting::default();
        let set = |builder: hallpass::AuthBuilder| {
            builder.store(host.store.clone()).hooks(counting.clone())
        };
        let auth = host.app.another(set).await.auth.clone();
        let prepared = auth.prepare_registration(ann()).await.unwrap();
        let txn = host.begin().await;
        let mut accounts = auth.within(&txn).unwrap();
        let user = accounts.register(prepared).await.unwrap();
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        auth.finish_hooks().await;
        assert_eq!(counting.0.load(Ordering::SeqCst), 0);
        unpublished.publish();
        auth.finish_hooks().await;
        assert_eq!(counting.0.load(Ordering::SeqCst), 1);

        let txn = host.begin().await;
        let mut accounts = auth.within(&txn).unwrap();
        accounts.delete(user.id).await.unwrap();
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();
        auth.finish_hooks().await;
        assert_eq!(counting.0.load(Ordering::SeqCst), 0);
    }
}

/// The mail is sent after the commit.
#[tokio::test]
async fn a_mail_can_be_ordered_with_the_hosts_own_row() {
    for host in hosts().await {
        host.app.settled(ANN).await;
        host.app.mailbox.clear();
        for commits in [false, true] {
            let txn = host.begin().await;
            let mut accounts = host.auth().within(&txn).unwrap();
            let ann = ANN.parse().unwrap();
            accounts.request_password_reset(&ann).await.unwrap();
            let unpublished = accounts.finish();
            end(txn, unpublished, commits).await;
            host.app.deliver().await;
            let letters = host.app.letters(ANN, "/reset-password?");
            assert_eq!(letters.len(), usize::from(commits));
        }
    }
}

/// A taken address does not fail the host's transaction.
#[tokio::test]
async fn a_taken_address_does_not_break_the_transaction() {
    for host in hosts().await {
        host.app.register(ANN).await;
        let prepared = host.auth().prepare_registration(ann()).await.unwrap();
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        let error = accounts.register(prepared).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmailTaken);
        drop(accounts);
        txn.execute_unprepared("DELETE FROM profiles")
            .await
            .unwrap();
        txn.commit().await.unwrap();
        assert_eq!(host.events().await, ["account_created"]);
    }
}

#[tokio::test]
async fn roles_and_status_change_with_the_hosts_own_rows() {
    for host in hosts().await {
        let id = host.app.register(ANN).await;
        let user: UserId = id["id"].as_str().unwrap().parse().unwrap();
        let tokens = host.app.login(ANN).await;
        let editor: Role = "editor".parse().unwrap();
        for commit in [false, true] {
            let txn = host.begin().await;
            let mut accounts = host.auth().within(&txn).unwrap();
            let changed = accounts.assign_role(user, editor.clone()).await.unwrap();
            assert!(changed.roles.contains(&editor) && changed.roles.contains(&Role::USER));
            let changed = accounts.disable(user).await.unwrap();
            assert_eq!(changed.status, UserStatus::Disabled);
            let unpublished = accounts.finish();
            if commit {
                txn.commit().await.unwrap();
                unpublished.publish();
                let reply = host.app.me(&tokens.access).await;
                reply.problem(401, "invalid_access_token");
            } else {
                txn.rollback().await.unwrap();
                host.app.me(&tokens.access).await.expect(200);
            }
        }
        let expected = [
            "status_changed",
            "roles_changed",
            "signed_in",
            "account_created",
        ];
        assert_eq!(host.events().await, expected);
    }
}

#[tokio::test]
async fn an_account_is_deleted_with_the_hosts_own_rows() {
    for host in hosts().await {
        let prepared = host.auth().prepare_registration(ann()).await.unwrap();
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        let user = accounts.register(prepared).await.unwrap();
        Host::add_profile(&txn, &user).await;
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();

        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        accounts.delete(user.id).await.unwrap();
        let again = accounts.delete(user.id).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::UserNotFound);
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();
        assert!(!host.is_there().await);
        assert_eq!(host.profiles().await, 0);
        assert_eq!(host.events().await, ["account_deleted", "account_created"]);
    }
}

/// The last administrator stays, and the host's transaction continues.
#[tokio::test]
async fn the_last_administrator_cannot_be_removed_in_a_transaction() {
    for host in hosts().await {
        host.app.administrator().await;
        let admins = UserFilter {
            role: Some(Role::ADMIN),
            ..UserFilter::default()
        };
        let admins = host.store.list_users(&admins, None, 2).await.unwrap();
        let admin = admins[0].id;
        let txn = host.begin().await;
        let mut accounts = host.auth().within(&txn).unwrap();
        for refused in [
            accounts.disable(admin).await.map(drop),
            accounts.delete(admin).await,
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::LastAdmin);
        }
        let unpublished = accounts.finish();
        txn.commit().await.unwrap();
        unpublished.publish();
        let admins = host.store.user(admin).await.unwrap().unwrap();
        assert_eq!(admins.status, UserStatus::Active);
    }
}

/// Never answers.
#[derive(Debug)]
struct Unreachable;

#[async_trait::async_trait]
impl BreachCheck for Unreachable {
    async fn is_breached(&self, _: &Password) -> Result<bool, BoxError> {
        Err("away".into())
    }
}

#[tokio::test]
async fn an_unchecked_password_event_commits_with_the_account() {
    for host in hosts().await {
        let app = host
            .app
            .another(|builder| builder.breach_check(Unreachable));
        let auth = app.await.auth.clone();
        let filter = EventFilter {
            kind: Some(EventKind::BreachCheckFailed),
            ..EventFilter::default()
        };
        for (commits, expected) in [(false, 0), (true, 1)] {
            let registration = Registration::new(ANN.parse().unwrap(), PASSWORD);
            let prepared = auth.prepare_registration(registration).await.unwrap();
            let txn = host.begin().await;
            let mut accounts = auth.within(&txn).unwrap();
            accounts.register(prepared).await.unwrap();
            let unpublished = accounts.finish();
            end(txn, unpublished, commits).await;
            let events = host.store.list_events(&filter, None, 10).await.unwrap();
            assert_eq!(events.len(), expected);
        }
    }
}
