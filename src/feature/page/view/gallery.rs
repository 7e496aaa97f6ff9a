//! Every state of every page, for tests and for viewing in a browser.

mod account;
mod console;

use std::{env, fs, path::Path};

use ::http::HeaderMap;

use super::{
    super::{
        Action, Chosen, Held, Link, PageTemplates, Pages, frame::Frame, language::Language, qr::qr,
    },
    *,
};
use crate::{
    brand::Brand,
    clock::{Clock as _, SystemClock},
    error::{Error, ErrorKind, Violation},
    http::{Html, Output as _, Problem, Response},
    user::UserId,
};

/// An address with characters that HTML has to escape.
pub(super) const ANN: &str = "\"><i>ann</i>@example.org";
const QUERY: &str = "next=%2Fnotes%3Fa%3D1&x=\"><i>";
const CODES: [&str; 10] = [
    "7K3M-Q9TZ",
    "B2XD-4HNP",
    "R8VW-1C6J",
    "M5GS-Y0KE",
    "3TPA-9ZQF",
    "H6BN-2XWD",
    "K1RV-8MCS",
    "Q4YJ-7GTE",
    "9ZHP-5NAB",
    "W3DX-6KRM",
];

pub(super) fn brand() -> Brand {
    Brand::new("Acme <Notes> & Co")
        .logo(
            *b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\"><circle cx=\"12\" cy=\"12\" r=\"12\"/></svg>",
            "image/svg+xml",
        )
        .accent("#0b6e4f", "#7fd8b4")
        .home("https://acme.example")
        .help("https://acme.example/help")
        .privacy("https://acme.example/privacy")
        .terms("https://acme.example/terms")
}

pub(super) fn pages(brand: &Brand) -> Pages {
    Pages::new(brand, &PageTemplates::default(), 8, true)
        .unwrap()
        .with_sign_in(true)
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// Every state in one language, each with a name.
pub(super) fn states(pages: &Pages, language: Language, email: &str) -> Vec<(String, Response)> {
    let frame = Frame {
        language,
        ui_chosen: true,
        query: QUERY,
        root: "",
        leads_to: None,
        bar: None,
    };
    let chosen = Chosen {
        language,
        by_ui: true,
    };
    let mut states: Vec<(String, Response)> = Vec::new();
    let mut add = |name: &str, page: crate::error::Result<Html>| {
        states.push((name.to_owned(), page.unwrap().render()));
    };

    let wrong = [
        Violation::new("email", "invalid_email", ""),
        Violation::new("password", "required", ""),
    ];
    let sign_in = SignInView {
        email,
        may_register: true,
        providers: &[("google", "Google"), ("acme", "<i>Acme</i>")],
        ..SignInView::default()
    };
    add(
        "sign-in",
        pages.sign_in(
            &frame,
            &SignInView {
                email: "",
                ..sign_in
            },
        ),
    );
    for (name, notice) in [
        ("busy", SignInNotice::Held(Held::Busy)),
        ("deleted", SignInNotice::Deleted),
        ("disabled", SignInNotice::Disabled),
        ("expired", SignInNotice::Expired),
        ("fields", SignInNotice::Fields(&wrong)),
        ("bad-email", SignInNotice::Fields(&wrong[..1])),
        ("no-password", SignInNotice::Fields(&wrong[1..])),
        ("locked", SignInNotice::Held(Held::Locked { seconds: 230 })),
        ("not-verified", SignInNotice::NotVerified),
        ("password-set", SignInNotice::PasswordSet),
        ("provider", SignInNotice::Provider("provider_failed")),
        ("provider-denied", SignInNotice::Provider("access_denied")),
        ("provider-link", SignInNotice::Provider("link_required")),
        (
            "provider-closed",
            SignInNotice::Provider("registration_closed"),
        ),
        (
            "provider-unverified",
            SignInNotice::Provider("email_not_verified"),
        ),
        (
            "rate-limited",
            SignInNotice::Held(Held::RateLimited { seconds: 20 }),
        ),
        (
            "refused",
            SignInNotice::Refused("<i>Not</i> on Sundays [x]."),
        ),
        ("signed-out", SignInNotice::SignedOut),
        ("verified", SignInNotice::Verified),
        ("wrong", SignInNotice::Wrong),
    ] {
        let view = SignInView {
            notice: Some(notice),
            remember: true,
            ..sign_in
        };
        add(&format!("sign-in-{name}"), pages.sign_in(&frame, &view));
    }
    let signed_in_as = Some(SignedInAs {
        email,
        user: UserId::new(SystemClock.now()),
        next: Some("/notes?a=\"><i>"),
    });
    let view = SignInView {
        signed_in_as,
        ..sign_in
    };
    add("sign-in-already", pages.sign_in(&frame, &view));
    let for_app = Frame {
        leads_to: Some("https://app.example.org"),
        ..frame
    };
    add("sign-in-app", pages.sign_in(&for_app, &sign_in));
    let view = SignInView {
        signed_in_as: signed_in_as.map(|own| SignedInAs { next: None, ..own }),
        ..sign_in
    };
    add("sign-in-app-already", pages.sign_in(&for_app, &view));
    add("sign-out", pages.sign_out(&frame, &SignOutView { email }));
    add("begin-enrol", pages.begin_enrol(&frame));

    let codes = [
        ("blank", None),
        ("busy", Some(CodeNotice::Busy)),
        ("malformed", Some(CodeNotice::Malformed)),
        ("too-many", Some(CodeNotice::TooMany { seconds: 1200 })),
        ("wrong", Some(CodeNotice::Wrong)),
    ];
    let (picture, secret) = (
        qr(OTPAUTH).unwrap(),
        "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
    );
    for (name, notice) in codes {
        let view = SecondFactorView {
            totp: true,
            recovery_code: name != "busy",
            notice,
            ..SecondFactorView::default()
        };
        add(
            &format!("second-factor-{name}"),
            pages.second_factor(&frame, "second-factor", &view),
        );
        let view = EnrolView {
            qr_svg: &picture,
            secret_groups: secret,
            notice,
        };
        add(
            &format!("enrol-{name}"),
            pages.enrol(&frame, "second-factor/enrol", &view),
        );
    }
    let view = SecondFactorView {
        recovery_code: true,
        step_up: Some(email),
        ..SecondFactorView::default()
    };
    add(
        "second-factor-step-up",
        pages.second_factor(&frame, "second-factor", &view),
    );
    for (name, notice) in [
        ("blank", None),
        ("busy", Some(PasswordNotice::Held(Held::Busy))),
        ("empty", Some(PasswordNotice::Empty)),
        (
            "locked",
            Some(PasswordNotice::Held(Held::Locked { seconds: 60 })),
        ),
        (
            "rate-limited",
            Some(PasswordNotice::Held(Held::RateLimited { seconds: 9 })),
        ),
        ("wrong", Some(PasswordNotice::Wrong)),
    ] {
        let view = ConfirmPasswordView { email, notice };
        let page = pages.confirm_password(&frame, "second-factor", &view);
        add(&format!("confirm-password-{name}"), page);
    }
    let view = RecoveryCodesView {
        codes: &CODES,
        next: "/notes?a=\"><i>",
    };
    add("recovery-codes", pages.recovery_codes(&frame, &view));

    let sign_up = SignUpView {
        email,
        display_name: email,
        ..SignUpView::default()
    };
    add("sign-up", pages.sign_up(&frame, &SignUpView::default()));
    for (name, notice) in [
        ("busy", SignUpNotice::Held(Held::Busy)),
        ("closed", SignUpNotice::Closed),
        (
            "rate-limited",
            SignUpNotice::Held(Held::RateLimited { seconds: 100 }),
        ),
        (
            "refused",
            SignUpNotice::Refused("<i>Only</i> by invitation."),
        ),
        ("taken", SignUpNotice::Taken),
    ] {
        let view = SignUpView {
            notice: Some(notice),
            ..sign_up
        };
        add(&format!("sign-up-{name}"), pages.sign_up(&frame, &view));
    }
    for weakness in crate::error::Weakness::ALL {
        let violations = [Violation::new("password", weakness.code(), "")];
        let view = SignUpView {
            violations: &violations,
            ..sign_up
        };
        let name = weakness.code();
        add(&format!("sign-up-{name}"), pages.sign_up(&frame, &view));
    }
    let violations = [
        Violation::new("email", "invalid_email", ""),
        Violation::new("password", "too_short", ""),
        Violation::new("password", "common_password", ""),
        Violation::new("display_name", "too_long", ""),
    ];
    let view = SignUpView {
        violations: &violations,
        ..sign_up
    };
    add("sign-up-fields", pages.sign_up(&frame, &view));
    let (busy, wait) = (Held::Busy, Held::RateLimited { seconds: 20 });
    for purpose in [
        MailPurpose::Forgot,
        MailPurpose::Resend,
        MailPurpose::SignUp,
    ] {
        assert_eq!(MailPurpose::named(purpose.as_str()), Some(purpose));
        let notices = [
            ("", None),
            ("-busy", Some(busy)),
            ("-rate-limited", Some(wait)),
        ];
        for (state, held) in notices {
            let view = CheckMailView {
                email,
                purpose,
                held,
            };
            let name = format!("check-mail-{}{state}", purpose.as_str());
            add(&name, pages.check_mail(&frame, &view));
        }
    }
    for (name, notice) in [
        ("blank", None),
        ("bad-email", Some(ForgotNotice::BadEmail)),
        ("busy", Some(ForgotNotice::Held(busy))),
        ("rate-limited", Some(ForgotNotice::Held(wait))),
    ] {
        let view = ForgotView { email, notice };
        let page = pages.forgot_password(&frame, &view);
        add(&format!("forgot-password-{name}"), page);
    }

    states.extend(account::states(pages, &frame, email));
    states.extend(console::states(pages, &frame, email));
    let mut add = |name: &str, page: crate::error::Result<Html>| {
        states.push((name.to_owned(), page.unwrap().render()));
    };

    for action in [
        Action::ConfirmEmailChange,
        Action::ResetPassword,
        Action::SecureAccount,
        Action::Unlock,
        Action::VerifyEmail,
    ] {
        let link = Link {
            token: "hp_ot_x",
            address: Some(email),
        };
        let name = action.page();
        add(name, pages.form(chosen, action, &link));
        add(&format!("{name}-done"), pages.done(chosen, action));
        add(&format!("{name}-used"), pages.used(chosen, action));
        add(&format!("{name}-expired"), pages.invalid(chosen, action));
        let busy = pages.not_done(chosen, action, &link, ErrorKind::Overloaded.into());
        add(&format!("{name}-busy"), busy);
        let alone = pages.clone().with_sign_in(false);
        add(&format!("{name}-done-alone"), alone.done(chosen, action));
        add(
            &format!("{name}-expired-alone"),
            alone.invalid(chosen, action),
        );
    }
    add("secure-account-moved", pages.moved(chosen));
    let link = Link {
        token: "hp_ot_x",
        address: Some(email),
    };
    let weak = Error::validation(vec![
        Violation::new("new_password", "too_short", ""),
        Violation::new("new_password", "common_password", ""),
    ]);
    let weak = pages.not_done(chosen, Action::ResetPassword, &link, weak);
    add("reset-password-weak", weak);

    add("not-found", pages.not_found(&frame));
    add("failed", pages.failed(&frame, "<i>5bf07a3d</i>"));
    let mut headers = HeaderMap::new();
    headers.insert("accept-language", language.code().parse().unwrap());
    for kind in [
        ErrorKind::Forbidden,
        ErrorKind::Internal,
        ErrorKind::Unavailable,
    ] {
        let problem = Problem::from(kind).to_response();
        let page = pages.page_of(&Chosen::of(&headers, None).frame(""), &headers, &problem);
        states.push((format!("problem-{}", problem.status().as_u16()), page));
    }
    states
}

const OTPAUTH: &str = "otpauth://totp/Acme%20Notes:ann%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme%20Notes";

/// Writes every state to the folder that the environment variable names, so that the pages can be viewed in a browser.
#[test]
fn the_gallery_is_written_when_asked_for() {
    let Ok(folder) = env::var("HALLPASS_TEST_GALLERY") else {
        return;
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    for (set, brand) in [
        ("plain", Brand::new("Hallpass")),
        (
            "brand",
            Brand::new("Acme Notes")
                .accent("#0b6e4f", "#7fd8b4")
                .help("https://acme.example/help")
                .privacy("https://acme.example/privacy")
                .home("https://acme.example"),
        ),
    ] {
        let pages = pages(&brand);
        for language in Language::ALL {
            for (name, page) in states(&pages, language, "ann@example.org") {
                let file = format!("{set}-{}-{name}.html", language.code());
                fs::write(folder.join(file), page.body()).unwrap();
            }
        }
    }
}
