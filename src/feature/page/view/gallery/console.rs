//! Every state of the console pages.

use std::collections::HashMap;

use super::{
    super::{
        super::{
            Pages,
            form::{Field, Kind},
            frame::{Bar, Frame, Room, Tab},
            notice::Notice,
        },
        *,
    },
    account::{FIREFOX, at, client, full, session, user},
};
use crate::{
    credential::HashLoad,
    error::{Error, ErrorKind, Result, Violation},
    event::{Event, EventKind},
    feature::admin::{Danger, DatedFigures, KeyStatus, ServiceStatus},
    http::{Html, Output as _, Response},
    mail::{IntentId, LetterKind, MailEntry, MailStatus},
    store::{AccountOverview, AppliedMigration, DayFigures, FIGURE_DAYS, Figures, StoreCondition},
    user::{Role, User, UserId, UserStatus},
};

type Add<'a> = dyn FnMut(&str, Result<Html>) + 'a;

pub(super) fn states(pages: &Pages, frame: &Frame<'_>, email: &str) -> Vec<(String, Response)> {
    let in_console = |current| Frame {
        bar: Some(Bar {
            email,
            room: Room::Console,
            current,
        }),
        ..*frame
    };
    let mut states: Vec<(String, Response)> = Vec::new();
    let mut add = |name: &str, page: Result<Html>| {
        states.push((format!("console{name}"), page.unwrap().render()));
    };
    overview(pages, &in_console(Some(Tab::Console)), &mut add);
    users(pages, &in_console(Some(Tab::Users)), email, &mut add);
    one_user(pages, &in_console(Some(Tab::Users)), email, &mut add);
    forms(pages, &in_console(None), email, &mut add);
    events(pages, &in_console(Some(Tab::Events)), email, &mut add);
    mail(pages, &in_console(Some(Tab::Mail)), &mut add);
    status(pages, &in_console(Some(Tab::Status)), &mut add);
    states
}

fn overview(pages: &Pages, frame: &Frame<'_>, add: &mut Add<'_>) {
    let start = at("2026-11-16T00:00:00Z");
    let days = std::array::from_fn(|day| {
        start + std::time::Duration::from_secs(86_400) * u32::try_from(day).unwrap()
    });
    let mut counted = [DayFigures::default(); FIGURE_DAYS];
    for (index, day) in (0_u64..).zip(counted.iter_mut()) {
        day.signed_in = 900 + index * 137 % 1000;
        day.failed = index * 53 % 240;
        day.locked = index % 9;
    }
    let busy = Figures {
        users: 1_048_576,
        administrators: 3,
        disabled: 12,
        pending_mails: 4,
        dead_mails: 1,
        days: counted,
    };
    for (name, figures) in [("", busy), ("-empty", Figures::default())] {
        add(name, pages.figures(frame, &DatedFigures { figures, days }));
    }
}

fn users(pages: &Pages, frame: &Frame<'_>, email: &str, add: &mut Add<'_>) {
    let mut off = user(
        "anna.lindqvist-petersen@a-rather-long-company-name.example",
        false,
    );
    off.status = UserStatus::Disabled;
    off.display_name = None;
    off.roles = ["a", "b", "c", "d", "e", "f", "g"]
        .map(Role::from_static)
        .into_iter()
        .collect();
    off.last_login_at = Some(at("2026-11-28T08:10:00Z"));
    let users = [user(email, true), off];
    let search = UserSearch {
        email: "ann\"><i>".to_owned(),
        role: "editor".to_owned(),
        status: Some(UserStatus::Active),
    };
    let bad = UserSearch {
        role: "<i>".to_owned(),
        ..UserSearch::default()
    };
    let none: &[User] = &[];
    for (name, search, users, next, done) in [
        ("", &UserSearch::default(), &users[..], None, None),
        ("-filtered", &search, &users[..], Some("a_cursor"), None),
        ("-nobody", &search, none, None, None),
        ("-bad-role", &bad, none, None, None),
        (
            "-deleted",
            &UserSearch::default(),
            &users[..],
            None,
            Some(Done::Deleted),
        ),
    ] {
        let view = UsersView {
            search,
            users,
            next,
            done,
        };
        add(&format!("-users{name}"), pages.users(frame, &view));
    }
}

fn one_user(pages: &Pages, frame: &Frame<'_>, email: &str, add: &mut Add<'_>) {
    let providers = [("google".to_owned(), "Google".to_owned())];
    let (ann, mut many) = (user(email, true), full());
    many.sessions = (0..30).map(|_| session(FIREFOX)).collect();
    let mut off = user(email, false);
    off.status = UserStatus::Disabled;
    off.display_name = None;
    off.roles = std::iter::empty().collect();
    let events = all_events(ann.id);
    let bare = AccountOverview::default();
    let view = ConsoleUserView {
        user: &ann,
        overview: &many,
        providers: &providers,
        events: &events[..10],
        done: None,
    };
    add("-user", pages.console_user(frame, &view));
    let disabled = ConsoleUserView {
        user: &off,
        overview: &bare,
        events: &[],
        ..view
    };
    add("-user-disabled", pages.console_user(frame, &disabled));
    for done in Done::ALL {
        let view = ConsoleUserView {
            done: Some(*done),
            ..view
        };
        let name = format!("-user-done-{}", done.as_str());
        add(&name, pages.console_user(frame, &view));
    }
}

fn forms(pages: &Pages, frame: &Frame<'_>, email: &str, add: &mut Add<'_>) {
    let texts = pages.texts(frame.language);
    let own = &texts.console;
    let taken = Error::from(ErrorKind::EmailTaken);
    let wrong = Error::validation(vec![
        Violation::new("email", "invalid_email", ""),
        Violation::new("display_name", "too_long", ""),
        Violation::new("roles", "invalid_role", ""),
    ]);
    for (name, error) in [
        ("", None),
        ("-taken", Some(&taken)),
        ("-wrong", Some(&wrong)),
    ] {
        let view = FormView {
            title: &own.edit.new_title,
            texts: vec![&own.edit.new_text],
            fields: vec![
                Field::new("email", Kind::NewEmail, &texts.common.email),
                Field::of_name(texts, "Ann <i>"),
                Field::of_roles(texts, "user"),
            ],
            button: &own.edit.create,
            keep: Some(&own.edit.back_to_users),
            error,
            ..FormView::new("console/users/new", email)
        };
        add(&format!("-new{name}"), pages.one_form(frame, view));
    }
    let last = Error::from(ErrorKind::LastAdmin);
    let many = Error::validation(vec![Violation::new("roles", "too_long", "")]);
    for (name, error, is_overtaken) in [
        ("", None, false),
        ("-last-admin", Some(&last), false),
        ("-many-roles", Some(&many), false),
        ("-overtaken", None, true),
    ] {
        let notice = is_overtaken
            .then(|| Notice::about(&own.edit.overtaken, "changes", "Name is now: <i>Anna</i>."));
        let view = FormView {
            title: &own.edit.title,
            texts: vec![email],
            fields: vec![
                Field::of_name(texts, "Ann <i>"),
                Field::of_roles(texts, "user editor"),
                Field {
                    value: "true",
                    ..Field::new("verified", Kind::Check, &own.edit.verified)
                },
            ],
            hidden: vec![("seen_name", "\"><i>".to_owned())],
            button: &own.edit.save,
            keep: Some(&own.edit.back_to_user),
            error,
            notice,
            ..FormView::new("console/users/1/edit", email)
        };
        add(&format!("-edit{name}"), pages.one_form(frame, view));
    }
    let off = Error::from(ErrorKind::AccountDisabled);
    for (name, asks, error) in [
        ("-delete", &own.action.delete, None),
        ("-delete-last-admin", &own.action.delete, Some(&last)),
        ("-disable", &own.action.disable, None),
        ("-enable", &own.action.enable, None),
        ("-reset-factors", &own.action.reset_factors, None),
        ("-send-link", &own.action.send_link, None),
        ("-send-link-disabled", &own.action.send_link, Some(&off)),
        ("-sign-out", &own.action.sign_out, None),
        ("-unlock", &own.action.unlock, None),
    ] {
        let view = FormView {
            title: &asks.title,
            texts: vec![email, &asks.text],
            button: &asks.button,
            is_danger: true,
            keep: Some(&own.edit.back_to_user),
            error,
            ..FormView::new("console/users/1/delete", email)
        };
        add(name, pages.one_form(frame, view));
    }
}

fn all_events(of: UserId) -> Vec<Event> {
    let now = at("2026-11-29T13:58:00Z");
    let event = |kind: &EventKind| Event::new(*kind, now, &client(FIREFOX)).of(of).by(of);
    let mut events: Vec<Event> = EventKind::ALL.iter().map(event).collect();
    events[0] = events[0]
        .clone()
        .with("from", vec!["user"])
        .with("reason", "<i>")
        .by(UserId::new(now));
    events
}

fn events(pages: &Pages, frame: &Frame<'_>, email: &str, add: &mut Add<'_>) {
    let ann = user(email, true);
    let events = all_events(ann.id);
    let addresses = HashMap::from([(ann.id, ann.email.clone())]);
    let (all, unknown) = (
        EventSearch::default(),
        EventSearch {
            user: "\"><i>".to_owned(),
            kind: Some(EventKind::SignedIn),
            is_unknown: true,
        },
    );
    for (name, search, user, events, next) in [
        ("", &all, None, &events[..25], Some("a_cursor")),
        ("-of-user", &all, Some(ann.id), &events[..25], None),
        ("-unknown", &unknown, None, &[], None),
        ("-none", &all, None, &[], None),
    ] {
        let view = EventsView {
            search,
            user,
            events,
            addresses: &addresses,
            next,
        };
        add(&format!("-events{name}"), pages.events(frame, &view));
    }
}

fn mail(pages: &Pages, frame: &Frame<'_>, add: &mut Add<'_>) {
    let now = at("2026-11-29T13:58:00Z");
    let entry = |letter: &str, status, error: Option<&str>| MailEntry {
        id: IntentId::new(now),
        letter: letter.to_owned(),
        recipient: error.map(|_| "ann@example.org".parse().unwrap()),
        user_id: error.map(|_| UserId::new(now)),
        status,
        attempts: 12,
        last_error: error.map(str::to_owned),
        created_at: now,
        due_at: now,
    };
    let mut entries: Vec<MailEntry> = LetterKind::ALL
        .iter()
        .map(|kind| {
            let error = "<i>550</i> 5.1.1 the mailbox does not exist";
            entry(kind.as_str(), MailStatus::Dead, Some(error))
        })
        .collect();
    entries.push(entry("from_tomorrow<i>", MailStatus::Pending, None));
    for (name, status, entries, next, done) in [
        ("", None, &entries[..], Some("a_cursor"), None),
        (
            "-retried",
            Some(MailStatus::Dead),
            &entries[..1],
            None,
            Some(Done::Retried),
        ),
        ("-none", Some(MailStatus::Pending), &[], None, None),
    ] {
        let view = MailView {
            status,
            entries,
            next,
            done,
        };
        add(&format!("-mail{name}"), pages.mail(frame, &view));
    }
}

fn status(pages: &Pages, frame: &Frame<'_>, add: &mut Add<'_>) {
    let key = |first_used_at| KeyStatus {
        id: "hGmp1tqRrQvVHrCyyDbGgBHw1RK3Yl8vFYbzuvhSPA0".to_owned(),
        first_used_at,
    };
    let well = ServiceStatus {
        version: "0.1.0",
        accepts_writes: true,
        condition: StoreCondition {
            pending_mails: 3,
            oldest_pending: Some(at("2026-11-29T13:58:00Z")),
            dead_mails: 0,
            keys: Vec::new(),
            migration: Some(AppliedMigration {
                name: "m20261201_000019_signing_keys".to_owned(),
                applied_at: at("2026-11-29T13:58:00Z"),
            }),
        },
        hashing: HashLoad::default(),
        keys: vec![key(Some(at("2026-11-29T13:58:00Z"))), key(None)],
        dangers: Vec::new(),
    };
    add("-status", pages.status(frame, &well));
    let ill = ServiceStatus {
        accepts_writes: false,
        condition: StoreCondition::default(),
        dangers: Danger::ALL.to_vec(),
        ..well
    };
    add("-status-ill", pages.status(frame, &ill));
}
