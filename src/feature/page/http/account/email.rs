//! `GET` and `POST /account/email`.

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
    error::{Error, Result, Violation},
    http::Form,
    token::ActiveUser,
    user::EmailAddress,
};

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    parts.email_page(&asked, &owner, "", None).await
}

pub(super) async fn request(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, client }: OwnSender,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let typed = form.new_email.trim();
    let requested = match typed.parse::<EmailAddress>() {
        Ok(email) => {
            let password = form.current_password.as_ref();
            let requested = parts
                .verifications
                .request_change(&owner, &email, password, &client);
            requested.await
        }
        Err(_) => {
            let violation = Violation::new("new_email", "invalid_email", "");
            Err(Error::validation(vec![violation]))
        }
    };
    match requested {
        Ok(()) => Ok(Reply::see_other(asked.saved(Saved::Email))),
        Err(error) => parts.email_page(&asked, &owner, typed, Some(error)).await,
    }
}

impl Parts {
    async fn email_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        typed: &str,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let has_password = self.has_password_after_step_up(owner).await?;
        let frame = asked.frame_of(owner, None);
        let own = &self.pages.texts(frame.language).account;
        let mut fields = vec![Field {
            value: typed,
            ..Field::new("new_email", Kind::NewEmail, &own.new_email)
        }];
        fields.extend(self.current_password(&frame, has_password));
        let view = FormView {
            title: &own.change_email,
            texts: vec![&own.change_email_text],
            fields,
            button: &own.send_link,
            ..FormView::new("account/email", owner.user.email.as_str())
        };
        self.form_page(&frame, view, refused)
    }
}
