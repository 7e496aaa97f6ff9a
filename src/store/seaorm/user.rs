//! Users, in SQL.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _, QueryTrait as _, Value,
    prelude::Uuid,
    sea_query::{Condition, Expr, ExprTrait as _, LikeExpr},
};

use super::{
    SeaOrmStore,
    entity::user::{Column, Entity},
    error::{store_error, unreadable},
    event::{self, events, record},
    order::{self, intents, order},
    pool::{Access, Database},
    row::{column, credential_columns, credentials, roles_text, user, user_columns},
    transaction::{run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::Intent,
    store::UserStore,
    user::{
        Credentials, EmailAddress, EmailPrefix, InsertUser, NewUser, ProfileChange, Role, User,
        UserFilter, UserId, UserStatus,
    },
};

macro_rules! insert_user {
    ($before:expr, $after:expr) => {
        concat!(
            "INSERT INTO auth_users (id, email, email_canonical, email_verified_at, password_hash, roles, status, \
                credential_version, display_name, metadata, created_at, updated_at, last_login_at, locale) ",
            $before,
            "$1, $2, $3, $4, $5, $6, 'active', 0, $7, '{}', $8, $8, NULL, $9",
            $after,
            " ON CONFLICT (email_canonical) DO NOTHING RETURNING id, email, credential_version"
        )
    };
    () => {
        insert_user!("VALUES (", ")")
    };
}
pub(super) use insert_user;

/// Needs the values of [`insert_values`], and returns no row if another user has the address.
pub(super) const INSERT: &str = insert_user!();

const INSERT_RECORDED: &str = concat!(
    "WITH inserted AS (",
    insert_user!(),
    "), recorded AS (",
    record!("$10", "inserted.id", "inserted"),
    "), ordered AS (",
    order!("$11", new "inserted.id", "inserted.id, inserted.email, inserted.credential_version", from "inserted"),
    "), ordered_if_taken AS (",
    order!("$12", "NULL", if "NOT EXISTS (SELECT 1 FROM inserted)"),
    "), recorded_if_taken AS (",
    record!("$13", "NULL"),
    " WHERE NOT EXISTS (SELECT 1 FROM inserted)) SELECT id FROM inserted"
);

const CREDENTIALS: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", ",
    credential_columns!(),
    " FROM auth_users u WHERE u.email_canonical = $1"
);

const UPDATE_PROFILE: &str = concat!(
    "UPDATE auth_users SET display_name = CASE WHEN $3 THEN $4 ELSE display_name END, \
        metadata = COALESCE($5, metadata), updated_at = $2 WHERE id = $1 RETURNING ",
    user_columns!("")
);

const USER: &str = concat!(
    "SELECT ",
    user_columns!(""),
    " FROM auth_users WHERE id = $1"
);

/// Sorting this many users takes a few milliseconds.
const MANY: i64 = 2000;

const MATCHES_MANY: &str = "\
    SELECT 1 FROM auth_users WHERE email_canonical >= $1 AND email_canonical < $2 LIMIT 1 OFFSET $3";

const ADDRESSES_POSTGRES: &str = "\
    SELECT u.id, u.email FROM auth_users u \
    WHERE u.id IN (SELECT CAST(i.id AS uuid) FROM jsonb_array_elements_text($1) AS i(id))";

const ADDRESSES_SQLITE: &str = "\
    SELECT u.id, u.email FROM auth_users u WHERE u.id IN (SELECT unhex(i.value) FROM json_each($1) AS i)";

#[async_trait]
impl<D: Database> UserStore for SeaOrmStore<D> {
    async fn insert_user(
        &self,
        new: &NewUser,
        event: &Event,
        mail: Option<&Intent>,
        if_taken: Option<(&Intent, &Event)>,
    ) -> Result<InsertUser, StoreError> {
        let inserted = if self.is_postgres() {
            let [
                id,
                email,
                canonical,
                verified,
                hash,
                roles,
                name,
                now,
                locale,
            ] = insert_values(new);
            let values = [
                id,
                email,
                canonical,
                verified,
                hash,
                roles,
                name,
                now,
                locale,
                events([event]),
                intents(mail),
                intents(if_taken.map(|(mail, _)| mail)),
                events(if_taken.map(|(_, event)| event)),
            ];
            self.write(INSERT_RECORDED, values).await?
        } else {
            transaction!(self, |txn| async {
                let inserted = run(txn, INSERT, insert_values(new)).await?;
                if inserted.is_empty() {
                    if let Some((mail, refused)) = if_taken {
                        event::insert(txn, refused, None).await?;
                        order::insert(txn, [mail], None).await?;
                    }
                } else {
                    event::insert(txn, event, Some(new.id)).await?;
                    order::insert(txn, mail, Some(new.id)).await?;
                }
                Ok::<_, DbErr>(inserted)
            })?
        };
        if inserted.is_empty() {
            return Ok(InsertUser::EmailTaken);
        }
        Ok(InsertUser::Inserted(new.to_user()))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let rows = self.read(USER, [id.as_uuid().into()]).await?;
        rows.first()
            .map(user)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let rows = self.read(CREDENTIALS, [email.canonical().into()]).await?;
        let credentials = rows.first().map(credentials).transpose();
        credentials.map_err(|error| store_error(&error))
    }

    async fn addresses(&self, ids: &[UserId]) -> Result<Vec<(UserId, EmailAddress)>, StoreError> {
        let sql = if self.is_postgres() {
            ADDRESSES_POSTGRES
        } else {
            ADDRESSES_SQLITE
        };
        let ids = ids.iter().map(|id| id.as_uuid().simple().to_string());
        let ids = serde_json::Value::from_iter(ids);
        let rows = self.read(sql, [ids.into()]).await?;
        let rows: Result<_, DbErr> = rows.iter().map(address).collect();
        rows.map_err(|error| store_error(&error))
    }

    async fn list_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let mut query = Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Email,
                Column::EmailVerifiedAt,
                Column::Roles,
                Column::Status,
                Column::DisplayName,
                Column::Metadata,
                Column::CreatedAt,
                Column::UpdatedAt,
                Column::LastLoginAt,
                Column::Locale,
            ])
            .order_by_desc(Column::Id)
            .limit(u64::from(limit));
        if let Some(after) = after {
            query = query.filter(Column::Id.lt(after.as_uuid()));
        }
        if let Some(prefix) = &filter.email {
            // The unary plus keeps SQLite from reading all matches and sorting them.
            let email = match self.matches_many(prefix).await? {
                true => Expr::cust("+email_canonical"),
                false => Column::EmailCanonical.into_expr(),
            };
            query = query.filter(email.clone().gte(prefix.as_str()));
            if let Some(end) = end_of(prefix) {
                query = query.filter(email.lt(end));
            }
        }
        if let Some(role) = &filter.role {
            query = query.filter(having(role));
        }
        if let Some(status) = filter.status {
            query = query.filter(Expr::cust(match status {
                UserStatus::Active => "status = 'active'",
                // Repeats the condition of the partial index, so that the planner can use it.
                UserStatus::Disabled => "status <> 'active'",
            }));
        }
        let statement = query.build(self.backend());
        let rows = self.query(Access::Read, || statement.clone()).await?;
        rows.iter()
            .map(user)
            .collect::<Result<_, _>>()
            .map_err(|error| store_error(&error))
    }

    async fn update_profile(
        &self,
        id: UserId,
        change: &ProfileChange,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let values = [
            id.as_uuid().into(),
            now.into(),
            change.display_name.is_some().into(),
            change.display_name.clone().flatten().into(),
            change
                .metadata
                .clone()
                .map(serde_json::Value::Object)
                .into(),
        ];
        let rows = self.write(UPDATE_PROFILE, values).await?;
        rows.first()
            .map(user)
            .transpose()
            .map_err(|error| store_error(&error))
    }
}

#[expect(private_bounds, reason = "there are exactly two databases")]
impl<D: Database> SeaOrmStore<D> {
    /// Whether so many users have this prefix that walking through all users, newest first, finds a page sooner than
    /// sorting the matches. Postgres estimates this from its statistics.
    async fn matches_many(&self, prefix: &EmailPrefix) -> Result<bool, StoreError> {
        if self.is_postgres() {
            return Ok(false);
        }
        // Every text is smaller than a blob.
        let end = match end_of(prefix) {
            Some(end) => end.into(),
            None => Vec::<u8>::new().into(),
        };
        let values = [prefix.as_str().into(), end, MANY.into()];
        Ok(!self.read(MATCHES_MANY, values).await?.is_empty())
    }
}

fn address(row: &QueryResult) -> Result<(UserId, EmailAddress), DbErr> {
    let email = EmailAddress::from_stored(column(row, "email")?);
    let email = email.map_err(|error| unreadable("email", error))?;
    Ok((column::<Uuid>(row, "id")?.into(), email))
}

pub(super) fn insert_values(new: &NewUser) -> [Value; 9] {
    let (hash, locale) = (new.password_hash.as_ref(), new.locale.as_ref());
    [
        new.id.as_uuid().into(),
        new.email.as_str().into(),
        new.email.canonical().into(),
        new.email_verified_at.into(),
        hash.map(|hash| hash.expose().to_owned()).into(),
        roles_text(&new.roles).into(),
        new.display_name.clone().into(),
        new.created_at.into(),
        locale.map(|locale| locale.as_str().to_owned()).into(),
    ]
}

/// The smallest text that is greater than all texts with the prefix, in byte order (which is also
/// the order of code points).
fn end_of(prefix: &EmailPrefix) -> Option<String> {
    let mut end = prefix.as_str().to_owned();
    while let Some(last) = end.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// Repeats the conditions of the partial indexes, for every role except `user`, which has no
/// partial index.
fn having(role: &Role) -> Condition {
    if *role == Role::ADMIN {
        return Condition::all().add(Expr::cust("roles LIKE '% admin %'"));
    }
    // The name may contain `_`, which LIKE would treat as a wildcard.
    let name = role.as_str().replace('_', "\\_");
    let pattern = LikeExpr::new(format!("% {name} %")).escape('\\');
    let others = (*role != Role::USER).then(|| Expr::cust("roles <> ' user '"));
    Condition::all()
        .add(Column::Roles.into_expr().like(pattern))
        .add_option(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_below_the_next_text() {
        let end = |prefix: &str| end_of(&EmailPrefix::new(prefix));
        assert_eq!(end("ab").as_deref(), Some("ac"));
        assert_eq!(end("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end(""), None);
    }
}
