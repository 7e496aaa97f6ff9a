//! The cost of growth: how many files a new store method, error code, letter or feature touches.

use std::{collections::BTreeSet, path::Path};

use crate::source::Source;

/// The maximum number of files outside a feature's own folder that name the feature.
const MOST_OF_A_FEATURE: usize = 12;
const LANGUAGES: [&str; 5] = ["de", "en", "es", "fr", "zh"];

/// A table of rows and their type.
struct Table {
    path: &'static str,
    kind: &'static str,
}

const TABLES: [Table; 2] = [
    Table {
        path: "src/error/kind.rs",
        kind: "ErrorKind",
    },
    Table {
        path: "src/outbox/kind.rs",
        kind: "LetterKind",
    },
];

/// Files other than the table that name more than half of its rows, and would therefore need each new row too.
pub(crate) fn second_tables(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for table in TABLES {
        let Some(home) = files.iter().find(|file| file.path == table.path) else {
            found.push(format!("there is no table {}", table.path));
            continue;
        };
        let rows = rows(&home.text);
        let others = files.iter().filter(|file| file.path != table.path);
        for file in others {
            let named = rows.iter().filter(|row| {
                let path = [table.kind, "::", row.as_str()];
                file.tokens.windows(path.len()).any(|tokens| tokens == path)
            });
            let count = named.count();
            if count * 2 > rows.len() {
                let (path, kind, of) = (&file.path, table.kind, rows.len());
                found.push(format!("{path} names {count} of {of} rows of {kind}"));
            }
        }
    }
    found
}

/// The names of the rows. A row's name is the first word of a line that has a text, after its documentation.
fn rows(table: &str) -> BTreeSet<String> {
    let lines = table.lines().map(str::trim).filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let is_name =
            name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
        (is_name && rest.starts_with('"')).then(|| name.to_owned())
    });
    lines.collect()
}

/// Letters without a text in one of the languages.
pub(crate) fn without_text(files: &[Source], exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let table = files.iter().find(|file| file.path == "src/outbox/kind.rs");
    let rows = table.map(|table| table.text.lines().filter(|line| line.contains(": Row::")));
    let words = rows
        .into_iter()
        .flatten()
        .filter_map(|row| row.split('"').nth(1));
    let texts = words.flat_map(|word| {
        LANGUAGES.map(|language| format!("src/mail/templates/{language}/{word}.txt"))
    });
    texts.filter(|text| !exists(Path::new(text))).collect()
}

/// Store methods with code in more places than the trait, both adapters, a check and the gate.
pub(crate) fn dear_store_methods(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let traits = files.iter().filter(|file| {
        let name = file.path.strip_prefix("src/store/").unwrap_or("/");
        !name.contains('/') && !matches!(name, "mod.rs" | "gate.rs")
    });
    for file in traits {
        let name = file.path.trim_start_matches("src/store/");
        for method in methods(&file.tokens) {
            let homes = [
                format!("src/store/{name}"),
                format!("src/store/memory/{name}"),
                format!("src/store/seaorm/{name}"),
            ];
            let defines = |file: &&Source| {
                let definition = ["async", "fn", method.as_str()];
                file.tokens.windows(3).any(|tokens| tokens == definition)
            };
            let defined: Vec<&str> = files
                .iter()
                .filter(|file| file.path.starts_with("src/store/"))
                .filter(defines)
                .map(|file| file.path.as_str())
                .collect();
            if !homes.iter().all(|home| defined.contains(&home.as_str())) {
                found.push(format!("{method} is not where {name} is: {defined:?}"));
            }
            let is_checked = files.iter().any(|file| {
                file.path.starts_with("src/store/conformance/") && file.tokens.contains(&method)
            });
            if !is_checked {
                found.push(format!("no check calls {method}"));
            }
        }
    }
    found
}

fn methods(tokens: &[String]) -> Vec<String> {
    let starts = tokens
        .windows(3)
        .filter(|tokens| tokens[..2] == ["async", "fn"]);
    starts.map(|tokens| tokens[2].clone()).collect()
}

/// Features that too many files outside their folder name or serve.
pub(crate) fn dear_features(files: &[Source]) -> Vec<String> {
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("src/feature/")?.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    let mut found = Vec::new();
    for feature in folders {
        let own = format!("src/feature/{feature}/");
        let touched: Vec<&str> = files
            .iter()
            .filter(|file| !file.path.starts_with(&own) && file.path != "src/feature/mod.rs")
            .filter(|file| touches(file, feature))
            .map(|file| file.path.as_str())
            .collect();
        if touched.len() > MOST_OF_A_FEATURE {
            let (count, files) = (touched.len(), touched.join(", "));
            found.push(format!("{feature} takes {count} files elsewhere: {files}"));
        }
    }
    found
}

/// Whether the file imports the feature or has its name.
fn touches(file: &Source, feature: &str) -> bool {
    // If another feature names it, the mention counts for that feature.
    let is_shared = !file.path.starts_with("src/feature/");
    let bears = is_shared && file.module().iter().any(|word| word == feature);
    bears
        || crate::imports::imports(file).iter().any(|path| {
            path.first().is_some_and(|first| first == "feature")
                && path.get(1).is_some_and(|second| second == feature)
        })
}

#[test]
fn a_second_table_is_found() {
    let table = Source::new(
        "src/outbox/kind.rs",
        "A \"a\": Row::plain();\nB \"b\": Row::plain();\nC \"c\": Row::plain();",
    );
    let errors = || Source::new("src/error/kind.rs", "A \"a\"\nB \"b\"");
    let few = Source::new("src/a.rs", "fn f() { LetterKind::A }");
    assert_eq!(
        second_tables(&[errors(), few]).len(),
        1,
        "the table is missing"
    );
    let many = Source::new(
        "src/a.rs",
        "match x { LetterKind::A | LetterKind::B => {} }",
    );
    assert_eq!(
        second_tables(&[errors(), table, many]),
        ["src/a.rs names 2 of 3 rows of LetterKind"]
    );
}

#[test]
fn a_missing_text_is_found() {
    let table = [Source::new(
        "src/outbox/kind.rs",
        "A \"a_letter\": Row::plain();",
    )];
    assert!(without_text(&table, |_| true).is_empty());
    assert_eq!(
        without_text(&table, |path| !path.starts_with("src/mail/templates/fr")),
        ["src/mail/templates/fr/a_letter.txt"]
    );
}

#[test]
fn a_dear_store_method_is_found() {
    let file = |path: &str, text: &str| Source::new(path, text);
    let method = "async fn find(&self)";
    let files = [
        file("src/store/a.rs", method),
        file("src/store/memory/a.rs", method),
        file("src/store/seaorm/b.rs", method),
    ];
    let found = dear_store_methods(&files);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_dear_feature_is_found() {
    let own = Source::new("src/feature/kite/mod.rs", "");
    let others = (0..=MOST_OF_A_FEATURE).map(|index| {
        let path = format!("src/other{index}.rs");
        Source::new(&path, "use crate::feature::kite::Kite;")
    });
    let files: Vec<Source> = others.chain([own]).collect();
    assert_eq!(dear_features(&files).len(), 1);
    assert!(dear_features(&files[1..]).is_empty());
}
