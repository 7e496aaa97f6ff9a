//! The table `auth_oauth_flows`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_oauth_flows")]
pub struct Model {
    /// The SHA-256 digest of the state.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state: Vec<u8>,
    /// The SHA-256 digest of the secret that the browser keeps.
    pub binding: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub provider: String,
    /// `sign_in` or `link`.
    #[sea_orm(column_type = "Text")]
    pub intent: String,
    #[sea_orm(column_type = "Text")]
    pub redirect_to: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub app_state: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub challenge: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    /// When the browser returned from the provider.
    pub taken_at: Option<DateTimeUtc>,
    /// The SHA-256 digest of the code.
    #[sea_orm(unique)]
    pub code: Option<Vec<u8>>,
    pub code_expires_at: Option<DateTimeUtc>,
    pub code_used_at: Option<DateTimeUtc>,
    /// The user that the code signs in.
    pub user_id: Option<Uuid>,
    /// The user's credential version when the code was stored. The code is void if the user now has another version.
    pub credential_version: Option<i64>,
    /// The identity that the code links.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub assertion: Option<Json>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id",
        on_delete = "Cascade"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
