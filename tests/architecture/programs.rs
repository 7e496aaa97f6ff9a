//! What hosts copy: the examples, and the programs of the README.

use crate::source::Source;

/// The Rust programs of a document in Markdown.
pub(crate) fn of_document(path: &str, text: &str) -> Vec<Source> {
    let blocks = text.split("```rust").skip(1);
    let codes = blocks.filter_map(|block| block.split_once('\n')?.1.split("```").next());
    codes.map(|code| Source::new(path, code)).collect()
}

/// The programs that send mail in the background and let what is over pile up.
pub(crate) fn without_purge(programs: &[Source]) -> Vec<&str> {
    let calls = |program: &Source, name: &str| program.tokens.iter().any(|token| token == name);
    let found = programs
        .iter()
        .filter(|program| calls(program, "run_mail") && !calls(program, "run_purge"));
    found.map(|program| program.path.as_str()).collect()
}

#[test]
fn a_program_without_a_purge_is_found() {
    let document = "Text of run_mail.\n```rust,no_run\nauth.run_mail(pending());\n```\n\n```sh\nrun_mail\n```\n\
                    ```rust\njoin!(auth.run_mail(x), auth.run_purge(y));\n```\n";
    let programs = of_document("README.md", document);
    assert_eq!(programs.len(), 2);
    assert_eq!(without_purge(&programs), ["README.md"]);
}
