//! `GET` and `POST /account/delete`.

use super::{
    super::{
        super::{FormView, answer::Reply},
        Parts,
    },
    Asked, Below, OwnSender, Owner,
    forms::BelowForm,
};
use crate::{
    error::{Error, Result},
    http::Form,
    sign_in::http::no_ticket,
    token::ActiveUser,
};

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    parts.delete_page(&asked, &owner, None).await
}

pub(super) async fn delete(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, client }: OwnSender,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let password = form.current_password.as_ref();
    match parts.accounts.delete(&owner, password, &client).await {
        Ok(()) => {
            let reply = Reply::see_other(asked.to_with("sign-in", "deleted"));
            let reply = reply.with_cookies(parts.cookies.end_session());
            Ok(reply.with_cookies(no_ticket(parts.cookies)).forgetting())
        }
        Err(error) => parts.delete_page(&asked, &owner, Some(error)).await,
    }
}

impl Parts {
    async fn delete_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let has_password = self.has_password_after_step_up(owner).await?;
        let frame = asked.frame_of(owner, None);
        let own = &self.pages.texts(frame.language).account;
        let mut texts = vec![owner.user.email.as_str(), &own.delete_text];
        if has_password {
            texts.push(&own.delete_with_password);
        }
        let view = FormView {
            title: &own.delete_title,
            texts,
            fields: self.current_password(&frame, has_password),
            button: &own.delete_button,
            is_danger: true,
            keep: Some(&own.keep),
            ..FormView::new("account/delete", owner.user.email.as_str())
        };
        self.form_page(&frame, view, refused)
    }
}
