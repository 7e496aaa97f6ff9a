//! The table `auth_outbox`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub letter: String,
    /// The recipient or, if `address` is set, the user who requested that address.
    pub user_id: Option<Uuid>,
    /// The address that the email was requested for, in its original spelling; null if the email
    /// goes to the user's address.
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub created_at: DateTimeUtc,
    pub not_after: DateTimeUtc,
    /// When the email is due; while the email is leased, when the lease expires.
    pub due_at: DateTimeUtc,
    /// If the clock shows an earlier time than this, the clock was set back, and the email is due.
    pub holds_from: Option<DateTimeUtc>,
    /// When the reported change happened. A retried email carries this time over, and its `created_at` is later.
    pub ordered_at: Option<DateTimeUtc>,
    /// The account that the email was requested for. The next two columns contain the address and
    /// the credential version that it had at that time. For an email that was requested with an
    /// address, all three columns are null until a claim finds the account.
    pub ordered_user_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub ordered_address: Option<String>,
    pub ordered_version: Option<i64>,
    /// `pending` or `dead`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub attempts: i32,
    /// Whether the email has been counted against the budget of its recipient.
    pub admitted: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
