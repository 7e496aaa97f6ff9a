//! One store trait, one file, and the same file name in every folder that implements or checks it.

use crate::source::Source;

const STORE: &str = "src/store/";
/// The combined traits, which have no check of their own.
const SUMS: &str = "src/store/mod.rs";
const ADAPTERS: [&str; 2] = ["memory", "seaorm"];
const CHECKS: &str = "conformance";

/// Store traits that are defined or implemented in the wrong file.
pub(crate) fn misplaced(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut homes = Vec::new();
    for file in files.iter().filter(|file| file.path != SUMS) {
        let name = file.path.strip_prefix(STORE);
        let name = name.and_then(|name| name.strip_suffix(".rs"));
        let traits = defined(&file.tokens);
        if traits.len() > 1 {
            found.push(format!("{} defines {}", file.path, traits.join(", ")));
        }
        for store in traits {
            match name.filter(|name| !name.contains('/')) {
                Some(name) => homes.push((store, name)),
                None => found.push(format!("{} defines {store}", file.path)),
            }
        }
    }
    for (store, name) in homes {
        for folder in ADAPTERS.iter().chain([&CHECKS]) {
            let home = format!("{STORE}{folder}/{name}");
            let is_home = |path: &str| {
                let rest = path.strip_prefix(home.as_str());
                rest.is_some_and(|rest| rest == ".rs" || rest == "/mod.rs")
            };
            if !files.iter().any(|file| is_home(&file.path)) {
                found.push(format!("{store} has no {home}.rs"));
            }
            let folder = format!("{STORE}{folder}/");
            let others = files.iter().filter(|file| {
                file.path.starts_with(&folder)
                    && !is_home(&file.path)
                    && implements(&file.tokens, &store)
            });
            found.extend(
                others.map(|file| format!("{} implements {store}, not {home}.rs", file.path)),
            );
        }
        let idle = ADAPTERS.iter().filter(|folder| {
            let home = format!("{STORE}{folder}/{name}");
            let mut homes = files.iter().filter(|file| file.path.starts_with(&home));
            !homes.any(|file| implements(&file.tokens, &store))
        });
        found.extend(idle.map(|folder| format!("{folder}/{name} does not implement {store}")));
    }
    found
}

/// The store traits that a file defines.
fn defined(tokens: &[String]) -> Vec<String> {
    let traits = tokens.windows(3).filter(|words| {
        words[0] == "pub"
            && words[1] == "trait"
            && (words[2].ends_with("Store") || words[2] == "Limiter")
    });
    traits.map(|words| words[2].clone()).collect()
}

fn implements(tokens: &[String], store: &str) -> bool {
    tokens
        .windows(2)
        .any(|words| words[0] == store && words[1] == "for")
}

#[test]
fn a_store_in_the_wrong_place_is_found() {
    let good = [
        ("src/store/mod.rs", "pub trait Store: UserStore {}"),
        ("src/store/user.rs", "pub trait UserStore {}"),
        (
            "src/store/memory/user.rs",
            "impl UserStore for MemoryStore {}",
        ),
        (
            "src/store/seaorm/user.rs",
            "impl<D: Database> UserStore for SeaOrmStore<D> {}",
        ),
        ("src/store/conformance/user/mod.rs", "pub mod list;"),
        ("src/store/conformance/user/list.rs", ""),
    ];
    let found = |changed: &[(&str, &str)]| {
        let kept = good
            .iter()
            .filter(|(path, _)| changed.iter().all(|(other, _)| other != path));
        let all: Vec<Source> = kept
            .chain(changed)
            .map(|(path, text)| Source::new(path, text))
            .collect();
        misplaced(&all)
    };
    assert_eq!(found(&[]), [""; 0]);
    assert_eq!(
        found(&[("src/user/mod.rs", "pub trait PasswordStore {}")]),
        ["src/user/mod.rs defines PasswordStore"]
    );
    assert_eq!(
        found(&[(
            "src/store/user.rs",
            "pub trait UserStore {} pub trait Limiter {}"
        )])[0],
        "src/store/user.rs defines UserStore, Limiter"
    );
    assert_eq!(
        found(&[(
            "src/store/memory/state.rs",
            "impl UserStore for MemoryStore {}"
        )]),
        ["src/store/memory/state.rs implements UserStore, not src/store/memory/user.rs"]
    );
    assert_eq!(
        found(&[("src/store/memory/user.rs", "")]),
        ["memory/user does not implement UserStore"]
    );
    assert_eq!(
        found(&[("src/store/event.rs", "pub trait EventStore {}")]).len(),
        5
    );
}
