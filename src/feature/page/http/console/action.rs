//! `GET` and `POST /console/users/{id}/{action}`: confirming and performing an action on a user.

use std::str::FromStr;

use super::{
    super::{
        super::{
            Done, FormView,
            answer::Reply,
            texts::{ActionsTexts, AskTexts},
        },
        Parts,
    },
    Admin, AdminSender, Asked, Below,
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::Author,
    http::Path,
    token::ActiveUser,
    user::{User, UserChange, UserId, UserStatus},
};

macro_rules! actions {
    ($($action:ident $word:literal $texts:ident)*) => {
        /// An action that an administrator performs on a user.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum UserAction {
            $($action,)*
        }

        impl UserAction {
            /// The name of the action in the path.
            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $word,)*
                }
            }

            fn texts(self, own: &ActionsTexts<String>) -> &AskTexts<String> {
                match self {
                    $(Self::$action => &own.$texts,)*
                }
            }
        }

        impl FromStr for UserAction {
            type Err = ();

            fn from_str(word: &str) -> std::result::Result<Self, ()> {
                match word {
                    $($word => Ok(Self::$action),)*
                    _ => Err(()),
                }
            }
        }
    };
}

actions! {
    Delete "delete" delete
    Disable "disable" disable
    Enable "enable" enable
    ResetFactors "reset-factors" reset_factors
    SendLink "send-link" send_link
    SignOut "sign-out" sign_out
    Unlock "unlock" unlock
}

impl UserAction {
    /// Whether the page shows a warning, because the user loses something.
    fn is_danger(self) -> bool {
        matches!(self, Self::Delete | Self::Disable | Self::ResetFactors)
    }
}

pub(super) async fn ask(
    parts: Parts,
    Below(asked): Below<3>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    Path(action): Path<UserAction>,
) -> Result<Reply> {
    parts.administration.require_recent_step_up(&admin)?;
    let user = parts.administration.user(id).await?;
    parts.action_page(&asked, &admin, &user, action, None)
}

pub(super) async fn act(
    parts: Parts,
    Below(asked): Below<3>,
    AdminSender { admin, author }: AdminSender,
    Path(id): Path<UserId>,
    Path(action): Path<UserAction>,
) -> Result<Reply> {
    parts.administration.require_recent_step_up(&admin)?;
    match parts.act_on(id, action, &author).await {
        Ok(Done::Deleted) => Ok(asked.after("console/users", Done::Deleted)),
        Ok(done) => Ok(asked.after(&format!("console/users/{id}"), done)),
        Err(error) => {
            let user = parts.administration.user(id).await?;
            parts.action_page(&asked, &admin, &user, action, Some(error))
        }
    }
}

impl Parts {
    async fn act_on(&self, id: UserId, action: UserAction, author: &Author) -> Result<Done> {
        let administration = &self.administration;
        match action {
            UserAction::Delete => match administration.delete_user(id, author).await {
                // A second click finds that the first one has succeeded.
                Err(error) if error.kind() != ErrorKind::UserNotFound => Err(error),
                _ => Ok(Done::Deleted),
            },
            UserAction::Disable => self
                .set_status(id, UserStatus::Disabled, author)
                .await
                .map(|()| Done::Disabled),
            UserAction::Enable => self
                .set_status(id, UserStatus::Active, author)
                .await
                .map(|()| Done::Enabled),
            UserAction::ResetFactors => administration
                .reset_factors(id, author)
                .await
                .map(|()| Done::FactorsReset),
            UserAction::SendLink => administration
                .send_password_link(id, author)
                .await
                .map(|()| Done::LinkSent),
            UserAction::SignOut => administration
                .log_out(id, author)
                .await
                .map(|()| Done::SignedOut),
            UserAction::Unlock => administration
                .unlock(id, author)
                .await
                .map(|()| Done::Unlocked),
        }
    }

    async fn set_status(&self, id: UserId, status: UserStatus, author: &Author) -> Result<()> {
        let change = UserChange {
            status: Some(status),
            ..UserChange::default()
        };
        let changed = self.administration.update_user(id, &change, author);
        changed.await.map(drop)
    }

    fn action_page(
        &self,
        asked: &Asked,
        admin: &ActiveUser,
        user: &User,
        action: UserAction,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let frame = asked.frame_for(admin, None);
        let own = &self.pages.texts(frame.language).console;
        let asks = action.texts(&own.action);
        let back = format!("console/users/{}", user.id);
        let page = format!("{back}/{}", action.as_str());
        let mut texts = vec![user.email.as_str()];
        texts.extend(user.display_name.as_deref());
        texts.push(&asks.text);
        let view = FormView {
            title: &asks.title,
            texts,
            button: &asks.button,
            is_danger: action.is_danger(),
            keep: Some(&own.edit.back_to_user),
            back: &back,
            ..FormView::new(&page, admin.user.email.as_str())
        };
        self.form_page(&frame, view, refused)
    }
}
