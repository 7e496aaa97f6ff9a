//! The HTML around the text of a letter.

use super::*;
use crate::brand::Brand;

/// Markup that the Word renderer of Outlook for Windows ignores, or that breaks it.
const UNSUPPORTED: [&str; 12] = [
    "<div",
    "<button",
    "background:",
    "background-image",
    "border-radius",
    "flex",
    "float",
    "grid",
    "inline-block",
    "opacity",
    "position",
    "var(",
];

fn all() -> Vec<(LetterKind, Locale, Content)> {
    let brand = Brand::new("Acme Notes").accent("#0b6e4f", "#7fd8b4");
    let brand = brand
        .home("https://acme.example")
        .help("https://acme.example/help");
    let templates = Templates::new("Acme Notes").unwrap();
    let templates = templates.with_brand(&brand).unwrap();
    let mut all = Vec::new();
    for locale in templates.locales() {
        for kind in LetterKind::ALL {
            let content = templates.render(&sample(*kind).unwrap(), locale);
            all.push((*kind, locale.clone(), content.unwrap()));
        }
    }
    all
}

/// The start tags, including those that only Word sees.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag)
        .filter(|tag| tag.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[test]
fn the_shell_holds_in_word() {
    for (_, _, content) in all() {
        let html = &content.html;
        for unsupported in UNSUPPORTED {
            assert!(!html.contains(unsupported), "{unsupported}: {html}");
        }
        let margins = html.matches("margin").count();
        assert_eq!(margins, html.matches("margin: 0;").count(), "{html}");
        for tag in tags(html) {
            if tag.starts_with("table ") {
                for attribute in [
                    "role=\"presentation\"",
                    "cellpadding=\"0\"",
                    "cellspacing=\"0\"",
                    "border=\"0\"",
                ] {
                    assert!(tag.contains(attribute), "{tag}");
                }
            }
            if let Some((_, colour)) = tag.split_once("background-color: ") {
                let colour = colour.split(';').next().unwrap();
                assert!(tag.contains(&format!("bgcolor=\"{colour}\"")), "{tag}");
            }
            // Word ignores the padding of a link, so the cell around it sets the same padding for Word only.
            let is_padded = tag.contains(" padding: ") || tag.contains("\"padding: ");
            let is_cell = tag.starts_with("td ") || tag.starts_with("body ");
            assert!(
                !is_padded || is_cell || tag.contains("mso-padding-alt: 0;"),
                "{tag}"
            );
        }
        // Word does not support `max-width`, so it gets a fixed-width table around the one that uses it.
        let (before, _) = html.split_once("max-width").unwrap();
        let (_, ghost) = before.rsplit_once("<!--[if mso]><table ").unwrap();
        assert!(ghost.contains("width=\"480\""), "{ghost}");
        assert_eq!(html.matches("max-width").count(), 1);
        let (opened, closed) = (html.matches("<!--[if mso]>"), html.matches("<![endif]-->"));
        assert_eq!(opened.count(), closed.count());
        let (cells, links) = (
            html.matches("mso-padding-alt: 12px 24px;"),
            html.matches("mso-padding-alt: 0;"),
        );
        assert_eq!(cells.count(), links.count());
        assert_eq!(
            html.matches("<table").count(),
            html.matches("</table>").count()
        );
    }
}

#[test]
fn every_letter_names_its_recipient_and_the_reason() {
    for (kind, locale, content) in all() {
        let html = &content.html;
        let (brand, rest) = html.split_once("ann@example.org").unwrap();
        assert!(brand.contains("Acme Notes</td>"), "{html}");
        let (_, why) = rest
            .split_once(&format!("<span lang=\"{locale}\" dir=\"ltr\">"))
            .unwrap();
        let (why, _) = why.split_once("</span>").unwrap();
        assert!(
            why.contains("ann@example.org") && why.contains("Acme Notes"),
            "{why}"
        );
        assert!(!content.text.contains("ann@example.org"));
        let is_entered = why.contains("someone entered");
        let anyone = [
            LetterKind::AccountExists,
            LetterKind::ConfirmEmailChange,
            LetterKind::VerifyEmail,
        ];
        assert_eq!(
            is_entered,
            locale == Locale::EN && anyone.contains(&kind),
            "{why}"
        );
    }
}

#[test]
fn the_preview_is_the_first_paragraph_alone() {
    for (_, _, content) in all() {
        let (_, rest) = content.html.split_once("mso-hide: all;\">").unwrap();
        let (preview, _) = rest.split_once("</span>").unwrap();
        let (text, padding) = preview.split_once("&nbsp;").unwrap();
        let first = content.text.split("\n\n").next().unwrap();
        let first = escape_html(&first.replace('\n', " "));
        // Lines of Chinese text break at different places.
        assert_eq!(text.replace(' ', ""), first.trim().replace(' ', ""));
        assert!(padding.len() > 500, "{padding}");
    }
}

#[test]
fn the_colours_of_a_brand_are_in_both_schemes() {
    for (kind, _, content) in all() {
        let html = &content.html;
        let (head, body) = html.split_once("</head>").unwrap();
        assert!(head.contains(".button { background-color: #7fd8b4 !important; }"));
        assert!(head.contains(".label { color: #14171a !important; }"));
        assert_eq!(
            body.contains("bgcolor=\"#0b6e4f\""),
            kind.purpose().is_some()
        );
    }
}

#[test]
fn a_language_of_a_host_has_its_direction_and_an_english_reason() {
    let hebrew: Locale = "he".parse().unwrap();
    let text = "שלום\n\nהסיסמה שונתה.";
    let templates = Templates::new("Acme").unwrap();
    let templates = templates
        .with_letter(LetterKind::AccountExists, &hebrew, text)
        .unwrap();
    let render = |letter: &Letter| templates.render(letter, &hebrew).unwrap().html;
    let html = render(&sample(LetterKind::AccountExists).unwrap());
    assert!(html.contains("<html lang=\"he\" dir=\"rtl\""), "{html}");
    assert!(
        html.contains("<span lang=\"en\" dir=\"ltr\">This message was sent to ann@example.org")
    );
    let html = render(&Letter::new(LetterKind::AccountExists));
    assert!(!html.contains("<span lang"), "{html}");
}
