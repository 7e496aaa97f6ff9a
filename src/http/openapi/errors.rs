//! The problem responses of the OpenAPI document.

use std::collections::BTreeMap;

use ::http::StatusCode;
use utoipa::openapi::{
    Content, Ref, RefOr, Response, Schema, SchemaFormat, Type,
    header::Header,
    schema::{AllOfBuilder, ArrayBuilder, Object, ObjectBuilder},
};

use crate::{
    error::{ErrorKind, Weakness},
    http::problem::{Code, MAX_VIOLATIONS, PROBLEM_JSON},
};

/// The error kinds that every endpoint can return.
const ALWAYS: [ErrorKind; 3] = [
    ErrorKind::Internal,
    ErrorKind::RateLimited,
    ErrorKind::Unavailable,
];

/// The problem responses of an endpoint by status, with each code once.
pub(super) fn replies(kinds: &[ErrorKind]) -> BTreeMap<StatusCode, Response> {
    let mut by_status: BTreeMap<StatusCode, Vec<Code>> = BTreeMap::new();
    for kind in kinds.iter().chain(&ALWAYS) {
        let code = Code::of(*kind);
        let codes = by_status.entry(code.status).or_default();
        if !codes.iter().any(|known| known.code == code.code) {
            codes.push(code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status, reply(status, &codes)))
        .collect()
}

fn reply(status: StatusCode, codes: &[Code]) -> Response {
    let mut reply = Response::new(codes.iter().map(line).collect::<Vec<_>>().join("\n\n"));
    let ours = codes.iter().map(|code| code.code);
    let refused = Code::of(ErrorKind::Refused).code;
    let words = if codes.iter().any(|code| code.code == refused) {
        or_of_the_host(ours)
    } else {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(ours))
    };
    let narrowed = ObjectBuilder::new().property("code", words);
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(narrowed);
    let content = Content::new(Some(Schema::AllOf(schema.build())));
    reply
        .content
        .insert(PROBLEM_JSON.to_owned(), RefOr::T(content));
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        let mut seconds = Header::new(ObjectBuilder::new().schema_type(Type::Integer));
        seconds.description = Some("Seconds to wait before a retry.".to_owned());
        reply
            .headers
            .insert("Retry-After".to_owned(), RefOr::T(seconds));
    }
    if codes
        .iter()
        .any(|code| code.code == Code::of(ErrorKind::RateLimited).code)
    {
        for (name, text) in [
            (
                "RateLimit",
                "For `rate_limited`: seconds until calls are allowed again.",
            ),
            (
                "RateLimit-Policy",
                "For `rate_limited`: the limit, its quota and its window.",
            ),
        ] {
            let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
            header.description = Some(text.to_owned());
            reply.headers.insert(name.to_owned(), RefOr::T(header));
        }
    }
    reply
}

fn line(code: &Code) -> String {
    format!("`{}`: {}", code.code, meaning(code))
}

/// The detail of a code, with its violation codes if they form a closed set.
pub(in crate::http) fn meaning(code: &Code) -> String {
    if code.code != Code::of(ErrorKind::WeakPassword).code {
        return code.detail.to_owned();
    }
    let weaknesses: Vec<_> = Weakness::ALL
        .iter()
        // A string with control characters is refused before the policy sees it.
        .filter(|weakness| **weakness != Weakness::ControlCharacter)
        .map(|weakness| format!("`{}` ({})", weakness.code(), weakness.meaning()))
        .collect();
    format!("{} Its codes: {}.", code.detail, weaknesses.join(", "))
}

/// The body of every failure.
pub(super) fn problem_schema() -> RefOr<Schema> {
    let codes = Code::codes();
    let rule = ObjectBuilder::new()
        .property(
            "pointer",
            text("A JSON Pointer (RFC 6901) to the invalid member, cut off if the name is longer than any known name."),
        )
        .property("code", text("A stable code for the rule."))
        .property("detail", text("The rule, as a sentence for human readers."))
        .required("pointer")
        .required("code")
        .required("detail");
    let rules = ArrayBuilder::new()
        .items(rule.build())
        .max_items(Some(MAX_VIOLATIONS))
        .description(Some("The violated rules, if the input was not valid."));
    let uri = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uri".to_owned())))
        .description(Some("`urn:hallpass:` followed by the code."));
    let code = or_of_the_host(codes).description(Some(
        "The stable value to match on: one of the examples, or a code that the application defines.",
    ));
    ObjectBuilder::new()
        .property("type", uri)
        .property("title", text("A short title."))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .property("detail", text("An explanation for human readers."))
        .property("code", code)
        .property("errors", rules)
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .required("code")
        .description(Some("An error reply (RFC 9457)."))
        .into()
}

/// One of these codes, or the code of a refusal by the application. The schema is a plain string.
/// If it were a choice of schemas, client generators could not narrow it to the codes of one reply,
/// and would drop the reply.
fn or_of_the_host(ours: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[a-z][a-z0-9_]{0,63}$"))
        .examples(ours)
}

fn text(description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .build()
}
