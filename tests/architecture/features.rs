//! Cargo features.

use crate::source::Source;

/// The features of the manifest that no source file names.
pub(crate) fn without_effect(manifest: &str, files: &[Source]) -> Vec<String> {
    let section = manifest
        .lines()
        .skip_while(|line| *line != "[features]")
        .skip(1);
    let section = section.take_while(|line| !line.starts_with('['));
    let names = section
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name);
    let unused = names.filter(|name| {
        let mark = format!("feature = \"{name}\"");
        *name != "default" && !files.iter().any(|file| file.text.contains(&mark))
    });
    unused.map(str::to_owned).collect()
}

#[test]
fn a_feature_without_effect_is_found() {
    let manifest = "[features]\ndefault = []\n## A comment.\nhttp = []\noauth = [\"http\"]\n\n[dependencies]\nserde = \"1\"\n";
    let lib = Source::new("src/lib.rs", "#[cfg(feature = \"http\")] pub mod http;");
    assert_eq!(without_effect(manifest, &[lib]), ["oauth"]);
}
