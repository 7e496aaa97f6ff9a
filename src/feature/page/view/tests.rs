use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use ::http::HeaderMap;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    super::{Held, PageTemplates, Pages, language::Language, qr::qr},
    gallery::{ANN, brand, pages, states, text},
    *,
};
use crate::{
    brand::Brand,
    error::ErrorKind,
    http::{Output as _, Problem},
};

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?
        .1
        .split_once(end)
        .map(|(part, _)| part)
}

fn english(query: &str) -> Frame<'_> {
    Frame {
        language: Language::English,
        ui_chosen: false,
        query,
        root: "",
        leads_to: None,
        bar: None,
    }
}

#[test]
fn every_state_keeps_the_rules_of_pages_in_every_language() {
    let pages = pages(&brand());
    for language in Language::ALL {
        let mut names = BTreeSet::new();
        for (name, page) in states(&pages, language, ANN) {
            let said = text(&page);
            let texts = language.texts();
            let context = || format!("{name} in {}: {said}", texts.lang);
            assert!(
                said.contains(&format!("<html lang=\"{}\">", texts.lang)),
                "{}",
                context()
            );
            for element in ["<h1>", "<main", "<title>", "<style>", "<footer>"] {
                assert_eq!(said.matches(element).count(), 1, "{element}: {}", context());
            }
            let title = between(&said, "<h1>", "</h1>").unwrap();
            let head = between(&said, "<title>", "</title>").unwrap();
            let (start, product) = head.split_once(" · ").unwrap();
            assert_eq!(
                start.strip_prefix(texts.error).unwrap_or(start),
                title,
                "{}",
                context()
            );
            assert_eq!(product, "Acme &lt;Notes&gt; &amp; Co");
            let (_, body) = said.split_once("</style>").unwrap();
            let content = body.split("<script>").next().unwrap();
            assert!(!content.contains(['{', '}']), "{}", context());
            assert!(!content.contains("<i>"), "{}", context());
            for forbidden in [
                "role=\"alert\"",
                "style=",
                " onclick",
                "javascript:",
                "tabindex=\"0\"",
            ] {
                assert!(!content.contains(forbidden), "{forbidden}: {}", context());
            }
            assert!(content.matches(" autofocus").count() <= 1, "{}", context());
            for (index, form) in content.split("<form ").skip(1).enumerate() {
                let form = form.split("</form>").next().unwrap();
                // A search changes nothing, and its URL can be kept.
                let is_search = form.contains("method=\"get\"") && form.contains("role=\"search\"");
                let posts = form.contains("method=\"post\"");
                assert!(is_search || posts, "{index}: {}", context());
                let kept = form.contains("name=\"ui\"");
                assert!(kept || name.starts_with("problem"), "{}", context());
                if form.contains("type=\"password\"") {
                    assert!(form.contains("autocomplete=\"username\""), "{}", context());
                }
            }
            let ids: Vec<&str> = content
                .split(" id=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap())
                .collect();
            let unique: BTreeSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), unique.len(), "{}", context());
            for attribute in ["aria-describedby", "aria-labelledby", " for"] {
                for named in content.split(&format!("{attribute}=\"")).skip(1) {
                    let named = named.split('"').next().unwrap();
                    for id in named.split(' ') {
                        assert!(unique.contains(id), "{id}: {}", context());
                    }
                }
            }
            assert!(names.insert(name.clone()), "{name} twice");
        }
        assert!(names.len() > 80);
    }
}

#[test]
fn the_policy_allows_exactly_the_style_and_the_script_of_the_page() {
    let hash = |text: &str| {
        let digest = STANDARD.encode(digest(&SHA256, text.as_bytes()));
        format!("'sha256-{digest}'")
    };
    for (brand, image) in [(brand(), "img-src 'self'; "), (Brand::new("Hallpass"), "")] {
        for (name, page) in states(&pages(&brand), Language::English, ANN) {
            let said = text(&page);
            let style = hash(between(&said, "<style>", "</style>").unwrap());
            let script = between(&said, "<script>", "</script>");
            assert_eq!(script.is_some(), said.contains("<form "), "{name}");
            let script = script.map_or_else(String::new, |script| {
                let script = hash(script);
                format!("script-src {script}; require-trusted-types-for 'script'; ")
            });
            let app = match name.starts_with("sign-in-app") {
                true => " https://app.example.org",
                false => "",
            };
            let policy = format!(
                "default-src 'none'; style-src {style}; {image}{script}form-action 'self'{app}; base-uri 'none'; \
                 frame-ancestors 'none'"
            );
            assert_eq!(page.headers()["content-security-policy"], policy, "{name}");
            assert_eq!(page.headers()["cross-origin-opener-policy"], "same-origin");
            assert_eq!(page.headers()["cache-control"], "no-store");
        }
    }
}

#[test]
fn without_the_script_there_is_no_script() {
    let pages = Pages::new(&brand(), &PageTemplates::default(), 8, false).unwrap();
    for (name, page) in states(&pages, Language::English, ANN) {
        assert!(!text(&page).contains("<script"), "{name}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(!policy.contains("script"), "{name}");
    }
}

#[test]
fn the_sign_in_page_is_small() {
    let pages = pages(&Brand::new("Hallpass"));
    for language in Language::ALL {
        let frame = Frame {
            language,
            ..english("next=%2Fnotes")
        };
        let view = SignInView {
            email: "ann@example.org",
            providers: &[("google", "Google"), ("github", "GitHub")],
            may_register: true,
            notice: Some(SignInNotice::Held(Held::Locked { seconds: 600 })),
            ..SignInView::default()
        };
        let page = pages.sign_in(&frame, &view).unwrap().render();
        assert!(page.body().len() <= 8192, "{}", page.body().len());
    }
}

/// With `--nocapture`, shows how long it takes to render a page. The number is meaningful only in a release build.
#[test]
#[allow(clippy::print_stdout, reason = "it is a measurement")]
fn many_pages_are_rendered_in_a_second() {
    let pages = pages(&Brand::new("Hallpass"));
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < Duration::from_millis(100) {
        let view = SignInView::default();
        let page = pages.sign_in(&english("next=%2Fnotes"), &view);
        assert!(page.is_ok());
        count += 1;
    }
    println!("{:?} for a sign-in page", started.elapsed() / count);
}

#[test]
fn links_keep_the_query_and_the_other_languages_do_too() {
    let pages = pages(&Brand::new("Hallpass"));
    let said = |ui_chosen| {
        let frame = Frame {
            ui_chosen,
            ..english("next=%2Fa")
        };
        let view = SignInView {
            may_register: true,
            ..SignInView::default()
        };
        let page = pages.sign_in(&frame, &view);
        text(&page.unwrap().render()).replace("&#x2f;", "/")
    };
    let page = said(false);
    for part in [
        "action=\"sign-in?next=%2Fa\"",
        "href=\"sign-up?next=%2Fa\"",
        "href=\"forgot-password?next=%2Fa\"",
        "href=\"?ui=de&amp;next=%2Fa\" lang=\"de\" hreflang=\"de\">Deutsch",
        "href=\"?ui=zh&amp;next=%2Fa\" lang=\"zh-Hans\" hreflang=\"zh-Hans\">中文",
        "hreflang=\"en\" aria-current=\"true\">English",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("name=\"ui\""));
    let page = said(true);
    for part in [
        "<input type=\"hidden\" name=\"ui\" value=\"en\">",
        "href=\"sign-up?next=%2Fa&amp;ui=en\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn the_focus_is_where_the_error_is() {
    let pages = pages(&Brand::new("Hallpass"));
    let states = states(&pages, Language::English, "ann@example.org");
    let focused = |name: &str| {
        let (_, page) = states.iter().find(|(own, _)| own == name).unwrap();
        let page = text(page);
        let (before, _) = page.split_once(" autofocus")?;
        let (_, element) = before.rsplit_once('<')?;
        Some(element.split(['"']).nth(1)?.to_owned())
    };
    for (name, element) in [
        ("sign-in", Some("email")),
        ("sign-in-wrong", Some("summary")),
        ("sign-in-fields", Some("summary")),
        ("sign-in-bad-email", Some("email")),
        ("sign-in-no-password", Some("password")),
        ("sign-in-signed-out", None),
        ("second-factor-wrong", Some("code")),
        ("reset-password", Some("new_password")),
        ("reset-password-busy", Some("summary")),
        ("check-mail-forgot", None),
    ] {
        assert_eq!(focused(name).as_deref(), element, "{name}");
    }
}

#[test]
fn a_held_up_caller_gets_retry_after_and_others_the_reason() {
    let pages = pages(&Brand::new("Hallpass"));
    for (kind, title) in [
        (ErrorKind::Forbidden, "This form did not reach us well"),
        (ErrorKind::Overloaded, "We are very busy"),
        (ErrorKind::RateLimited, "We are very busy"),
        (ErrorKind::Internal, "Something went wrong on our side"),
    ] {
        let problem = Problem::from(kind).to_response();
        let page = pages.page_of(&english(""), &HeaderMap::new(), &problem);
        assert_eq!(page.status(), problem.status());
        let said = text(&page);
        assert!(said.contains(&format!("<h1>{title}</h1>")), "{said}");
    }
}

#[test]
fn a_form_may_lead_to_the_app_that_asked() {
    let pages = pages(&Brand::new("Hallpass"));
    let page = || pages.sign_in(&english(""), &SignInView::default()).unwrap();
    let page_for = page()
        .leading_to("https://app.example.org")
        .unwrap()
        .render();
    let policy = page_for.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' https://app.example.org;"),
        "{policy}"
    );
    assert!(page().leading_to("https://a; script-src *").is_err());
}

#[test]
fn a_qr_code_is_one_small_path() {
    let svg =
        qr("otpauth://totp/Acme:ann%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=Acme").unwrap();
    assert!(svg.len() < 12_000, "{}", svg.len());
    assert_eq!(svg.matches("<path").count(), 2);
    assert!(!svg.contains("style"));
    assert!(qr(&"x".repeat(5000)).is_err());
}
