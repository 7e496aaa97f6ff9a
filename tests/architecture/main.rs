//! Architecture rules: imports, places of technologies, and lengths of files.
//!
//! Each check is a function over sources, with a test that it finds a violation.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod circles;
mod features;
mod imports;
mod layers;
mod openings;
mod places;
mod prices;
mod programs;
mod root;
mod sizes;
mod source;
mod stores;
mod tokens;

use std::path::Path;

use self::source::{product, read};

#[test]
fn imports_go_up_only() {
    let found = layers::violations(&product(read(&["src"])));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn only_the_sign_in_opens_sessions() {
    let found = places::other_doors(&product(read(&["src"])));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn no_two_files_name_each_other() {
    let found = circles::circles(&product(read(&["src"])));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_root_of_the_crate_is_short() {
    let files = read(&["src"]);
    let lib = files.iter().find(|file| file.path == "src/lib.rs").unwrap();
    assert_eq!(root::too_many_names(lib), None);
}

#[test]
fn every_module_has_a_place_in_the_import_order() {
    let found = layers::without_a_place(&read(&["src"]));
    assert!(found.is_empty(), "missing from LAYERS: {found:?}");
}

#[test]
fn a_store_trait_has_one_file_name() {
    let found = stores::misplaced(&product(read(&["src"])));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn growth_stays_cheap() {
    let files = product(read(&["src"]));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = prices::second_tables(&files);
    found.extend(prices::without_text(&files, |path| {
        root.join(path).exists()
    }));
    found.extend(prices::dear_store_methods(&files));
    found.extend(prices::dear_features(&files));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn technologies_are_named_in_their_folders_only() {
    let found = places::foreign_crates(&product(read(&["src"])));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_clock_is_the_only_source_of_time() {
    let found = places::wall_clocks(&read(&["src", "migration", "server"]));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn files_are_short() {
    let all = read(&[
        "src",
        "migration",
        "server",
        "trials",
        "tests",
        "examples",
        "benches",
    ]);
    let found = sizes::too_long(&all);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let found = sizes::out_of_shape(&read(&["src"]));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_file_opens_with_a_summary_line() {
    let files = product(read(&["src", "server/src", "trials/src", "migration/src"]));
    let found = openings::missing(&files);
    assert!(found.is_empty(), "no //! line: {found:#?}");
}

#[test]
fn every_cargo_feature_switches_something() {
    let manifest = include_str!("../../Cargo.toml");
    let found = features::without_effect(manifest, &read(&["src"]));
    assert!(found.is_empty(), "no cfg in src names: {found:?}");
}

#[test]
fn a_program_that_serves_runs_the_background() {
    let mut programs = read(&["examples", "server"]);
    programs.extend(programs::of_document(
        "README.md",
        include_str!("../../README.md"),
    ));
    let found = programs::without_background(&programs);
    assert!(found.is_empty(), "no background: {found:?}");
}
