//! JSON objects, read strictly (RFC 8259, and RFC 7493 on duplicate names).

use std::fmt;
#[cfg(feature = "http")]
use std::{collections::BTreeSet, str};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

use crate::error::{Error, ErrorKind, Result};

/// `serde_json` marks raw JSON text and numbers with names that have this prefix. Which of these names it recognizes
/// depends on the features that any crate in the program enables.
const PRIVATE: &str = "$serde_json::private::";
const NUMBER: &str = "$serde_json::private::Number";

/// Reads one JSON object and nothing after it. Invalid UTF-8, lone surrogates and nesting of 128
/// levels or more are refused. An object at any depth is also refused if a name occurs twice in it,
/// or if `serde_json` reserves one of its names. Below the top level, an object is read as a number
/// if its only name is the name that `serde_json` reserves for numbers.
pub(crate) fn parse_object(text: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice(text) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) | Err(_) => Err(Error::new(ErrorKind::MalformedBody)),
    }
}

/// Whether the value contains a float, at any depth.
#[cfg(feature = "http")]
pub(crate) fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(members) => members.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Finds the members of an object whose values contain an integer beyond 64 bits, at any depth, and
/// returns the names of these members. The parser has read such an integer as a nearby float.
///
/// # Errors
/// [`MalformedBody`](ErrorKind::MalformedBody) if a name cannot be read.
#[cfg(feature = "http")]
pub(crate) fn members_beyond_64_bits(mut text: &[u8]) -> Result<BTreeSet<String>> {
    let (mut depth, mut name, mut found) = (0_usize, text, BTreeSet::new());
    while let Some((&byte, after)) = text.split_first() {
        let rest = match byte {
            b'"' => after_string(after),
            b'-' | b'0'..=b'9' => after_number(text),
            _ => after,
        };
        let (token, _) = text.split_at(text.len() - rest.len());
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            // The last string before a value of another type is the name of that value.
            b'"' if depth == 1 => name = token,
            b'-' | b'0'..=b'9' if is_integer_beyond_64_bits(token) => {
                found.insert(
                    serde_json::from_slice(name)
                        .map_err(|_| Error::new(ErrorKind::MalformedBody))?,
                );
            }
            _ => {}
        }
        text = rest;
    }
    Ok(found)
}

#[cfg(feature = "http")]
fn after_number(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let end = text.iter().position(|byte| !is_part(byte));
    text.split_at(end.unwrap_or(text.len())).1
}

/// The text after a string whose opening quotation mark was already read.
#[cfg(feature = "http")]
fn after_string(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [b'"', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
            [] => return text,
        };
    }
}

#[cfg(feature = "http")]
fn is_integer_beyond_64_bits(number: &[u8]) -> bool {
    let is_integer = number
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'-');
    let number = str::from_utf8(number).unwrap_or_default();
    is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// Any JSON value whose objects have no duplicate names and no name that `serde_json` reserves.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            // With the feature `arbitrary_precision`, a number arrives in this form.
            if name == NUMBER && object.is_empty() {
                return number(&map.next_value::<String>()?)
                    .ok_or_else(|| A::Error::custom("no number"));
            }
            if name.starts_with(PRIVATE) {
                return Err(A::Error::custom("a reserved name"));
            }
            match object.entry(name) {
                Entry::Occupied(_) => return Err(A::Error::custom("a name occurs twice")),
                Entry::Vacant(entry) => entry.insert(map.next_value::<Strict>()?.0),
            };
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// The number as it would be read without the feature `arbitrary_precision`.
fn number(text: &str) -> Option<Value> {
    // A JSON number cannot begin with a plus sign, but Rust's `parse` accepts one. `-0` is a float.
    if text.starts_with('+') {
        return None;
    }
    if text != "-0"
        && let Ok(integer) = text.parse::<i64>()
    {
        return Some(Value::from(integer));
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(Value::from(integer));
    }
    Number::from_f64(text.parse().ok()?).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::parse_object;

    #[cfg(feature = "http")]
    #[test]
    fn the_members_with_an_integer_beyond_64_bits_are_found() {
        for (text, expected) in [
            ("{}", &[][..]),
            (
                r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
                &[],
            ),
            (r#"{"a":18446744073709551616}"#, &["a"]),
            (r#"{"a":[{"b":-9223372036854775809}],"c":1}"#, &["a"]),
            (r#"{"a":1e300,"b":100000000000000000000.0,"c":-0}"#, &[]),
            (
                r#"{"a":"100000000000000000000","\"100000000000000000000":2}"#,
                &[],
            ),
            (r#"{"a":"\\","b":100000000000000000000}"#, &["b"]),
            (
                r#"{"100000000000000000000":{"x":1}, "\u0061" : [ 100000000000000000000 ] }"#,
                &["a"],
            ),
        ] {
            let object = parse_object(text.as_bytes()).expect("the object is sound");
            let has_float = object.values().any(super::has_float);
            assert!(has_float || expected.is_empty(), "{text}");
            let found = super::members_beyond_64_bits(text.as_bytes()).expect("an object");
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn an_object_is_read() {
        let object =
            parse_object(br#" {"a": [1, -2, 1.5, true, null], "b": {"a": "\ud83d\ude00"}} "#)
                .expect("the object is sound");
        assert_eq!(object["b"]["a"], "😀");
    }

    /// `serde_json` represents numbers differently if any crate in the program enables `arbitrary_precision`.
    #[test]
    fn numbers_are_the_same_with_every_feature_set() {
        for text in [
            "0",
            "-0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "1.5",
            "1e300",
        ] {
            let plain: Value = serde_json::from_str(text).expect("a number");
            assert_eq!(super::number(text), Some(plain), "{text}");
        }
        for text in ["18446744073709551616", "-9223372036854775809"] {
            assert!(
                super::number(text).is_some_and(|number| number.is_f64()),
                "{text}"
            );
        }
        for text in ["", "1e400", "NaN", "inf", "x"] {
            assert_eq!(super::number(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_single_valid_object_is_accepted() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000));
        let raw = br#"{"a":{"$serde_json::private::RawValue":"[1"}}"#;
        let refused: [&[u8]; 22] = [
            b"",
            b"null",
            b"[]",
            b"\"a\"",
            b"{",
            b"{\"a\":1,}",
            b"{\"a\":1} x",
            b"{\"a\":1}{}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":\"\xff\"}",
            b"{\"\xc3\x28\":1}",
            b"\xef\xbb\xbf{}",
            br#"{"a":"\ud800"}"#,
            br#"{"a":1,"\u0061":1}"#,
            br#"{"x":[{"y":{"a":1,"a":1}}]}"#,
            deep.as_bytes(),
            raw,
            br#"{"\u0024serde_json::private::RawValue":"{}"}"#,
            br#"{"a":[{"b":1,"$serde_json::private::RawValue":"2"}]}"#,
            br#"{"a":{"b":1,"$serde_json::private::Number":"2"}}"#,
            br#"{"$serde_json::private::Number":"2"}"#,
        ];
        for text in refused {
            assert!(parse_object(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
