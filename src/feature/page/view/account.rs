//! `/account`: everything that belongs to a user, with links and buttons to change it.

mod activity;
mod factors;

use minijinja::{Value, context};

use self::factors::recovery_codes;
pub(crate) use self::{activity::ActivityView, factors::FactorsView};
use super::{
    super::{
        Pages,
        form::{Field, PageForm},
        frame::Frame,
        layout::Head,
        notice::Notice,
        texts::{AccountTexts, OwnTexts, SavedTexts},
    },
    reports::reports,
    row::{Row, device_name, last_used, provider_title},
};
use crate::{
    error::{Result, Violation},
    http::Html,
    identity::IdentityId,
    mail::moment,
    store::AccountOverview,
    token::{Session, SessionId},
    user::User,
};

/// The state of the account page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountView<'a> {
    pub(crate) user: &'a User,
    /// The browser's session.
    pub(crate) current: SessionId,
    pub(crate) overview: &'a AccountOverview,
    /// Each provider's name in URLs, and its display name.
    pub(crate) providers: &'a [(String, String)],
    /// The query for the links that start linking a provider.
    pub(crate) link_query: &'a str,
    pub(crate) notice: Option<AccountNotice<'a>>,
    /// The value of the display name field in the form.
    pub(crate) name: Option<&'a str>,
}

/// The notice at the top of the account page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AccountNotice<'a> {
    /// The violations of `/display_name`.
    Fields(&'a [Violation]),
    /// This identity is the only way to sign in.
    #[cfg_attr(
        not(feature = "oauth"),
        allow(dead_code, reason = "identities are unlinked with the providers")
    )]
    LastWayIn(IdentityId),
    /// The code of an error that occurred while an identity was linked.
    OfLink(&'a str),
    Saved(Saved),
}

reports! {
    /// The change that the page reports.
    Saved SavedTexts {
        Codes codes
        Device device
        Email email
        FactorAdded factor_added
        FactorRemoved factor_removed
        Linked linked
        Password password
        Profile profile
        Session session
        Sessions sessions
        Unlinked unlinked
    }
}

impl Pages {
    /// `account`. Its forms send `step` and, for most steps, `id`; the profile sends `display_name`.
    pub(crate) fn account(&self, frame: &Frame<'_>, view: &AccountView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.account;
        let mut violations: &[Violation] = &[];
        let notice = match view.notice {
            None => None,
            Some(AccountNotice::Fields(found)) => {
                violations = found;
                None
            }
            Some(AccountNotice::LastWayIn(id)) => {
                let mut identities = view.overview.identities.iter();
                let identity = identities.find(|identity| identity.id == id);
                let title = identity.map(|identity| provider_title(view.providers, identity));
                let title = title.unwrap_or_default();
                Some(Notice::about(&own.last_way_in, "provider", title))
            }
            // The user has cancelled it.
            Some(AccountNotice::OfLink("access_denied")) => None,
            Some(AccountNotice::OfLink("identity_taken")) => {
                Some(Notice::alarm(&own.identity_taken))
            }
            Some(AccountNotice::OfLink(_)) => Some(Notice::alarm(&own.link_failed)),
            Some(AccountNotice::Saved(saved)) => Some(Notice::good(saved.text(&own.saved))),
        };
        let name = Field::of_name(texts, view.name.unwrap_or_default());
        let form = PageForm {
            notice,
            fields: vec![name.with_violations(texts, violations)],
        };
        let AccountOverview {
            sessions, devices, ..
        } = view.overview;
        let others = sessions.iter().filter(|own| own.id != view.current);
        let others = others.count();
        let others =
            (others > 0).then(|| own.sign_out_others.replace("{count}", &others.to_string()));
        let sessions = sessions
            .iter()
            .map(|session| row_of_session(own, frame, session, view.current));
        let remembered = devices.iter().map(|device| {
            let name = device_name(own, device.user_agent.as_deref());
            Row::new(name.clone())
                .hint(last_used(own, frame, device.last_used_at))
                .form(
                    "forget",
                    device.id.to_string(),
                    &own.forget,
                    own.forget_named.replace("{device}", &name),
                )
                .value()
        });
        let v = context! {
            notice => form.notice(),
            fields => form.fields_without_focus(),
            security => security(texts, frame, view),
            sessions => sessions.collect::<Vec<Value>>(),
            others,
            remembered => remembered.collect::<Vec<Value>>(),
        };
        let head = Head {
            is_wide: true,
            ..Head::of_form(frame, &own.title, form.is_refused())
        };
        self.layout.render("account.html", &head, v)
    }
}

/// The ways to sign in.
fn security(texts: &OwnTexts, frame: &Frame<'_>, view: &AccountView<'_>) -> Vec<Value> {
    let own = &texts.account;
    let AccountView { user, overview, .. } = view;
    let at = |at| moment(at, &frame.locale());
    let says = |action: &str, name: &str| format!("{action}: {name}");
    let email = Row::new(texts.common.email.clone()).value_of(user.email.as_str());
    let email = match user.email_verified_at {
        Some(_) => email.good(&own.confirmed),
        None => email.hint(own.not_confirmed.clone()),
    };
    let email = match &overview.pending_email {
        Some(pending) => {
            let text = own.pending_email.replace("{at}", &at(pending.expires_at));
            email.hint(text.replace("{email}", pending.address.as_str()))
        }
        None => email,
    };
    let change = &own.change;
    let email = email.link("account/email", change, says(change, &texts.common.email));
    let password = Row::new(texts.common.password.clone());
    let password = match overview.has_password {
        true => password.value_of(&own.set).link(
            "account/password",
            change,
            says(change, &texts.common.password),
        ),
        false => password.value_of(&own.not_set).link(
            "account/password",
            &own.set_up,
            says(&own.set_up, &texts.common.password),
        ),
    };
    let factors = Row::new(own.two_step.clone());
    let factors = match overview.factors.items.is_empty() {
        true => factors.value_of(&own.off).link(
            "account/mfa",
            &own.set_up,
            says(&own.set_up, &own.two_step),
        ),
        false => factors.value_of(&own.on).link(
            "account/mfa",
            &own.manage,
            says(&own.manage, &own.two_step),
        ),
    };
    let mut rows = vec![email.value(), password.value(), factors.value()];
    if !overview.factors.items.is_empty() {
        let left = overview.factors.recovery_codes_left;
        rows.push(recovery_codes(own, left).value());
    }
    rows.extend(identities(own, frame, view));
    rows
}

/// The linked identities, and the providers without a linked identity.
fn identities(own: &AccountTexts<String>, frame: &Frame<'_>, view: &AccountView<'_>) -> Vec<Value> {
    let linked = view.overview.identities.iter().map(|identity| {
        let name = provider_title(view.providers, identity);
        let says = own.unlink_named.replace("{provider}", name);
        Row::of_identity(own, frame, name, identity)
            .form("unlink", identity.id.to_string(), &own.unlink, says)
            .value()
    });
    let is_linked = |name: &str| {
        let mut identities = view.overview.identities.iter();
        identities.any(|identity| identity.provider == name)
    };
    let others = view.providers.iter().filter(|(name, _)| !is_linked(name));
    let others = others.map(|(name, title)| {
        let says = own.link_named.replace("{provider}", title);
        Row::new(title.clone())
            .value_of(&own.not_linked)
            .link(&format!("account/link/{name}"), &own.link, says)
            .query(view.link_query)
            .value()
    });
    linked.chain(others).collect()
}

fn row_of_session(
    own: &AccountTexts<String>,
    frame: &Frame<'_>,
    session: &Session,
    current: SessionId,
) -> Value {
    if session.id == current {
        let row = Row::of_session(own, session, own.active_now.clone());
        return row.mark(&own.this_device).value();
    }
    let name = device_name(own, session.client.user_agent.as_deref());
    let says = own.sign_out_named.replace("{device}", &name);
    Row::of_session(own, session, last_used(own, frame, session.rotated_at))
        .form("end_session", session.id.to_string(), &own.sign_out, says)
        .value()
}
