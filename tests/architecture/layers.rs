//! The import order.

use crate::{imports::imports, source::Source};

/// Top to bottom: a module imports from layers above its own, never from below, and never from another module of its
/// own layer. So there are no cycles between them either.
const LAYERS: &[&[&str]] = &[
    // Ground.
    &["error"],
    &["clock", "deadline"],
    &["secret"],
    &["email"],
    &["id"],
    &["json"],
    &["metric"],
    &["tls"],
    &["outbound"],
    &["renewal"],
    // The HTTP contract.
    &["http"],
    // What every feature may use.
    &["event"],
    &["outbox"],
    &["user"],
    &["hook"],
    &["mail"],
    &["limit"],
    &["identity"],
    // Tokens and credentials.
    &["token"],
    &["verifier"],
    &["purge"],
    &["store"],
    &["credential"],
    &["delivery"],
    &["sign_in"],
    &["service"],
    // Ways in.
    &[
        "account",
        "admin",
        "email_verification",
        "lockout",
        "oauth",
        "password",
        "session",
    ],
    &["page"],
    // Adapters.
    &["memory", "seaorm"],
    &["conformance"],
    // Top.
    &["auth"],
    &["axum", "actix", "testing"],
];

/// What the files import against the order.
pub(crate) fn violations(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let module = file.module();
        // `lib.rs` names everything, and defines nothing.
        let Some(own) = module.first() else {
            continue;
        };
        for path in imports(file) {
            if let Some(reason) = objection(own, path.first()) {
                found.push(format!("{}: `{}` {reason}", file.path, path.join("::")));
            }
        }
    }
    found
}

/// The modules that `lib.rs` declares and the order does not know.
pub(crate) fn without_a_place(lib: &Source) -> Vec<&str> {
    let declared = lib
        .tokens
        .windows(3)
        .filter(|w| w[0] == "mod" && w[2] == ";");
    let names = declared.map(|words| words[1].as_str());
    names.filter(|name| layer(name).is_none()).collect()
}

fn objection(own: &str, imported: Option<&String>) -> Option<&'static str> {
    let Some(imported) = imported else {
        return Some("is the root of the crate");
    };
    if own == imported {
        return None;
    }
    match (layer(own), layer(imported)) {
        (_, None) => Some("is not the module that defines it"),
        (Some(own), Some(imported)) if imported < own => None,
        (Some(own), Some(imported)) if imported == own => Some("is a neighbour in the same layer"),
        _ => Some("is below it in the import order"),
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn imports_against_the_order_are_found() {
    let found = |path: &str, text: &str| violations(&[Source::new(path, text)]);
    assert_eq!(
        found(
            "src/token/service.rs",
            "use crate::{clock::Clock, session::http};"
        ),
        ["src/token/service.rs: `session::http` is below it in the import order"]
    );
    assert_eq!(
        found("src/password/mod.rs", "fn f() { crate::admin::page() }"),
        ["src/password/mod.rs: `admin::page` is a neighbour in the same layer"]
    );
    assert_eq!(
        found("src/password/mod.rs", "use super::session::x;"),
        ["src/password/mod.rs: `session::x` is a neighbour in the same layer"]
    );
    assert_eq!(
        found("src/password/http.rs", "use crate::Error;"),
        ["src/password/http.rs: `Error` is not the module that defines it"]
    );
    assert_eq!(
        found("src/error.rs", "use super::*;"),
        ["src/error.rs: `*` is not the module that defines it"]
    );
    assert_eq!(found("src/helpers.rs", "use crate::error::Error;").len(), 1);
    assert!(
        found(
            "src/auth/mod.rs",
            "use crate::{auth::x, password::Passwords};"
        )
        .is_empty()
    );
}

#[test]
fn a_module_without_a_place_is_found() {
    let lib = Source::new(
        "src/lib.rs",
        "pub mod clock; mod helpers; pub use self::error::Error;",
    );
    assert_eq!(without_a_place(&lib), ["helpers"]);
}
