use serde_json::{Map, Value, json};

use super::{FromMembers, Members};
use crate::error::{ErrorKind, Result};

#[derive(Debug, PartialEq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Everything {
    text: String,
    token: Option<String>,
    port: Option<u16>,
    word: Option<bool>,
    number: u64,
    flag: Option<bool>,
    list: Option<Vec<u8>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    object: Option<Map<String, Value>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    change: Option<Option<String>>,
}

impl FromMembers for Everything {
    fn from_members(members: &mut Members) -> Option<Self> {
        let text = members.text("text");
        let token = members.optional_token("token");
        let port = members.optional_parse("port", "invalid_port", "It is a port.");
        let word = members.optional_word("word", &[("on", true), ("off", false)]);
        let number = members.number("number", 1..=200);
        let flag = members.if_there("flag", Members::boolean);
        let list = members.optional_list("list", 3, "invalid_byte", "It is a byte.");
        let object = members.if_there("object", Members::object);
        let change = members.if_there("change", Members::optional_text);
        Some(Self {
            text: text?,
            token: token?,
            port: port?,
            word: word?,
            number: number?,
            flag: flag?,
            list: list?,
            object: object?,
            change: change?,
        })
    }
}

fn of_json(value: Value) -> Result<Everything> {
    let Value::Object(object) = value else {
        panic!("the test gives an object");
    };
    Members::of_object(object).read()
}

fn of_query(query: &str) -> Result<Everything> {
    Members::of_query(super::super::query::parse(query)?).read()
}

fn violations(result: Result<Everything>) -> Vec<(String, &'static str)> {
    let error = result.expect_err("the input is refused");
    assert_eq!(error.kind(), ErrorKind::ValidationFailed);
    let violations = error.violations().iter();
    violations.map(|v| (v.pointer.clone(), v.code)).collect()
}

#[test]
fn members_are_read() {
    let read = of_json(json!({
        "text": "é", "token": "\u{0}", "port": "80", "word": "on", "number": 200, "flag": false,
        "list": ["1", "2"], "object": {"a": ["\n"]}, "change": null,
    }));
    let expected = Everything {
        text: "é".to_owned(),
        token: Some("\0".to_owned()),
        port: Some(80),
        word: Some(true),
        number: 200,
        flag: Some(false),
        list: Some(vec![1, 2]),
        object: Some(Map::from_iter([("a".to_owned(), json!(["\n"]))])),
        change: Some(None),
    };
    assert_eq!(read.expect("the object is valid"), expected);
}

#[test]
fn optional_members_may_be_absent_or_null() {
    let absent = of_json(json!({"text": "", "number": 1})).expect("the object is valid");
    let null = json!({
        "text": "", "number": 1, "token": null, "port": null, "word": null, "list": null,
    });
    assert_eq!(of_json(null).expect("the object is valid"), absent);
}

#[test]
fn all_violations_are_reported_at_once() {
    let wrong = json!({
        "text": null, "token": 1, "port": "x", "word": "maybe", "number": "1", "flag": "true",
        "list": ["1", 2, "x"], "object": [], "change": 1, "roles": ["admin"], "a/b": 1,
    });
    let expected = [
        ("/text", "required"),
        ("/token", "wrong_type"),
        ("/port", "invalid_port"),
        ("/word", "unknown_value"),
        ("/number", "wrong_type"),
        ("/flag", "wrong_type"),
        ("/list/1", "wrong_type"),
        ("/list/2", "invalid_byte"),
        ("/object", "wrong_type"),
        ("/change", "wrong_type"),
        ("/a~1b", "unknown_member"),
        ("/roles", "unknown_member"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
    assert_eq!(violations(of_json(wrong)), expected);
}

#[test]
fn a_change_to_null_differs_from_no_change() {
    let read = of_json(json!({"text": "", "number": 1, "change": null}));
    assert_eq!(read.expect("the object is valid").change, Some(None));
    let wrong = violations(of_json(json!({"text": "", "number": 1, "flag": null})));
    assert_eq!(wrong, [("/flag".to_owned(), "required")]);
}

#[test]
fn a_list_is_bounded() {
    let list = |list: &[&str]| of_json(json!({"text": "", "number": 1, "list": list}));
    assert!(list(&["1", "2", "3"]).is_ok());
    let wrong = violations(list(&["x", "2", "3", "4"]));
    assert_eq!(wrong, [("/list".to_owned(), "too_long")]);
}

#[test]
fn control_characters_are_refused_in_text() {
    for text in ["\0", "a\nb", "\u{7f}", "\u{85}"] {
        let wrong = violations(of_json(json!({"text": text, "number": 1})));
        assert_eq!(wrong, [("/text".to_owned(), "control_character")]);
    }
    for object in [
        json!({"a": [{"b": "\0"}]}),
        json!({"\0": 1}),
        json!({"a": {"\0": 1}}),
    ] {
        let wrong = violations(of_json(json!({"text": "", "number": 1, "object": object})));
        assert_eq!(wrong, [("/object".to_owned(), "control_character")]);
    }
}

#[test]
fn numbers_outside_the_range_are_never_clamped() {
    for number in [json!(0), json!(201), json!(-1), json!(1.5), json!(1e30)] {
        let wrong = violations(of_json(json!({"text": "", "number": number})));
        assert_eq!(wrong, [("/number".to_owned(), "out_of_range")]);
    }
}

#[test]
fn a_query_is_read_by_the_same_readers() {
    let read = of_query("text=a&number=007&flag=true&word=off").expect("the query is valid");
    assert_eq!(
        (read.number, read.flag, read.word),
        (7, Some(true), Some(false))
    );
    for number in [
        "",
        "+1",
        "-1",
        "1.0",
        "1e1",
        "0",
        "201",
        "99999999999999999999",
        "%20",
        "１",
    ] {
        let wrong = violations(of_query(&format!("text=a&number={number}")));
        assert_eq!(wrong, [("/number".to_owned(), "out_of_range")], "{number}");
    }
}
