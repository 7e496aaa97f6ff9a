use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document;
use crate::{
    error::{ErrorKind, Result},
    http::{Endpoint, Json, problem::Code, sample},
};

fn sample_document() -> Value {
    let document = document(&sample::endpoints()).expect("the sample can be described");
    serde_json::to_value(document).expect("the document is JSON")
}

#[test]
fn every_row_is_described_once() {
    let document = sample_document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "."}]));
    let mut ids = BTreeSet::new();
    for row in sample::endpoints() {
        let method = row.method().as_str().to_ascii_lowercase();
        let operation = &document["paths"][row.path()][method];
        let id = operation["operationId"].as_str().expect("the row is there");
        assert!(ids.insert(id.to_owned()), "{id}");
    }
    assert!(ids.contains("delete_notes_id"));
}

#[test]
fn exactly_the_rows_with_a_bearer_token_declare_it() {
    let document = sample_document();
    let secured = json!([{"bearer": []}]);
    assert_eq!(document["paths"]["/notes"]["post"]["security"], secured);
    assert_eq!(
        document["paths"]["/notes/{id}"]["delete"]["security"],
        secured
    );
    assert!(
        document["paths"]["/notes"]["patch"]
            .get("security")
            .is_none()
    );
    assert!(document["paths"]["/notes"]["get"].get("security").is_none());
    let scheme = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!(
        (&scheme["type"], &scheme["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
}

#[test]
fn bodies_parameters_and_replies_have_schemas() {
    let document = sample_document();
    let post = &document["paths"]["/notes"]["post"];
    let note = json!({"$ref": "#/components/schemas/Note"});
    assert_eq!(
        post["requestBody"]["content"]["application/json"]["schema"],
        note
    );
    assert_eq!(post["requestBody"]["required"], true);
    assert_eq!(
        post["responses"]["201"]["content"]["application/json"]["schema"],
        note
    );
    let schema = &document["components"]["schemas"]["Note"];
    assert_eq!(schema["required"], json!(["text"]));
    assert_eq!(schema["additionalProperties"], false);

    let parameters = &document["paths"]["/notes"]["get"]["parameters"];
    assert_eq!(
        parameters[0],
        json!({
            "name": "limit", "in": "query", "required": false, "description": "How many.",
            "schema": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 200, "default": 50},
        })
    );
    let id = &document["paths"]["/notes/{id}"]["get"]["parameters"][0];
    assert_eq!(
        (&id["name"], &id["in"], &id["required"]),
        (&json!("id"), &json!("path"), &json!(true))
    );
}

#[test]
fn every_code_of_a_row_is_listed_under_its_status() {
    let document = sample_document();
    let replies = &document["paths"]["/notes"]["post"]["responses"];
    let codes = |status: &str| {
        let content = &replies[status]["content"]["application/problem+json"];
        content["schema"]["allOf"][1]["properties"]["code"]["enum"].clone()
    };
    assert_eq!(
        codes("401"),
        json!(["unauthenticated", "invalid_access_token"])
    );
    assert_eq!(codes("400"), json!(["malformed_body"]));
    assert_eq!(codes("409"), json!(["email_taken"]));
    assert_eq!(codes("413"), json!(["body_too_large"]));
    assert_eq!(codes("415"), json!(["unsupported_media_type"]));
    assert_eq!(codes("422"), json!(["validation_failed"]));
    assert_eq!(codes("429"), json!(["rate_limited"]));
    assert_eq!(codes("500"), json!(["internal"]));
    assert_eq!(codes("503"), json!(["unavailable"]));
    assert!(replies["503"]["headers"].get("Retry-After").is_some());
    assert_eq!(replies.as_object().map(serde_json::Map::len), Some(10));
}

#[test]
fn the_problem_schema_lists_every_code() {
    let document = sample_document();
    let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
    let listed = &code["examples"];
    let rows: Vec<&str> = Code::codes().collect();
    assert_eq!(*listed, json!(rows));
}

#[test]
fn two_shapes_of_one_name_are_refused() {
    mod other {
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(super) struct Note {
            pub(super) other: bool,
        }
    }
    async fn other(_: ()) -> Result<Json<other::Note>> {
        Ok(Json(other::Note { other: true }))
    }
    let mut endpoints = sample::endpoints();
    endpoints.push(Endpoint::get("/other", (), other));
    let error = document(&endpoints).err().map(|error| error.kind());
    assert_eq!(error, Some(ErrorKind::Configuration));
}
