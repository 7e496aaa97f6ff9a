//! JSON objects, read strictly (RFC 8259, and RFC 7493 on duplicate names).

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
