//! Reads the members of a JSON object, or the parameters of a query, and reports all violations together.

use std::{collections::BTreeSet, fmt, ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use super::{Described, problem::MAX_VIOLATIONS};
use crate::error::{Error, Result, Violation};

/// The maximum total number of digits of all numbers in an object.
const MAX_DIGITS: usize = 16 * 1024;

/// A request body or a query, read member by member.
///
/// Read every member before you unwrap any of them with `?`. A reader that returns `None` has recorded a violation,
/// and one reply should report all violations.
///
/// ```text
/// fn from_members(members: &mut Members) -> Option<Self> {
///     let email = members.parse("email", "invalid_email", "The address is not valid.");
///     let name = members.optional_text("display_name");
///     Some(Self { email: email?, name: name? })
/// }
/// ```
pub trait FromMembers: Described + Sized + Send {
    /// Reads the known members. All remaining members are refused as unknown.
    fn from_members(members: &mut Members) -> Option<Self>;
}

/// The members that are not read yet and the violations found so far.
pub struct Members {
    unread: Map<String, Value>,
    /// Whether the members are query parameters. Query parameters are always text, so numbers and booleans are parsed
    /// from text.
    from_query: bool,
    /// The names of the members whose values contain an integer that does not fit into 64 bits.
    beyond_64_bits: BTreeSet<String>,
    violations: Vec<Violation>,
}

impl Members {
    /// The members of a JSON object.
    pub(crate) fn of_object(object: Map<String, Value>) -> Self {
        Self {
            unread: object,
            from_query: false,
            beyond_64_bits: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    /// Adds the names of the members whose integers do not fit into 64 bits.
    pub(crate) fn with_beyond_64_bits(mut self, names: BTreeSet<String>) -> Self {
        self.beyond_64_bits = names;
        self
    }

    /// The parameters of a query.
    pub(crate) fn of_query(pairs: Map<String, Value>) -> Self {
        Self {
            unread: pairs,
            from_query: true,
            beyond_64_bits: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    /// Reads all members of a `T`, or reports all violations.
    pub(crate) fn read<T: FromMembers>(mut self) -> Result<T> {
        let value = T::from_members(&mut self);
        let mut unknown: Vec<String> = self.unread.keys().cloned().collect();
        unknown.sort_unstable();
        for name in unknown.into_iter().take(MAX_VIOLATIONS) {
            self.refuse(
                &name,
                "unknown_member",
                "There is no member with this name.",
            );
        }
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            None if self.violations.is_empty() => Err(Error::internal(
                "a reader refused a member without saying why",
            )),
            _ => Err(Error::validation(self.violations)),
        }
    }

    /// Records a member's violation of a rule that none of the methods below checks.
    pub fn refuse(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.violations.push(Violation::new(name, code, detail));
    }

    /// Text without control characters.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.token(name)?;
        self.without_controls(name, text)
    }

    /// Text without control characters; an absent or null member is `Some(None)`, as with every optional reader.
    pub fn optional_text(&mut self, name: &str) -> Option<Option<String>> {
        self.optional(name, Self::text)
    }

    /// Any string. Use this method for tokens, so that a malformed token gets the same answer as an unknown one.
    pub fn token(&mut self, name: &str) -> Option<String> {
        match self.required(name)? {
            Value::String(text) => Some(text),
            _ => self.wrong_type(name, "a string"),
        }
    }

    /// Any string; the member is optional.
    pub fn optional_token(&mut self, name: &str) -> Option<Option<String>> {
        self.optional(name, Self::token)
    }

    /// Text that can be parsed as a `T`. Otherwise, the violation has this code and this detail.
    pub fn parse<T: FromStr>(&mut self, name: &str, code: &'static str, detail: &str) -> Option<T> {
        let parsed = self.text(name)?.parse();
        if parsed.is_err() {
            self.refuse(name, code, detail);
        }
        parsed.ok()
    }

    /// Text that can be parsed as a `T`; the member is optional.
    pub fn optional_parse<T: FromStr>(
        &mut self,
        name: &str,
        code: &'static str,
        detail: &str,
    ) -> Option<Option<T>> {
        self.optional(name, |members, name| members.parse(name, code, detail))
    }

    /// One of these words.
    pub fn word<T: Clone>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(
                name,
                "unknown_value",
                format!("The value must be one of: {}.", words.join(", ")),
            );
        }
        found.map(|(_, value)| value.clone())
    }

    /// One of these strings; the member is optional.
    pub fn optional_word<T: Clone>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<Option<T>> {
        self.optional(name, |members, name| members.word(name, words))
    }

    /// A whole number in the range.
    pub fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.required(name)? {
            Value::String(digits) if self.from_query => whole_number(&digits),
            Value::Number(number) if !self.from_query => number.as_u64(),
            _ => return self.wrong_type(name, "a whole number"),
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.refuse(
                name,
                "out_of_range",
                format!(
                    "The value must be from {} to {}.",
                    range.start(),
                    range.end()
                ),
            );
        }
        number
    }

    /// A whole number in the range; the member is optional.
    pub fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<Option<u64>> {
        self.optional(name, |members, name| members.number(name, range))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.required(name)? {
            Value::Bool(value) => Some(value),
            Value::String(word) if self.from_query && word == "true" => Some(true),
            Value::String(word) if self.from_query && word == "false" => Some(false),
            _ => self.wrong_type(name, "true or false"),
        }
    }

    /// An array of at most `max` strings, each of which can be parsed as a `T`. A violation points at
    /// the item that caused it.
    pub fn list<T: FromStr>(
        &mut self,
        name: &str,
        max: usize,
        code: &'static str,
        detail: &str,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = self.required(name)? else {
            return self.wrong_type(name, "an array of strings");
        };
        if items.len() > max {
            self.refuse(
                name,
                "too_long",
                format!("At most {max} items are allowed."),
            );
            return None;
        }
        let before = self.violations.len();
        let mut list = Vec::with_capacity(items.len());
        let parent = Violation::new(name, code, "").pointer;
        for (index, item) in items.into_iter().enumerate() {
            let index = index.to_string();
            let mut item = Self::of_object(Map::from_iter([(index.clone(), item)]));
            list.extend(item.parse::<T>(&index, code, detail));
            for mut violation in item.violations {
                violation.pointer.insert_str(0, &parent);
                self.violations.push(violation);
            }
        }
        (self.violations.len() == before).then_some(list)
    }

    /// An array as in [`list`](Self::list); the member is optional.
    pub fn optional_list<T: FromStr>(
        &mut self,
        name: &str,
        max: usize,
        code: &'static str,
        detail: &str,
    ) -> Option<Option<Vec<T>>> {
        self.optional(name, |members, name| members.list(name, max, code, detail))
    }

    /// An optional member of a request that changes a resource. An omitted member leaves the value unchanged. Null is
    /// passed to `read`, whereas the optional readers treat null like an omitted member.
    pub fn if_there<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.unread.contains_key(name) {
            true => read(self, name).map(Some),
            false => Some(None),
        }
    }

    /// An object with any members. NUL characters are refused, because Postgres cannot store them.
    /// Postgres writes numbers in full (`1e308` takes 309 digits), so the total number of digits is
    /// limited. An integer that does not fit into 64 bits is refused, because it would be stored as
    /// a float and lose digits.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        let Value::Object(object) = self.required(name)? else {
            return self.wrong_type(name, "an object");
        };
        if has_nul_within(&object) {
            self.control_character(name);
            return None;
        }
        if self.beyond_64_bits.contains(name) {
            self.refuse(
                name,
                "out_of_range",
                "An integer does not fit into 64 bits. Send it as a string.",
            );
            return None;
        }
        if object.values().map(digits).sum::<usize>() > MAX_DIGITS {
            self.refuse(
                name,
                "too_long",
                format!("The numbers have more than {MAX_DIGITS} digits when written out."),
            );
            return None;
        }
        Some(object)
    }

    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.unread.get(name) {
            None => Some(None),
            Some(Value::Null) => {
                self.unread.remove(name);
                Some(None)
            }
            Some(_) => read(self, name).map(Some),
        }
    }

    fn required(&mut self, name: &str) -> Option<Value> {
        match self.unread.remove(name) {
            None | Some(Value::Null) => {
                self.refuse(name, "required", "The member is required.");
                None
            }
            value => value,
        }
    }

    fn wrong_type<T>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.refuse(name, "wrong_type", format!("The value must be {expected}."));
        None
    }

    fn without_controls(&mut self, name: &str, text: String) -> Option<String> {
        if text.contains(char::is_control) {
            self.control_character(name);
            return None;
        }
        Some(text)
    }

    fn control_character(&mut self, name: &str) {
        self.refuse(
            name,
            "control_character",
            "The value contains a control character.",
        );
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unread: Vec<&String> = self.unread.keys().collect();
        f.debug_struct("Members")
            .field("unread", &unread)
            .finish_non_exhaustive()
    }
}

/// Accepts only digits: no sign, no space, no exponent.
fn whole_number(digits: &str) -> Option<u64> {
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| digits.parse().ok())?
}

/// The number of digits when the numbers are written out without an exponent.
fn digits(value: &Value) -> usize {
    match value {
        Value::Number(number) => number.as_f64().map_or(0, |number| number.to_string().len()),
        Value::Array(items) => items.iter().map(digits).sum(),
        Value::Object(members) => members.values().map(digits).sum(),
        Value::Null | Value::Bool(_) | Value::String(_) => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => has_nul_within(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn has_nul_within(members: &Map<String, Value>) -> bool {
    members
        .iter()
        .any(|(name, value)| name.contains('\0') || has_nul(value))
}

#[cfg(test)]
mod tests;
