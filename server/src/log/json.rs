//! A log line for programs: one JSON object.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::line::Line;
use crate::printable::is_printable;

#[derive(Serialize)]
struct Object<'a> {
    timestamp: &'a str,
    level: &'static str,
    target: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    fields: Map<String, Value>,
}

/// The line, without its end.
pub(super) fn write(line: &Line, time: &str) -> String {
    let mut fields = Map::new();
    for (name, value) in &line.fields {
        fields.entry(*name).or_insert_with(|| value.clone());
    }
    let object = Object {
        timestamp: time,
        level: line.level.as_str(),
        target: line.target,
        message: &line.message,
        request_id: line.request_id.as_deref(),
        fields,
    };
    // Serializing strings and values of JSON cannot fail.
    escape(&serde_json::to_string(&object).unwrap_or_default())
}

/// Escapes the characters that JSON allows in a string but a terminal may interpret. JSON has no such characters
/// outside strings.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_printable(character) {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                write!(escaped, "\\u{unit:04x}").ok();
            }
        }
    }
    escaped
}
