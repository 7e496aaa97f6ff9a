//! Programs that hosts copy: the examples and the README.

use crate::source::Source;

/// The Rust programs of a document in Markdown.
pub(crate) fn of_document(path: &str, text: &str) -> Vec<Source> {
    let blocks = text.split("```rust").skip(1);
    let codes = blocks.filter_map(|block| block.split_once('\n')?.1.split("```").next());
    codes.map(|code| Source::new(path, code)).collect()
}

/// The programs that serve the endpoints but do not run the background tasks.
pub(crate) fn without_background(programs: &[Source]) -> Vec<&str> {
    let calls = |program: &Source, name: &str| program.tokens.iter().any(|token| token == name);
    let found = programs.iter().filter(|program| {
        let serves = calls(program, "builder") && calls(program, "endpoints");
        let spawn = [".", "spawn", "(", ")"];
        let spawns = program.tokens.windows(4).any(|tokens| tokens == spawn);
        serves && calls(program, "main") && !calls(program, "run") && !spawns
    });
    found.map(|program| program.path.as_str()).collect()
}

#[test]
fn a_program_without_the_background_is_found() {
    let serves = "fn main() { let auth = Auth::builder().build(); router(auth.endpoints()); }";
    let document = format!(
        "Text of run.\n```rust,no_run\n{serves}\n```\n\n```sh\nrun\n```\n\
         ```rust\n{serves} spawn(auth.run(stop));\n```\n"
    );
    let programs = of_document("README.md", &document);
    assert_eq!(programs.len(), 2);
    assert_eq!(without_background(&programs), ["README.md"]);
    let spawning = Source::new("a.rs", &format!("{serves} auth.spawn();"));
    assert!(without_background(&[spawning]).is_empty());
}
