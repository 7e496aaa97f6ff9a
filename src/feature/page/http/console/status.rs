//! `GET /console/status`.

use super::{
    super::{
        super::{answer::Reply, frame::Tab},
        Parts,
    },
    Admin, Below,
};
use crate::error::Result;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Admin(admin): Admin,
) -> Result<Reply> {
    let status = parts.administration.status().await?;
    let frame = asked.frame_for(&admin, Some(Tab::Status));
    parts.pages.status(&frame, &status).map(Reply::page)
}
