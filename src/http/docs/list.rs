//! The content of the page: the endpoints grouped by task, the objects in their replies, and each error once.

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;

use super::shape::{self, Member, text};
use crate::{
    error::ErrorKind,
    http::{
        Endpoint,
        openapi::{self, errors},
        problem::Code,
        task::SIGN_IN,
    },
};

/// The title above endpoints without a tag.
const UNTAGGED: &str = "Other";

#[derive(Debug, Serialize)]
pub(super) struct List {
    version: &'static str,
    groups: Vec<Group>,
    objects: Vec<Object>,
    errors: Vec<Errors>,
    /// Whether the page can get a token.
    has_login: bool,
}

#[derive(Debug, Serialize)]
struct Group {
    id: String,
    name: &'static str,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    method: String,
    path: &'static str,
    summary: &'static str,
    description: &'static str,
    takes_token: bool,
    takes_cookie: bool,
    /// The query parameters and the members of the body.
    members: Vec<Member>,
    replies: Vec<Reply>,
    errors: Vec<&'static str>,
    /// Whether the call must come from a page of the same origin.
    is_of_browser: bool,
    curl: String,
}

#[derive(Debug, Serialize)]
struct Reply {
    status: String,
    object: Option<String>,
}

#[derive(Debug, Serialize)]
struct Object {
    name: String,
    about: String,
    members: Vec<Member>,
}

/// The errors for one kind of call.
#[derive(Debug, Serialize)]
struct Errors {
    name: &'static str,
    rows: Vec<Error>,
}

#[derive(Debug, Serialize)]
struct Error {
    code: &'static str,
    status: u16,
    meaning: String,
}

/// The errors that many calls share, by kind of call. An entry does not repeat them.
const OF_ANY_CALL: &[ErrorKind] = &[
    ErrorKind::NotFound,
    ErrorKind::MethodNotAllowed,
    ErrorKind::RateLimited,
    ErrorKind::Overloaded,
    ErrorKind::Internal,
    ErrorKind::Unavailable,
];
const OF_INPUT: &[ErrorKind] = &[
    ErrorKind::MalformedBody,
    ErrorKind::UnsupportedMediaType,
    ErrorKind::BodyTooLarge,
    ErrorKind::ValidationFailed,
];
const OF_CALLERS: &[ErrorKind] = &[
    ErrorKind::Unauthenticated,
    ErrorKind::InvalidAccessToken,
    ErrorKind::Forbidden,
    ErrorKind::AmbiguousCredentials,
    ErrorKind::CrossSiteRequest,
];

impl List {
    /// The list of these endpoints, as the document describes them.
    pub(super) fn new(endpoints: &[Endpoint], document: &Value) -> Self {
        let described = || endpoints.iter().filter(|row| !row.is_for_people());
        let mut groups: Vec<Group> = openapi::tags(endpoints)
            .into_iter()
            .chain([""])
            .map(|tag| {
                let rows = described().filter(|row| row.docs().tag == tag);
                Group::new(tag, rows.map(|row| Entry::new(row, document)).collect())
            })
            .collect();
        groups.retain(|group| !group.entries.is_empty());
        let has_login =
            described().any(|row| row.path() == "/auth/login" && row.docs().tag == SIGN_IN);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            objects: objects(&groups, document),
            groups,
            errors: errors(),
            has_login,
        }
    }
}

impl Group {
    fn new(tag: &'static str, entries: Vec<Entry>) -> Self {
        let name = if tag.is_empty() { UNTAGGED } else { tag };
        let letter = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        };
        let id = format!("task-{}", name.chars().map(letter).collect::<String>());
        Self { id, name, entries }
    }
}

impl Entry {
    fn new(row: &Endpoint, document: &Value) -> Self {
        let method = row.method().as_str();
        let paths = document
            .get("paths")
            .and_then(|paths| paths.get(row.path()));
        let operation = paths.and_then(|path| path.get(method.to_ascii_lowercase()));
        let operation = operation.unwrap_or(&Value::Null);
        let docs = row.docs();
        let takes = |scheme| {
            let ways = operation.get("security").and_then(Value::as_array);
            ways.is_some_and(|ways| ways.iter().any(|way| way.get(scheme).is_some()))
        };
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let parameters = parameters.into_iter().flatten();
        let query = parameters.filter(|one| one.get("in").is_some_and(|place| place == "query"));
        let request = operation
            .pointer("/requestBody/content/application~1json/schema")
            .and_then(|schema| resolved(document, schema));
        let mut members: Vec<Member> = query.map(Member::of_query).collect();
        members.extend(request.into_iter().flat_map(shape::members));
        let entry = Self {
            id: openapi::operation_id(row),
            method: method.to_owned(),
            path: row.path(),
            summary: docs.summary,
            description: docs.description,
            takes_token: takes("bearer"),
            takes_cookie: takes("cookie"),
            members,
            replies: replies(operation),
            errors: own_errors(row, takes("bearer") || takes("cookie")),
            is_of_browser: docs.errors.contains(&ErrorKind::CrossSiteRequest)
                || (method != "GET" && takes("cookie") && !takes("bearer")),
            curl: String::new(),
        };
        Self {
            curl: entry.curl(request.map(shape::example)),
            ..entry
        }
    }

    /// The command. The page explains the variables in the command.
    fn curl(&self, body: Option<String>) -> String {
        let mut command = String::from("curl ");
        // A body implies POST.
        let implied = if body.is_some() { "POST" } else { "GET" };
        if self.method != implied {
            let _ = write!(command, "-X {} ", self.method);
        }
        let path = self.path.replace('{', "<").replace('}', ">");
        let needed = self.members.iter().filter_map(Member::in_query);
        let query: Vec<String> = needed.map(|name| format!("{name}=<{name}>")).collect();
        let query = match query.is_empty() {
            true => String::new(),
            false => format!("?{}", query.join("&")),
        };
        let _ = write!(command, "\"$URL{path}{query}\"");
        if self.takes_token {
            command.push_str(" -H \"$AUTH\"");
        } else if self.takes_cookie {
            command.push_str(" -b cookies.txt");
        }
        if self.is_of_browser {
            command.push_str(" -H \"Sec-Fetch-Site: same-origin\"");
        }
        if let Some(body) = body {
            // A quotation mark would end the text.
            let body = body.replace('\'', r"'\''");
            let _ = write!(command, " -H \"$JSON\" -d '{body}'");
        }
        command
    }
}

/// The good replies. The others are errors.
fn replies(operation: &Value) -> Vec<Reply> {
    let replies = operation.get("responses").and_then(Value::as_object);
    replies
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with(['2', '3']))
        .map(|(status, reply)| {
            let schema = reply.pointer("/content/application~1json/schema");
            Reply {
                status: status.clone(),
                object: schema.and_then(shape::reference).map(str::to_owned),
            }
        })
        .collect()
}

/// The codes that are not already listed for the kind of call.
fn own_errors(row: &Endpoint, has_caller: bool) -> Vec<&'static str> {
    let of_callers = if has_caller { OF_CALLERS } else { &[] };
    let is_shared = |kind: &ErrorKind| {
        [OF_ANY_CALL, OF_INPUT, of_callers]
            .iter()
            .any(|kinds| kinds.contains(kind))
    };
    let kinds = row.docs().errors.iter().filter(|kind| !is_shared(kind));
    let codes: BTreeSet<&str> = kinds.map(|kind| Code::of(*kind).code).collect();
    codes.into_iter().collect()
}

/// The objects in replies and the objects nested in them.
fn objects(groups: &[Group], document: &Value) -> Vec<Object> {
    let replies = groups
        .iter()
        .flat_map(|group| &group.entries)
        .flat_map(|entry| &entry.replies);
    let mut names: Vec<String> = replies.filter_map(|reply| reply.object.clone()).collect();
    let mut found = BTreeSet::new();
    let mut objects = Vec::new();
    while let Some(name) = names.pop() {
        let schema = document
            .pointer("/components/schemas")
            .and_then(|all| all.get(&name));
        let Some(schema) = schema.filter(|_| found.insert(name.clone())) else {
            continue;
        };
        let members = shape::members(schema);
        names.extend(
            members
                .iter()
                .filter_map(|member| member.of().map(str::to_owned)),
        );
        objects.push(Object {
            about: text(schema, "description"),
            members,
            name,
        });
    }
    objects.sort_by(|one, other| one.name.cmp(&other.name));
    objects
}

fn errors() -> Vec<Errors> {
    let shared = [
        ("Any call", OF_ANY_CALL),
        ("A call with a body or a query", OF_INPUT),
        ("A call that takes a token", OF_CALLERS),
    ];
    let is_own = |kind: &ErrorKind| {
        *kind != ErrorKind::Configuration && !shared.iter().any(|(_, kinds)| kinds.contains(kind))
    };
    let own: Vec<ErrorKind> = Code::ALL
        .iter()
        .map(|(kind, _)| *kind)
        .filter(is_own)
        .collect();
    let groups = shared
        .into_iter()
        .chain([("The calls that list it", own.as_slice())]);
    groups
        .map(|(name, kinds)| Errors {
            name,
            rows: kinds.iter().map(|kind| Error::new(*kind)).collect(),
        })
        .collect()
}

impl Error {
    fn new(kind: ErrorKind) -> Self {
        let code = Code::of(kind);
        Self {
            status: code.status.as_u16(),
            meaning: errors::meaning(&code),
            code: code.code,
        }
    }
}

/// The schema that a reference leads to, or the schema itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(target) => document.pointer(target.strip_prefix('#')?),
        None => Some(schema),
    }
}
