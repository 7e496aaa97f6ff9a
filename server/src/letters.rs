//! `/dev/mail`: the letters in every language, for developers.
//!
//! The page exists only if emails are printed to the terminal and the server listens on a loopback address. It shows
//! the server's own templates with sample data, and no data of real accounts.

use std::time::Duration;

use hallpass::{
    Auth, ErrorKind, Result,
    http::{Document, Endpoint, Path},
    mail::{Content, LetterKind},
    user::Locale,
};
use http::{HeaderValue, header};

use crate::Settings;

/// A letter may contain styles, but loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
    <title>Letters</title>\n<style>\
    body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; } \
    h2 { font-size: 1rem; margin: 1.5rem 0 0; } ul { display: flex; flex-wrap: wrap; gap: 0 1.5rem; list-style: none; \
    margin: 0; padding: 0; } a { display: inline-block; padding: .25rem 0; }</style>\n</head>\n<body>\n<main>\n\
    <h1>Letters</h1>\n<p>Every letter that this server sends, with sample data. Only a developer sees this page: mails \
    are printed to the terminal, and the server listens on a loopback address.</p>\n";

/// The preview, if only a developer can reach this server and nobody gets emails from it.
pub(crate) fn preview(auth: &Auth, settings: &Settings) -> Vec<Endpoint> {
    if settings.smtp_url.is_some() || !settings.bind.ip().is_loopback() {
        return Vec::new();
    }
    vec![
        Endpoint::get("/dev/mail", auth.clone(), index),
        Endpoint::get("/dev/mail/{letter}/{language}", auth.clone(), html),
        Endpoint::get("/dev/mail/{letter}/{language}/text", auth.clone(), text),
    ]
}

async fn index(auth: Auth) -> Result<Document> {
    let mut page = HEAD.to_owned();
    for letter in LetterKind::ALL {
        let name = letter.as_str();
        page += &format!("<h2>{name}</h2>\n<ul>\n");
        for language in auth.letters().locales() {
            page += &format!(
                "<li><a href=\"mail/{name}/{language}\">{language}</a> \
                 (<a href=\"mail/{name}/{language}/text\" aria-label=\"{language}, as text\">text</a>)</li>\n"
            );
        }
        page += "</ul>\n";
    }
    page += "</main>\n</body>\n</html>\n";
    Ok(document("text/html; charset=utf-8", page))
}

async fn html(
    auth: Auth,
    Path(letter): Path<LetterKind>,
    Path(language): Path<Locale>,
) -> Result<Document> {
    let content = content(&auth, letter, &language)?;
    Ok(document("text/html; charset=utf-8", content.html))
}

async fn text(
    auth: Auth,
    Path(letter): Path<LetterKind>,
    Path(language): Path<Locale>,
) -> Result<Document> {
    let Content { subject, text, .. } = content(&auth, letter, &language)?;
    let text = format!("Subject: {subject}\n\n{text}");
    Ok(document("text/plain; charset=utf-8", text))
}

fn content(auth: &Auth, letter: LetterKind, language: &Locale) -> Result<Content> {
    let letters = auth.letters();
    if !letters.locales().contains(language) {
        return Err(ErrorKind::NotFound.into());
    }
    letters.preview(letter, language)
}

fn document(content_type: &'static str, body: String) -> Document {
    Document::new(HeaderValue::from_static(content_type), body)
        .max_age(Duration::ZERO)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::REFERRER_POLICY, "no-referrer")
}
