//! The host's own part of the embedding examples: a table of notes next to the tables of Hallpass.

use chrono::{DateTime, Utc};
use hallpass::{UserId, error::Violation};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection,
    DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel, PartialEq, serde::Serialize)]
    #[sea_orm(table_name = "notes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub owner: Uuid,
        pub text: String,
        pub created_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use entity::Model as Note;

/// Refuses a note of more than 1000 characters.
pub(crate) fn check(text: &str) -> Result<(), hallpass::Error> {
    if text.chars().count() <= 1000 {
        return Ok(());
    }
    let violation = Violation::new("text", "too_long", "at most 1000 characters");
    Err(hallpass::Error::validation(vec![violation]))
}

pub(crate) async fn add(
    db: &impl ConnectionTrait,
    owner: UserId,
    text: String,
    now: DateTime<Utc>,
) -> Result<Note, DbErr> {
    let note = entity::ActiveModel {
        id: Set(uuid::Uuid::now_v7()),
        owner: Set(owner.as_uuid()),
        text: Set(text),
        created_at: Set(now),
    };
    note.insert(db).await
}

pub(crate) async fn of(db: &DatabaseConnection, owner: UserId) -> Result<Vec<Note>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::Owner.eq(owner.as_uuid()))
        .order_by_asc(entity::Column::Id)
        .all(db)
        .await
}

/// Removes one note of this owner. Another user's note stays.
pub(crate) async fn remove(
    db: &DatabaseConnection,
    owner: UserId,
    id: uuid::Uuid,
) -> Result<(), DbErr> {
    entity::Entity::delete_many()
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::Owner.eq(owner.as_uuid()))
        .exec(db)
        .await?;
    Ok(())
}

pub(crate) async fn all(db: &DatabaseConnection) -> Result<Vec<Note>, DbErr> {
    entity::Entity::find().all(db).await
}

/// The host's own migrations, with their own history.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(migration::Notes)]
    }
}

mod migration {
    use sea_orm_migration::prelude::*;
    use sea_orm_migration::schema::{text, timestamp_with_time_zone, uuid};

    #[derive(DeriveMigrationName)]
    pub(super) struct Notes;

    #[async_trait::async_trait]
    impl MigrationTrait for Notes {
        async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            let notes = Table::create()
                .table("notes")
                .if_not_exists()
                .col(uuid("id").primary_key())
                .col(uuid("owner"))
                .col(text("text"))
                .col(timestamp_with_time_zone("created_at"))
                // The notes of a deleted user are deleted too.
                .foreign_key(
                    ForeignKey::create()
                        .from("notes", "owner")
                        .to("auth_users", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned();
            manager.create_table(notes).await
        }

        async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            manager
                .drop_table(Table::drop().table("notes").to_owned())
                .await
        }
    }
}
