//! `GET` and `POST /account/password`.

use super::{
    super::{
        super::{
            AccountFormView, Saved,
            answer::Reply,
            form::{Field, Kind},
            frame::Frame,
        },
        Parts,
    },
    Below, OwnSender, Owner,
    forms::BelowForm,
};
use crate::{error::Result, http::Form, token::ActiveUser};

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    let has_password = parts.has_current_password(&owner).await?;
    let frame = asked.frame_of(&owner, None);
    let view = parts.password_form(&frame, &owner, has_password);
    parts.pages.account_form(&frame, view).map(Reply::page)
}

pub(super) async fn change(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, client }: OwnSender,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let (current, new) = (form.current_password.as_ref(), &form.new_password);
    let changed = parts
        .accounts
        .change_password(&owner, current, new, &client);
    match changed.await {
        Ok(renewed) => {
            let cookie = renewed.and_then(|cookie| cookie.header(parts.cookies));
            Ok(Reply::see_other(asked.saved(Saved::Password)).with_cookies(cookie))
        }
        Err(error) => {
            let has_password = parts.has_current_password(&owner).await?;
            let frame = asked.frame_of(&owner, None);
            let view = parts.password_form(&frame, &owner, has_password);
            parts.refuse_form(&frame, view, error)
        }
    }
}

impl Parts {
    /// Asks for a credential first if the user has no password, and returns whether there is one.
    pub(super) async fn has_current_password(&self, owner: &ActiveUser) -> Result<bool> {
        let has_password = self.accounts.overview(owner).await?.has_password;
        if !has_password {
            owner.require_recent_sign_in(self.links.core.clock.now())?;
        }
        Ok(has_password)
    }

    fn password_form<'a>(
        &'a self,
        frame: &Frame<'_>,
        owner: &'a ActiveUser,
        has_password: bool,
    ) -> AccountFormView<'a> {
        let texts = self.pages.texts(frame.language);
        let own = &texts.account;
        let mut new = Field::new(
            "new_password",
            Kind::NewPassword,
            &texts.password.new_password,
        );
        new.hint = Some(texts.password.hint.clone());
        let mut fields = self.current_password(frame, has_password);
        fields.push(new);
        let title = match has_password {
            true => &own.change_password,
            false => &own.set_password,
        };
        AccountFormView {
            title,
            texts: vec![&own.change_password_text],
            fields,
            button: title,
            ..AccountFormView::new("account/password", owner.user.email.as_str())
        }
    }
}
