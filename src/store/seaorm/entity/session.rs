//! The table `auth_sessions`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    /// How many times the refresh token has been exchanged.
    pub generation: i64,
    /// The SHA-256 digest of the current refresh token.
    pub digest: Vec<u8>,
    /// The user's credential version when the session was opened. The session is dead if the user now has another
    /// version.
    pub credential_version: i64,
    pub created_at: DateTimeUtc,
    pub rotated_at: DateTimeUtc,
    pub idle_expires_at: DateTimeUtc,
    pub absolute_expires_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub revoked_reason: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub ip: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub user_agent: Option<String>,
    /// When a credential of the user was last checked in this session; null means `created_at`.
    pub authenticated_at: Option<DateTimeUtc>,
    /// The methods of the sign-in; null if an older version opened the session.
    #[sea_orm(column_type = "Text", nullable)]
    pub methods: Option<String>,
    /// When the user last presented a second factor in this session.
    pub second_factor_at: Option<DateTimeUtc>,
    /// `browser` for a browser session; null for a session with tokens.
    #[sea_orm(column_type = "Text", nullable)]
    pub kind: Option<String>,
    /// The SHA-256 digest of the previous cookie, which represents the following authentication until `former_until`.
    pub former_digest: Option<Vec<u8>>,
    pub former_until: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub former_methods: Option<String>,
    pub former_authenticated_at: Option<DateTimeUtc>,
    pub former_second_factor_at: Option<DateTimeUtc>,
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
