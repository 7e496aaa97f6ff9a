//! Accounts for the clients.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::client::{Client, Request};
use crate::Result;

/// An account with an open session.
#[derive(Debug)]
pub(crate) struct Person {
    credentials: String,
    pub(crate) access_token: String,
    pub(crate) session_id: String,
    pub(crate) user_id: String,
}

impl Person {
    /// Registers and logs in.
    pub(crate) async fn new(address: SocketAddr, number: usize) -> Result<Self> {
        let email = format!("person{number}@example.org");
        let credentials =
            json!({ "email": email, "password": "long enough to be taken" }).to_string();
        let mut client = Client::connect(address).await?;
        let register = Request::post("/users", &credentials);
        let user: Value = serde_json::from_slice(client.call(&register).await?)?;
        let login = Request::post("/auth/login", &credentials);
        let pair: Value = serde_json::from_slice(client.call(&login).await?)?;
        Ok(Self {
            access_token: text(&pair, "access_token")?,
            session_id: text(&pair, "session_id")?,
            user_id: text(&user, "id")?,
            credentials,
        })
    }

    /// One person for each client.
    pub(crate) async fn all(address: SocketAddr, clients: usize) -> Result<Vec<Self>> {
        let mut people = Vec::new();
        for number in 0..clients {
            people.push(Self::new(address, number).await?);
        }
        Ok(people)
    }

    pub(crate) fn login(&self) -> Request {
        Request::post("/auth/login", &self.credentials)
    }

    pub(crate) fn sign_in(&self) -> Request {
        Request::post("/auth/session", &self.credentials).sent_by_own_page()
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        Request::get(path, &self.access_token)
    }
}

pub(crate) fn text(object: &Value, member: &str) -> Result<String> {
    let text = object.get(member).and_then(Value::as_str);
    Ok(text
        .ok_or_else(|| format!("no {member} in {object}"))?
        .to_owned())
}
