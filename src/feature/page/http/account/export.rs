//! `GET` and `POST /account/export`: exporting everything about a user as JSON.

use ::http::HeaderValue;
use serde::Serialize;

use super::{
    super::{
        super::{FormView, answer::Reply},
        Parts,
    },
    Below, OwnSender, Owner,
};
use crate::{
    clock::Timestamp,
    error::Result,
    event::http::EventView,
    factor::http::FactorListView,
    feature::second_factor::http::DeviceView,
    http::time,
    identity::IdentityId,
    token::{ActiveUser, http::SessionView},
    user::http::UserView,
};

/// The value of `Content-Disposition`.
const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"account.json\"");

/// The number of events that one query reads.
const BATCH: u32 = 1000;

/// The maximum number of batches, which limits the size of the file.
const MOST: usize = 10;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    parts.ensure_export(&owner)?;
    let frame = asked.frame_of(&owner, None);
    let own = &parts.pages.texts(frame.language).account;
    let view = FormView {
        title: &own.export,
        texts: vec![&own.export_text],
        button: &own.export,
        stays: true,
        ..FormView::new("account/export", owner.user.email.as_str())
    };
    parts.form_page(&frame, view, None)
}

pub(super) async fn export(parts: Parts, OwnSender { owner, .. }: OwnSender) -> Result<Reply> {
    parts.ensure_export(&owner)?;
    Ok(Reply::file(FILE, &parts.export(owner).await?))
}

impl Parts {
    fn ensure_export(&self, owner: &ActiveUser) -> Result<()> {
        let now = self.links.core.clock.now();
        owner.require_recent_sign_in(now)?;
        owner.require_step_up_if_enrolled(now)
    }

    async fn export(&self, owner: ActiveUser) -> Result<Export> {
        let overview = self.accounts.overview(&owner).await?;
        let mut events: Vec<EventView> = Vec::new();
        let mut before = None;
        let mut is_complete = false;
        for _ in 0..MOST {
            let batch = self.accounts.events(&owner, before, BATCH).await?;
            before = batch.last().map(|event| event.id);
            is_complete = batch.len() < BATCH as usize;
            events.extend(batch.into_iter().map(EventView::from));
            if is_complete {
                break;
            }
        }
        let sessions = overview.sessions.into_iter();
        Ok(Export {
            exported_at: self.links.core.clock.now(),
            has_password: overview.has_password,
            pending_email: overview
                .pending_email
                .map(|pending| pending.address.as_str().to_owned()),
            factors: FactorListView::new(overview.factors, self.factors.is_required(&owner)),
            devices: overview.devices.into_iter().map(DeviceView::from).collect(),
            sessions: sessions
                .map(|session| SessionView::new(session, owner.session_id))
                .collect(),
            identities: overview
                .identities
                .into_iter()
                .map(|identity| IdentityExport {
                    id: identity.id,
                    provider: identity.provider,
                    issuer: identity.issuer,
                    subject: identity.subject,
                    email: identity.email,
                    created_at: identity.created_at,
                })
                .collect(),
            events,
            events_are_complete: is_complete,
            user: owner.user.into(),
        })
    }
}

#[derive(Serialize)]
struct Export {
    #[serde(serialize_with = "time::serialize")]
    exported_at: Timestamp,
    user: UserView,
    has_password: bool,
    pending_email: Option<String>,
    factors: FactorListView,
    devices: Vec<DeviceView>,
    sessions: Vec<SessionView>,
    identities: Vec<IdentityExport>,
    /// Newest first.
    events: Vec<EventView>,
    events_are_complete: bool,
}

#[derive(Serialize)]
struct IdentityExport {
    id: IdentityId,
    provider: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    created_at: Timestamp,
}
