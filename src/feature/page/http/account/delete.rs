//! `GET` and `POST /account/delete`.

use super::{
    super::{
        super::{AccountFormView, answer::Reply, frame::Frame},
        Parts,
    },
    Below, OwnSender, Owner,
    forms::BelowForm,
};
use crate::{error::Result, http::Form, sign_in::http::no_ticket, token::ActiveUser};

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    let has_password = parts.change_needs_password(&owner).await?;
    let frame = asked.frame_of(&owner, None);
    let view = parts.delete_form(&frame, &owner, has_password);
    parts.pages.account_form(&frame, view).map(Reply::page)
}

pub(super) async fn delete(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, client }: OwnSender,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let password = form.current_password.as_ref();
    let Err(error) = parts.accounts.delete(&owner, password, &client).await else {
        let reply = Reply::see_other(asked.to_with("sign-in", "deleted"));
        let reply = reply.with_cookies(parts.cookies.end_session());
        return Ok(reply.with_cookies(no_ticket(parts.cookies)).forgetting());
    };
    let has_password = parts.change_needs_password(&owner).await?;
    let frame = asked.frame_of(&owner, None);
    let view = parts.delete_form(&frame, &owner, has_password);
    parts.refuse_form(&frame, view, error)
}

impl Parts {
    fn delete_form<'a>(
        &'a self,
        frame: &Frame<'_>,
        owner: &'a ActiveUser,
        has_password: bool,
    ) -> AccountFormView<'a> {
        let own = &self.pages.texts(frame.language).account;
        let mut texts = vec![owner.user.email.as_str(), &own.delete_text];
        if has_password {
            texts.push(&own.delete_with_password);
        }
        AccountFormView {
            title: &own.delete_title,
            texts,
            fields: self.current_password(frame, has_password),
            button: &own.delete_button,
            is_danger: true,
            keep: Some(&own.keep),
            ..AccountFormView::new("account/delete", owner.user.email.as_str())
        }
    }
}
