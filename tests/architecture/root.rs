//! The root of the crate.

use crate::{imports::imports, source::Source};

/// The maximum number of names at the root; other public names belong in their modules.
const MOST: usize = 15;

/// The names at the root, if there are more than the maximum.
pub(crate) fn too_many_names(lib: &Source) -> Option<Vec<String>> {
    let names = imports(lib)
        .into_iter()
        .filter_map(|path| path.last().cloned());
    let types = names.filter(|name| name.starts_with(char::is_uppercase));
    let types: Vec<_> = types.collect();
    (types.len() > MOST).then_some(types)
}

#[test]
fn one_name_too_many_is_found() {
    let of = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("Name{index}")).collect();
        let text = format!(
            "pub use self::{{user::{{{}}}, a::module}};",
            names.join(", ")
        );
        too_many_names(&Source::new("src/lib.rs", &text))
    };
    assert_eq!(of(MOST), None);
    assert_eq!(of(MOST + 1).map(|names| names.len()), Some(MOST + 1));
}
