//! The OpenAPI 3.1 document, generated from the same endpoints that answer requests.

pub(super) mod errors;
mod operation;

use std::collections::{BTreeMap, BTreeSet};

use ::http::Method;
use utoipa::openapi::{
    Components, HttpMethod, Info, KnownFormat, OpenApi, OpenApiBuilder, PathItem, Paths, RefOr,
    Schema, SchemaFormat, Server, Type,
    schema::{AdditionalProperties, SchemaType},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::Tag,
};

pub use self::operation::Operation;
use super::{BROWSER_SESSION, Endpoint, row_docs::Docs, task::TASKS, template::Template};
use crate::{
    error::{Error, Result},
    secret::EXAMPLE_PASSWORD,
};

const BEARER: &str = "bearer";
const COOKIE: &str = "cookie";

/// The document that describes these endpoints.
///
/// # Errors
/// `Configuration` if a path is not a valid pattern, or two types with different shapes have the
/// same schema name.
pub(crate) fn document(endpoints: &[Endpoint]) -> Result<OpenApi> {
    let mut paths = Paths::new();
    let mut schemas = Schemas::default();
    schemas.add("Problem".to_owned(), errors::problem_schema())?;
    let has_browser_sessions = endpoints.iter().any(|row| row.path() == BROWSER_SESSION);
    for endpoint in endpoints.iter().filter(|row| !row.is_for_people()) {
        let mut operation = Operation::default();
        for name in Template::new(endpoint.path())?.param_names() {
            operation.path_param(name);
        }
        endpoint.describe(&mut operation);
        for (name, schema) in operation.take_schemas() {
            schemas.add(name, schema)?;
        }
        schemas.closed.extend(operation.take_closed());
        let item = PathItem::new(
            http_method(endpoint.method()),
            operation.build(
                operation_id(endpoint),
                endpoint.docs(),
                endpoint.method(),
                has_browser_sessions,
            ),
        );
        match paths.paths.get_mut(endpoint.path()) {
            Some(known) => known.merge_operations(item),
            None => {
                paths.paths.insert(endpoint.path().to_owned(), item);
            }
        }
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token, as returned by sign-in."));
    let mut components = schemas
        .into_components()
        .security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
    if has_browser_sessions {
        let cookie = ApiKeyValue::with_description(
            "__Host-hallpass_session",
            "The cookie of a browser session; `hallpass_session` without TLS.",
        );
        let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components = components.security_scheme(COOKIE, scheme);
    }
    let mut info = Info::new("Hallpass", env!("CARGO_PKG_VERSION"));
    info.description = Some("User management and authentication.".to_owned());
    Ok(OpenApiBuilder::new()
        .info(info)
        // The URL is relative to the document, so that it works below any prefix.
        .servers(Some([Server::new(".")]))
        .tags(Some(tags(endpoints).into_iter().map(Tag::new)))
        .paths(paths)
        .components(Some(components.build()))
        .build())
}

/// The tags of these endpoints: first the tasks in order, and then the host's tags in the order of its endpoints.
pub(super) fn tags(endpoints: &[Endpoint]) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    let described = endpoints.iter().filter(|row| !row.is_for_people());
    for Docs { tag, .. } in described.map(Endpoint::docs) {
        if !tag.is_empty() && !names.contains(tag) {
            names.push(tag);
        }
    }
    let place = |name: &&str| TASKS.iter().position(|task| task == name);
    names.sort_by_key(|name| place(name).unwrap_or(TASKS.len()));
    names
}

fn http_method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// Gives a text field an example that the reader has to replace. An address or a password in angle brackets is refused,
/// so that sending the example unchanged creates no account. Without an example, tools would generate one that might be
/// valid.
fn leave_to_be_filled_in(name: &str, property: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = property else {
        return;
    };
    let is_text = match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    let filler = match &object.format {
        Some(SchemaFormat::Custom(format)) if format == "email" => "<ann@example.org>".into(),
        Some(SchemaFormat::Custom(format)) if format == "password" => EXAMPLE_PASSWORD.into(),
        Some(SchemaFormat::KnownFormat(KnownFormat::Password)) => EXAMPLE_PASSWORD.into(),
        _ => format!("<{name}>"),
    };
    if is_text {
        object.examples = vec![filler.into()];
    }
}

#[derive(Default)]
struct Schemas {
    by_name: BTreeMap<String, RefOr<Schema>>,
    /// The names of the schemas of request bodies and queries. These schemas allow no unknown members.
    closed: BTreeSet<String>,
}

impl Schemas {
    fn add(&mut self, name: String, schema: RefOr<Schema>) -> Result<()> {
        match self.by_name.get(&name) {
            Some(known) if *known == schema => {}
            Some(_) => {
                return Err(Error::configuration(format!(
                    "two types have the schema name `{name}`"
                )));
            }
            None => {
                self.by_name.insert(name, schema);
            }
        }
        Ok(())
    }

    fn into_components(mut self) -> utoipa::openapi::ComponentsBuilder {
        for name in &self.closed {
            if let Some(RefOr::T(Schema::Object(object))) = self.by_name.get_mut(name) {
                object.additional_properties =
                    Some(Box::new(AdditionalProperties::FreeForm(false)));
                for (name, property) in &mut object.properties {
                    leave_to_be_filled_in(name, property);
                }
            }
        }
        let mut components = Components::new();
        components.schemas = self.by_name;
        components.into()
    }
}

/// For example, `get_users_me_sessions_id` for `GET /users/me/sessions/{id}`.
pub(super) fn operation_id(endpoint: &Endpoint) -> String {
    let method = endpoint.method().as_str().to_ascii_lowercase();
    endpoint
        .path()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .fold(method, |id, word| format!("{id}_{word}"))
}

#[cfg(test)]
mod tests;
