//! The table `auth_users`.

use std::fmt;

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address in its original spelling.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    #[sea_orm(column_type = "Text", unique)]
    pub email_canonical: String,
    pub email_verified_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub password_hash: Option<String>,
    /// The names of the roles, separated by single spaces, with a space before the first name and after the last name.
    #[sea_orm(column_type = "Text")]
    pub roles: String,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub credential_version: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub display_name: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub last_login_at: Option<DateTimeUtc>,
    /// A language tag.
    #[sea_orm(column_type = "Text", nullable)]
    pub locale: Option<String>,
    /// The number of confirmed second factors.
    pub second_factors: i32,
    /// Incremented whenever the second factors change.
    pub factor_version: i64,
}

impl fmt::Debug for Model {
    /// Omits the password hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("roles", &self.roles)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::session::Entity")]
    Session,
    #[sea_orm(has_many = "super::one_time_token::Entity")]
    OneTimeToken,
    #[sea_orm(has_many = "super::identity::Entity")]
    Identity,
    #[sea_orm(has_many = "super::oauth_flow::Entity")]
    OauthFlow,
}

impl Related<super::session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Session.def()
    }
}

impl Related<super::one_time_token::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::OneTimeToken.def()
    }
}

impl Related<super::identity::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Identity.def()
    }
}

impl Related<super::oauth_flow::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::OauthFlow.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
