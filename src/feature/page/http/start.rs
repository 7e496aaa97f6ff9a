//! `GET /` and `GET /.well-known/change-password`, which redirect to other pages.

use super::{
    super::answer::Reply,
    Parts,
    asked::{Asked, Visitor},
};
use crate::error::Result;

/// Redirects a visitor to the sign-in page, and a signed-in user to the account page.
pub(super) async fn start(_: Parts, asked: Asked, Visitor(visitor): Visitor) -> Result<Reply> {
    Ok(Reply::see_other(asked.to(match visitor {
        None => "sign-in",
        Some(_) => "account",
    })))
}

/// Redirects to the page where a password is set ("A Well-Known URL for Changing Passwords", W3C).
pub(super) async fn change_password(_: Parts, asked: Asked) -> Result<Reply> {
    Ok(Reply::see_other(asked.below(1).to("account/password")))
}
