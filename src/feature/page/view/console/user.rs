//! `/console/users/{id}`: everything about a user.

use minijinja::{Value, context};

use super::{
    super::{
        super::{
            Pages,
            frame::Frame,
            texts::{AskTexts, OwnTexts},
        },
        row::{Row, came_from, last_used, provider_title},
    },
    Done, event, head, time,
};
use crate::{
    error::Result,
    event::Event,
    http::Html,
    mail::moment,
    store::AccountOverview,
    user::{User, UserStatus},
};

/// The maximum number of rows that a list shows.
const ROWS_SHOWN: usize = 10;

/// The state of a user's page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsoleUserView<'a> {
    pub(crate) user: &'a User,
    pub(crate) overview: &'a AccountOverview,
    /// Each provider's name in URLs, and its display name.
    pub(crate) providers: &'a [(String, String)],
    /// The last events, newest first.
    pub(crate) events: &'a [Event],
    pub(crate) done: Option<Done>,
}

impl Pages {
    /// `console/users/{id}`.
    pub(crate) fn console_user(
        &self,
        frame: &Frame<'_>,
        view: &ConsoleUserView<'_>,
    ) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.console;
        let ConsoleUserView { user, overview, .. } = view;
        let base = format!("console/users/{}", user.id);
        let events = view.events.iter().map(|shown| {
            let is_by_another = shown.actor_id.is_some() && shown.actor_id != shown.user_id;
            context! {
                at => time(frame, shown.created_at),
                event => event(shown),
                from => came_from(&texts.account, &shown.client),
                is_by_another,
            }
        });
        let sessions = overview.sessions.iter();
        let sessions = sessions.map(|session| {
            let used = last_used(&texts.account, frame, session.rotated_at);
            Row::of_session(&texts.account, session, used).value()
        });
        let v = context! {
            notice => Done::notice(view.done, own),
            profile => profile(texts, frame, user, overview),
            edit => frame.away(&format!("{base}/edit")),
            sign_in => sign_in(texts, frame, view),
            sessions => sessions.take(ROWS_SHOWN).collect::<Vec<Value>>(),
            more_sessions => more(texts, overview.sessions.len()),
            events => events.collect::<Vec<Value>>(),
            all_events => frame.away_with("console/events", &format!("user={}", user.id)),
            help => help(texts, &base, user),
            danger => danger(texts, &base, user),
        };
        let title = user.email.as_str();
        self.layout
            .render("console-user.html", &head(frame, title, false), v)
    }
}

fn profile(
    texts: &OwnTexts,
    frame: &Frame<'_>,
    user: &User,
    overview: &AccountOverview,
) -> Vec<Value> {
    let (own, account) = (&texts.console, &texts.account);
    let at = |at| moment(at, &frame.locale());
    let row = |name: &str, value: &str| Row::new(name.to_owned()).value_of(value);
    let email = row(&texts.common.email, user.email.as_str());
    let email = match user.email_verified_at {
        Some(_) => email.good(&own.find.confirmed),
        None => email.hint(own.find.not_confirmed.clone()),
    };
    let email = match &overview.pending_email {
        // The text for the user speaks of "you", so only the address is shown.
        Some(pending) => email.hint(format!("{}: {}", account.new_email, pending.address)),
        None => email,
    };
    let roles = match user.roles.to_string() {
        roles if roles.is_empty() => own.none.clone(),
        roles => roles,
    };
    let last = user
        .last_login_at
        .map_or_else(|| own.find.never.clone(), at);
    let rows = [
        email,
        row(
            &texts.common.name,
            user.display_name.as_deref().unwrap_or(&own.none),
        ),
        row(&own.edit.roles, &roles),
        row(&own.find.status, own.find.of(user.status)),
        row(&own.user.created, &at(user.created_at)),
        row(&own.find.last_sign_in, &last),
        row(&own.user.id, &user.id.to_string()),
    ];
    rows.map(Row::value).into()
}

/// The ways to sign in.
fn sign_in(texts: &OwnTexts, frame: &Frame<'_>, view: &ConsoleUserView<'_>) -> Vec<Value> {
    let account = &texts.account;
    let AccountOverview {
        factors,
        identities,
        devices,
        ..
    } = view.overview;
    let password = match view.overview.has_password {
        true => &account.set,
        false => &account.not_set,
    };
    let mut rows = vec![Row::new(texts.common.password.clone()).value_of(password)];
    let two_step = Row::new(account.two_step.clone());
    if factors.items.is_empty() {
        rows.push(two_step.value_of(&account.off));
    } else {
        let left = factors.recovery_codes_left.to_string();
        let codes = account.codes_left.replace("{count}", &left);
        rows.push(
            two_step
                .value_of(&account.on)
                .hint(format!("{}: {codes}", account.recovery_codes)),
        );
    }
    for factor in &factors.items {
        rows.push(Row::of_factor(account, frame, factor));
    }
    if !devices.is_empty() {
        let row = Row::new(account.remembered.clone());
        rows.push(row.value_of(&devices.len().to_string()));
    }
    for identity in identities.iter().take(ROWS_SHOWN) {
        let title = provider_title(view.providers, identity);
        rows.push(Row::of_identity(account, frame, title, identity));
    }
    rows.into_iter().map(Row::value).collect()
}

/// The line with the number of rows that are not shown.
fn more(texts: &OwnTexts, count: usize) -> Option<String> {
    let hidden = count.checked_sub(ROWS_SHOWN).filter(|hidden| *hidden > 0)?;
    let more = &texts.console.user.more;
    Some(more.replace("{count}", &hidden.to_string()))
}

/// Links to the actions that help the user.
fn help(texts: &OwnTexts, base: &str, user: &User) -> Vec<Value> {
    let own = &texts.console.action;
    let page = |word: &str| format!("{base}/{word}");
    let mut rows = vec![asks(&own.unlock, &page("unlock"), user)];
    if user.status == UserStatus::Active {
        rows.push(asks(&own.send_link, &page("send-link"), user));
    }
    rows.push(asks(&own.sign_out, &page("sign-out"), user));
    rows
}

/// Links to the actions that take something away from the user.
fn danger(texts: &OwnTexts, base: &str, user: &User) -> Vec<Value> {
    let own = &texts.console.action;
    let page = |word: &str| format!("{base}/{word}");
    let status = match user.status {
        UserStatus::Active => asks(&own.disable, &page("disable"), user),
        UserStatus::Disabled => asks(&own.enable, &page("enable"), user),
    };
    vec![
        asks(&own.reset_factors, &page("reset-factors"), user),
        status,
        asks(&own.delete, &page("delete"), user),
    ]
}

fn asks(asks: &AskTexts<String>, page: &str, user: &User) -> Value {
    let says = format!("{}: {}", asks.button, user.email);
    Row::new(asks.button.clone())
        .hint(asks.text.clone())
        .link(page, &asks.button, says)
        .value()
}
