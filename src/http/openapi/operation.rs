//! The OpenAPI description of an operation.

use std::fmt;

use ::http::{Method, StatusCode};
use utoipa::{
    ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Response, Schema, SecurityRequirement, Type,
        path::{self, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{ObjectBuilder, SchemaType},
    },
};

use super::{BEARER, COOKIE, errors};
use crate::{error::ErrorKind, http::row_docs::Docs};

type NamedSchema = (String, RefOr<Schema>);

/// The description of a handler, collected from its inputs and its output.
#[derive(Default)]
pub struct Operation {
    bearer: bool,
    cookie: bool,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    replies: Vec<(StatusCode, Response)>,
    schemas: Vec<NamedSchema>,
    closed: Vec<String>,
}

impl Operation {
    /// Requires a bearer token.
    pub fn bearer(&mut self) {
        self.bearer = true;
    }

    /// Requires a browser session cookie.
    pub fn cookie(&mut self) {
        self.cookie = true;
    }

    /// Requires a JSON body with this schema and no other members.
    pub fn json_body<T: ToSchema>(&mut self) {
        self.closed.push(T::name().into_owned());
        let content = self.content::<T>();
        let body = RequestBodyBuilder::new().content("application/json", content);
        self.body = Some(body.required(Some(Required::True)).build());
    }

    /// Takes the members of this schema as query parameters.
    pub fn query<T: ToSchema>(&mut self) {
        T::schemas(&mut self.schemas);
        let RefOr::T(Schema::Object(object)) = T::schema() else {
            return;
        };
        for (name, mut schema) in object.properties {
            let description = without_null(&mut schema);
            let required = object.required.contains(&name);
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(if required {
                    Required::True
                } else {
                    Required::False
                })
                .description(description)
                .schema(Some(schema));
            self.parameters.push(parameter.build());
        }
    }

    /// Replies with JSON of this schema.
    pub fn json_reply<T: ToSchema>(&mut self, status: StatusCode, description: &str) {
        let content = self.content::<T>();
        let mut reply = Response::new(description);
        reply
            .content
            .insert("application/json".to_owned(), RefOr::T(content));
        self.replies.push((status, reply));
    }

    /// Replies without a body, or with a body that has no schema.
    pub fn empty_reply(&mut self, status: StatusCode, description: &str) {
        self.replies.push((status, Response::new(description)));
    }

    pub(super) fn path_param(&mut self, name: &str) {
        let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text.build()));
        self.parameters.push(parameter.build());
    }

    pub(super) fn take_schemas(&mut self) -> Vec<NamedSchema> {
        std::mem::take(&mut self.schemas)
    }

    pub(super) fn take_closed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.closed)
    }

    /// The operation for this method. If browser sessions are offered, a caller can be identified by their cookie as
    /// well as by a bearer token.
    pub(super) fn build(
        self,
        id: String,
        docs: &Docs,
        method: &Method,
        has_browser_sessions: bool,
    ) -> path::Operation {
        let text = |text: &'static str| (!text.is_empty()).then_some(text);
        let mut operation = OperationBuilder::new()
            .operation_id(Some(id))
            .summary(text(docs.summary))
            .description(text(docs.description))
            .request_body(self.body);
        if let Some(tag) = text(docs.tag) {
            operation = operation.tag(tag);
        }
        for parameter in self.parameters {
            operation = operation.parameter(parameter);
        }
        let nothing: [&str; 0] = [];
        if self.bearer {
            operation = operation.security(SecurityRequirement::new(BEARER, nothing));
        }
        let takes_cookie = self.cookie || (self.bearer && has_browser_sessions);
        let mut errors = docs.errors.clone();
        if takes_cookie {
            operation = operation.security(SecurityRequirement::new(COOKIE, nothing));
            errors.push(ErrorKind::AmbiguousCredentials);
            if *method != Method::GET {
                errors.push(ErrorKind::CrossSiteRequest);
            }
        }
        for (status, reply) in self.replies {
            operation = operation.response(status.as_str(), reply);
        }
        for (status, reply) in errors::replies(&errors) {
            operation = operation.response(status.as_str(), reply);
        }
        operation.build()
    }

    fn content<T: ToSchema>(&mut self) -> Content {
        let name = T::name();
        self.schemas.push((name.clone().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Content::new(Some(Ref::from_schema_name(name)))
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("bearer", &self.bearer)
            .finish_non_exhaustive()
    }
}

/// Removes null from the schema, because a query parameter is present or absent, but never null. Also moves the
/// description out of the schema, because the parameter shows it.
fn without_null(schema: &mut RefOr<Schema>) -> Option<String> {
    let RefOr::T(Schema::Object(object)) = schema else {
        return None;
    };
    if let SchemaType::Array(types) = &mut object.schema_type {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            object.schema_type = SchemaType::Type(only.clone());
        }
    }
    object.description.take()
}
