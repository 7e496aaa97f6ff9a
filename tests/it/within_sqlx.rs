//! A host on sqlx: the store on its pool, and use cases in its transactions.

use hallpass::{
    Registration,
    seaorm::{SeaOrmStore, sea_orm::sqlx},
    user::Role,
};

use crate::support::{
    app::{App, app_with},
    db::Database,
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";
const TABLE: &str = "CREATE TABLE profiles (owner uuid NOT NULL REFERENCES auth_users (id))";
const INSERT: &str = "INSERT INTO profiles VALUES ($1)";
const COUNT: &str = "SELECT count(*) FROM profiles";

/// Registers one account in a transaction that is rolled back, and one in a transaction that is committed.
macro_rules! registers_in_transactions_of {
    ($pool:expr) => {{
        let pool = $pool.clone();
        sqlx::query(TABLE).execute(&pool).await.unwrap();
        let store = SeaOrmStore::from_sqlx(pool.clone()).unwrap();
        let app = app_with(|builder| builder.store(store.clone())).await;
        for commits in [false, true] {
            let form = Registration::new(ANN.parse().unwrap(), PASSWORD);
            let prepared = app.auth.prepare_registration(form).await.unwrap();
            let mut txn = pool.begin().await.unwrap();
            let mut accounts = app.auth.within(&mut txn).unwrap();
            let user = accounts.register(prepared).await.unwrap();
            let changed = accounts.assign_role(user.id, Role::ADMIN).await.unwrap();
            assert!(changed.is_administrator());
            let unpublished = accounts.finish();
            let insert = sqlx::query(INSERT).bind(user.id.as_uuid());
            insert.execute(&mut *txn).await.unwrap();
            if commits {
                txn.commit().await.unwrap();
                unpublished.publish();
            } else {
                txn.rollback().await.unwrap();
            }
            let profiles: i64 = sqlx::query_scalar(COUNT).fetch_one(&pool).await.unwrap();
            assert_eq!(profiles, i64::from(commits));
            assert_eq!(can_log_in(&app).await, commits);
        }
    }};
}

async fn can_log_in(app: &App) -> bool {
    app.try_login(ANN, PASSWORD).await.status == 200
}

#[tokio::test]
async fn an_account_is_made_in_a_transaction_of_sqlx() {
    for database in Database::migrated().await {
        // The pool has one connection: a statement outside the transaction would block for ever.
        let store = database.store_of(1).await;
        let db = store.database();
        match db.get_database_backend() {
            sea_orm::DbBackend::Postgres => {
                registers_in_transactions_of!(db.get_postgres_connection_pool());
            }
            _ => registers_in_transactions_of!(db.get_sqlite_connection_pool()),
        }
    }
}
