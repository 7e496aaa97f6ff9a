//! Many users, and the query plans of a store's statements.

use std::sync::{Arc, Mutex};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// The number of users that one statement adds within its time limit.
const BATCH: i32 = 100_000;

/// The numbers in a range, as a table `s` with a column `n`, and the identifier of the user with that number.
const POSTGRES: (&str, &str) = (
    "generate_series($1, $2) AS s(n)",
    "(lpad(to_hex(1750000000000 + n), 12, '0') || '70008000000000000000')::uuid",
);
const SQLITE: (&str, &str) = (
    "(WITH RECURSIVE s(n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM s WHERE n < $2) SELECT n FROM s) AS s",
    "unhex(printf('%012x', 1750000000000 + n) || '70008000000000000000')",
);

/// A store, and every statement that it sends.
pub(crate) struct Watched {
    pub(crate) store: SeaOrmStore,
    seen: Arc<Mutex<Vec<Statement>>>,
}

impl Watched {
    pub(crate) async fn open(url: &str) -> Self {
        let store = SeaOrmStore::connect(&ConnectSettings::new(url)).await;
        let seen = Arc::<Mutex<Vec<Statement>>>::default();
        let pushed = Arc::clone(&seen);
        let store = store.expect("a server").watch(move |statement| {
            let mut seen = pushed.lock().expect("no panic holds the lock");
            seen.push(statement.clone());
        });
        Self { store, seen }
    }

    fn db(&self) -> &DatabaseConnection {
        self.store.database()
    }

    /// Adds this many users of 2025. Their identifiers are a millisecond apart, and their addresses begin with a
    /// scattered number. One user in ten thousand is disabled, one in ten thousand has the role `editor`, and one in a
    /// hundred thousand is an administrator. Then gathers the statistics.
    pub(crate) async fn fill(&self, count: i32) {
        let backend = self.db().get_database_backend();
        let (numbers, id) = match backend {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        let sql = format!(
            "INSERT INTO auth_users (id, email, email_canonical, password_hash, roles, status, credential_version, \
                metadata, created_at, updated_at) \
            SELECT {id}, email, email, NULL, \
                CASE WHEN n % 100000 = 7 THEN ' admin user ' WHEN n % 10000 = 3 THEN ' editor user ' ELSE ' user ' END, \
                CASE WHEN n % 10000 = 5 THEN 'disabled' ELSE 'active' END, \
                0, '{{}}', '2025-06-15T15:06:40Z', '2025-06-15T15:06:40Z' \
            FROM (SELECT n, CAST((CAST(n AS bigint) * 7919) % 1000003 AS text) || '-' || CAST(n AS text) || '@example.org' AS email \
                FROM {numbers}) AS u"
        );
        for first in (1..=count).step_by(BATCH as usize) {
            let last = count.min(first + BATCH - 1);
            let values = [first.into(), last.into()];
            let fill = Statement::from_sql_and_values(backend, &sql, values);
            let filled = self.db().execute_raw(fill).await;
            filled.expect("the users are added");
        }
        let analyze = self.db().execute_unprepared("ANALYZE auth_users");
        analyze.await.expect("statistics");
        self.forget();
    }

    fn forget(&self) -> Vec<Statement> {
        let mut seen = self.seen.lock().expect("no panic holds the lock");
        std::mem::take(&mut seen)
    }

    /// The plans of the statements since the last call, as one text.
    pub(crate) async fn plans(&self) -> String {
        let how = match self.db().get_database_backend() {
            DbBackend::Postgres => ("EXPLAIN ", 0),
            _ => ("EXPLAIN QUERY PLAN ", 3),
        };
        let mut plans = String::new();
        let planned = |statement: &Statement| !statement.sql.starts_with("SET ");
        for mut statement in self.forget().into_iter().filter(planned) {
            statement.sql.insert_str(0, how.0);
            let rows = self.db().query_all_raw(statement).await;
            for row in rows.expect("a plan") {
                let line: String = row.try_get_by_index(how.1).expect("a line of it");
                plans.push_str(&line);
                plans.push('\n');
            }
        }
        self.forget();
        plans
    }
}
