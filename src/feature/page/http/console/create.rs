//! `GET` and `POST /console/users/new`.

use super::{
    super::{
        super::{
            Done, FormView,
            answer::Reply,
            form::{Field, Kind},
        },
        Parts,
    },
    Admin, AdminSender, Asked, Below, FormSender,
    forms::UserForm,
};
use crate::{
    error::{Error, Result, Violation},
    event::Author,
    feature::admin::NewAccount,
    http::Form,
    token::ActiveUser,
    user::{Role, User},
};

const PAGE: &str = "console/users/new";

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<2>,
    Admin(admin): Admin,
) -> Result<Reply> {
    parts.administration.require_recent_step_up(&admin)?;
    let roles = Role::USER.to_string();
    // The sign-in brings back an address and a name that were typed before the session ended. Roles do not come back,
    // because they could come from somebody else's link.
    let [email, name] = ["email", "display_name"].map(|name| asked.parameter(name));
    let typed = [
        email.unwrap_or_default(),
        name.unwrap_or_default(),
        roles.as_str(),
    ];
    parts.new_user_page(&asked, &admin, typed, None)
}

pub(super) async fn create(
    parts: Parts,
    Below(asked): Below<2>,
    FormSender(sender): FormSender,
    Form(form): Form<UserForm>,
) -> Result<Reply> {
    let Some(AdminSender { admin, author }) = sender else {
        let typed = [
            ("email", &*form.email),
            ("display_name", &form.display_name),
        ];
        return Ok(parts.sign_in_first(&asked, PAGE, &typed));
    };
    parts.administration.require_recent_step_up(&admin)?;
    match parts.create_user(&form, &author).await {
        Ok(user) => Ok(asked.after(&format!("console/users/{}", user.id), Done::Created)),
        Err(error) => {
            let typed = [&*form.email, &*form.display_name, &*form.roles];
            parts.new_user_page(&asked, &admin, typed, Some(error))
        }
    }
}

impl Parts {
    async fn create_user(&self, form: &UserForm, author: &Author) -> Result<User> {
        let email = form.email.trim().parse();
        let email = email.map_err(|_| {
            let detail = "The text is not an email address.";
            Error::validation(vec![Violation::new("email", "invalid_email", detail)])
        });
        // A wrong address and wrong roles are reported together.
        let (email, roles) = match (email, form.roles()) {
            (Ok(email), Ok(roles)) => (email, roles),
            (email, roles) => {
                let errors = [email.err(), roles.err()].into_iter().flatten();
                let violations = errors.flat_map(|error| error.violations().to_vec());
                return Err(Error::validation(violations.collect()));
            }
        };
        let mut account = NewAccount::new(email).with_roles(roles);
        account.display_name = form.name();
        self.administration.create_user(account, author).await
    }

    fn new_user_page(
        &self,
        asked: &Asked,
        admin: &ActiveUser,
        [email, name, roles]: [&str; 3],
        refused: Option<Error>,
    ) -> Result<Reply> {
        let frame = asked.frame_for(admin, None);
        let texts = self.pages.texts(frame.language);
        let own = &texts.console.edit;
        let view = FormView {
            title: &own.new_title,
            texts: vec![&own.new_text],
            fields: vec![
                Field {
                    value: email,
                    ..Field::new("email", Kind::NewEmail, &texts.common.email)
                },
                Field::of_name(texts, name),
                Field::of_roles(texts, roles),
            ],
            button: &own.create,
            keep: Some(&own.back_to_users),
            back: "console/users",
            ..FormView::new(PAGE, admin.user.email.as_str())
        };
        self.form_page(&frame, view, refused)
    }
}
