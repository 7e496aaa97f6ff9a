//! The first administrator, administrative changes to users, and the protection of the last administrator.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};

use super::{
    SeaOrmStore,
    event::{self, events, record},
    pool::Database,
    row::{column, roles_text, user, user_columns},
    transaction::{Txn, run, transaction},
    user::{insert_user, insert_values},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event},
    store::AdministratorStore,
    user::{
        AppliedChange, ChangedUser, DeleteUser, FirstAdministrator, NewUser, SeenUser, UpdateUser,
        User, UserChange, UserId,
    },
};

macro_rules! administrator {
    () => {
        "SELECT 1 FROM auth_users a WHERE a.status = 'active' AND a.roles LIKE '% admin %'"
    };
}

const ADMINISTRATOR: &str = concat!(administrator!(), " LIMIT 1");

const INSERT_FIRST: &str = insert_user!(
    "SELECT ",
    concat!(" WHERE NOT EXISTS (", administrator!(), ")")
);

/// On Postgres, this lock admits one statement at a time. Without the lock, two concurrent statements could each find
/// no administrator and add one. The key is `hp_admin` in ASCII.
const FIRST_ADMINISTRATOR: &str = "SELECT pg_advisory_xact_lock(7525619849237457262)";

const USER: &str = concat!(
    "SELECT ",
    user_columns!(""),
    ", credential_version FROM auth_users WHERE id = $1"
);

const USER_LOCKED: &str = concat!(
    "SELECT ",
    user_columns!(""),
    ", credential_version FROM auth_users WHERE id = $1 FOR UPDATE"
);

/// Selects the user and, if the user is an administrator, all administrators. On Postgres the rows
/// are locked in a fixed order, so that no deadlock occurs. The statement reads the rows as the
/// previous holders of the locks left them.
macro_rules! with_administrators {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            user_columns!(""),
            ", credential_version FROM auth_users WHERE id IN (\
                SELECT $1 UNION ALL \
                SELECT a.id FROM auth_users a WHERE a.status = 'active' AND a.roles LIKE '% admin %' AND EXISTS (\
                    SELECT 1 FROM auth_users t \
                    WHERE t.id = $1 AND t.status = 'active' AND t.roles LIKE '% admin %')) \
            ORDER BY id",
            $lock
        )
    };
}

const WITH_ADMINISTRATORS: &str = with_administrators!("");
const WITH_ADMINISTRATORS_LOCKED: &str = with_administrators!(" FOR UPDATE");

macro_rules! update {
    () => {
        "UPDATE auth_users SET email_verified_at = $2, roles = $3, status = $4, display_name = $5, updated_at = $6, \
            credential_version = credential_version + $7 \
        WHERE id = $1"
    };
}

const UPDATE: &str = update!();
const UPDATE_RECORDED: &str = concat!(
    "WITH updated AS (",
    update!(),
    " RETURNING id) ",
    record!("$8", "updated.id", "updated")
);

const DELETE: &str = "DELETE FROM auth_users WHERE id = $1";
const DELETE_RECORDED: &str = concat!(
    "WITH deleted AS (DELETE FROM auth_users WHERE id = $1 RETURNING id) ",
    record!("$2", "deleted.id", "deleted")
);

#[async_trait]
impl<D: Database> AdministratorStore for SeaOrmStore<D> {
    async fn insert_first_administrator(
        &self,
        new: &NewUser,
        event: &Event,
    ) -> Result<FirstAdministrator, StoreError> {
        transaction!(self, |txn| async {
            if txn.is_postgres() {
                run(txn, FIRST_ADMINISTRATOR, []).await?;
            }
            if !run(txn, INSERT_FIRST, insert_values(new)).await?.is_empty() {
                event::insert(txn, event, Some(new.id)).await?;
                return Ok::<_, DbErr>(FirstAdministrator::Inserted(new.to_user()));
            }
            Ok(if run(txn, ADMINISTRATOR, []).await?.is_empty() {
                FirstAdministrator::EmailTaken
            } else {
                FirstAdministrator::NotFirst
            })
        })
    }

    async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        seen: Option<&SeenUser>,
        author: &Author,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError> {
        transaction!(self, |txn| update_in(txn, id, change, seen, author, now))
    }

    async fn delete_user(
        &self,
        id: UserId,
        credential_version: Option<i64>,
        event: &Event,
    ) -> Result<DeleteUser, StoreError> {
        transaction!(self, |txn| delete_in(txn, id, credential_version, event))
    }
}

async fn update_in(
    txn: &Txn<'_>,
    id: UserId,
    change: &UserChange,
    seen: Option<&SeenUser>,
    author: &Author,
    now: Timestamp,
) -> Result<UpdateUser, DbErr> {
    let Some(Held {
        user: before,
        others,
        ..
    }) = hold(txn, id, change.can_remove_administrator()).await?
    else {
        return Ok(UpdateUser::NotFound);
    };
    let changed = match change.apply(&before, seen, author, now) {
        AppliedChange::Changed(changed) => changed,
        AppliedChange::Overtaken => return Ok(UpdateUser::Overtaken(before)),
        AppliedChange::Unchanged => return Ok(UpdateUser::Updated(before, Vec::new())),
    };
    if before.is_administrator() && !changed.user.is_administrator() && !others {
        return Ok(UpdateUser::LastAdmin);
    }
    write(txn, &changed).await?;
    Ok(UpdateUser::Updated(changed.user, changed.events))
}

async fn delete_in(
    txn: &Txn<'_>,
    id: UserId,
    credential_version: Option<i64>,
    event: &Event,
) -> Result<DeleteUser, DbErr> {
    let Some(held) = hold(txn, id, true).await? else {
        return Ok(DeleteUser::NotFound);
    };
    if credential_version.is_some_and(|version| version != held.credential_version) {
        return Ok(DeleteUser::Stale);
    }
    if held.user.is_administrator() && !held.others {
        return Ok(DeleteUser::LastAdmin);
    }
    if txn.is_postgres() {
        run(txn, DELETE_RECORDED, [id.as_uuid().into(), events([event])]).await?;
    } else {
        run(txn, DELETE, [id.as_uuid().into()]).await?;
        event::insert(txn, event, Some(id)).await?;
    }
    Ok(DeleteUser::Deleted(held.user))
}

/// A user whose row no other transaction can change until this transaction ends.
struct Held {
    user: User,
    credential_version: i64,
    /// Whether another user is an administrator, and will remain an administrator until this transaction ends.
    others: bool,
}

async fn hold(txn: &Txn<'_>, id: UserId, administrators: bool) -> Result<Option<Held>, DbErr> {
    let sql = match (administrators, txn.is_postgres()) {
        (true, true) => WITH_ADMINISTRATORS_LOCKED,
        (true, false) => WITH_ADMINISTRATORS,
        (false, true) => USER_LOCKED,
        (false, false) => USER,
    };
    let rows = run(txn, sql, [id.as_uuid().into()]).await?;
    let held = held(&rows, id)?;
    match held {
        // If the user became an administrator while the statement waited, the statement did not lock the other
        // administrators. A second run locks them.
        Some(Held {
            user,
            others: false,
            ..
        }) if administrators && txn.is_postgres() && user.is_administrator() => {
            let rows = run(txn, sql, [id.as_uuid().into()]).await?;
            self::held(&rows, id)
        }
        held => Ok(held),
    }
}

fn held(rows: &[QueryResult], id: UserId) -> Result<Option<Held>, DbErr> {
    let mut held = None;
    let mut others = false;
    for row in rows {
        let user = user(row)?;
        if user.id == id {
            held = Some((user, column(row, "credential_version")?));
        } else {
            others |= user.is_administrator();
        }
    }
    Ok(held.map(|(user, credential_version)| Held {
        user,
        credential_version,
        others,
    }))
}

async fn write(txn: &Txn<'_>, changed: &ChangedUser) -> Result<(), DbErr> {
    let user = &changed.user;
    let values: [Value; 7] = [
        user.id.as_uuid().into(),
        user.email_verified_at.into(),
        roles_text(&user.roles).into(),
        user.status.as_str().into(),
        user.display_name.clone().into(),
        user.updated_at.into(),
        i64::from(changed.disabled).into(),
    ];
    if txn.is_postgres() {
        let [id, verified, roles, status, name, now, raise] = values;
        let written = events(&changed.events);
        let values = [id, verified, roles, status, name, now, raise, written];
        return run(txn, UPDATE_RECORDED, values).await.map(drop);
    }
    run(txn, UPDATE, values).await?;
    for event in &changed.events {
        event::insert(txn, event, Some(user.id)).await?;
    }
    Ok(())
}
