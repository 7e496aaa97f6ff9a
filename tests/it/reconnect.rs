//! Postgres connections that the server closes while they are idle or during a statement.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hallpass::{
    UserId,
    clock::{Clock as _, SystemClock},
    error::StoreError,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::{AdministratorStore as _, Store as _, UserStore as _},
    user::{FirstAdministrator, NewUser, Role, UserFilter},
};
use sea_orm::ConnectionTrait as _;

use crate::support::{app::created, db::Database, patience::until};

const POOL: usize = 3;

/// A store whose pool is full of idle connections.
struct Case {
    store: SeaOrmStore,
    other: SeaOrmStore,
    _database: Database,
}

impl Case {
    async fn new(store: impl AsyncFnOnce(&str) -> SeaOrmStore) -> Option<Self> {
        let databases = Database::migrated().await;
        let database = databases.into_iter().find(|one| one.name() == "postgres")?;
        let case = Self {
            store: store(&database.url()).await,
            other: database.store_of(1).await,
            _database: database,
        };
        case.fill_the_pool().await;
        Some(case)
    }

    async fn own() -> Option<Self> {
        Self::new(async |url| SeaOrmStore::connect(&settings(url)).await.unwrap()).await
    }

    /// A store on a pool that the host opened, with the driver's own behaviour.
    async fn of_the_host() -> Option<Self> {
        let open = async |url: &str| {
            let mut options = sea_orm::ConnectOptions::new(url);
            options
                .max_connections(POOL as u32)
                .test_before_acquire(false);
            let db = sea_orm::Database::connect(options).await.unwrap();
            SeaOrmStore::new(db).unwrap()
        };
        Self::new(open).await
    }

    async fn fill_the_pool(&self) {
        let pool = self.store.database().get_postgres_connection_pool();
        let mut held = Vec::new();
        for _ in 0..POOL {
            held.push(pool.acquire().await.unwrap());
        }
        drop(held);
        until("all connections are idle", async || pool.num_idle() == POOL).await;
    }

    /// Acts like a restart after which the server is available immediately.
    async fn end_all_connections(&self) {
        let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend'";
        let sql = format!("SELECT pg_terminate_backend(pid) {others}");
        let db = self.other.database();
        db.execute_unprepared(&sql).await.unwrap();
        until("the connections are closed", async || {
            let count = format!("SELECT 1 {others}");
            let count = sea_orm::Statement::from_string(db.get_database_backend(), count);
            db.query_all_raw(count).await.unwrap().is_empty()
        })
        .await;
    }

    async fn read(&self) -> Result<(), StoreError> {
        let all = UserFilter::default();
        self.store.list_users(&all, None, 1).await.map(drop)
    }

    /// Runs this before each insert of a user, or at COMMIT, and counts the statements.
    async fn with_trigger(self, timing: &str) -> (Self, Arc<AtomicUsize>) {
        for sql in [
            "CREATE FUNCTION die() RETURNS trigger AS $$ BEGIN \
                PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NEW; \
             END $$ LANGUAGE plpgsql",
            timing,
        ] {
            let db = self.other.database();
            db.execute_unprepared(sql).await.unwrap();
        }
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let store = self.store.watch(move |statement| {
            let inserts = statement.sql.contains("INSERT INTO auth_users");
            counted.fetch_add(usize::from(inserts), Ordering::SeqCst);
        });
        (Self { store, ..self }, sent)
    }

    async fn users(&self) -> usize {
        let all = UserFilter::default();
        let users = self.other.list_users(&all, None, 10).await;
        users.unwrap().len()
    }
}

fn settings(url: &str) -> ConnectSettings {
    ConnectSettings::new(url).pool_size(POOL as u32)
}

const BEFORE_INSERT: &str =
    "CREATE TRIGGER die BEFORE INSERT ON auth_users FOR EACH ROW EXECUTE FUNCTION die()";
const AT_COMMIT: &str = "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON auth_users \
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()";

fn user(role: Role) -> NewUser {
    let now = SystemClock.now();
    let id = UserId::new(now);
    NewUser {
        id,
        email: format!("{id}@example.org").parse().unwrap(),
        email_verified_at: None,
        password_hash: None,
        roles: [role].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: now,
    }
}

async fn insert(case: &Case) -> Result<(), StoreError> {
    let user = user(Role::USER);
    let event = created(user.created_at);
    let inserted = case.store.insert_user(&user, &event, None, None).await;
    inserted.map(drop)
}

/// A transaction that consists of several statements.
async fn insert_first(case: &Case) -> Result<FirstAdministrator, StoreError> {
    let user = user(Role::ADMIN);
    let event = created(user.created_at);
    case.store.insert_first_administrator(&user, &event).await
}

#[tokio::test]
async fn a_read_on_a_closed_connection_is_repeated() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        case.end_all_connections().await;
        for _ in 0..2 * POOL {
            case.read().await.unwrap();
        }
    }
}

#[tokio::test]
async fn concurrent_reads_are_all_repeated() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        case.end_all_connections().await;
        let (a, b, c) = tokio::join!(case.read(), case.read(), case.read());
        for read in [a, b, c] {
            read.unwrap();
        }
    }
}

#[tokio::test]
async fn a_transaction_on_a_closed_connection_begins_again() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        case.end_all_connections().await;
        let inserted = insert_first(&case).await.unwrap();
        assert!(matches!(inserted, FirstAdministrator::Inserted(_)));
        assert_eq!(case.users().await, 1);
    }
}

/// A write that may have run is not repeated. It makes the pool check its other connections.
#[tokio::test]
async fn one_lost_write_causes_no_second_loss() {
    let Some(case) = Case::own().await else {
        return;
    };
    case.end_all_connections().await;
    let first = insert(&case).await;
    assert!(
        matches!(first, Ok(()) | Err(StoreError::Unavailable(_))),
        "{first:?}"
    );
    for _ in 0..2 * POOL {
        insert(&case).await.unwrap();
    }
}

#[tokio::test]
async fn a_repeated_read_loses_no_write() {
    let Some(case) = Case::own().await else {
        return;
    };
    case.end_all_connections().await;
    case.read().await.unwrap();
    for _ in 0..2 * POOL {
        insert(&case).await.unwrap();
    }
    case.store.ping().await.unwrap();
}

#[tokio::test]
async fn a_write_that_may_have_run_is_not_repeated() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        let (case, sent) = case.with_trigger(BEFORE_INSERT).await;
        let lost = insert(&case).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        assert_eq!(case.users().await, 0);
    }
}

#[tokio::test]
async fn an_uncommitted_transaction_is_repeated_once() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        let (case, sent) = case.with_trigger(BEFORE_INSERT).await;
        let lost = insert_first(&case).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        assert_eq!(sent.load(Ordering::SeqCst), 2);
        assert_eq!(case.users().await, 0);
    }
}

#[tokio::test]
async fn a_transaction_that_may_have_committed_is_not_repeated() {
    for case in [Case::own().await, Case::of_the_host().await] {
        let Some(case) = case else { return };
        let (case, sent) = case.with_trigger(AT_COMMIT).await;
        let lost = insert_first(&case).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        assert_eq!(sent.load(Ordering::SeqCst), 1);
    }
}

/// Only the host can repeat its own transaction.
#[tokio::test]
async fn a_transaction_of_the_host_is_never_repeated() {
    use sea_orm::TransactionTrait as _;

    let Some(case) = Case::own().await else {
        return;
    };
    let txn = case.store.database().begin().await.unwrap();
    case.end_all_connections().await;
    let store = SeaOrmStore::within(&txn).unwrap();
    let lost = store.list_users(&UserFilter::default(), None, 1).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    drop(store);
    drop(txn);
    case.read().await.unwrap();
}
