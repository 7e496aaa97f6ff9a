//! `GET` and `POST /console/users/{id}/edit`.

use ::http::StatusCode;

use super::{
    super::{
        super::{
            Done, FormView,
            answer::Reply,
            form::{Field, Kind},
            notice::Notice,
            texts::OwnTexts,
        },
        Parts,
    },
    Admin, AdminSender, Asked, Below, FormSender,
    forms::{UserForm, hidden},
};
use crate::{
    error::{Error, Result},
    event::Author,
    feature::admin::SeenChange,
    http::{Form, Path},
    token::ActiveUser,
    user::{SeenUser, User, UserChange, UserId},
};

/// The values in the fields.
struct Typed<'a> {
    name: &'a str,
    roles: &'a str,
    verified: bool,
}

/// The reason why the form is shown again.
enum Refused {
    /// Somebody else has changed a value.
    Overtaken(Notice),
    Error(Error),
}

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<3>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Reply> {
    parts.administration.require_recent_step_up(&admin)?;
    let user = parts.administration.user(id).await?;
    let roles = user.roles.to_string();
    // A name that was typed before the session had ended comes back from the sign-in.
    let name = asked.parameter("display_name");
    let name = name.or(user.display_name.as_deref());
    let typed = Typed {
        name: name.unwrap_or_default(),
        roles: &roles,
        verified: user.email_verified_at.is_some(),
    };
    let seen = SeenUser::from(&user);
    parts.edit_page(&asked, &admin, &user, &seen, &typed, None)
}

pub(super) async fn save(
    parts: Parts,
    Below(asked): Below<3>,
    FormSender(sender): FormSender,
    Path(id): Path<UserId>,
    Form(form): Form<UserForm>,
) -> Result<Reply> {
    let Some(AdminSender { admin, author }) = sender else {
        let page = format!("console/users/{id}/edit");
        let typed = [("display_name", &*form.display_name)];
        return Ok(parts.sign_in_first(&asked, &page, &typed));
    };
    parts.administration.require_recent_step_up(&admin)?;
    let typed = Typed {
        name: &form.display_name,
        roles: &form.roles,
        verified: form.verified,
    };
    let seen = form.seen();
    match parts.save_user(id, &form, &seen, &author).await {
        Ok(SeenChange::Updated(user)) => {
            Ok(asked.after(&format!("console/users/{}", user.id), Done::Saved))
        }
        Ok(SeenChange::Overtaken(user)) => {
            let now = SeenUser::from(&user);
            let texts = parts.pages.texts(asked.chosen.language);
            let refused = Refused::Overtaken(overtaken(texts, &seen, &now));
            // A field that this administrator has not touched shows the other administrator's value.
            let roles = now.roles.to_string();
            let typed = Typed {
                name: match form.has_new_name() {
                    true => typed.name,
                    false => now.display_name.as_deref().unwrap_or_default(),
                },
                roles: match form.roles() {
                    Ok(typed) if typed == seen.roles => &roles,
                    _ => typed.roles,
                },
                verified: match typed.verified == seen.email_verified {
                    true => now.email_verified,
                    false => typed.verified,
                },
            };
            parts.edit_page(&asked, &admin, &user, &now, &typed, Some(refused))
        }
        Err(error) => {
            let user = parts.administration.user(id).await?;
            let refused = Some(Refused::Error(error));
            parts.edit_page(&asked, &admin, &user, &seen, &typed, refused)
        }
    }
}

impl Parts {
    /// Writes only the values that the administrator has changed, so that somebody else's change to another value is
    /// preserved.
    async fn save_user(
        &self,
        id: UserId,
        form: &UserForm,
        seen: &SeenUser,
        author: &Author,
    ) -> Result<SeenChange> {
        let roles = form.roles()?;
        let change = UserChange {
            display_name: form.has_new_name().then(|| form.name()),
            roles: (roles != seen.roles).then_some(roles),
            email_verified: (form.verified != seen.email_verified).then_some(form.verified),
            ..UserChange::default()
        };
        let administration = &self.administration;
        administration
            .update_seen_user(id, &change, seen, author)
            .await
    }

    fn edit_page(
        &self,
        asked: &Asked,
        admin: &ActiveUser,
        user: &User,
        seen: &SeenUser,
        typed: &Typed<'_>,
        refused: Option<Refused>,
    ) -> Result<Reply> {
        let frame = asked.frame_for(admin, None);
        let texts = self.pages.texts(frame.language);
        let own = &texts.console.edit;
        let back = format!("console/users/{}", user.id);
        let page = format!("{back}/edit");
        let verified = match typed.verified {
            true => "true",
            false => "",
        };
        let view = FormView {
            title: &own.title,
            texts: vec![user.email.as_str()],
            fields: vec![
                Field::of_name(texts, typed.name),
                Field::of_roles(texts, typed.roles),
                Field {
                    value: verified,
                    ..Field::new("verified", Kind::Check, &own.verified)
                },
            ],
            hidden: hidden(seen),
            button: &own.save,
            keep: Some(&own.back_to_user),
            back: &back,
            ..FormView::new(&page, admin.user.email.as_str())
        };
        match refused {
            None => self.form_page(&frame, view, None),
            Some(Refused::Error(error)) => self.form_page(&frame, view, Some(error)),
            Some(Refused::Overtaken(notice)) => {
                let view = FormView {
                    notice: Some(notice),
                    ..view
                };
                let page = self.pages.one_form(&frame, view)?;
                Ok(Reply::page(page.with_status(StatusCode::CONFLICT)))
            }
        }
    }
}

/// The notice that lists the values that somebody else has changed.
fn overtaken(texts: &OwnTexts, seen: &SeenUser, now: &SeenUser) -> Notice {
    let own = &texts.console.edit;
    let says = |field: &str, value: &str| {
        let value = match value {
            "" => &own.empty,
            value => value,
        };
        // The value is somebody's own text, so it comes last, and must not change the order of the others.
        let value = format!("\u{2068}{value}\u{2069}");
        own.now.replace("{field}", field).replace("{value}", &value)
    };
    let mut changes = Vec::new();
    if now.display_name != seen.display_name {
        let name = now.display_name.as_deref().unwrap_or_default();
        changes.push(says(&texts.common.name, name));
    }
    if now.roles != seen.roles {
        changes.push(says(&own.roles, &now.roles.to_string()));
    }
    if now.email_verified != seen.email_verified {
        let value = match now.email_verified {
            true => &own.yes,
            false => &own.no,
        };
        changes.push(says(&own.verified, value));
    }
    Notice::about(&own.overtaken, "changes", &changes.join(" "))
}
