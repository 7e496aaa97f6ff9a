//! `GET` and `POST /account/confirm`: presenting a credential again before continuing to the requested page.

use super::{
    super::{
        super::{FormView, answer::Reply, frame::Frame},
        Parts,
        forms::SecondFactorForm,
        place::destination,
    },
    Asked, Below, OwnSender, Owner,
};
use crate::{error::Result, http::Form, percent, token::ActiveUser};

const PAGE: &str = "account/confirm";

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    let to = destination(asked.parameter("to"));
    let now = parts.links.core.clock.now();
    if owner.require_recent_sign_in(now).is_ok() && owner.require_step_up(now).is_ok() {
        return Ok(Reply::see_other(asked.to(to)));
    }
    if !owner.has_second_factor && !parts.accounts.overview(&owner).await?.has_password {
        return parts.sign_in_again(&asked, &owner, to);
    }
    let query = kept(to);
    let page = parts.confirmation_page(&frame(&asked, &owner, &query), PAGE, &owner, None);
    page.map(Reply::page)
}

pub(super) async fn confirm(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, client }: OwnSender,
    Form(form): Form<SecondFactorForm>,
) -> Result<Reply> {
    let to = destination(asked.parameter("to"));
    match parts.check_again(&owner, &form, &client).await {
        Ok(renewed) => {
            let cookie = renewed.and_then(|cookie| cookie.header(parts.cookies));
            Ok(Reply::see_other(asked.to(to)).with_cookies(cookie))
        }
        Err(error) => {
            let query = kept(to);
            parts.refuse_again(&frame(&asked, &owner, &query), PAGE, &owner, error)
        }
    }
}

impl Parts {
    /// The page for a user without a password and without a second factor, who can only sign in again.
    fn sign_in_again(&self, asked: &Asked, owner: &ActiveUser, to: &str) -> Result<Reply> {
        let place = format!("{}/{to}", self.base);
        let next = asked.chosen.frame("").to(&place);
        let query = format!("next={}", percent::encoded(&next));
        let frame = frame(asked, owner, &query);
        let own = &self.pages.texts(frame.language).account;
        let view = FormView {
            title: &own.sign_in_again,
            texts: vec![&own.sign_in_again_text],
            button: &own.sign_in_again,
            ..FormView::new("sign-out", owner.user.email.as_str())
        };
        self.form_page(&frame, view, None)
    }
}

/// The frame for a page whose form carries over this query.
fn frame<'a>(asked: &'a Asked, owner: &'a ActiveUser, query: &'a str) -> Frame<'a> {
    Frame {
        query,
        ..asked.frame_of(owner, None)
    }
}

fn kept(to: &str) -> String {
    format!("to={}", percent::encoded(to))
}
