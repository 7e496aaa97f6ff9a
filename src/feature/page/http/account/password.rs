//! `GET` and `POST /account/password`.

use super::{
    super::{
        super::{
            FormView, Saved,
            answer::Reply,
            form::{Field, Kind},
        },
        Parts,
    },
    Asked, Below, OwnSender, Owner,
    forms::BelowForm,
};
use crate::{
    error::{Error, Result},
    http::Form,
    token::ActiveUser,
};

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    parts.password_page(&asked, &owner, None).await
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
        Err(error) => parts.password_page(&asked, &owner, Some(error)).await,
    }
}

impl Parts {
    async fn password_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let has_password = self.has_password(owner).await?;
        let frame = asked.frame_of(owner, None);
        let texts = self.pages.texts(frame.language);
        let own = &texts.account;
        let mut new = Field::new(
            "new_password",
            Kind::NewPassword,
            &texts.password.new_password,
        );
        new.hint = Some(texts.password.hint.clone());
        let mut fields = self.current_password(&frame, has_password);
        fields.push(new);
        let title = match has_password {
            true => &own.change_password,
            false => &own.set_password,
        };
        let view = FormView {
            title,
            texts: vec![&own.change_password_text],
            fields,
            button: title,
            ..FormView::new("account/password", owner.user.email.as_str())
        };
        self.form_page(&frame, view, refused)
    }
}
