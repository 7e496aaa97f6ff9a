//! `GET /console`.

use super::{
    super::{
        super::{answer::Reply, frame::Tab},
        Parts,
    },
    Admin, Asked,
};
use crate::error::Result;

pub(super) async fn show(parts: Parts, asked: Asked, Admin(admin): Admin) -> Result<Reply> {
    let figures = parts.administration.figures().await?;
    let frame = asked.frame_for(&admin, Some(Tab::Console));
    parts.pages.figures(&frame, &figures).map(Reply::page)
}
