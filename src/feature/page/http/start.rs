//! `GET /` and `GET /.well-known/change-password`, which lead somewhere.

use super::{
    super::answer::Reply,
    Parts,
    asked::{Asked, Visitor},
};
use crate::error::Result;

/// Leads a visitor to the sign-in, and a signed-in user to the home page or to the sign-out.
pub(super) async fn start(parts: Parts, asked: Asked, Visitor(visitor): Visitor) -> Result<Reply> {
    Ok(Reply::see_other(match (visitor, &parts.pages.home) {
        (None, _) => asked.to("sign-in"),
        (Some(_), Some(home)) => home.clone(),
        (Some(_), None) => asked.to("sign-out"),
    }))
}

/// Leads to the page where a password is set ("A Well-Known URL for Changing Passwords", W3C).
pub(super) async fn change_password(_: Parts, asked: Asked) -> Result<Reply> {
    Ok(Reply::see_other(asked.deeper().to("forgot-password")))
}
