//! A log line for people.

use std::fmt::Write as _;

use tracing::Level;

use super::{
    audit,
    line::{Line, plain},
};
use crate::printable::{printable, word};

/// The line, without its end.
pub(super) fn write(line: &Line, time: &str, has_colours: bool) -> String {
    let mut text = match has_colours {
        true => format!(
            "\x1b[2m{time}\x1b[0m {}{:>5}\x1b[0m ",
            colour(line.level),
            line.level
        ),
        false => format!("{time} {:>5} ", line.level),
    };
    if line.target == audit::TARGET {
        audit::write(line, &mut text);
    } else {
        text.push_str(line.target);
        text.push_str(": ");
        text.push_str(&printable(&line.message));
        let mut gap = "  ";
        for (name, value) in &line.fields {
            // Writing to a string cannot fail.
            write!(text, "{gap}{name}={}", word(&plain(value))).ok();
            gap = " ";
        }
    }
    if let Some(id) = &line.request_id {
        text.push_str("  request ");
        text.push_str(&word(id));
    }
    text
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}
