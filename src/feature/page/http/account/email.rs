//! `GET` and `POST /account/email`.

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
    let has_password = parts.change_needs_password(&owner).await?;
    let frame = asked.frame_of(&owner, None);
    let view = parts.email_form(&frame, &owner, has_password, "");
    parts.pages.account_form(&frame, view).map(Reply::page)
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
    let Err(error) = requested else {
        return Ok(Reply::see_other(asked.saved(Saved::Email)));
    };
    let has_password = parts.change_needs_password(&owner).await?;
    let frame = asked.frame_of(&owner, None);
    let view = parts.email_form(&frame, &owner, has_password, typed);
    parts.refuse_form(&frame, view, error)
}

impl Parts {
    /// Asks for a credential first if the change needs it, and returns whether the user has a password.
    pub(super) async fn change_needs_password(&self, owner: &ActiveUser) -> Result<bool> {
        let now = self.links.core.clock.now();
        owner.require_step_up_if_enrolled(now)?;
        let has_password = self.accounts.overview(owner).await?.has_password;
        if !has_password {
            owner.require_recent_sign_in(now)?;
        }
        Ok(has_password)
    }

    fn email_form<'a>(
        &'a self,
        frame: &Frame<'_>,
        owner: &'a ActiveUser,
        has_password: bool,
        typed: &'a str,
    ) -> AccountFormView<'a> {
        let own = &self.pages.texts(frame.language).account;
        let mut fields = vec![Field {
            value: typed,
            ..Field::new("new_email", Kind::NewEmail, &own.new_email)
        }];
        fields.extend(self.current_password(frame, has_password));
        AccountFormView {
            title: &own.change_email,
            texts: vec![&own.change_email_text],
            fields,
            button: &own.send_link,
            ..AccountFormView::new("account/email", owner.user.email.as_str())
        }
    }
}
