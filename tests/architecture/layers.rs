//! The import order.

use crate::{imports::imports, source::Source};

/// From top to bottom: a module imports only from the layers above its own, so there are no cycles.
const LAYERS: &[&[&str]] = &[
    // Ground.
    &["error"],
    &["clock", "deadline"],
    &["secret"],
    &["email"],
    &["id"],
    &["json"],
    &["metric"],
    &["purpose"],
    &["tls"],
    &["percent"],
    &["user_agent"],
    &["outbound"],
    &["renewal"],
    // The HTTP contract.
    &["http"],
    // Shared by every feature.
    &["brand"],
    &["event"],
    &["outbox"],
    &["user"],
    &["hook"],
    &["mail"],
    &["limit"],
    &["factor"],
    // Tokens and credentials.
    &["token"],
    &["identity"],
    &["verifier"],
    &["store"],
    &["store::memory", "store::seaorm"],
    &["trail", "admission", "purge"],
    &["delivery"],
    &["core"],
    &["credential"],
    &["sign_in"],
    &["service"],
    // Sign-in methods.
    &[
        "feature::account",
        "feature::admin",
        "feature::email_verification",
        "feature::lockout",
        "feature::oauth",
        "feature::password",
        "feature::safeguard",
        "feature::second_factor",
        "feature::session",
    ],
    &["feature::page"],
    // Contract checks of adapters.
    &["store::conformance"],
    // Top.
    &["auth"],
    &["framework::actix", "framework::axum", "testing"],
];

/// The imports that break the order.
pub(crate) fn violations(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let module = file.module();
        if only_declares(&module) {
            continue;
        }
        for path in imports(file) {
            if let Some(reason) = objection(&module, &path) {
                found.push(format!("{}: `{}` {reason}", file.path, path.join("::")));
            }
        }
    }
    found
}

/// The modules that are missing from the order.
pub(crate) fn without_a_place(files: &[Source]) -> Vec<String> {
    let lost = files.iter().filter(|file| {
        let module = file.module();
        !only_declares(&module) && layer(&module).is_none()
    });
    lost.map(|file| file.path.clone()).collect()
}

/// `lib.rs` and files that only declare modules define nothing themselves.
fn only_declares(module: &[String]) -> bool {
    module.is_empty() || module == ["feature"] || module == ["framework"]
}

fn objection(own: &[String], imported: &[String]) -> Option<&'static str> {
    if imported.is_empty() {
        return Some("is the root of the crate");
    }
    let Some((own, own_name)) = layer(own) else {
        return Some("is imported by a module that is missing from the order");
    };
    match layer(imported) {
        None => Some("is not the module that defines it"),
        Some((_, name)) if name == own_name => None,
        Some((imported, _)) if imported < own => None,
        Some((imported, _)) if imported == own => Some("is a neighbour in the same layer"),
        Some(_) => Some("is below it in the import order"),
    }
}

/// The layer of a module, and its longest matching entry.
fn layer(module: &[String]) -> Option<(usize, &'static str)> {
    let leads = |entry: &str| {
        let mut words = module.iter();
        entry
            .split("::")
            .all(|word| words.next().is_some_and(|own| own == word))
    };
    let entries = LAYERS.iter().enumerate();
    entries
        .flat_map(|(index, layer)| layer.iter().map(move |entry| (index, *entry)))
        .filter(|(_, entry)| leads(entry))
        .max_by_key(|(_, entry)| entry.len())
}

#[test]
fn imports_against_the_order_are_found() {
    let found = |path: &str, text: &str| violations(&[Source::new(path, text)]);
    assert_eq!(
        found(
            "src/token/service.rs",
            "use crate::{clock::Clock, feature::session::http};"
        ),
        ["src/token/service.rs: `feature::session::http` is below it in the import order"]
    );
    assert_eq!(
        found(
            "src/feature/password/mod.rs",
            "fn f() { crate::feature::admin::page() }"
        ),
        ["src/feature/password/mod.rs: `feature::admin::page` is a neighbour in the same layer"]
    );
    assert_eq!(
        found("src/feature/password/mod.rs", "use super::session::x;"),
        ["src/feature/password/mod.rs: `feature::session::x` is a neighbour in the same layer"]
    );
    assert_eq!(
        found("src/feature/password/http.rs", "use crate::Error;"),
        ["src/feature/password/http.rs: `Error` is not the module that defines it"]
    );
    assert_eq!(
        found("src/error.rs", "use super::*;"),
        ["src/error.rs: `*` is not the module that defines it"]
    );
    assert_eq!(found("src/helpers.rs", "use crate::error::Error;").len(), 1);
    assert!(
        found(
            "src/auth/mod.rs",
            "use crate::{auth::x, feature::password::Passwords};"
        )
        .is_empty()
    );
}

#[test]
fn a_module_without_a_place_is_found() {
    let files = [
        "src/lib.rs",
        "src/clock.rs",
        "src/helpers.rs",
        "src/feature/mod.rs",
        "src/feature/account/http.rs",
        "src/feature/unknown/mod.rs",
        "src/store/memory/mod.rs",
    ]
    .map(|path| Source::new(path, ""));
    let lost = ["src/helpers.rs", "src/feature/unknown/mod.rs"];
    assert_eq!(without_a_place(&files), lost);
}
