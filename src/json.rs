//! JSON objects, read strictly (RFC 8259, and RFC 7493 on duplicate names).

#[cfg(feature = "http")]
use std::{collections::BTreeSet, str};
use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// Reads one JSON object and nothing after it. Refused: invalid UTF-8, lone surrogates, nesting of 128 levels and
/// more, and a name that occurs twice in one object, at any depth.
pub(crate) fn parse_object(text: &[u8]) -> Result<Map<String, Value>> {
    // A pass of its own: whether a name occurs twice is gone once there is a map.
    let malformed = |_| Error::new(ErrorKind::MalformedBody);
    serde_json::from_slice::<DistinctNames>(text).map_err(malformed)?;
    serde_json::from_slice(text).map_err(malformed)
}

/// Whether there is a float in it, at any depth.
#[cfg(feature = "http")]
pub(crate) fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(members) => members.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The members of an object in whose text there is an integer that 64 bits do not hold, at any depth: it was read as a
/// float nearby.
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
            // The last string before a value of another type is its name.
            b'"' if depth == 1 => name = token,
            b'-' | b'0'..=b'9' if is_integer_beyond_64_bits(token) => {
                let name = serde_json::from_slice(name);
                found.insert(name.map_err(|_| Error::new(ErrorKind::MalformedBody))?);
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

/// The rest after a string whose quotation mark was read.
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

/// Any JSON value whose objects name no member twice.
struct DistinctNames;

impl<'de> Deserialize<'de> for DistinctNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for DistinctNames {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name occurs twice"));
            }
            map.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn whatever_is_not_one_sound_object_is_refused() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000));
        let refused: [&[u8]; 17] = [
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
        ];
        for text in refused {
            assert!(parse_object(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
