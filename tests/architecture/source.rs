//! The source files, with the tests cut out.

use std::{fs, path::Path};

use crate::tokens::tokens;

/// One file.
pub(crate) struct Source {
    /// The path relative to the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) text: String,
    /// The tokens, without comments and the content of literals.
    pub(crate) tokens: Vec<String>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            lines: text.lines().count(),
            text: text.to_owned(),
            tokens: tokens(text),
        }
    }

    /// The module path of the file: `src/user/email/tests.rs` is `user`, `email`, `tests`.
    pub(crate) fn module(&self) -> Vec<String> {
        let path = self.path.trim_start_matches("src/");
        let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
        if path == "lib" {
            return Vec::new();
        }
        path.split('/').map(str::to_owned).collect()
    }
}

/// All Rust files below these folders. A folder may be missing.
pub(crate) fn read(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in folders {
        collect(root, &root.join(folder), &mut files);
    }
    assert!(!files.is_empty(), "no sources in {folders:?}");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The code that is compiled into a host, without test modules and test items.
pub(crate) fn product(files: Vec<Source>) -> Vec<Source> {
    let mut tests: Vec<Vec<String>> = Vec::new();
    let mut kept = Vec::new();
    for mut file in files {
        let (tokens, modules) = without_tests(&file.tokens);
        for module in modules {
            let mut path = file.module();
            path.push(module);
            tests.push(path);
        }
        file.tokens = tokens;
        kept.push(file);
    }
    kept.retain(|file| !tests.iter().any(|test| file.module().starts_with(test)));
    kept
}

/// The tokens outside of `#[cfg(test)]` and `#[cfg(all(test, …))]` items, and the names of the modules that were cut.
fn without_tests(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !is_test_attribute(&tokens[at..]) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let item = at + closing(&tokens[at + 1..]) + 2;
        let end = end_of_item(tokens, item);
        let words = &tokens[item..end];
        if let Some(mark) = words.iter().position(|word| word == "mod") {
            modules.extend(words.get(mark + 1).cloned());
        }
        at = end;
    }
    (kept, modules)
}

fn is_test_attribute(tokens: &[String]) -> bool {
    let starts =
        |words: &[&str]| tokens.iter().zip(words).filter(|(a, b)| a == b).count() == words.len();
    starts(&["#", "[", "cfg", "(", "test", ")"])
        || starts(&["#", "[", "cfg", "(", "all", "(", "test"])
}

/// The index of the bracket that closes the first bracket.
fn closing(tokens: &[String]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len().saturating_sub(1)
}

/// The index after the `;` or the block that ends the item.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        match tokens[at].as_str() {
            ";" => return at + 1,
            "{" => {
                let end = at + closing(&tokens[at..]) + 1;
                // `use a::{b, c};`
                let more = tokens.get(end).is_some_and(|token| token == ";");
                return end + usize::from(more);
            }
            "(" | "[" => at += closing(&tokens[at..]) + 1,
            _ => at += 1,
        }
    }
    at
}

#[test]
fn test_modules_are_left_out() {
    let source = "use crate::a; #[cfg(test)] pub(crate) mod fake; #[cfg(test)] use crate::{b, c}; \
                  #[cfg(all(test, feature = \"x\"))] mod parity; fn f() {} \
                  #[cfg(test)] mod tests { use super::*; fn g() { crate::d::e() } } \
                  #[cfg(any(test, feature = \"y\"))] const A: u8 = 1;";
    let files = vec![
        Source::new("src/user/mod.rs", source),
        Source::new("src/user/fake.rs", ""),
        Source::new("src/user/fake/more.rs", ""),
        Source::new("src/user/parity/exchange.rs", ""),
        Source::new("src/user/store.rs", ""),
    ];
    let kept = product(files);
    let paths: Vec<&str> = kept.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["src/user/mod.rs", "src/user/store.rs"]);
    assert_eq!(
        kept[0].tokens.join(" "),
        "use crate :: a ; fn f ( ) { } # [ cfg ( any ( test , feature = \"\" ) ) ] const A : u8 = 1 ;"
    );
}

#[test]
fn files_know_their_module() {
    let module = |path: &str| Source::new(path, "").module().join("::");
    assert_eq!(module("src/lib.rs"), "");
    assert_eq!(module("src/clock.rs"), "clock");
    assert_eq!(module("src/user/mod.rs"), "user");
    assert_eq!(
        module("src/http/openapi/errors.rs"),
        "http::openapi::errors"
    );
}
