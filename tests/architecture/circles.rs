//! Import cycles between files. A file and its own folder may name each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    imports::{imports, published},
    source::Source,
};

type Module = Vec<String>;

/// Only the entities of SeaORM name each other by design.
const EXEMPT: &str = "src/store/seaorm/entity/";

/// The files that are on a cycle, or between two cycles.
pub(crate) fn circles(files: &[Source]) -> BTreeSet<String> {
    let modules: BTreeMap<Module, &Source> =
        files.iter().map(|file| (file.module(), file)).collect();
    let published: BTreeMap<Module, Vec<Module>> = files
        .iter()
        .map(|file| (file.module(), published(file)))
        .collect();
    let mut edges: BTreeSet<(Module, Module)> = BTreeSet::new();
    for (own, file) in &modules {
        let others = published.get(own).map(Vec::as_slice).unwrap_or_default();
        for path in imports(file).iter().filter(|path| !others.contains(path)) {
            let named = defining(path, &modules, &published, 8);
            if !named.starts_with(own) && !own.starts_with(&named) {
                edges.insert((own.clone(), named));
            }
        }
    }
    // A file that names nothing or is named by nothing is in no cycle.
    loop {
        let naming: BTreeSet<Module> = edges.iter().map(|(own, _)| own.clone()).collect();
        let named: BTreeSet<Module> = edges.iter().map(|(_, named)| named.clone()).collect();
        let before = edges.len();
        edges.retain(|(own, other)| named.contains(own) && naming.contains(other));
        if edges.len() == before {
            let left = edges.iter().filter_map(|(own, _)| modules.get(own));
            let found = left.filter(|file| !file.path.starts_with(EXEMPT));
            return found.map(|file| file.path.clone()).collect();
        }
    }
}

/// The module that defines a path, through re-exports.
fn defining(
    path: &[String],
    modules: &BTreeMap<Module, &Source>,
    published: &BTreeMap<Module, Vec<Module>>,
    steps: u32,
) -> Module {
    let lengths = (0..=path.len()).rev();
    let module = lengths
        .map(|length| &path[..length])
        .find(|start| modules.contains_key(*start))
        .unwrap_or_default();
    let Some((name, rest)) = path[module.len()..].split_first() else {
        return module.to_vec();
    };
    let published_here = published.get(module).map(Vec::as_slice).unwrap_or_default();
    let origin = published_here.iter().find(|path| path.last() == Some(name));
    match origin {
        Some(origin) if steps > 0 => {
            let path: Vec<String> = origin.iter().chain(rest).cloned().collect();
            defining(&path, modules, published, steps - 1)
        }
        _ => module.to_vec(),
    }
}

#[test]
fn a_circle_is_found_through_re_exports() {
    let files = |back: &str| {
        [
            (
                "src/limit/mod.rs",
                "mod rate; mod rule; pub use self::{rate::Rate, rule::Held};",
            ),
            ("src/limit/rate.rs", "use super::Held; pub struct Rate;"),
            ("src/limit/rule.rs", back),
            ("src/clock.rs", "pub struct Clock;"),
            ("src/user.rs", "use crate::{clock::Clock, limit::Rate};"),
        ]
        .map(|(path, text)| Source::new(path, text))
    };
    let found = circles(&files(
        "use super::Rate; use crate::clock::Clock; pub struct Held;",
    ));
    let expected = ["src/limit/rate.rs", "src/limit/rule.rs"];
    assert_eq!(found, expected.map(str::to_owned).into());
    let found = circles(&files("use crate::clock::Clock; pub struct Held;"));
    assert_eq!(found, BTreeSet::new());
}
