//! `auth_outbox`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub letter: String,
    /// The recipient; with an address, the user who has requested that address.
    pub user_id: Option<Uuid>,
    /// Without a user, the address that the mail was requested with, as given.
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub created_at: DateTimeUtc,
    pub not_after: DateTimeUtc,
    /// The time at which to send it; while it is leased, the end of the lease.
    pub due_at: DateTimeUtc,
    /// A time before this one means that the clock has gone back, and the mail is due.
    pub holds_from: Option<DateTimeUtc>,
    /// The time of the fact that it reports; a retry is requested later.
    pub ordered_at: Option<DateTimeUtc>,
    /// The account that it was ordered for, as it was then; null until a claim has found it.
    pub ordered_user_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub ordered_address: Option<String>,
    pub ordered_version: Option<i64>,
    /// `pending` or `dead`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub attempts: i32,
    /// Whether it has been counted against the budget of its recipient.
    pub admitted: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
