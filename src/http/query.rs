//! Query strings: `application/x-www-form-urlencoded` pairs, in which each name occurs at most once.

use serde_json::{Map, Value};

use crate::error::{Error, Result, Violation};
use crate::percent::decode_form;

/// The maximum number of pairs in a query or a form. Each pair costs work, and no endpoint needs
/// even a tenth of this number.
const MAX_PAIRS: usize = 64;

/// Reads the pairs with these names from a query that may also contain other parameters. The other
/// pairs may be repeated or undecodable, and there may be any number of them. Returns `None` if one
/// of these names occurs twice, or its value cannot be decoded.
#[cfg(feature = "oauth")]
pub(crate) fn pick(query: &str, names: &[&str]) -> Option<Map<String, Value>> {
    let mut pairs = Map::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode_form(name).filter(|name| names.contains(&name.as_str()));
        let Some(name) = name else {
            continue;
        };
        let value = Value::String(decode_form(value)?);
        if pairs.insert(name, value).is_some() {
            return None;
        }
    }
    Some(pairs)
}

/// Reads the pairs of a query, and reports all violations together.
pub(crate) fn parse(query: &str) -> Result<Map<String, Value>> {
    let mut pairs = Map::new();
    let mut violations = Vec::new();
    let written = query.split('&').filter(|pair| !pair.is_empty());
    for (index, pair) in written.enumerate() {
        if index == MAX_PAIRS {
            return Err(too_many());
        }
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode_form(raw_name);
        let shown = name.as_deref().unwrap_or(raw_name);
        match (&name, decode_form(raw_value)) {
            (Some(name), Some(value)) if !pairs.contains_key(name) => {
                pairs.insert(name.clone(), Value::String(value));
            }
            (Some(_), Some(_)) => violations.push(Violation::new(
                shown,
                "repeated",
                "The parameter is given more than once.",
            )),
            _ => violations.push(Violation::new(
                shown,
                "malformed_encoding",
                "The percent-encoding is invalid, or the decoded bytes are not UTF-8.",
            )),
        }
    }
    if violations.is_empty() {
        Ok(pairs)
    } else {
        Err(Error::validation(violations))
    }
}

/// No single parameter is at fault, so the pointer refers to the whole document (RFC 6901, section
/// 5).
fn too_many() -> Error {
    Error::validation(vec![Violation {
        pointer: String::new(),
        code: "too_many_parameters",
        detail: format!("At most {MAX_PAIRS} parameters are allowed."),
    }])
}

#[cfg(test)]
mod tests {
    use super::{MAX_PAIRS, parse};

    fn pointers(query: &str) -> Vec<(String, &'static str)> {
        let error = parse(query).expect_err("the query is refused");
        let violations = error.violations().iter();
        violations.map(|v| (v.pointer.clone(), v.code)).collect()
    }

    #[test]
    fn pairs_are_decoded() {
        let pairs = parse("&a=1&b=x+y%26&c&&").expect("the query is sound");
        assert_eq!(
            serde_json::to_value(pairs).expect("a map is JSON"),
            serde_json::json!({"a": "1", "b": "x y&", "c": ""})
        );
    }

    #[test]
    fn every_broken_pair_is_reported() {
        assert_eq!(
            pointers("limit=%zz&a=1&a=2&%ff=1&x%2Fy=%ff"),
            [
                ("/limit".to_owned(), "malformed_encoding"),
                ("/a".to_owned(), "repeated"),
                ("/%ff".to_owned(), "malformed_encoding"),
                ("/x~1y".to_owned(), "malformed_encoding"),
            ]
        );
    }

    #[cfg(feature = "oauth")]
    #[test]
    fn foreign_parameters_do_not_disturb_known_ones() {
        let names = ["state", "code"];
        let foreign = "x=1&x=2&%zz=1&y=%ff&z=%u00f3&&=".to_owned() + &"&a".repeat(1000);
        for query in [
            format!("state=a+b&{foreign}&code=%C3%A9"),
            format!("{foreign}&%73tate=a%20b&code=é"),
        ] {
            let picked = super::pick(&query, &names).expect("it can be read");
            let picked = serde_json::to_value(picked).expect("a map is JSON");
            assert_eq!(picked, serde_json::json!({"state": "a b", "code": "é"}));
        }
        for query in ["state=a&%73tate=a", "state&state", "code=%zz", "code=%ff"] {
            assert_eq!(super::pick(query, &names), None, "{query}");
        }
    }

    #[test]
    fn a_query_has_an_end() {
        let names = (0..MAX_PAIRS).map(|index| format!("a{index}"));
        let most = names.collect::<Vec<_>>().join("&");
        assert_eq!(parse(&most).expect("so many are read").len(), MAX_PAIRS);
        let more = format!("{most}&&b");
        assert_eq!(
            pointers(&more),
            [(String::new(), "too_many_parameters")],
            "and nothing else is reported"
        );
        assert_eq!(pointers(&"a&".repeat(30_000)).len(), 1);
    }
}
