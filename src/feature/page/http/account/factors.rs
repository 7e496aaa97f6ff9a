//! `/account/mfa`: a user's second factors and recovery codes.

use super::{
    super::{
        super::{
            CodeNotice, EnrolView, FactorsView, FormView, RecoveryCodesView, Saved, answer::Reply,
            qr,
        },
        Parts,
        second_factor::{groups, notice_of},
    },
    Asked, Below, OwnSender, Owner,
    forms::BelowForm,
};
use crate::{
    error::{Error, ErrorKind, Result},
    factor::{FactorId, RecoveryCode, TotpCode},
    http::{Form, Html, Path},
    token::ActiveUser,
};

const PAGE: &str = "account/mfa";

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    let page = parts.factors_page(&asked, &owner, "", None).await;
    page.map(Reply::page)
}

/// Begins the enrolment of an app, and redirects to the page that shows the app's key.
pub(super) async fn begin(
    parts: Parts,
    Below(asked): Below<1>,
    OwnSender { owner, .. }: OwnSender,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let typed = form.name.trim();
    let name = Some(typed).filter(|name| !name.is_empty());
    match parts.factors.begin_totp(&owner, name).await {
        Ok(secret) => Ok(Reply::see_other(asked.to(&format!("{PAGE}/{}", secret.id)))),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::TooManyFactors | ErrorKind::ValidationFailed
            ) =>
        {
            let page = parts.factors_page(&asked, &owner, typed, Some(&error));
            let page = page.await?;
            Ok(Reply::refused(page, error))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn enrol(
    parts: Parts,
    Below(asked): Below<2>,
    Owner(owner): Owner,
    Path(id): Path<FactorId>,
) -> Result<Reply> {
    match parts.enrol_page(&asked, &owner, id, None).await? {
        Some(page) => Ok(Reply::page(page)),
        None => Ok(Reply::see_other(asked.to(PAGE))),
    }
}

pub(super) async fn confirm(
    parts: Parts,
    Below(asked): Below<2>,
    OwnSender { owner, client }: OwnSender,
    Path(id): Path<FactorId>,
    Form(form): Form<BelowForm>,
) -> Result<Reply> {
    let confirmed = match form.code.parse::<TotpCode>() {
        Ok(code) => parts.factors.confirm_totp(&owner, id, &code, &client).await,
        Err(_) => Err(Error::validation(Vec::new())),
    };
    let error = match confirmed {
        Ok(codes) if codes.is_empty() => {
            return Ok(Reply::see_other(asked.saved(Saved::FactorAdded)));
        }
        Ok(codes) => return parts.codes_page(&asked, &owner, &codes, Saved::FactorAdded),
        // The app may have been confirmed already, by the first click of two.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Reply::see_other(asked.to(PAGE)));
        }
        Err(error) if error.kind() == ErrorKind::TooManyFactors => {
            let page = parts.factors_page(&asked, &owner, "", Some(&error)).await?;
            return Ok(Reply::refused(page, error));
        }
        Err(error) => error,
    };
    let Some(notice) = notice_of(&error) else {
        return Err(error);
    };
    match parts.enrol_page(&asked, &owner, id, Some(notice)).await? {
        Some(page) => Ok(Reply::refused(page, error)),
        None => Ok(Reply::see_other(asked.to(PAGE))),
    }
}

pub(super) async fn ask_to_remove(
    parts: Parts,
    Below(asked): Below<3>,
    Owner(owner): Owner,
    Path(id): Path<FactorId>,
) -> Result<Reply> {
    parts.removal(&asked, &owner, id, None).await
}

pub(super) async fn remove(
    parts: Parts,
    Below(asked): Below<3>,
    OwnSender { owner, client }: OwnSender,
    Path(id): Path<FactorId>,
) -> Result<Reply> {
    match parts.factors.remove(&owner, id, &client).await {
        Ok(()) => Ok(Reply::see_other(asked.saved(Saved::FactorRemoved))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Reply::see_other(asked.to(PAGE))),
        Err(error) => parts.removal(&asked, &owner, id, Some(error)).await,
    }
}

pub(super) async fn ask_for_codes(
    parts: Parts,
    Below(asked): Below<2>,
    Owner(owner): Owner,
) -> Result<Reply> {
    if !owner.has_second_factor {
        return Ok(Reply::see_other(asked.to(PAGE)));
    }
    owner.require_step_up(parts.links.core.clock.now())?;
    let frame = asked.frame_of(&owner, None);
    let own = &parts.pages.texts(frame.language).account;
    let view = FormView {
        title: &own.new_codes,
        texts: vec![&own.new_codes_text],
        button: &own.new_codes_button,
        back: PAGE,
        ..FormView::new("account/mfa/codes", owner.user.email.as_str())
    };
    parts.form_page(&frame, view, None)
}

pub(super) async fn renew_codes(
    parts: Parts,
    Below(asked): Below<2>,
    OwnSender { owner, client }: OwnSender,
) -> Result<Reply> {
    match parts.factors.renew_recovery_codes(&owner, &client).await {
        Ok(codes) => parts.codes_page(&asked, &owner, &codes, Saved::Codes),
        Err(error) if error.kind() == ErrorKind::FactorRequired => {
            Ok(Reply::see_other(asked.to(PAGE)))
        }
        Err(error) => Err(error),
    }
}

impl Parts {
    async fn factors_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        name: &str,
        error: Option<&Error>,
    ) -> Result<Html> {
        let view = FactorsView {
            factors: &self.factors.list(owner).await?,
            is_required: self.factors.is_required(owner),
            name,
            error,
        };
        self.pages.factors(&asked.frame_of(owner, None), &view)
    }

    /// The page with an app's key, or nothing if the enrolment is unknown or has expired.
    async fn enrol_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        id: FactorId,
        notice: Option<CodeNotice>,
    ) -> Result<Option<Html>> {
        let Some(secret) = self.factors.pending_totp(owner, id).await? else {
            return Ok(None);
        };
        let view = EnrolView {
            qr_svg: &qr(secret.expose_uri())?,
            secret_groups: &groups(secret.expose_base32()),
            notice,
        };
        let page = format!("{PAGE}/{id}");
        let page = self
            .pages
            .enrol(&asked.frame_of(owner, None), &page, &view)?;
        Ok(Some(page))
    }

    fn codes_page(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        codes: &[RecoveryCode],
        saved: Saved,
    ) -> Result<Reply> {
        let codes: Vec<&str> = codes.iter().map(RecoveryCode::expose).collect();
        let view = RecoveryCodesView {
            codes: &codes,
            next: &asked.saved(saved),
        };
        let page = self
            .pages
            .recovery_codes(&asked.frame_of(owner, None), &view);
        page.map(Reply::page)
    }

    /// The page that asks whether to remove a factor.
    async fn removal(
        &self,
        asked: &Asked,
        owner: &ActiveUser,
        id: FactorId,
        error: Option<Error>,
    ) -> Result<Reply> {
        owner.require_step_up_or_recovery(self.links.core.clock.now())?;
        let factors = self.factors.list(owner).await?;
        let Some(factor) = factors.items.iter().find(|factor| factor.id == id) else {
            return Ok(Reply::see_other(asked.to(PAGE)));
        };
        let frame = asked.frame_of(owner, None);
        let own = &self.pages.texts(frame.language).account;
        let text = match factors.items.len() {
            1 => &own.remove_last,
            _ => &own.remove_text,
        };
        let page = format!("{PAGE}/{id}/remove");
        let view = FormView {
            title: &own.remove_title,
            texts: vec![factor.name.as_deref().unwrap_or(&own.app), text],
            button: &own.remove,
            is_danger: true,
            keep: Some(&own.keep),
            back: PAGE,
            ..FormView::new(&page, owner.user.email.as_str())
        };
        self.form_page(&frame, view, error)
    }
}
