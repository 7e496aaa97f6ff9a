//! Names that are allowed in one place only.

use crate::source::Source;

/// A crate and the one folder allowed to name it.
const TECHNOLOGIES: [(&str, &str); 7] = [
    ("actix_web", "src/framework/actix/"),
    ("argon2", "src/credential/"),
    ("axum", "src/framework/axum/"),
    ("lettre", "src/mail/smtp"),
    ("reqwest", "src/outbound"),
    ("sea_orm", "src/store/seaorm/"),
    ("sqlx", "src/store/seaorm/"),
];

/// Crates named outside their folder.
pub(crate) fn foreign_crates(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (name, folder) in TECHNOLOGIES {
            if !file.path.starts_with(folder) && names_crate(&file.tokens, name) {
                found.push(format!(
                    "{} names {name}, which is allowed only in {folder}",
                    file.path
                ));
            }
        }
    }
    found
}

/// Whether a path begins with this crate: `axum::`, `::axum::` or `use axum;`, not `crate::axum::`.
fn names_crate(tokens: &[String], name: &str) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let before = |back: usize| {
            at.checked_sub(back)
                .map_or("", |index| tokens[index].as_str())
        };
        let is_word = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let inner = before(1) == "::" && is_word(before(2)) && before(2) != "use";
        let path = tokens.get(at + 1).is_some_and(|next| next == "::");
        token == name && !inner && (path || matches!(before(1), "use" | "crate"))
    })
}

/// Readings of the system's clock outside `clock.rs`.
pub(crate) fn wall_clocks(files: &[Source]) -> Vec<String> {
    let reads = |file: &&Source| {
        file.tokens.windows(3).any(|words| {
            matches!(words[0].as_str(), "Local" | "SystemTime" | "Utc")
                && words[1] == "::"
                && words[2] == "now"
        })
    };
    let others = files.iter().filter(|file| file.path != "src/clock.rs");
    let found = others.filter(reads);
    found
        .map(|file| format!("{} reads the system's clock", file.path))
        .collect()
}

/// Calls outside `src/sign_in/` that open a session or a challenge, apart from stores and their checks.
pub(crate) fn other_doors(files: &[Source]) -> Vec<String> {
    let opens = |file: &&Source| {
        let mut calls = file.tokens.windows(2);
        calls.any(|words| {
            words[0] == "." && matches!(words[1].as_str(), "open_session" | "open_challenge")
        })
    };
    let others = files.iter().filter(|file| {
        let path = file.path.as_str();
        path.starts_with("src/")
            && !path.starts_with("src/sign_in/")
            && !path.starts_with("src/store/")
    });
    let found = others.filter(opens);
    found
        .map(|file| format!("{} opens a session", file.path))
        .collect()
}

#[test]
fn a_door_outside_its_folder_is_found() {
    let found = |path: &str, text: &str| other_doors(&[Source::new(path, text)]).len();
    let call = "fn f() { store.open_session(&new, &[], &[]) }";
    assert_eq!(found("src/feature/oauth/redeem.rs", call), 1);
    assert_eq!(found("src/sign_in/mod.rs", call), 0);
    assert_eq!(found("src/store/gate.rs", call), 0);
}

#[test]
fn a_crate_outside_its_folder_is_found() {
    let found = |path: &str, text: &str| foreign_crates(&[Source::new(path, text)]).len();
    assert_eq!(found("src/feature/password/http.rs", "use axum::Json;"), 1);
    assert_eq!(
        found("src/feature/password/http.rs", "use ::axum::Json;"),
        1
    );
    assert_eq!(
        found(
            "src/feature/password/http.rs",
            "fn f() -> actix_web::HttpResponse {}"
        ),
        1
    );
    assert_eq!(
        found("src/user/store.rs", "use sea_orm::{DbErr, Value};"),
        1
    );
    assert_eq!(found("src/store/memory/mod.rs", "use sqlx;"), 1);
    assert_eq!(
        found(
            "src/auth/endpoints.rs",
            "/// `axum::Router`\nuse crate::framework::axum::mount;"
        ),
        0
    );
    assert_eq!(found("src/framework/axum/mount.rs", "use axum::Router;"), 0);
}

#[test]
fn a_wall_clock_is_found() {
    let found = |path: &str, text: &str| wall_clocks(&[Source::new(path, text)]).len();
    assert_eq!(found("src/user/mod.rs", "let now = chrono::Utc::now();"), 1);
    assert_eq!(found("src/user/mod.rs", "let now = SystemTime::now();"), 1);
    assert_eq!(
        found("src/user/mod.rs", "let now = clock.now(); // Utc::now"),
        0
    );
    assert_eq!(found("src/clock.rs", "let now = Utc::now();"), 0);
}
