//! Every state of every page under an accessibility checker.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use hallpass::{Auth, brand::Brand, mail::Mailbox, memory::MemoryStore, secret::Secret};
use serde_json::json;

use crate::{
    chromium::Chromium,
    letters::{LANGUAGES, PANES, letters},
    process::folder,
    skip::skip,
};

/// The success criteria of WCAG 2.2 up to level AA, and what its authors advise.
pub(crate) const CHECK: &str = "axe.run({
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
}).then(found => found.violations.map(rule => `${rule.id}: ${rule.nodes.map(node => node.html)}`))";

/// The forms with a password for which a password manager cannot tell the account.
const NAMELESS: &str = "[...document.forms].filter(form => form.querySelector('[type=password]') \
                        && !form.querySelector('[type=email][autocomplete~=username]')).length";

/// The pages of a brand, a language, the width of the window, and the colours.
const LOOKS: [(&str, &str, u32, &str); 7] = [
    ("brand", "en", 320, "dark"),
    ("plain", "en", 1280, "light"),
    ("brand", "de", 320, "dark"),
    ("plain", "de", 1280, "light"),
    ("brand", "es", 320, "light"),
    ("brand", "fr", 320, "light"),
    ("brand", "zh", 320, "light"),
];

#[test]
fn no_state_of_a_page_is_hard_to_use() {
    let Some(checker) = checker() else {
        return;
    };
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let folder = folder();
    write_states(folder.path());
    browser.run_scripts();
    browser.open("data:text/html,");
    browser.evaluate(&checker);
    browser.show("<input><p style='color: #aaa'>Pale</p>");
    let bad = browser.evaluate(CHECK).to_string();
    for rule in ["label: ", "color-contrast: "] {
        assert!(bad.contains(rule), "{bad}");
    }
    let (mut states, mut found) = (0, Vec::new());
    for (set, language, width, scheme) in LOOKS {
        browser.resize(width);
        browser.darken(scheme);
        for file in files(folder.path(), &format!("{set}-{language}-")) {
            let name = file.file_stem().expect("a name").to_string_lossy();
            browser.show(&fs::read_to_string(&file).expect("a page"));
            browser.quickly_fits(width, &format!("{name}-{scheme}"));
            let violations = browser.evaluate(CHECK);
            if violations != json!([]) {
                found.push(format!("{name}-{width}-{scheme}: {violations}"));
            }
            if browser.evaluate(NAMELESS) != 0 {
                found.push(format!("{name}: a password without an account"));
            }
            states += 1;
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(states > 500, "{states} states only");
    let complaints = &browser.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Letters are checked like pages, in the widths and colours of a phone and of the reading pane of a mail program.
#[test]
fn no_letter_is_hard_to_read() {
    let Some(checker) = checker() else {
        return;
    };
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    browser.run_scripts();
    browser.open("data:text/html,");
    browser.evaluate(&checker);
    let brand = Brand::new("Notes of Acme").accent("#0b6e4f", "#7fd8b4");
    let auth = Auth::builder()
        .brand(brand.help("https://acme.example/help"))
        .store(MemoryStore::new())
        .secrets(Secret::generate())
        .public_url("https://example.org")
        .mailer(Mailbox::new());
    let branded = auth.build().expect("a service");
    // A letter is a part of the page of a mail program, which has the landmarks and the headings.
    let check = CHECK.replace(", 'best-practice'", "");
    let (mut count, mut found) = (0, Vec::new());
    for language in LANGUAGES {
        for letter in letters() {
            let tag = language.parse().expect("a tag");
            let content = branded.letters().render(&letter, &tag);
            browser.show(&content.expect("a letter").html);
            for (width, scheme) in PANES {
                browser.resize(width);
                browser.darken(scheme);
                let violations = browser.evaluate(&check);
                if violations != json!([]) {
                    let kind = letter.kind.as_str();
                    found.push(format!("{kind}-{language}-{width}-{scheme}: {violations}"));
                }
                count += 1;
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count >= 360, "{count} letters only");
}

/// The checker, if it is installed. With `HALLPASS_TEST_AXE=required`, a missing one is a failure.
pub(crate) fn checker() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "tests/accessibility/node_modules/axe-core/axe.min.js";
    match fs::read_to_string(root.join(file)) {
        Ok(checker) => Some(checker),
        Err(error) => {
            let reason = format!("No axe-core: {error}");
            skip("HALLPASS_TEST_AXE", "the accessibility of pages", &reason);
            None
        }
    }
}

/// Writes every state into files. Only the library itself can render all of them.
fn write_states(folder: &Path) {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo runs the tests"));
    // The features of the whole workspace, as in `.ci/run`, so that nothing is built again there.
    cargo.args(["test", "--locked", "--workspace", "--all-features", "--lib"]);
    cargo.args(["--quiet", "--", "the_gallery_is_written"]);
    cargo.env("HALLPASS_TEST_GALLERY", folder);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.expect("cargo can be run");
    assert!(output.status.success(), "{output:?}");
}

fn files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(prefix))
        })
        .collect();
    files.sort();
    files
}
