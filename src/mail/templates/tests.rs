use super::*;

mod shell;

fn letter(url: &str) -> Letter {
    let links = Links::new("http://localhost:8000").unwrap();
    let links = links.with_page(Purpose::ResetPassword, url).unwrap();
    let link = links.to(Purpose::ResetPassword, &"hp_ot_abc-_123".into());
    Letter {
        link: Some((link, Duration::from_secs(1800))),
        ..Letter::new(LetterKind::ResetPassword)
    }
}

#[test]
fn the_reset_letter_has_instructions() {
    let templates = Templates::new("Hallpass").unwrap();
    let letter = letter("http://localhost:8000/reset-password");
    let content = templates.render(&letter, &Locale::EN).unwrap();
    let link = "http://localhost:8000/reset-password?token=hp_ot_abc-_123";
    assert_eq!(content.subject, "Reset your Hallpass password");
    assert!(content.text.lines().any(|line| line == link));
    assert!(content.text.contains("within 30 minutes"));
    assert!(
        content
            .text
            .lines()
            .all(|line| line.len() <= 78 || line == link)
    );
    assert!(content.html.contains(&format!("href=\"{link}\"")));
    assert!(content.html.contains("within 30 minutes"));
    assert!(!format!("{letter:?} {content:?}").contains("hp_ot_"));
}

#[test]
fn every_letter_is_written_in_every_language() {
    let templates = Templates::new("Acme Notes").unwrap();
    let epoch = Timestamp::UNIX_EPOCH;
    for locale in templates.locales() {
        for kind in LetterKind::ALL {
            let text = templates.letters.get(&(locale.clone(), *kind)).unwrap();
            let again = templates.clone().with_letter(*kind, locale, text);
            again.expect("our own letters pass the rules for hosts");
            let letter = sample(*kind).unwrap();
            let content = templates.render(&letter, locale).unwrap();
            assert!(content.subject.contains("Acme Notes"), "{content:?}");
            assert!(content.subject.chars().count() <= 60, "{content:?}");
            assert!(
                content
                    .html
                    .contains(&format!("<html lang=\"{locale}\" dir=\"ltr\""))
            );
            for text in [&content.text, &content.html] {
                let seen = text.replace("[if mso]", "").replace("[endif]", "");
                assert!(!seen.contains("{{") && !seen.contains('['), "{text}");
                assert_eq!(text.contains("token=token"), letter.link.is_some());
                let at = text.replace('\n', " ").contains(&moment(epoch, locale));
                assert_eq!(at, letter.seen.is_some(), "{text}");
            }
            for active in ["<img", "<script", "<link", "url(", "@import"] {
                assert!(!content.html.contains(active));
            }
        }
    }
}

#[test]
fn hostile_names_and_links_stay_text() {
    let templates = Templates::new("<b>\"A&B\"</b> {{ link }}").unwrap();
    let letter = letter("http://localhost:8000/?a=1&b=%22");
    let content = templates.render(&letter, &Locale::EN).unwrap();
    let html = &content.html;
    assert!(!html.contains("<b>") && !html.contains("\"A&B\""), "{html}");
    assert!(html.contains("&lt;b&gt;&quot;A&amp;B&quot;"), "{html}");
    assert!(
        html.contains("href=\"http://localhost:8000/?a=1&amp;b=%22&amp;token=hp_ot_abc-_123\"")
    );
    let flowing = content.text.replace('\n', " ");
    assert!(flowing.contains("<b>\"A&B\"</b> {{ link }}"));
    assert!(content.text.contains("/?a=1&b=%22&token=hp_ot_abc-_123\n"));
    assert!(content.subject.contains("<b>\"A&B\"</b> {{ link }}"));
}

#[test]
fn a_notice_says_when_and_from_where() {
    let templates = Templates::new("Hallpass").unwrap();
    let notice = |ip| Letter {
        link: sample(LetterKind::PasswordChanged).unwrap().link,
        seen: Some(Seen {
            at: Timestamp::UNIX_EPOCH,
            ip,
        }),
        ..Letter::new(LetterKind::PasswordChanged)
    };
    let known = notice(Some([192, 0, 2, 7].into()));
    let content = templates.render(&known, &Locale::EN).unwrap();
    assert!(content.text.contains("from 192.0.2.7."));
    assert!(content.html.contains("from 192.0.2.7."));
    let browser = Letter {
        user_agent: Some("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0".to_owned()),
        ..known
    };
    let content = templates.render(&browser, &Locale::EN).unwrap();
    let text = content.text.replace('\n', " ");
    assert!(text.contains(", from Firefox on Windows, 192.0.2.7."));
    let content = templates.render(&notice(None), &Locale::EN).unwrap();
    assert!(!content.text.contains("from"));
}

#[test]
fn hosts_set_letters_in_old_and_new_languages() {
    let italian: Locale = "it".parse().unwrap();
    let text = "Nuova password\r\n\r\nEcco\r\nil link.\n\n[Scegli]\n\nVale {{ expires_in }}.";
    let templates = Templates::new("Acme").unwrap();
    let templates = templates
        .with_letter(LetterKind::ResetPassword, &italian, text)
        .unwrap();
    let swiss: Locale = "it-CH".parse().unwrap();
    let letter = letter("https://id.example.org/r");
    let content = templates.render(&letter, &swiss).unwrap();
    assert_eq!(content.subject, "Nuova password");
    assert_eq!(
        content.text,
        "Ecco il link.\n\nScegli\nhttps://id.example.org/r?token=hp_ot_abc-_123\n\nVale 30 min.\n"
    );
    assert!(content.html.contains("<html lang=\"it\""));
    // A letter that has no text in the language.
    let content = templates
        .render(&Letter::new(LetterKind::AccountExists), &swiss)
        .unwrap();
    assert!(content.subject.starts_with("You already have"));
    assert!(content.html.contains("<html lang=\"en\""));
}

#[test]
fn hosts_can_replace_a_page() {
    let templates = Templates::new("A&B").unwrap();
    let layout = "<h1>{{ product }}</h1>{% for part in parts %}{{ part.text }}|{% endfor %}";
    let templates = templates.with_layout(layout).unwrap();
    let content = templates
        .render(&Letter::new(LetterKind::AccountExists), &Locale::EN)
        .unwrap();
    assert!(content.html.starts_with("<h1>A&amp;B</h1>Someone"));
    let broken = Templates::new("A").unwrap().with_layout("{{ nothing }}");
    assert!(broken.is_err());
}

#[test]
fn broken_letters_are_refused_at_the_start() {
    let templates = Templates::new("Hallpass").unwrap();
    for (kind, text) in [
        (LetterKind::ResetPassword, ""),
        (LetterKind::ResetPassword, "Subject only"),
        (LetterKind::ResetPassword, "Subject\n\nNo link."),
        (LetterKind::ResetPassword, "Subject\n\n[One]\n\n[Two]"),
        (LetterKind::ResetPassword, "Subject\n\n[Open] {{ at }}"),
        (LetterKind::ResetPassword, "Subject\n\n[Open]\n\n{{ at }}"),
        (LetterKind::ResetPassword, "Subject {{\n\n[Open]"),
        (LetterKind::AccountExists, "Subject\n\n[Open]"),
        (LetterKind::AccountExists, "Subject\n\n{{ expires_in }}"),
    ] {
        let refused = templates.clone().with_letter(kind, &Locale::EN, text);
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Configuration, "{text:?}");
    }
}

#[test]
fn a_product_name_has_one_line() {
    for name in ["", "  ", "Acme\r\nBcc: x@y.org", "A\0", &"x".repeat(101)] {
        assert!(Templates::new(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_preview_has_sample_data() {
    let templates = Templates::new("Acme").unwrap();
    let content = templates.preview(LetterKind::NewSignIn, &Locale::EN);
    let text = content.unwrap().text.replace('\n', " ");
    assert!(text.contains("1 March 2026, 09:05 UTC"), "{text}");
    assert!(text.contains("Firefox on Linux, 203.0.113.7"), "{text}");
    assert!(text.contains("https://example.org/secure-account?token="));
}
