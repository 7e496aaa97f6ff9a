//! A small contract with every kind of endpoint, for the tests of the servers.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use super::{
    Accepted, ClientAddress, Created, CredentialRule, Document, Endpoint, FromMembers, Input, Json,
    Members, NoContent, Path, Query, Request, Resources,
};
use crate::error::{Error, ErrorKind, Result};

/// The time limit of the sample.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(700);

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Note {
    /// The text of the note.
    text: String,
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
}

impl FromMembers for Note {
    fn from_members(members: &mut Members) -> Option<Self> {
        let text = members.text("text");
        let times = members.optional_number("times", 1..=200);
        Some(Self {
            text: text?,
            times: times?,
        })
    }
}

#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Page {
    /// How many.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200, default = 50))]
    limit: Option<u64>,
    prefix: Option<String>,
}

impl FromMembers for Page {
    fn from_members(members: &mut Members) -> Option<Self> {
        let limit = members.optional_number("limit", 1..=200);
        let prefix = members.optional_text("prefix");
        Some(Self {
            limit: limit?,
            prefix: prefix?,
        })
    }
}

/// Accepts any caller with the token `good`.
struct Member;

impl<S: Sync> Input<S> for Member {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        match request.bearer()? {
            "good" => Ok(Self),
            _ => Err(ErrorKind::InvalidAccessToken.into()),
        }
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::Unauthenticated, ErrorKind::InvalidAccessToken]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut super::openapi::Operation) {
        operation.bearer();
    }
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        // Placed before the literal path on purpose, to test that the order does not matter.
        Endpoint::get("/notes/{id}", (), show)
            .tag("notes")
            .summary("Shows a note"),
        Endpoint::delete("/notes/{id}", (), remove)
            .tag("notes")
            .summary("Removes a note"),
        Endpoint::get("/notes/latest", (), latest),
        Endpoint::get("/notes", (), list),
        Endpoint::post("/notes", (), write)
            .summary("Writes a note")
            .errors(&[ErrorKind::EmailTaken]),
        Endpoint::patch("/notes", (), change),
        Endpoint::post("/ping", (), ping),
        Endpoint::get("/client", (), client),
        Endpoint::get("/document", (), document),
        Endpoint::get("/panic", (), panics),
        Endpoint::get("/slow", (), slow),
        Endpoint::get("/broken", (), broken),
    ]
}

pub(crate) fn resources(client_address: ClientAddress) -> Resources {
    contract(endpoints(), client_address).expect("the sample is sound")
}

pub(crate) fn contract(rows: Vec<Endpoint>, client_address: ClientAddress) -> Result<Resources> {
    let rule = CredentialRule::new("https://example.org", |_| false);
    Resources::new(rows, TIMEOUT, client_address, &rule)
}

async fn show((): (), Path(id): Path<String>) -> Result<Json<Note>> {
    Ok(Json(Note {
        text: id,
        times: None,
    }))
}

async fn remove((): (), _: Member, Path(_): Path<u64>) -> Result<NoContent> {
    Ok(NoContent)
}

async fn latest(_: ()) -> Result<Json<Note>> {
    let text = "the latest".to_owned();
    Ok(Json(Note { text, times: None }))
}

async fn list((): (), Query(page): Query<Page>) -> Result<Json<Note>> {
    Ok(Json(Note {
        text: page.prefix.unwrap_or_default(),
        times: Some(page.limit.unwrap_or(50)),
    }))
}

async fn write((): (), _: Member, Json(note): Json<Note>) -> Result<Created<Note>> {
    if note.text == "taken" {
        return Err(ErrorKind::EmailTaken.into());
    }
    Ok(Created {
        location: "/notes/1".to_owned(),
        body: note,
    })
}

async fn change((): (), Json(note): Json<Note>) -> Result<Json<Note>> {
    Ok(Json(note))
}

async fn ping(_: ()) -> Result<Accepted> {
    Ok(Accepted)
}

/// The address of the client.
struct Client(Option<IpAddr>);

impl<S: Sync> Input<S> for Client {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self(request.client_ip()))
    }
}

async fn client((): (), Client(ip): Client) -> Result<Json<Note>> {
    let text = ip.map(|ip| ip.to_string()).unwrap_or_default();
    Ok(Json(Note { text, times: None }))
}

async fn document(_: ()) -> Result<Document> {
    Document::json(&["public"])
}

async fn panics(_: ()) -> Result<NoContent> {
    panic!("on purpose");
}

async fn slow(_: ()) -> Result<NoContent> {
    std::future::pending().await
}

async fn broken(_: ()) -> Result<NoContent> {
    Err(Error::internal("the secret source"))
}
