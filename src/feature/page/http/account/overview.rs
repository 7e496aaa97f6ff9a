//! `GET` and `POST /account`.

#[cfg(feature = "oauth")]
use super::link;
use super::{
    super::{
        super::{AccountNotice, AccountView, Saved, answer::Reply, frame::Tab},
        Parts,
        asked::{Asked, Sender},
    },
    Owner,
    forms::{AccountForm, Step},
};
use crate::{
    error::{ErrorKind, Result},
    http::{Form, Html},
    token::ActiveUser,
    user::ProfileChange,
};

pub(super) async fn show(parts: Parts, asked: Asked, Owner(owner): Owner) -> Result<Reply> {
    let saved = asked
        .parameter("saved")
        .and_then(Saved::named)
        .map(AccountNotice::Saved);
    let failed = asked.parameter("error").map(AccountNotice::OfLink);
    // A name that was typed before the session had ended comes back from the sign-in.
    let name = asked.parameter("display_name");
    let page = parts.account_page(&asked, &owner, saved.or(failed), name);
    page.await.map(Reply::page)
}

pub(super) async fn change(
    parts: Parts,
    asked: Asked,
    Sender { client, visitor }: Sender,
    Form(AccountForm { step }): Form<AccountForm>,
) -> Result<Reply> {
    let Some(owner) = visitor else {
        let name = match &step {
            Step::Profile(name) => Some(("display_name", name.as_str())),
            _ => None,
        };
        return Ok(parts.sign_in_first(&asked, "account", name.as_slice()));
    };
    let done = match step {
        Step::EndOtherSessions => {
            parts.sessions.end_others(&owner, &client).await?;
            Ok(Saved::Sessions)
        }
        Step::EndSession(Some(id)) => {
            let ended = parts.sessions.end(&owner, id, &client).await;
            ended.map(|()| Saved::Session)
        }
        Step::Forget(Some(id)) => {
            let forgotten = parts.factors.forget_device(&owner, id, &client).await;
            forgotten.map(|()| Saved::Device)
        }
        #[cfg(feature = "oauth")]
        Step::Unlink(Some(id)) => match parts.provider_sign_ins.unlink(&owner, id, &client).await {
            Err(error) if error.kind() == ErrorKind::LastCredential => {
                let notice = AccountNotice::LastWayIn(id);
                let page = parts.account_page(&asked, &owner, Some(notice), None);
                let page = page.await?;
                return Ok(Reply::refused(page, error));
            }
            unlinked => unlinked.map(|()| Saved::Unlinked),
        },
        #[cfg(not(feature = "oauth"))]
        Step::Unlink(Some(_)) => Err(ErrorKind::NotFound.into()),
        Step::Profile(name) => return parts.rename(&asked, &owner, &name).await,
        Step::EndSession(None) | Step::Forget(None) | Step::Unlink(None) => {
            Err(ErrorKind::NotFound.into())
        }
    };
    match done {
        Ok(what) => Ok(Reply::see_other(asked.saved(what))),
        // Something that is gone already needs no message.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::SessionNotFound
            ) =>
        {
            Ok(Reply::see_other(asked.to("account")))
        }
        Err(error) => Err(error),
    }
}

impl Parts {
    async fn rename(&self, asked: &Asked, owner: &ActiveUser, name: &str) -> Result<Reply> {
        let change = match name.trim() {
            "" => ProfileChange::new().without_display_name(),
            _ => ProfileChange::new().display_name(name),
        };
        let Err(error) = self.accounts.update(owner, &change).await else {
            return Ok(Reply::see_other(asked.saved(Saved::Profile)));
        };
        if error.kind() != ErrorKind::ValidationFailed {
            return Err(error);
        }
        let notice = AccountNotice::Fields(error.violations());
        let page = self.account_page(asked, owner, Some(notice), Some(name));
        let page = page.await?;
        Ok(Reply::refused(page, error))
    }

    async fn account_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        notice: Option<AccountNotice<'_>>,
        name: Option<&str>,
    ) -> Result<Html> {
        let overview = self.accounts.overview(owner).await?;
        #[cfg(feature = "oauth")]
        let link_query = owner.cookie.as_ref().map_or_else(String::new, |cookie| {
            format!("{}={}", link::PROOF, link::proof(cookie))
        });
        #[cfg(not(feature = "oauth"))]
        let link_query = String::new();
        let view = AccountView {
            user: &owner.user,
            current: owner.session_id,
            overview: &overview,
            providers: &self.providers,
            link_query: &link_query,
            notice,
            name: name.or(owner.user.display_name.as_deref()),
        };
        let frame = asked.frame_of(owner, Some(Tab::Account));
        self.pages.account(&frame, &view)
    }
}
