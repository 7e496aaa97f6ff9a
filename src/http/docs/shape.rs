//! Human-readable schemas: the members of an object, and an example of a request body.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

/// A member of an object, or a query parameter.
#[derive(Debug, Serialize)]
pub(super) struct Member {
    name: String,
    /// Whether it is in the query rather than in a body.
    is_query: bool,
    /// The type in words.
    kind: String,
    /// The name of a schema that the type contains.
    of: Option<String>,
    is_optional: bool,
    about: String,
}

impl Member {
    /// A query parameter.
    pub(super) fn of_query(parameter: &Value) -> Self {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        Self {
            is_query: true,
            about: text(parameter, "description"),
            ..Self::new(
                &text(parameter, "name"),
                schema,
                parameter.get("required") == Some(&Value::Bool(true)),
            )
        }
    }

    /// The name of a schema that the type contains.
    pub(super) fn of(&self) -> Option<&str> {
        self.of.as_deref()
    }

    /// The name, if this is a required query parameter.
    pub(super) fn in_query(&self) -> Option<&str> {
        (self.is_query && !self.is_optional).then_some(&*self.name)
    }

    fn new(name: &str, schema: &Value, is_required: bool) -> Self {
        let reference = reference(schema);
        Self {
            name: name.to_owned(),
            is_query: false,
            kind: kind(schema),
            of: reference.map(str::to_owned),
            is_optional: !is_required,
            about: text(schema, "description"),
        }
    }
}

/// The members of an object's schema, with the required ones first.
pub(super) fn members(schema: &Value) -> Vec<Member> {
    let mut members: Vec<Member> = properties(schema)
        .map(|(name, property)| Member::new(name, property, is_required(schema, name)))
        .collect();
    members.sort_by_key(|member| member.is_optional);
    members
}

/// An example of a body with this schema: the required members, or else the first one. Values that the reader has to
/// replace are in angle brackets, so that the example cannot be sent as it is.
pub(super) fn example(schema: &Value) -> String {
    let mut body = Map::new();
    for (name, property) in properties(schema) {
        if is_required(schema, name) || (required(schema).next().is_none() && body.is_empty()) {
            body.insert(name.clone(), filler(name, property));
        }
    }
    let mut text = String::from("{");
    for (index, (name, value)) in body.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}\"{name}\": {value}");
    }
    text.push('}');
    text
}

fn filler(name: &str, schema: &Value) -> Value {
    let own = schema.pointer("/examples/0").cloned();
    let own = own.unwrap_or_else(|| format!("<{name}>").into());
    match has_type(schema, "array") {
        true => vec![own].into(),
        false => own,
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn is_required(schema: &Value, name: &str) -> bool {
    required(schema).any(|required| required == name)
}

/// The name of the schema that this one refers to: directly, as the item type, or as one of several alternatives.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return target.rsplit('/').next();
    }
    let choice = ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .filter_map(|word| schema.get(word)?.as_array())
        .flatten();
    schema
        .get("items")
        .into_iter()
        .chain(choice)
        .find_map(reference)
}

/// For example, "email or null, at most 254".
fn kind(schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str);
    let mut words = match format {
        Some(format) if has_type(schema, "string") => format.to_owned(),
        _ => types(schema),
    };
    if is_nullable(schema) {
        words.push_str(if words.is_empty() {
            "null or"
        } else {
            " or null"
        });
    }
    let limits = [
        ("minLength", "at least "),
        ("maxLength", "at most "),
        ("maxItems", "at most "),
        ("minimum", "from "),
        ("maximum", "up to "),
        ("default", "default "),
    ];
    for (name, before) in limits {
        if let Some(limit) = schema.get(name) {
            let _ = write!(words, ", {before}{limit}");
        }
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values
            .iter()
            .filter(|value| !value.is_null())
            .map(Value::to_string)
            .collect();
        let _ = write!(words, ", one of {}", values.join(", "));
    }
    words
}

/// The type without null. A reference adds no text, because its name follows.
fn types(schema: &Value) -> String {
    if has_type(schema, "array") {
        let items = schema.get("items").map(types).unwrap_or_default();
        return if items.is_empty() {
            "array of".to_owned()
        } else {
            format!("array of {items}")
        };
    }
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        _ if reference(schema).is_some() => String::new(),
        _ => "any value".to_owned(),
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        _ => false,
    }
}

fn is_nullable(schema: &Value) -> bool {
    let choice = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|word| schema.get(word)?.as_array());
    has_type(schema, "null") || choice.flatten().any(|one| has_type(one, "null"))
}

/// A string in the document; empty if it is missing.
pub(super) fn text(part: &Value, name: &str) -> String {
    part.get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
