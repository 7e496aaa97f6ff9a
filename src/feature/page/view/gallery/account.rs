//! Every state of the account pages.

use std::net::IpAddr;

use super::super::{
    super::{
        Held, Pages,
        form::{Field, Kind},
        frame::{Bar, Frame, Room, Tab},
        qr::qr,
    },
    *,
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result, Violation},
    event::{ClientInfo, Event, EventKind},
    factor::{DeviceId, Factor, FactorId, FactorKind, FactorList, RememberedDevice},
    http::{Html, Output as _, Response},
    identity::{Identity, IdentityId},
    store::{AccountOverview, PendingEmail},
    token::{Session, SessionId},
    user::{EmailAddress, Role, User, UserId, UserStatus},
};

pub(super) const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub(super) const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/26.0 Mobile/15E148 Safari/604.1";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn user(email: &str, verified: bool) -> User {
    let created = at("2026-10-03T08:10:00Z");
    User {
        id: UserId::new(created),
        email: EmailAddress::from_stored(email.to_owned())
            .unwrap_or_else(|_| "ann@example.org".parse().unwrap()),
        email_verified_at: verified.then_some(created),
        roles: [Role::USER].into_iter().collect(),
        status: UserStatus::Active,
        display_name: Some("Ann <i>Berg</i>".to_owned()),
        metadata: serde_json::Map::default(),
        created_at: created,
        updated_at: created,
        last_login_at: None,
        locale: None,
    }
}

pub(super) fn client(user_agent: &str) -> ClientInfo {
    let ip: IpAddr = "203.0.113.7".parse().unwrap();
    ClientInfo::new(Some(ip), Some(user_agent))
}

pub(super) fn session(user_agent: &str) -> Session {
    let used = at("2026-11-28T13:58:00Z");
    Session {
        id: SessionId::new(used),
        created_at: used,
        rotated_at: used,
        idle_expires_at: used,
        absolute_expires_at: used,
        client: client(user_agent),
    }
}

fn factor(name: Option<&str>) -> Factor {
    let created = at("2026-10-04T09:00:00Z");
    Factor {
        id: FactorId::new(created),
        kind: FactorKind::Totp,
        name: name.map(str::to_owned),
        created_at: created,
        last_used_at: Some(at("2026-11-01T07:30:00Z")),
    }
}

/// An account with entries in every list.
pub(super) fn full() -> AccountOverview {
    let linked = at("2026-11-01T10:00:00Z");
    let identity = |provider: &str| Identity {
        id: IdentityId::new(linked),
        provider: provider.to_owned(),
        issuer: "https://idp.example".to_owned(),
        subject: "1".to_owned(),
        email: Some("ann.berg@a-rather-long-company-name.example".to_owned()),
        created_at: linked,
    };
    AccountOverview {
        user: None,
        has_password: true,
        pending_email: Some(PendingEmail {
            address: "anna.lindqvist-petersen@a-rather-long-company-name.example"
                .parse()
                .unwrap(),
            expires_at: at("2026-11-30T14:00:00Z"),
        }),
        factors: FactorList {
            items: vec![factor(Some("<i>Phone</i>")), factor(None)],
            recovery_codes_left: 8,
        },
        devices: vec![RememberedDevice {
            id: DeviceId::new(linked),
            user_agent: Some(SAFARI.to_owned()),
            created_at: linked,
            last_used_at: linked,
        }],
        sessions: vec![
            session(FIREFOX),
            session(SAFARI),
            session("<i>Acme</i>/1.0"),
        ],
        identities: vec![identity("google"), identity("gone")],
    }
}

pub(super) fn states(pages: &Pages, frame: &Frame<'_>, email: &str) -> Vec<(String, Response)> {
    let bar = |current| {
        Some(Bar {
            email,
            room: Room::Account { has_console: true },
            current,
        })
    };
    let frame = Frame {
        bar: bar(None),
        ..*frame
    };
    let mut states: Vec<(String, Response)> = Vec::new();
    let mut add = |name: &str, page: Result<Html>| {
        states.push((format!("account{name}"), page.unwrap().render()));
    };

    let providers = [("google", "Google"), ("acme", "<i>Acme</i>")]
        .map(|(name, title)| (name.to_owned(), title.to_owned()));
    let (ann, full, empty) = (user(email, true), full(), AccountOverview::default());
    let current = full.sessions.first().unwrap().id;
    let identity = full.identities.first().unwrap().id;
    let view = AccountView {
        user: &ann,
        current,
        overview: &full,
        providers: &providers,
        link_query: "proof=x",
        notice: None,
        name: ann.display_name.as_deref(),
    };
    let at_account = Frame {
        bar: bar(Some(Tab::Account)),
        ..frame
    };
    add("", pages.account(&at_account, &view));
    let new = user(email, false);
    let bare = AccountView {
        user: &new,
        overview: &empty,
        providers: &[],
        name: None,
        ..view
    };
    add("-bare", pages.account(&at_account, &bare));
    let long = [Violation::new("display_name", "too_long", "")];
    let notices = Saved::ALL
        .iter()
        .map(|saved| {
            (
                format!("saved-{}", saved.as_str()),
                AccountNotice::Saved(*saved),
            )
        })
        .chain([
            ("bad-name".to_owned(), AccountNotice::Fields(&long)),
            ("last-way-in".to_owned(), AccountNotice::LastWayIn(identity)),
            (
                "link-failed".to_owned(),
                AccountNotice::OfLink("provider_failed"),
            ),
            (
                "link-taken".to_owned(),
                AccountNotice::OfLink("identity_taken"),
            ),
        ]);
    for (name, notice) in notices {
        let notice = Some(notice);
        let page = pages.account(&at_account, &AccountView { notice, ..view });
        add(&format!("-{name}"), page);
    }

    forms(pages, &frame, email, &mut add);
    let required = Error::from(ErrorKind::TooManyFactors);
    let long = Error::validation(vec![Violation::new("name", "too_long", "")]);
    for (name, factors, is_required, error) in [
        ("-mfa", &full.factors, false, None),
        ("-mfa-none", &empty.factors, false, None),
        ("-mfa-required", &full.factors, true, None),
        ("-mfa-too-many", &full.factors, false, Some(&required)),
        ("-mfa-bad-name", &full.factors, false, Some(&long)),
    ] {
        let view = FactorsView {
            factors,
            is_required,
            name: "Phone",
            error,
        };
        add(name, pages.factors(&frame, &view));
    }
    let picture = qr(super::OTPAUTH).unwrap();
    let view = EnrolView {
        qr_svg: &picture,
        secret_groups: "JBSW Y3DP EHPK 3PXP",
        notice: None,
    };
    add("-mfa-enrol", pages.enrol(&frame, "account/mfa/1", &view));
    let view = RecoveryCodesView {
        codes: &super::CODES,
        next: "../account",
    };
    add("-mfa-codes-new", pages.recovery_codes(&frame, &view));

    let at_activity = Frame {
        bar: bar(Some(Tab::Activity)),
        ..frame
    };
    let now = at("2026-11-29T13:58:00Z");
    let events: Vec<Event> = EventKind::ALL
        .iter()
        .map(|kind| Event::new(*kind, now, &client(FIREFOX)))
        .collect();
    for (name, events, older) in [
        (
            "-activity",
            events.as_slice(),
            events.last().map(|event| event.id),
        ),
        ("-activity-none", &[], None),
    ] {
        let view = ActivityView { events, older };
        add(name, pages.activity(&at_activity, &view));
    }
    states
}

/// The pages with a single form.
fn forms(pages: &Pages, frame: &Frame<'_>, email: &str, add: &mut impl FnMut(&str, Result<Html>)) {
    let texts = pages.texts(frame.language);
    let own = &texts.account;
    let current = || Field::new(CURRENT_PASSWORD, Kind::Password, &own.current_password);
    let wrong = Error::from(ErrorKind::InvalidCredentials);
    let missing = Error::validation(vec![
        Violation::new("new_email", "invalid_email", ""),
        Violation::new(CURRENT_PASSWORD, "required", ""),
    ]);
    let weak = Error::validation(vec![
        Violation::new("new_password", "too_short", ""),
        Violation::new("new_password", "common_password", ""),
    ]);
    let last = Error::from(ErrorKind::LastAdmin);
    let required = Error::from(ErrorKind::FactorRequired);
    let busy = Error::from(ErrorKind::Overloaded);
    let none = None;
    for (name, error) in [
        ("", none),
        ("-wrong", Some(&wrong)),
        ("-fields", Some(&missing)),
        ("-busy", Some(&busy)),
    ] {
        let view = FormView {
            title: &own.change_email,
            texts: vec![&own.change_email_text],
            fields: vec![
                Field::new("new_email", Kind::NewEmail, &own.new_email),
                current(),
            ],
            button: &own.send_link,
            error,
            ..FormView::new("account/email", email)
        };
        add(&format!("-email{name}"), pages.one_form(frame, view));
    }
    for (name, error) in [("", none), ("-wrong", Some(&wrong)), ("-weak", Some(&weak))] {
        let mut new = Field::new(
            "new_password",
            Kind::NewPassword,
            &texts.password.new_password,
        );
        new.hint = Some(texts.password.hint.clone());
        let view = FormView {
            title: &own.change_password,
            texts: vec![&own.change_password_text],
            fields: vec![current(), new],
            button: &own.change_password,
            error,
            ..FormView::new("account/password", email)
        };
        add(&format!("-password{name}"), pages.one_form(frame, view));
    }
    for (name, error) in [
        ("", none),
        ("-wrong", Some(&wrong)),
        ("-last-admin", Some(&last)),
    ] {
        let view = FormView {
            title: &own.delete_title,
            texts: vec![email, &own.delete_text, &own.delete_with_password],
            fields: vec![current()],
            button: &own.delete_button,
            is_danger: true,
            keep: Some(&own.keep),
            error,
            ..FormView::new("account/delete", email)
        };
        add(&format!("-delete{name}"), pages.one_form(frame, view));
    }
    for (name, error) in [("", none), ("-required", Some(&required))] {
        let view = FormView {
            title: &own.remove_title,
            texts: vec!["<i>Phone</i>", &own.remove_last],
            button: &own.remove,
            is_danger: true,
            keep: Some(&own.keep),
            back: "account/mfa",
            error,
            ..FormView::new("account/mfa/1/remove", email)
        };
        add(&format!("-mfa-remove{name}"), pages.one_form(frame, view));
    }
    let view = FormView {
        title: &own.new_codes,
        texts: vec![&own.new_codes_text],
        button: &own.new_codes_button,
        back: "account/mfa",
        ..FormView::new("account/mfa/codes", email)
    };
    add("-mfa-codes", pages.one_form(frame, view));
    let view = FormView {
        title: &own.export,
        texts: vec![&own.export_text],
        button: &own.export,
        ..FormView::new("account/export", email)
    };
    add("-export", pages.one_form(frame, view));
    let view = FormView {
        title: &own.sign_in_again,
        texts: vec![&own.sign_in_again_text],
        button: &own.sign_in_again,
        ..FormView::new("sign-out", email)
    };
    add("-sign-in-again", pages.one_form(frame, view));
    let step_up = SecondFactorView {
        totp: true,
        step_up: Some(email),
        ..SecondFactorView::default()
    };
    let page = pages.second_factor(frame, "account/confirm", &step_up);
    add("-confirm-code", page);
    let view = ConfirmPasswordView {
        email,
        notice: Some(PasswordNotice::Held(Held::Locked { seconds: 230 })),
    };
    let page = pages.confirm_password(frame, "account/confirm", &view);
    add("-confirm-locked", page);
}
