//! The maximum length of files.

use crate::source::Source;

const LONGEST: usize = 600;
const MEDIAN: usize = 150;
const NINE_IN_TEN: usize = 400;

/// Files that have to be split.
pub(crate) fn too_long(files: &[Source]) -> Vec<String> {
    let long = files.iter().filter(|file| file.lines > LONGEST);
    long.map(|file| {
        format!(
            "{} has {} lines, more than {LONGEST}",
            file.path, file.lines
        )
    })
    .collect()
}

/// The violations of the rules about all files together.
pub(crate) fn out_of_shape(files: &[Source]) -> Vec<String> {
    let mut lines: Vec<usize> = files.iter().map(|file| file.lines).collect();
    lines.sort_unstable();
    let mut found = Vec::new();
    for (name, share, most) in [("half", 50, MEDIAN), ("nine in ten", 90, NINE_IN_TEN)] {
        let lines = lines[(lines.len() * share).div_ceil(100) - 1];
        if lines > most {
            found.push(format!(
                "{name} of the files have up to {lines} lines, more than {most}"
            ));
        }
    }
    found
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let file = |lines: usize| Source::new("src/user/mod.rs", &"\n".repeat(lines));
    assert_eq!(too_long(&[file(LONGEST)]).len(), 0);
    assert_eq!(too_long(&[file(LONGEST + 1), file(1)]).len(), 1);
}

#[test]
fn many_long_files_are_found() {
    let files = |lines: [usize; 10]| -> Vec<Source> {
        let file = |lines| Source::new("src/user/mod.rs", &"\n".repeat(lines));
        lines.into_iter().map(file).collect()
    };
    let shape = |lines| out_of_shape(&files(lines)).len();
    assert_eq!(shape([1, 1, 1, 1, 150, 151, 400, 400, 400, 600]), 0);
    assert_eq!(shape([1, 1, 1, 1, 151, 151, 400, 400, 400, 600]), 1);
    assert_eq!(shape([1, 1, 1, 1, 150, 151, 400, 400, 401, 600]), 1);
    assert_eq!(shape([401; 10]), 2);
}
