//! `auth_outbox`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub letter: String,
    /// The recipient; with an address, the user who wants to have that.
    pub user_id: Option<Uuid>,
    /// Without a user, the address that was asked for, as given.
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub created_at: DateTimeUtc,
    pub not_after: DateTimeUtc,
    /// When it is to be sent; while it is leased, when the lease ends.
    pub due_at: DateTimeUtc,
    /// Before this time the clock has gone back since it was written, and it is due.
    pub holds_from: Option<DateTimeUtc>,
    /// When the fact was that it reports: a retry is asked for later.
    pub ordered_at: Option<DateTimeUtc>,
    /// The account it was ordered for, as it stood then; null until a claim has found it.
    pub ordered_user_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub ordered_address: Option<String>,
    pub ordered_version: Option<i64>,
    /// `pending` or `dead`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub attempts: i32,
    /// Whether the budget of its recipient has been asked, and had room.
    pub admitted: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
